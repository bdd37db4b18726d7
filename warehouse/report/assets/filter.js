// One choice of task, family, model and condition for every card, table and chart.

const chosen = { task: "", model_family: "", model_id: "", condition_id: "" };

// What a row does not say, it is not judged by. A pair counts if either side does.
function matches(keys) {
  return Object.entries(chosen).every(([column, value]) => {
    const has = keys[column];
    return value === "" || has === null || has === undefined || has === value || keys["other_" + column] === value;
  });
}

function isFiltered() { return Object.values(chosen).some((value) => value !== ""); }

// Which of a family, or a task and condition, are in some pool that is shown.
function groupMatches(element, pools) {
  const { task, condition } = element.dataset;
  const mine = pools.filter((pool) => pool.task === task && (!condition || pool.condition_id === condition));
  return mine.length ? mine.some(matches) : matches({ task });
}

function showMatching(pools) {
  for (const element of document.querySelectorAll("[data-pool], [data-task]")) {
    const shown = "pool" in element.dataset ? matches(pools[element.dataset.pool]) : groupMatches(element, pools);
    if (element.tagName === "TD" && element.closest(".grid")) element.classList.toggle("off", !shown);
    else element.hidden = !shown;
  }
  for (const table of document.querySelectorAll(".grid")) { squeeze(table); spanGroups(table); }
  for (const table of document.querySelectorAll(".matrix")) spanGroups(table);
}

// Of a grid, the rows and columns that hold nothing now are hidden; a single cell keeps its place.
function squeeze(table) {
  const rows = [...table.tBodies[0].rows], heads = [...table.tHead.rows[1].cells];
  const isOn = (cell) => cell.dataset.pool !== undefined && !cell.classList.contains("off");
  for (const row of rows) row.hidden = ![...row.cells].some(isOn);
  heads.forEach((head, at) => {
    if (at === 0) return;
    const empty = !rows.some((row) => isOn(row.cells[at]));
    for (const cell of [head, ...rows.map((row) => row.cells[at])]) cell.hidden = empty;
  });
}

// The upper heads cover the columns that are shown.
function spanGroups(table) {
  const [groups, columns] = table.tHead.rows;
  let at = 1;
  for (const group of [...groups.cells].slice(1)) {
    group.dataset.all = group.dataset.all || group.colSpan;
    const mine = [...columns.cells].slice(at, at + Number(group.dataset.all));
    const shown = mine.filter((cell) => !cell.hidden).length;
    group.hidden = shown === 0;
    group.colSpan = Math.max(1, shown);
    at += mine.length;
  }
}

function startFilter(pools, changed) {
  const form = document.getElementById("filter");
  form.hidden = form.querySelectorAll("select").length === 0;
  const apply = () => {
    for (const select of form.querySelectorAll("select")) chosen[select.name] = select.value;
    showMatching(pools);
    const n = pools.filter(matches).length;
    document.getElementById("filtered").textContent = isFiltered() ? `${n} of ${pools.length} pools` : "";
    document.body.classList.toggle("filtered", isFiltered());
    changed();
  };
  form.addEventListener("change", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
}
