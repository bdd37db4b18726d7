// A click on a verdict says how it is known.

function showOpened(opened) {
  const dialog = document.getElementById("opened");
  const close = make("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close");
  const facts = opened.facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  const link = opened.place ? make("a", { href: "#" + opened.place, onclick: () => dialog.close() }, "Among the findings") : null;
  dialog.replaceChildren(
    make("h2", { id: "opened-title" }, opened.title),
    make("p", {}, make("span", { class: "verdict " + opened.verdict }, opened.verdict.replaceAll("_", " "))),
    make("p", {}, opened.sentence), make("dl", {}, ...facts), make("p", {}, ...(link ? [link, " "] : []), close));
  dialog.showModal();
}

function startOpened(all) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-opens]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    showOpened(all[link.dataset.opens]);
  });
}
