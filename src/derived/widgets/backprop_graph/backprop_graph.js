// BackpropGraph: a small network as a computation graph; values flow forward, errors flow back.
import { button, change, decimal, html, numberField } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { Stepper } from "../shared/stepper.js";
import { compute, listSteps, namesFor, rows, sizesOf, whenKnown } from "./computation.js";
import { Drawing } from "./drawing.js";
import { LIMIT, brief } from "./knobs.js";
import { sentence } from "./sentences.js";

const HINT =
  "Drag a number sideways, or focus it and use the arrow keys (with Shift ten times as far). " +
  "Blue is computed forward, purple backward: δ = ∂L/∂z, the gradient of the bias too, and on " +
  "an edge ∂ = ∂L/∂w. Dashed lines are negative weights.";
const TRAITS = ["inputs", "targets", "weights", "biases", "activation"];
const PAUSE = 900; // milliseconds between two steps of Play
const NUDGE = 0.01;

const clone = (value) => JSON.parse(JSON.stringify(value));

class BackpropGraph extends Figure {
  constructor(host) {
    super(host, { name: "backprop", label: "Backpropagation graph", hint: HINT });
    this.width = 700;
    this.drawing = new Drawing(this, this.signal);
    this.stepper = new Stepper(this, PAUSE);
    this.buildEditor();
    this.load();
    const frame = html("div", { class: "dld-graphbox" }, this.drawing.surface);
    this.attach(this.stepper.box, frame, this.editor, this.note);
    this.onResize(frame, 250, 760, (width) => {
      this.width = width;
    });
    this.follow(TRAITS);
  }

  buildEditor() {
    const write = (value) => {
      this.setChosen(value);
      this.settled();
    };
    const limits = { min: -LIMIT, max: LIMIT, step: 0.01, value: 0 };
    this.field = numberField("Value", limits, write);
    this.fieldName = this.field.box.querySelector("span");
    const attributes = { type: "range", min: -2, max: 2, step: 0.01, class: "dld-range" };
    this.range = html("input", { ...attributes, "aria-label": "Value" });
    this.range.addEventListener("input", () => this.setChosen(Number(this.range.value)));
    this.range.addEventListener("change", () => this.settled());
    this.rate = numberField("Learning rate", { min: 0, max: 5, step: 0.1, value: 0.5 }, () => {});
    const descend = button("Descend once", () => this.descend());
    const reset = button("Reset values", () => this.resetValues());
    const group = { role: "group", "aria-label": "Chosen number" };
    const parts = [this.field.box, this.range, this.rate.box, descend, reset];
    this.editor = html("div", { class: "dld-bar dld-editor", ...group }, ...parts);
    this.note = html("p", { class: "dld-nudge" });
  }

  // ---- state

  load() {
    this.stepper.stop();
    this.setting = Object.fromEntries(TRAITS.map((name) => [name, clone(this.model.get(name))]));
    this.first = clone(this.setting);
    const sizes = sizesOf(this.setting);
    if (String(sizes) !== String(this.sizes)) this.selected = { kind: "weight", l: 0, i: 0, k: 0 };
    this.sizes = sizes;
    this.steps = listSteps(this.sizes);
    this.known = whenKnown(this.steps);
    this.step = this.steps.length;
    this.result = compute(this.setting);
  }

  changed() {
    this.result = compute(this.setting);
    this.draw();
  }

  settled() {
    const { gradient, loss, output } = this.result;
    this.write({
      ...clone(this.setting),
      loss,
      outputs: Array.from(output),
      gradients: {
        weights: gradient.weights.map((flat, l) => rows(flat, this.sizes[l + 1])),
        biases: gradient.biases.map((bias) => Array.from(bias)),
        inputs: Array.from(gradient.signals[0]),
      },
    });
  }

  // ---- the editable numbers; an entry is { kind, l, i, k }

  // The list that holds the number, and its place in it.
  slot({ kind, l, i, k }) {
    const { inputs, targets, weights, biases } = this.setting;
    if (kind === "input") return [inputs, i];
    if (kind === "target") return [targets, i];
    return kind === "bias" ? [biases[l], i] : [weights[l][i], k];
  }

  nameOf({ kind, l, i, k }) {
    const names = namesFor(this.sizes);
    if (kind === "input") return names.value(0, i);
    if (kind === "target") return names.target(i);
    return kind === "bias" ? names.bias(l, i) : names.weight(l, i, k);
  }

  gradientOf({ kind, l, i, k }) {
    const { weights, biases, signals } = this.result.gradient;
    if (kind === "input") return signals[0][i];
    if (kind === "target") return -signals[signals.length - 1][i];
    return kind === "bias" ? biases[l][i] : weights[l][i * this.sizes[l] + k];
  }

  valueOf(entry) {
    const [list, index] = this.slot(entry);
    return list[index];
  }

  setValue(entry, value) {
    const [list, index] = this.slot(entry);
    if (list[index] === value) return;
    list[index] = value;
    this.changed();
  }

  setChosen(value) {
    this.setValue(this.selected, value);
  }

  select(entry) {
    if (JSON.stringify(entry) === JSON.stringify(this.selected)) return;
    this.selected = entry;
    this.draw();
  }

  edit() {
    this.field.input.focus();
  }

  // How much the loss changes if the chosen number grows by NUDGE: a second forward pass.
  nudged() {
    const [list, index] = this.slot(this.selected);
    const kept = list[index];
    list[index] = kept + NUDGE;
    const { loss } = compute(this.setting);
    list[index] = kept;
    return loss - this.result.loss;
  }

  descend() {
    const rate = this.rate.input.valueAsNumber || 0;
    const { gradient } = this.result;
    const move = (value, slope) => Math.max(-LIMIT, Math.min(LIMIT, value - rate * slope));
    const { weights, biases } = this.setting;
    this.setting.weights = weights.map((matrix, l) => {
      const slopes = rows(gradient.weights[l], matrix.length);
      return matrix.map((row, i) => row.map((value, k) => move(value, slopes[i][k])));
    });
    this.setting.biases = biases.map((bias, l) =>
      bias.map((b, i) => move(b, gradient.biases[l][i])),
    );
    this.changed();
    this.settled();
  }

  resetValues() {
    this.setting = clone(this.first);
    this.changed();
    this.settled();
  }

  // ---- steps

  get total() {
    return this.steps.length;
  }

  go(step) {
    this.step = step;
    this.draw();
  }

  // ---- drawing

  draw() {
    const { step, steps, total } = this;
    this.current = step > 0 && step < total ? steps[step - 1] : null;
    this.drawing.show(this);
    this.drawEditor();
    this.stepper.show();
    this.say(this.summary());
  }

  drawEditor() {
    const name = this.nameOf(this.selected);
    const value = this.valueOf(this.selected);
    const gradient = this.gradientOf(this.selected);
    const shown = Number(value.toFixed(6));
    change(this.fieldName, { text: name });
    change(this.range, { "aria-label": name });
    if (this.field.input.valueAsNumber !== shown) this.field.input.value = String(shown);
    this.range.value = String(value);
    const promised = decimal(NUDGE * gradient, 6);
    change(this.note, {
      text:
        `∂L/∂${name} = ${decimal(gradient, 8)}. Raise ${name} by ${NUDGE}: by its gradient L ` +
        `changes by ${promised}, by a new forward pass it changes by ${decimal(this.nudged(), 6)}.`,
    });
  }

  summary() {
    const { step, steps, result, setting } = this;
    if (step === 0) return "Nothing is computed yet. Next goes forward along one edge.";
    if (step < steps.length) {
      const turn = steps.findIndex(({ kind }) => kind === "loss") + 1;
      const phase = step <= turn ? "forward" : "backward";
      return `Step ${step}, ${phase}: ${sentence(steps[step - 1], setting, result)}.`;
    }
    const outputs = Array.from(result.output, (y) => decimal(y, 8)).join(", ");
    const name = this.nameOf(this.selected);
    return (
      `All ${steps.length} steps: y = ${outputs}, L = ${decimal(result.loss, 8)}. ` +
      `Chosen: ${name} = ${brief(this.valueOf(this.selected))}.`
    );
  }
}

const render = (host) => new BackpropGraph(host).cleanup;

export default { render };
