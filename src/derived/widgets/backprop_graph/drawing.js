// The graph as SVG: a card for each unit, a line and a pill for each weight.
import { change, decimal, svg } from "../shared/dom.js";
import { namesFor, stepKey } from "./computation.js";
import { Knob } from "./knobs.js";
import { INPUT, LOSS, PILL, TARGET, UNIT, arrange } from "./layout.js";

const box = ({ width, height }, className, rx = 7) =>
  svg("rect", { x: -width / 2, y: -height / 2, width, height, rx, class: className });

const label = (x, y, className, text) =>
  svg("text", { x, y, class: `dld-name ${className}`, text });

const number = (x, y, className, anchor = "end") =>
  svg("text", { x, y, class: `dld-value ${className}`, "text-anchor": anchor });

const at = ([x, y]) => ({ transform: `translate(${x} ${y})` });

const path = (start, end) => `M${start.join(" ")}L${end.join(" ")}`;

export class Drawing {
  constructor(actions, signal) {
    Object.assign(this, { actions, signal, built: "" });
    const attributes = { class: "dld-graph", role: "group", "aria-label": "Computation graph" };
    this.surface = svg("svg", attributes);
  }

  // ---- building: once for each set of sizes and each width

  build(sizes, width) {
    const signature = `${sizes.join()}@${width}`;
    if (signature === this.built) return;
    this.built = signature;
    const focused = this.surface.contains(document.activeElement)
      ? document.activeElement.dataset.entry
      : null;
    const plan = arrange(sizes, width);
    this.names = namesFor(sizes);
    this.depth = sizes.length - 1;
    const view = `0 0 ${plan.width} ${plan.height}`;
    change(this.surface, { viewBox: view, width: plan.width, height: plan.height });
    this.lines = svg("g", { "aria-hidden": "true" });
    this.surface.replaceChildren(this.lines);
    this.buildLoss(plan);
    this.inputs = plan.cards[0].map((place, i) => this.buildInput(place, i));
    this.edges = [];
    this.units = [];
    for (let l = 0; l < this.depth; l += 1) {
      for (const edge of plan.edges) if (edge.l === l) this.edges.push(this.buildEdge(edge));
      this.units.push(plan.cards[l + 1].map((place, i) => this.buildUnit(place, l, i)));
    }
    this.targets = plan.targets.map((place, i) => this.buildTarget(place, i));
    const again = focused && this.surface.querySelector(`[data-entry="${focused}"]`);
    if (again) again.focus();
  }

  line(start, end) {
    return this.lines.appendChild(
      svg("path", { class: "dld-edge", "stroke-width": 1.6, d: path(start, end) }),
    );
  }

  knob(entry, name, place, ...parts) {
    const knob = new Knob(entry, name, this.actions, this.signal);
    if (place) change(knob.node, at(place));
    knob.node.append(...parts);
    return knob;
  }

  buildInput(place, i) {
    const name = this.names.value(0, i);
    const value = number(INPUT.width / 2 - 9, 4.5, "");
    const parts = [box(INPUT, "dld-pill"), label(-INPUT.width / 2 + 9, 4.5, "", name), value];
    const knob = this.knob({ kind: "input", i }, `input ${name}`, place, ...parts);
    this.surface.append(knob.node);
    return Object.assign(knob, { value });
  }

  buildTarget(place, i) {
    const name = this.names.target(i);
    const value = number(TARGET.width / 2 - 9, 4.5, "");
    const parts = [box(TARGET, "dld-pill"), label(-TARGET.width / 2 + 9, 4.5, "", name), value];
    const knob = this.knob({ kind: "target", i }, `target ${name}`, place, ...parts);
    this.surface.append(knob.node);
    return Object.assign(knob, { value });
  }

  buildEdge({ l, i, k, start, end, at: place }) {
    const name = this.names.weight(l, i, k);
    const value = number(0, -3, "", "middle");
    const gradient = number(0, 12, "dld-quiet", "middle");
    const parts = [box(PILL, "dld-pill"), value, gradient];
    const knob = this.knob({ kind: "weight", l, i, k }, `weight ${name}`, place, ...parts);
    this.surface.append(knob.node);
    return Object.assign(knob, { l, i, k, value, gradient, line: this.line(start, end) });
  }

  buildUnit(place, l, i) {
    const [left, right] = [-UNIT.width / 2 + 9, UNIT.width / 2 - 9];
    const value = number(right, -15, "dld-fore");
    const delta = number(right, 5, "dld-back");
    const node = svg("g", { ...at(place), class: "dld-unit" }, box(UNIT, "dld-card"));
    node.append(label(left, -15, "dld-fore", this.names.value(l + 1, i)), value);
    node.append(label(left, 5, "dld-back", this.names.delta(l, i)), delta);
    const strip = { x: left - 5, y: 11, width: UNIT.width - 8, height: 20, rx: 5 };
    const bias = this.knob({ kind: "bias", l, i }, `bias ${this.names.bias(l, i)}`, null);
    bias.value = number(right, 25.5, "");
    const name = label(left, 25.5, "", this.names.bias(l, i));
    bias.node.append(svg("rect", { ...strip, class: "dld-pill" }), name, bias.value);
    node.append(bias.node);
    this.surface.append(node);
    return { node, value, delta, bias };
  }

  buildLoss({ cards, loss, targets }) {
    const [left, right] = [-LOSS.width / 2 + 9, LOSS.width / 2 - 9];
    const outputs = cards[this.depth];
    const lowest = outputs[outputs.length - 1];
    this.outputLines = outputs.map(([x, y], i) =>
      i === outputs.length - 1 || y === lowest[1]
        ? this.line([x, y + UNIT.height / 2], [loss[0], loss[1] - LOSS.height / 2])
        : this.lines.appendChild(
            svg("path", {
              class: "dld-edge",
              "stroke-width": 1.6,
              d: `M${x + UNIT.width / 2} ${y}h9V${loss[1]}H${loss[0] + LOSS.width / 2}`,
            }),
          ),
    );
    this.targetLine = this.line([loss[0], loss[1] + LOSS.height / 2], targets[0]);
    const single = outputs.length === 1;
    const value = number(right, -6, "dld-fore");
    const slope = number(right, 15, "dld-back");
    const node = svg("g", { ...at(loss), class: "dld-unit" }, box(LOSS, "dld-card"));
    node.append(label(left, -6, "dld-fore", "L"), value);
    if (single) node.append(label(left, 15, "dld-back", "∂L/∂y"));
    node.append(slope);
    this.loss = { node, value, slope, single };
    this.surface.append(node);
  }

  // ---- showing: after every change

  // step: how many steps are done; known: step at which each thing becomes known.
  show({ setting, sizes, result, known, step, width, selected, current }) {
    this.build(sizes, width);
    const chosen = Object.values(selected).join("-");
    const state = {
      result,
      sizes,
      done: (parts) => known.get(stepKey(parts)) <= step,
      now: (parts) => current !== null && stepKey(current) === stepKey(parts),
      chosen: (knob) => knob.node.dataset.entry === chosen,
    };
    this.inputs.forEach((knob, i) => knob.show(setting.inputs[i], state.chosen(knob)));
    this.targets.forEach((knob, i) => knob.show(setting.targets[i], state.chosen(knob)));
    for (const edge of this.edges) this.showEdge(edge, state);
    this.units.forEach((units, l) => units.forEach((unit, i) => this.showUnit(unit, l, i, state)));
    this.showLoss(state);
  }

  showEdge(edge, { result, sizes, done, now, chosen }) {
    const { l, i, k } = edge;
    const index = i * sizes[l] + k;
    const weight = result.network.weights[l][index];
    const gradient = decimal(result.gradient.weights[l][index], 4);
    const back = done({ kind: "edge", l, i, k });
    const active = now({ kind: "product", l, i, k }) || now({ kind: "edge", l, i, k });
    edge.show(weight, chosen(edge), back ? `, gradient ${gradient}` : "");
    change(edge.gradient, {
      text: back ? `∂ ${gradient}` : this.names.weight(l, i, k),
      class: `dld-value ${back ? "dld-back" : "dld-quiet"}`,
    });
    edge.node.classList.toggle("dld-now", active);
    const classes = ["dld-edge", active && "dld-now"];
    classes.push(back ? "dld-returned" : done({ kind: "product", l, i, k }) && "dld-lit");
    change(edge.line, {
      class: classes.filter(Boolean).join(" "),
      "stroke-width": (1.2 + 1.6 * Math.min(2, Math.abs(weight))).toFixed(2),
      "stroke-dasharray": weight < 0 ? "7 4" : null,
    });
  }

  showUnit({ node, value, delta, bias }, l, i, { result, done, now, chosen }) {
    const forward = done({ kind: "unit", l, i });
    const back = done({ kind: "delta", l, i });
    change(value, { text: forward ? decimal(result.values[l + 1][i], 4) : "·" });
    change(delta, { text: back ? decimal(result.gradient.deltas[l][i], 4) : "·" });
    bias.show(result.network.biases[l][i], chosen(bias));
    const active = now({ kind: "unit", l, i }) || now({ kind: "delta", l, i });
    node.classList.toggle("dld-now", active);
  }

  showLoss({ result, done, now }) {
    const { node, value, slope, single } = this.loss;
    change(value, { text: done({ kind: "loss" }) ? decimal(result.loss, 4) : "·" });
    const signals = Array.from(result.gradient.signals[this.depth]);
    const known = signals.map((_, i) => done({ kind: "output", i }));
    const texts = signals.map((signal, i) => (known[i] ? decimal(signal, single ? 4 : 2) : "·"));
    change(slope, { text: texts.join(" ") });
    const output = signals.some((_, i) => now({ kind: "output", i }));
    node.classList.toggle("dld-now", now({ kind: "loss" }) || output);
    this.targetLine.classList.toggle("dld-lit", done({ kind: "loss" }));
    this.outputLines.forEach((line, i) => {
      line.classList.toggle("dld-lit", done({ kind: "loss" }));
      line.classList.toggle("dld-returned", known[i]);
    });
  }
}
