// What the page carries: texts as base64 of gzip, rows of charts by column.

async function unpacked(id) {
  const text = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function valuesOf(column) {
  return Array.isArray(column) ? column : column.at.map((place) => column.of[place]);
}

function rowsOf(columns) {
  const names = Object.keys(columns), values = names.map((name) => valuesOf(columns[name]));
  const rows = new Array(values.length ? values[0].length : 0);
  for (let at = 0; at < rows.length; at += 1) {
    rows[at] = {};
    names.forEach((name, place) => { rows[at][name] = values[place][at]; });
  }
  return rows;
}

function shortModel(id) { return id.slice(id.lastIndexOf("/") + 1); }

function inWords(value, format) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (format && format.endsWith("%")) return (100 * value).toFixed(0) + " %";
  if (Number.isInteger(value)) return value.toLocaleString("en").replace("-", "−");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

// An element with its attributes and children; texts are never read as markup.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
