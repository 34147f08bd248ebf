// The network as a graph: a droppable unit is a switch, a dropped one is crossed out.
import { change, decimal, svg } from "../shared/dom.js";

const RADIUS = 17;
const HEIGHT = 290;
const UNDER = (digits) => [...String(digits)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");

const nameOf = (layer, unit, depth) => {
  if (layer === depth) return `p${UNDER(unit)}`;
  return `${layer === 0 ? "x" : "h"}${UNDER(unit + 1)}`;
};

export class Diagram {
  // flip(layer, unit) is called when the reader switches a unit.
  constructor(flip) {
    Object.assign(this, { flip, width: 330, signature: "" });
    this.surface = svg("svg", { class: "dld-network", role: "group" });
  }

  build(sizes, canDrop) {
    const signature = JSON.stringify([sizes, canDrop, this.width]);
    if (signature === this.signature) return;
    this.signature = signature;
    const [width, depth] = [this.width, sizes.length - 1];
    const x = (layer) => 34 + (layer * (width - 68)) / depth;
    const y = (layer, unit) => (HEIGHT * (unit + 0.5)) / sizes[layer];
    this.edges = [];
    this.units = [];
    const lines = svg("g", { "aria-hidden": "true" });
    for (let l = 0; l < depth; l += 1) {
      for (let k = 0; k < sizes[l]; k += 1) {
        for (let i = 0; i < sizes[l + 1]; i += 1) {
          const ends = { x1: x(l), y1: y(l, k), x2: x(l + 1), y2: y(l + 1, i) };
          this.edges.push({ l, i, k, node: lines.appendChild(svg("line", ends)) });
        }
      }
    }
    this.surface.replaceChildren(lines);
    change(this.surface, { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT });
    sizes.forEach((count, layer) => {
      for (let unit = 0; unit < count; unit += 1) {
        const place = [x(layer), y(layer, unit)];
        this.units.push(this.unit({ layer, unit, depth, switchable: canDrop[layer] }, place));
      }
    });
  }

  unit({ layer, unit, depth, switchable }, [x, y]) {
    const name = nameOf(layer, unit, depth);
    const role = switchable ? { role: "switch", tabindex: 0 } : { "aria-hidden": "true" };
    const node = svg("g", { class: "dld-unit", ...role, transform: `translate(${x} ${y})` });
    const value = svg("text", { class: "dld-value", y: RADIUS + 13, "text-anchor": "middle" });
    node.append(
      svg("circle", { class: "dld-body", r: RADIUS }),
      svg("text", { class: "dld-name", y: 4.5, "text-anchor": "middle", text: name }),
      svg("path", { class: "dld-cross", d: "M-13 -13L13 13M13 -13L-13 13" }),
      value,
    );
    if (switchable) {
      node.addEventListener("click", () => this.flip(layer, unit));
      node.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        this.flip(layer, unit);
        event.preventDefault();
      });
    }
    this.surface.append(node);
    return { node, value, layer, unit, name, switchable };
  }

  // kept(layer, unit) is true or false; valueOf(layer, unit) a number.
  draw({ sizes, canDrop, kept, valueOf, weights, width }) {
    this.width = width;
    this.build(sizes, canDrop);
    for (const { l, i, k, node } of this.edges) {
      const weight = weights[l][i][k];
      const gone = !kept(l, k) || !kept(l + 1, i);
      change(node, { class: `dld-edge ${weight < 0 ? "dld-minus" : "dld-plus"}` });
      node.classList.toggle("dld-gone", gone);
      change(node, { "stroke-width": (0.6 + 1.6 * Math.min(2, Math.abs(weight))).toFixed(2) });
    }
    for (const { node, value, layer, unit, name, switchable } of this.units) {
      const alive = kept(layer, unit);
      node.classList.toggle("dld-dropped", !alive);
      change(value, { text: decimal(valueOf(layer, unit), 2) });
      if (!switchable) continue;
      change(node, { "aria-checked": String(alive) });
      change(node, { "aria-label": `${layer === 0 ? "Input" : "Hidden unit"} ${name} kept` });
    }
  }
}
