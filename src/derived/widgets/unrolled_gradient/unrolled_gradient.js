// UnrolledGradient: what is left of the gradient at every step of an unrolled recurrent network.
import { button, change, choice, decimal, html, numberField } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { magnitude } from "../shared/powers.js";
import { slider } from "../shared/sliders.js";
import { measure } from "./experiment.js";
import { Graph, subscript } from "./graph.js";
import { NormPlot } from "./plot.js";

const HINT =
  "Arrows show the gradient flowing back from h at the end, T: the thicker, the larger its norm, " +
  "which stands above. Click a state, or drag in the plot or use its arrow keys (with Shift ten " +
  "steps), to choose a time. All norms are products of the Jacobians of the network in this page.";
const CELLS = {
  linear: "linear RNN",
  tanh: "tanh RNN",
  lstm: "LSTM",
  gru: "GRU",
};
const TRAITS = {
  cell: "cell",
  radius: "radius",
  gateBias: "gate_bias",
  steps: "steps",
  inputScale: "input_scale",
  hidden: "hidden",
  seed: "seed",
};
const GATE_NAMES = { lstm: "Forget gate bias", gru: "Update gate bias" };
const MOST_SEED = 9999;

class UnrolledGradient extends Figure {
  constructor(host) {
    super(host, { name: "unrolled-gradient", label: "Unrolled gradient", hint: HINT });
    this.width = 700;
    this.chosen = 0;
    const choose = (time) => this.choose(time);
    this.graph = new Graph(choose);
    this.plot = new NormPlot(choose, this.signal);
    this.buildControls();
    this.load();
    const pictures = html("div", { class: "dld-pictures" }, this.graph.surface, this.caption);
    pictures.append(this.plot.box);
    this.attach(this.settings, this.sliders, pictures);
    this.onResize(pictures, 240, 760, (width) => {
      this.width = width;
    });
    this.follow(Object.values(TRAITS));
  }

  buildControls() {
    const set = (name) => (value, settled = true) => this.configure({ [name]: value }, settled);
    const whole = (name) => (value) => this.configure({ [name]: Math.round(value) }, true);
    const two = (value) => decimal(value, 2);
    const one = (value) => decimal(value, 1);
    this.fields = {
      cell: choice("Cell", Object.entries(CELLS), "tanh", set("cell")),
      hidden: numberField("Units", { min: 1, max: 16, step: 1, value: 8 }, whole("hidden")),
      seed: numberField("Seed", { min: 0, max: MOST_SEED, step: 1, value: 0 }, whole("seed")),
    };
    const ranges = {
      radius: ["Spectral radius ϱ", { min: 0, max: 2, step: 0.01, value: 0.9, text: two }],
      gateBias: ["Gate bias", { min: -6, max: 6, step: 0.1, value: 1, text: one }],
      steps: ["Length T", { min: 2, max: 100, step: 1, value: 30 }],
      inputScale: ["Size of the inputs", { min: 0, max: 4, step: 0.1, value: 0.5, text: one }],
    };
    this.ranges = {};
    for (const [name, [label, options]] of Object.entries(ranges)) {
      this.ranges[name] = slider(label, options, set(name));
    }
    this.gateName = this.ranges.gateBias.box.querySelector("span > span");
    const renew = () => this.configure({ seed: (this.setting.seed + 1) % (MOST_SEED + 1) }, true);
    const buttons = [
      button("New weights", renew, { class: "dld-button dld-primary" }),
      button("Reset", () => this.configure(this.first, true)),
    ];
    const boxes = (fields) => Object.values(fields).map(({ box }) => box);
    this.settings = html("div", { class: "dld-bar" }, ...boxes(this.fields), ...buttons);
    this.sliders = html("div", { class: "dld-sliders" }, ...boxes(this.ranges));
    this.caption = html("p", { class: "dld-caption" });
  }

  // ---- state

  load() {
    const read = ([name, trait]) => [name, this.model.get(trait)];
    this.setting = Object.fromEntries(Object.entries(TRAITS).map(read));
    this.first ??= this.setting;
    this.measure();
  }

  measure() {
    this.measured = measure(this.setting);
    this.chosen = Math.min(this.chosen, this.setting.steps);
  }

  configure(changes, settled) {
    this.setting = { ...this.setting, ...changes };
    this.measure();
    this.draw();
    if (settled) this.save();
  }

  save() {
    const { layer, inputs, norms, cellNorms } = this.measured;
    const rows = (flat, width) =>
      Array.from({ length: flat.length / width }, (_, n) =>
        Array.from(flat.subarray(n * width, (n + 1) * width)),
      );
    const parameters = {
      weight_input: rows(layer.weightInput, layer.features),
      weight_hidden: rows(layer.weightHidden, layer.hidden),
      bias: Array.from(layer.bias),
    };
    if (layer.kind === "gru") parameters.bias_candidate = Array.from(layer.biasCandidate);
    const trait = ([name, key]) => [key, this.setting[name]];
    this.write({
      ...Object.fromEntries(Object.entries(TRAITS).map(trait)),
      parameters,
      inputs: inputs.map((x) => Array.from(x)),
      norms,
      cell_norms: cellNorms,
    });
  }

  choose(time) {
    if (time === this.chosen) return;
    this.chosen = time;
    this.draw();
  }

  // ---- drawing

  draw() {
    const { setting, measured, width, chosen } = this;
    const { steps, radius } = setting;
    const text = this.sentence();
    this.graph.draw({ measured, steps, width, chosen, label: `The network over time. ${text}` });
    const guide = measured.norms.map((_, t) => radius ** (steps - t));
    const { norms, cellNorms } = measured;
    const end = subscript(steps);
    const [first, second] = ["h", "c"].map((letter) => `‖∂h${end}/∂${letter}ₜ‖`);
    const names = { norms: first, cellNorms: second, guide: "ϱᵀ⁻ᵗ" };
    this.plot.draw({ curves: { norms, cellNorms, guide }, names, steps, width, chosen });
    this.drawControls();
    this.say(text);
  }

  drawControls() {
    const { setting, fields, ranges } = this;
    for (const [name, { input }] of Object.entries(fields)) {
      if (input.value !== String(setting[name])) input.value = String(setting[name]);
    }
    for (const [name, range] of Object.entries(ranges)) range.show(setting[name]);
    const gate = GATE_NAMES[setting.cell];
    change(ranges.gateBias.input, { disabled: !gate });
    change(this.gateName, { text: `${gate ?? "Gate bias (no gate)"} ` });
    ranges.gateBias.box.classList.toggle("dld-off", !gate);
    const { times } = this.graph;
    const apart = times.slice(1).map((time, n) => time - times[n]);
    const [least, most] = [Math.min(...apart), Math.max(...apart)];
    const span = least === most ? `${most}` : `${least} or ${most}`;
    const each = most === 1 ? "one step" : `${span} steps`;
    const text = `Each edge stands for ${each}; the number is the norm at its left end.`;
    change(this.caption, { text });
  }

  sentence() {
    const { setting, measured, chosen } = this;
    const { cell, radius, steps, gateBias } = setting;
    const { norms, cellNorms } = measured;
    const end = subscript(steps);
    const bias = cell in GATE_NAMES ? `, gate bias ${decimal(gateBias, 1)}` : "";
    const back = steps - chosen;
    const rate = back > 0 && norms[chosen] > 0 ? norms[chosen] ** (1 / back) : null;
    const mean = rate === null ? "" : `, on average × ${magnitude(rate)} a step over ${back} steps`;
    const through = cellNorms.length
      ? `; ‖∂h${end}/∂c${subscript(chosen)}‖ = ${magnitude(cellNorms[chosen])}`
      : "";
    return (
      `${CELLS[cell]}, ϱ = ${decimal(radius, 2)}${bias}, T = ${steps}: ` +
      `‖∂h${end}/∂h${subscript(chosen)}‖ = ${magnitude(norms[chosen])}${mean}${through}.`
    );
  }
}

const render = (host) => new UnrolledGradient(host).cleanup;

export default { render };
