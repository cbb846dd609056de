// Elements, made without markup: what comes from the server is text and never becomes anything else.

export const $ = (id) => document.getElementById(id);

// el("td", { class: "number", title: "…", onclick: f }, child, "text", …). null and false children are left out.
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Touches the page only when there is something new: two hundred rows are asked each second.
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

export function attribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

// What stands for a condition, told by its form as well as by its colour: ● ▲ ■ ◗ .
const forms = {
  good: ["circle", { cx: 8, cy: 8, r: 5.5 }],
  coming: ["path", { d: "M8 2.2 14.2 13.4H1.8Z" }],
  bad: ["rect", { x: 2.4, y: 2.4, width: 11.2, height: 11.2, rx: 1.5 }],
  resting: ["path", { d: "M8 2.5a5.5 5.5 0 1 0 0 11Z M8 3.2a4.8 4.8 0 0 1 0 9.6" }],
  unknown: ["circle", { cx: 8, cy: 8, r: 4.8, "fill-opacity": 0.25 }],
};

export function shape(condition) {
  const [tag, props] = forms[condition] ?? forms.unknown;
  return svg("svg", { class: "shape " + condition, viewBox: "0 0 16 16", "aria-hidden": "true" }, svg(tag, props));
}

export const conditionOfLevel = { good: "good", warning: "coming", bad: "bad", silent: "unknown" };
