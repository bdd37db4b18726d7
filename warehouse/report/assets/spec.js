// A chart's specification as it is drawn now: the rows that are chosen, few enough to read, as wide as there is room.

const MOST_SERIES = 8, MOST_ROWS = 24, MOST_DOTS = 64, MOST_PANELS = 6;

function walk(node, visit) {
  if (Array.isArray(node)) node.forEach((child) => walk(child, visit));
  else if (node && typeof node === "object") {
    visit(node);
    for (const [name, child] of Object.entries(node)) if (name !== "datasets") walk(child, visit);
  }
}

function dataNames(node) {
  const names = new Set();
  walk(node, (part) => { if (part.data && part.data.name) names.add(part.data.name); });
  return [...names];
}

// The specifications that have a width of their own.
function panelsOf(spec) {
  if (spec.facet) return panelsOf(spec.spec);
  const inner = spec.concat || spec.hconcat || spec.vconcat;
  return inner ? inner.flatMap(panelsOf) : [spec];
}

// Of a chart with a panel for each value of `panel`, the rows of the first ones that hold more than greys.
function firstPanels(sets, greys) {
  const full = new Set();
  for (const set of Object.values(sets)) for (const row of set.rows) if (!greys.includes(row.series)) full.add(row.panel);
  const first = new Set([...full].slice(0, MOST_PANELS));
  for (const set of Object.values(sets)) set.rows = set.rows.filter((row) => first.has(row.panel));
  return { n: first.size, all: full.size, longest: Math.max(0, ...[...first].map((name) => name.length)) };
}

function chosenRows(chart) {
  const sets = {};
  for (const [name, columns] of Object.entries(chart.data)) {
    const rows = rowsOf(columns), isOfPools = "task" in columns;
    sets[name] = { rows: isOfPools ? rows.filter(matches) : rows, isOfPools, unit: "row" in columns ? "row" : "series" };
  }
  return sets;
}

// Names in the sets' column, in order; those of pools if any are, and no greys.
function namesOf(sets, column, greys) {
  const some = sets.some((set) => set.isOfPools), names = new Set();
  for (const set of sets.filter((each) => each.isOfPools || !some)) {
    for (const row of set.rows) if (row[column] !== undefined && !greys.includes(row[column])) names.add(row[column]);
  }
  return [...names];
}

// What is few enough to read: the first series of lines; of dots in rows, whose series lie side by side, the first of both.
function kept(sets, greys, isOffset) {
  const values = Object.values(sets), isRows = values.some((set) => set.unit === "row");
  const few = { series: [], row: [], said: [], dots: 0 };
  const cut = (column, most, words) => {
    const all = namesOf(values, column, greys);
    few[column] = all.slice(0, most);
    if (all.length > most) few.said.push(`${most} of ${all.length} ${words}`);
    for (const set of values) set.rows = set.rows.filter((row) => row[column] === undefined || few[column].includes(row[column]) || greys.includes(row[column]));
  };
  if (!isRows || isOffset) cut("series", MOST_SERIES, isOffset ? "series" : "lines");
  if (isRows) cut("row", isOffset ? Math.min(32, Math.max(6, Math.floor(MOST_DOTS / Math.max(1, few.series.length)))) : MOST_ROWS, "rows");
  few.dots = isOffset ? few.row.length * few.series.length : 0;
  return few;
}

function hasRows(panel, sets, greys) {
  const mine = dataNames(panel).map((name) => sets[name]).filter(Boolean);
  const telling = mine.some((set) => set.isOfPools) ? mine.filter((set) => set.isOfPools) : mine;
  return telling.some((set) => set.rows.some((row) => !greys.includes(row[set.unit])));
}

// The series that are shown have the first colours; what is grey, or black, stays so.
function recolor(spec, names, sets) {
  const present = {};
  const isPresent = (field, value) => {
    present[field] = present[field] || new Set(Object.values(sets).flatMap((set) => set.rows.map((row) => row[field])));
    return present[field].has(value);
  };
  walk(spec, (part) => {
    const color = part.encoding && part.encoding.color;
    const scale = color && color.scale;
    if (!scale || !Array.isArray(scale.domain) || !Array.isArray(scale.range)) return;
    const pairs = scale.domain.map((name, at) => [name, scale.range[at]]).filter(([name]) => isPresent(color.field, name));
    const isSeries = color.field === "series" && names.length <= charts.colors.length;
    scale.domain = pairs.map(([name]) => name);
    scale.range = pairs.map(([name, was]) => (isSeries && charts.colors.includes(was) ? charts.colors[names.indexOf(name)] || was : was));
  });
}

// A title is not what makes a chart wide: its words go on in further lines.
function wrapTitle(part, width) {
  if (typeof part.title !== "string") return;
  const most = Math.max(14, Math.floor(width / 7.5)), lines = [];
  for (const word of part.title.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = last + " " + word;
    else lines.push(word);
  }
  part.title = { text: lines };
}

function sized(spec, width, { n, longest }, dots) {
  const inner = spec.facet ? new Array(n) : spec.concat || spec.hconcat;
  walk(spec, (part) => {
    const { color, y } = part.encoding || {};
    if (color && color.legend) Object.assign(color.legend, { columns: Math.max(1, Math.floor(width / 230)), labelLimit: Math.min(300, width - 60) });
    if (y && y.axis && y.axis.labelLimit) y.axis.labelLimit = Math.min(y.axis.labelLimit, Math.round(width * 0.4));
  });
  if (!inner && !spec.vconcat) {
    if (spec.height && spec.height.step && dots) spec.height.step = Math.max(9, Math.min(spec.height.step, 480 / dots));
    spec.width = width;
    spec.autosize = { type: "fit-x", contains: "padding" };
    wrapTitle(spec, width);
    return 1;
  }
  const most = Math.max(1, Math.floor(width / (spec.facet || spec.concat ? 250 : 190)));
  const side = inner ? inner.length : Math.max(...spec.vconcat.map((row) => (row.hconcat || [row]).length));
  const columns = Math.min(side, most, spec.hconcat || spec.vconcat ? side : spec.columns || side);
  if (columns < side) {
    for (const row of [spec, ...(spec.vconcat || [])].filter((each) => each.hconcat)) {
      row.concat = row.hconcat;
      row.columns = columns;
      delete row.hconcat;
      walk(row, (part) => { if (part.axis && part.axis.labels === false) delete part.axis; });
    }
  }
  if (spec.facet || spec.concat) spec.columns = columns;
  if (spec.facet && spec.facet.header) {
    const header = spec.facet.header, room = Math.floor(width / columns) - 40;
    header.labelLimit = room;
    if (longest * 8 > room) Object.assign(header, { labelExpr: "split(datum.label, ': ')", labelFontSize: 12 });
  }
  spec.spacing = 18;
  for (const panel of panelsOf(spec)) {
    panel.width = Math.max(90, Math.floor((width - 18 * (columns - 1)) / columns - 64));
    wrapTitle(panel, panel.width);
  }
  for (const row of spec.vconcat || []) wrapTitle(row, width);
  return columns;
}

// The specification, the words on what it leaves out, and how many panels stand side by side; null if nothing is left.
function prepared(chart, width) {
  const spec = structuredClone(chart.spec), greys = chart.greys, sets = chosenRows(chart);
  const few = kept(sets, greys, JSON.stringify(spec).includes('"yOffset"')), said = few.said;
  let panels = { n: 0, all: 0, longest: 0 };
  if (spec.facet) {
    panels = firstPanels(sets, greys);
    if (panels.n < panels.all) said.push(`${panels.n} of ${panels.all} panels`);
  } else if (spec.concat) {
    const full = spec.concat.filter((panel) => hasRows(panel, sets, greys));
    spec.concat = full.slice(0, MOST_PANELS);
    if (full.length > MOST_PANELS) said.push(`${MOST_PANELS} of ${full.length} panels`);
  }
  if (spec.concat ? spec.concat.length === 0 : spec.facet ? panels.n === 0 : !hasRows(spec, sets, greys)) return null;
  const used = dataNames(spec);
  spec.datasets = Object.fromEntries(used.map((name) => [name, (sets[name] || { rows: [] }).rows]));
  recolor(spec, few.series, Object.fromEntries(used.map((name) => [name, sets[name]])));
  return { spec, said, columns: sized(spec, width, panels, few.dots), isOfPools: Object.values(sets).some((set) => set.isOfPools) };
}
