// The unrolled network: a node for each state, and edges as thick as the gradient that flows back.
import { change, svg } from "../shared/dom.js";
import { magnitude } from "../shared/powers.js";

const WIDE = 560;
const MARGIN = 24;
const RADIUS = 17;
const HEIGHT = 178;
const PLAIN = { h: 78, x: 144 };
const GATED = { c: 46, h: 106, x: 166 };
const DOWN = "₀₁₂₃₄₅₆₇₈₉";

export const subscript = (number) => [...String(number)].map((digit) => DOWN[digit]).join("");

// The times whose states are shown: all of them if there is room, else evenly apart.
export function shownTimes(steps, width) {
  const edges = Math.min(steps, width >= WIDE ? 9 : 4);
  return Array.from({ length: edges + 1 }, (_, n) => Math.round((n * steps) / edges));
}

// Stroke width of a gradient: 5 at one, a little more or less for each power of ten.
export function thickness(norm) {
  if (!(norm > 0)) return 0.6;
  return Math.max(0.6, Math.min(13, 5 + 1.5 * Math.log10(norm)));
}

export class Graph {
  constructor(choose) {
    this.choose = choose;
    this.surface = svg("svg", { class: "dld-unrolled", role: "img" });
  }

  add(tag, attributes) {
    return this.surface.appendChild(svg(tag, attributes));
  }

  draw({ measured, steps, width, chosen, label }) {
    this.times = shownTimes(steps, width);
    this.gap = (width - 2 * (MARGIN + RADIUS)) / (this.times.length - 1);
    const gated = measured.cellNorms.length > 0;
    this.levels = gated ? GATED : PLAIN;
    this.surface.replaceChildren();
    change(this.surface, { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT });
    change(this.surface, { "aria-label": label });
    this.times.slice(0, -1).forEach((time, n) => {
      this.edge(n, this.levels.h, measured.norms[time], "dld-back");
      if (gated) this.edge(n, this.levels.c, measured.cellNorms[time], "dld-cellpath");
    });
    this.times.forEach((time, n) => {
      this.input(n, time);
      this.node(n, this.levels.h, "h", time, time === chosen);
      if (gated) this.node(n, this.levels.c, "c", time, time === chosen);
    });
  }

  x(n) {
    return MARGIN + RADIUS + n * this.gap;
  }

  // The gradient flows from right to left; its arrow head stands at the left node.
  edge(n, y, norm, kind) {
    const [from, to] = [this.x(n + 1) - RADIUS, this.x(n) + RADIUS];
    const width = thickness(norm);
    const head = 3.5 + 0.7 * width;
    const line = `M${from} ${y}H${(to + 1.5 * head).toFixed(1)}`;
    this.add("path", { class: `dld-flow ${kind}`, d: line, "stroke-width": width.toFixed(2) });
    const tip = `M${to + 1} ${y}l${(1.6 * head).toFixed(1)} ${-head}v${2 * head}z`;
    this.add("path", { class: `dld-head ${kind}`, d: tip });
    const place = { x: (from + to) / 2, y: y - 21, "text-anchor": "middle" };
    this.add("text", { class: `dld-norm ${kind}`, ...place, text: magnitude(norm) });
  }

  input(n, time) {
    if (time === 0) return;
    const x = this.x(n);
    const d = `M${x} ${this.levels.x - 14}V${this.levels.h + RADIUS + 8}m-4 0h8l-4 -6z`;
    this.add("path", { class: "dld-forward", d });
    const place = { x, y: this.levels.x, "text-anchor": "middle" };
    this.add("text", { class: "dld-tick", ...place, text: `x${subscript(time)}` });
  }

  node(n, y, letter, time, chosen) {
    const classes = `dld-state${chosen ? " dld-chosen" : ""}`;
    const node = this.add("g", { class: classes, transform: `translate(${this.x(n)} ${y})` });
    node.append(svg("circle", { r: RADIUS }));
    node.append(svg("text", { y: 4.5, "text-anchor": "middle", text: letter + subscript(time) }));
    node.addEventListener("click", () => this.choose(time));
  }
}
