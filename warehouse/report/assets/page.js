// Start: the words stand at once; what reacts and the charts follow when they are unpacked.

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = theme === "dark" ? "Light" : "Dark";
}

function startTheme(changed) {
  const button = document.getElementById("theme"), wish = window.matchMedia("(prefers-color-scheme: dark)");
  let picked = false;
  setTheme(wish.matches ? "dark" : "light");
  button.hidden = false;
  button.addEventListener("click", () => {
    picked = true;
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    changed();
  });
  wish.addEventListener("change", () => { if (!picked) { setTheme(wish.matches ? "dark" : "light"); changed(); } });
}

// What a link leads to is opened if it is folded away.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  const folded = [target.closest("details:not([open])"), target.matches("li") ? target.querySelector("details") : null];
  for (const each of folded.filter(Boolean)) each.open = true;
  target.scrollIntoView();
}

async function start() {
  let ready = false;
  const redraw = () => { if (ready) drawAll(); };
  startTheme(redraw);
  window.addEventListener("hashchange", openTarget);
  openTarget();
  const payload = JSON.parse(await unpacked("payload"));
  charts.all = payload.charts;
  charts.colors = payload.colors;
  startFilter(payload.pools, () => { refreshTables(); showItems(); redraw(); });
  startTables();
  startOpened(payload.opened);
  showItems();
  document.head.append(make("script", {}, await unpacked("runtime")));
  ready = true;
  let width = document.body.clientWidth;
  window.addEventListener("resize", () => {
    if (Math.abs(document.body.clientWidth - width) > 8) { width = document.body.clientWidth; redraw(); }
  });
  document.body.dataset.usable = "yes";
  await drawAll();
}

start().catch((error) => {
  for (const place of document.querySelectorAll("[data-chart]")) place.firstElementChild.textContent = "The charts could not be unpacked: " + error;
});
