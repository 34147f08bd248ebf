// The cell as a picture: the state runs along the top, the gates stand below it.
import { change, decimal, svg } from "../shared/dom.js";
import { placeOf, stepOf } from "./cell.js";

const DOWN = "₀₁₂₃₄₅₆₇₈₉";
const JOINT = 10; // radius of a circle that multiplies or adds
const MARGIN = 3;
const TOP = 4;
const NAMES = { f: "σ", i: "σ", g: "tanh", o: "σ" };

// Centres of everything, for a width and a number of units.
function plan(width, units) {
  const box = { width: Math.min(96, width / 5.9), height: 22 + 17 * units };
  const left = MARGIN + box.width / 2;
  const right = width - MARGIN - box.width / 2;
  const inner = [0.18, 0.4, 0.6, 0.82].map((share) => left + share * (right - left));
  const narrow = (right - left) / 4.55; // gates stand side by side between the two states
  const first = left + 0.92 * narrow;
  const gates = width > 500 ? inner : [0, 1, 2, 3].map((n) => first + n * box.width * 1.07);
  const top = TOP + box.height / 2;
  const mid = top + box.height / 2 + 30;
  const middle = mid + 28 + box.height / 2;
  const bus = middle + box.height / 2 + 20;
  const bottom = bus + 20 + box.height / 2;
  return { box, left, right, gates, top, mid, middle, bus, bottom, height: bottom + top - 4 };
}

export class Diagram {
  constructor() {
    this.surface = svg("svg", { class: "dld-cell", role: "img" });
  }

  add(tag, attributes, ...children) {
    return this.surface.appendChild(svg(tag, attributes, ...children));
  }

  draw({ setting, states, step, width, units, label }) {
    const { time, stage } = placeOf(step);
    Object.assign(this, { states, step, time, stage });
    this.plan = plan(width, units);
    const { height } = this.plan;
    this.surface.replaceChildren();
    change(this.surface, { viewBox: `0 0 ${width} ${height}`, width, height, "aria-label": label });
    this.lines();
    this.joints();
    this.boxes(setting.inputs[time - 1]);
  }

  known(stage) {
    return stepOf(this.time, stage) <= this.step;
  }

  wire(stage, d) {
    const classes = ["dld-wire"];
    if (stage === this.stage) classes.push("dld-now");
    else if (this.known(stage)) classes.push("dld-lit");
    this.add("path", { class: classes.join(" "), d });
  }

  lines() {
    const { box, left, right, gates, top, mid, middle, bus, bottom } = this.plan;
    const [f, i, g, o] = gates;
    const half = box.height / 2;
    const sum = (i + g) / 2;
    const second = (f + i) / 2;
    const given = [left, second].map((x) => `M${x} ${bottom - half}V${bus}`).join("");
    this.add("path", { class: "dld-wire dld-lit", d: `${given}M${left} ${bus}H${o}` });
    gates.forEach((x, n) => this.wire("figo"[n], `M${x} ${bus}V${middle + half}`));
    this.wire("c", `M${left + box.width / 2} ${top}H${right - box.width / 2}`);
    this.wire("c", `M${f} ${middle - half}V${top}`);
    this.wire("c", `M${i} ${middle - half}V${mid}H${g}V${middle - half}`);
    this.wire("c", `M${sum} ${mid}V${top}`);
    this.wire("h", `M${right} ${top + half}V${bottom - half}`);
    this.wire("h", `M${o} ${middle - half}V${mid}H${right}`);
  }

  joints() {
    const { right, gates, top, mid } = this.plan;
    const [f, i, g] = gates;
    const sum = (i + g) / 2;
    const tanh = (top + this.plan.box.height / 2 + mid - JOINT) / 2;
    this.joint("c", f, top, "×");
    this.joint("c", sum, mid, "×");
    this.joint("c", sum, top, "+");
    this.joint("h", right, mid, "×");
    const place = { x: right - 7, y: tanh + 4, "text-anchor": "end" };
    this.add("text", { class: "dld-tick", ...place, text: "tanh" });
  }

  joint(stage, x, y, text) {
    const node = this.add("g", { transform: `translate(${x} ${y})`, class: "dld-joint" });
    node.classList.toggle("dld-now", stage === this.stage);
    node.append(svg("circle", { r: JOINT }));
    node.append(svg("text", { y: 5, "text-anchor": "middle", text }));
  }

  boxes(x) {
    const { left, right, gates, top, middle, bottom, box } = this.plan;
    const { time, states } = this;
    const [now, before] = [states[time], states[time - 1]];
    const past = DOWN[time - 1];
    this.box(left, top, `c${past}`, "", before.c, "dld-given");
    this.box(left, bottom, `h${past}`, "", before.h, "dld-given");
    this.box((gates[0] + gates[1]) / 2, bottom, `x${DOWN[time]}`, "", x, "dld-given");
    gates.forEach((place, n) => {
      const letter = "figo"[n];
      this.value(letter, place, middle, NAMES[letter], now);
    });
    this.value("c", right, top, "", now);
    this.value("h", right, bottom, "", now);
  }

  value(letter, x, y, activation, now) {
    const values = this.known(letter) ? now[letter] : Array.from(now[letter], () => null);
    const kind = letter === this.stage ? "dld-now" : this.known(letter) ? "dld-done" : "dld-open";
    this.box(x, y, letter + DOWN[this.time], activation, values, kind);
  }

  box(x, y, name, activation, values, kind) {
    const { width, height } = this.plan.box;
    const node = this.add("g", { class: `dld-box ${kind}`, transform: `translate(${x} ${y})` });
    node.append(svg("rect", { x: -width / 2, y: -height / 2, width, height, rx: 7 }));
    const edge = width / 2 - 6;
    const first = -height / 2 + 15;
    node.append(svg("text", { class: "dld-boxname", x: -edge, y: first, text: name }));
    const right = { x: edge, y: first, "text-anchor": "end", class: "dld-tick" };
    if (activation) node.append(svg("text", { ...right, text: activation }));
    Array.from(values).forEach((value, n) => {
      const place = { x: edge, y: first + 17 * (n + 1), "text-anchor": "end", class: "dld-number" };
      node.append(svg("text", { ...place, text: value === null ? "·" : decimal(value, 4) }));
    });
  }
}
