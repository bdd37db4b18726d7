// Tables that sort by a click on a head, and the table of each chart: what its points say on hover, all of them.

const MOST_SHOWN = 200;

function sortValue(cell) {
  const value = cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent.trim();
  return value === "" || value === "–" ? null : Number.isNaN(Number(value)) ? value : Number(value);
}

function sortBy(table, at) {
  const heads = [...table.tHead.rows[0].cells], head = heads[at];
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of heads) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => [sortValue(row.cells[at]), row]);
  rows.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    const order = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other));
    return down ? -order : order;
  });
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const button = make("button", { type: "button", onclick: () => sortBy(table, at) });
    button.append(...head.childNodes);
    head.append(button);
  });
}

// What is said on hover, of each panel: the fields of its longest list.
function spoken(panel) {
  let fields = [], name = null;
  const search = (node, data) => {
    const here = node.data && node.data.name ? node.data.name : data;
    const told = node.encoding && node.encoding.tooltip;
    if (Array.isArray(told) && told.length > fields.length) { fields = told; name = here; }
    for (const child of node.layer || node.concat || node.hconcat || node.vconcat || (node.spec ? [node.spec] : [])) search(child, here);
  };
  search(panel, null);
  return { fields, name };
}

function titleOf(field) { return field.title || field.field.replaceAll("_", " "); }

function chartRows(chart) {
  const sets = chosenRows(chart), rows = [], columns = new Map(), read = new Set();
  for (const panel of chart.spec.concat || chart.spec.hconcat || [chart.spec]) {
    const { fields, name } = spoken(panel);
    if (!sets[name] || read.has(name)) continue;
    read.add(name);
    const title = typeof panel.title === "string" ? panel.title : null, isFacet = Boolean(panel.facet);
    if (title || isFacet) columns.set("panel", {});
    for (const field of fields) columns.set(titleOf(field), field);
    for (const row of sets[name].rows) {
      if (chart.greys.includes(row.series) || (row.mark || "point") !== "point") continue;
      rows.push({ panel: isFacet ? row.panel : title, ...Object.fromEntries(fields.map((field) => [titleOf(field), row[field.field]])) });
    }
  }
  return { rows, columns: [...columns] };
}

function chartTable(name, most = MOST_SHOWN) {
  const { rows, columns } = chartRows(charts.all[name]);
  const isNumber = (column) => rows.some((row) => typeof row[column] === "number");
  const heads = columns.map(([column]) => make("th", { scope: "col", class: isNumber(column) ? "n" : null }, column));
  const body = rows.slice(0, most).map((row) => make("tr", {}, ...columns.map(([column, field]) => {
    const value = row[column];
    return make("td", { class: typeof value === "number" ? "n" : null, "data-value": typeof value === "number" ? value : null }, inWords(value, field.format));
  })));
  const table = make("table", { class: "sortable" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...body));
  makeSortable(table);
  const box = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers of " + document.getElementById(name).textContent }, table);
  if (rows.length <= most) return [box];
  const more = make("button", { type: "button", onclick: () => fill(name, rows.length) }, `Show all ${rows.length.toLocaleString("en")} rows`);
  return [box, more];
}

function fill(name, most) {
  const place = document.querySelector(`[data-table="${name}"]`);
  place.replaceChildren(place.firstElementChild, ...chartTable(name, most));
}

function startTables() {
  for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
  for (const place of document.querySelectorAll("[data-table]")) {
    place.addEventListener("toggle", () => { if (place.open) fill(place.dataset.table); });
  }
}

function refreshTables() {
  for (const place of document.querySelectorAll("[data-table][open]")) fill(place.dataset.table);
}
