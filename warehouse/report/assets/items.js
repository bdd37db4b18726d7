// The items of highest variance: their answers, and the sample of the log that each is first found in.

const MOST_ITEMS = 30;

function itemKey(row) { return JSON.stringify([row.task, row.model_id, row.condition_id, row.item_id]); }

function whereFrom(row) {
  const place = `item ${row.example_item_id}, epoch ${row.example_epoch}, sample ${row.example_sample_id}`;
  return row.example_log ? `${row.example_log}: ${place}` : `drawn here: ${place}`;
}

function answerRow(row) {
  return make("tr", {},
    make("td", {}, row.answer + (row.is_correct ? " (right)" : "")),
    make("td", { class: "n" }, `${inWords(row.share, "%")} (${row.n_samples})`),
    make("td", {}, row.example || "not published"),
    make("td", {}, make("code", {}, whereFrom(row))));
}

function itemElement(rows) {
  const [first] = rows;
  const shares = rows.slice(0, 4).map((row) => `${row.answer.slice(0, 24)} ${inWords(row.share, "%")}`).join(", ");
  const heads = ["answer", "share", "beginning of an example", "where it is"].map((head) => make("th", { scope: "col" }, head));
  return make("details", { class: "item", "data-item": itemKey(first) },
    make("summary", {}, make("b", {}, `${shortModel(first.model_id)} on ${first.task}, ${first.item_id}`), ` variance ${inWords(first.variance)}: ${shares}`),
    make("p", {}, first.question || "The question is not published: the log has none, or the task’s terms forbid to show it."),
    make("p", {}, first.target_text ? `Right: ${first.target_text}` : ""),
    make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows.map(answerRow)))));
}

function showItems() {
  const place = document.getElementById("item-list"), chart = charts.all.transcripts;
  if (!place || !chart) return;
  const items = new Map();
  for (const set of Object.values(chosenRows(chart))) {
    for (const row of set.rows) items.set(itemKey(row), [...(items.get(itemKey(row)) || []), row]);
  }
  const elements = [...items.values()].slice(0, MOST_ITEMS).map(itemElement);
  const left = items.size - elements.length;
  place.replaceChildren(...elements, make("p", { class: "note" }, left > 0 ? `${left} more items: choose a task, model or condition above.` : ""));
}

function openItem(row) {
  const key = itemKey(row), element = [...document.querySelectorAll("[data-item]")].find((each) => each.dataset.item === key);
  if (!element) return;
  element.open = true;
  element.scrollIntoView({ block: "center" });
  element.querySelector("summary").focus();
}
