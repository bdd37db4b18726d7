// Draw the charts: those in sight first, the others when there is time; again when the choice, the theme or the width changes.

const charts = { all: {}, colors: [], drawn: new Map(), round: 0 };

// The page's own colours, by name: on paper they are others than on a dark screen.
function look() {
  const ink = "var(--ink)", soft = "var(--soft)", line = "var(--line)";
  return {
    background: "transparent", font: "Inter, system-ui, sans-serif", aria: false,
    axis: { gridColor: line, domainColor: soft, tickColor: soft, labelColor: soft, titleColor: ink, titleFontWeight: 500 },
    legend: { labelColor: ink, titleColor: ink, symbolOpacity: 1 }, header: { labelColor: ink }, title: { anchor: "start", color: ink, fontSize: 13 }, view: { stroke: null },
  };
}

async function draw(place) {
  const name = place.dataset.chart, width = Math.floor(place.clientWidth) - 2;
  const inner = place.firstElementChild;  // its roles are Vega's; the outer one has ours
  const ready = prepared(charts.all[name], width);
  charts.drawn.set(name, ready);
  said(name, ready);
  if (!ready) { inner.textContent = "Nothing here for this choice."; return; }
  const options = { renderer: "svg", actions: false, logLevel: 1, config: look(), tooltip: { theme: document.documentElement.dataset.theme } };
  const show = () => window.vegaEmbed(inner, structuredClone(ready.spec), options);
  let shown = await show();
  // How wide the labels are is known when they are drawn: panels then give or take what is too much or too little.
  for (let again = 0; again < 2 && ready.spec.autosize === undefined; again += 1) {
    const over = Math.ceil(inner.querySelector("svg").width.baseVal.value) - width;
    if (over <= 0 && over > -50) break;
    for (const panel of panelsOf(ready.spec)) panel.width = Math.max(60, panel.width - Math.ceil((over + 2) / ready.columns));
    shown.finalize();
    shown = await show();
  }
  if (name === "transcripts") shown.view.addEventListener("click", (event, item) => { if (item) openItem(item.datum); });
}

function said(name, ready) {
  const note = document.getElementById("note-" + name), words = [];
  if (ready && ready.said.length) words.push(`Drawn are ${ready.said.join(" and ")}: choose above for others; the table has all.`);
  if (ready && !ready.isOfPools && isFiltered()) words.push("This figure is of no task’s pools: the choice above does not change it.");
  note.textContent = words.join(" ");
  note.hidden = words.length === 0;
}

async function drawAll() {
  charts.round += 1;
  const round = charts.round, places = [...document.querySelectorAll("[data-chart]")];
  const middle = window.innerHeight / 2;
  const far = (place) => { const box = place.getBoundingClientRect(); return Math.abs((box.top + box.bottom) / 2 - middle); };
  const order = places.map((place) => [far(place), place]).sort((one, other) => one[0] - other[0]);
  for (const [, place] of order) {
    if (round !== charts.round) return;
    try { await draw(place); } catch (error) { place.firstElementChild.textContent = "This chart could not be drawn: " + error; }
    await new Promise((resolve) => setTimeout(resolve));
  }
  document.body.dataset.drawn = round;
}
