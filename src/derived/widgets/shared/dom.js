// Elements, labels, ids and numbers as text: what every figure needs to speak to its reader.
const SVG = "http://www.w3.org/2000/svg";
const FOCUSABLE = new Set(["button", "input", "select", "summary", "textarea"]);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  // JupyterLab takes arrow keys and letters as commands unless the focused element says no.
  if (FOCUSABLE.has(node.localName) || "tabindex" in attributes) {
    node.setAttribute("data-lm-suppress-shortcuts", "true");
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const html = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

export function change(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") {
      if (node.textContent !== String(value)) node.textContent = value;
    } else if (value === null || value === undefined || value === false) {
      node.removeAttribute(name);
    } else {
      const text = value === true ? "" : String(value);
      if (node.getAttribute(name) !== text) node.setAttribute(name, text);
    }
  }
}

// An id nobody else on the page has: several figures, each with its own copy of this module.
export function uniqueId(name) {
  const counter = document.documentElement.dataset;
  counter.dldCount = String(Number(counter.dldCount || 0) + 1);
  return `dld-${name}-${counter.dldCount}`;
}

export function button(label, action, attributes = {}) {
  const node = html("button", { type: "button", class: "dld-button", text: label, ...attributes });
  node.addEventListener("click", action);
  return node;
}

// A labelled select; options are [value, text] pairs.
export function choice(label, options, value, action) {
  const select = html(
    "select",
    { class: "dld-input" },
    ...options.map(([key, text]) => html("option", { value: key, text })),
  );
  select.value = String(value);
  select.addEventListener("change", () => action(select.value));
  const box = html("label", { class: "dld-field" }, html("span", { text: label }), select);
  return { box, input: select };
}

// A labelled number box. action gets a finite number within [min, max], or is not called.
export function numberField(label, { min, max, step, value }, action) {
  const input = html("input", { type: "number", class: "dld-input", min, max, step });
  input.value = String(value);
  input.addEventListener("change", () => {
    const read = input.valueAsNumber;
    if (Number.isFinite(read)) action(Math.min(max, Math.max(min, read)));
  });
  const box = html("label", { class: "dld-field" }, html("span", { text: label }), input);
  return { box, input };
}

// Text for a number: a true minus sign, a fixed number of decimals.
export function decimal(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) !== 0 ? "−" : "") + text;
}

// Text for a count or a large bound: 1,532 or 3.1 × 10⁶.
export function count(value) {
  if (value < 1e6) return Math.floor(value * (1 + 1e-12)).toLocaleString("en-US");
  const power = Math.floor(Math.log10(value));
  const raised = [...String(power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
  return `${(value / 10 ** power).toFixed(1)} × 10${raised}`;
}

// The line that says the state. Changes that come faster than a screen reader can speak
// (dragging, playing) are shown at once but announced only when they have settled; what a figure
// says first, when the page opens, is not announced at all.
export function statusLine() {
  const shown = html("p", { class: "dld-status", "aria-hidden": "true" });
  const spoken = html("p", { class: "dld-spoken", role: "status", "aria-live": "polite" });
  let timer = 0;
  const say = (text) => {
    const first = shown.textContent === "";
    if (text === shown.textContent) return;
    change(shown, { text });
    if (first) return;
    clearTimeout(timer);
    timer = setTimeout(() => change(spoken, { text }), 350);
  };
  return {
    box: html("div", { class: "dld-statusbox" }, shown, spoken),
    say,
    stop: () => clearTimeout(timer),
  };
}

export const reducedMotion = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
