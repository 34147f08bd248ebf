// DropoutEnsemble: every mask of a small network, and three predictions of their ensemble.
import { button, change, choice, decimal, html } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { NumberList } from "../shared/numbers.js";
import { magnitude } from "../shared/powers.js";
import { slider } from "../shared/sliders.js";
import { Bars } from "./bars.js";
import { Diagram } from "./diagram.js";
import { droppable, ensemble, gap, numberOf, thinned } from "./ensemble.js";
import { Gallery } from "./gallery.js";

const HINT =
  "Click a unit, or press Enter on it, to drop or keep it. The tiles are all masks, each with the " +
  "probabilities that its thinned network gives to the classes; point at one, or use the arrow " +
  "keys. Blue edges are negative weights, orange ones positive, the thicker the larger.";
const NETWORKS = { softmax: "Softmax regression", hidden: "One hidden layer", custom: "Your own" };
const DROPS = { inputs: "inputs", hidden: "hidden units", both: "both" };
const ACTIVATIONS = { relu: "ReLU", tanh: "tanh", sigmoid: "sigmoid" };
const UNDER = "₁₂₃₄₅₆₇₈";

class DropoutEnsemble extends Figure {
  constructor(host) {
    super(host, { name: "dropout-ensemble", label: "Dropout as an ensemble", hint: HINT });
    this.width = 330;
    this.chosen = 0;
    this.diagram = new Diagram((layer, unit) => this.flip(layer, unit));
    this.gallery = new Gallery((number) => this.choose(number), this.signal);
    this.bars = new Bars();
    this.buildControls();
    this.buildColumns();
    this.load();
    this.attach(this.bar, this.columns);
    this.onResize(this.left, 220, 420, (width) => {
      this.width = width;
    });
    this.follow(["network", "networks", "inputs", "activation", "drop", "keep"]);
  }

  buildControls() {
    const set = (name) => (value) => this.configure({ [name]: value }, true);
    this.fields = {
      network: choice("Network", Object.entries(NETWORKS), "softmax", (name) => this.take(name)),
      drop: choice("Drop", Object.entries(DROPS), "both", set("drop")),
      activation: choice("Activation", Object.entries(ACTIVATIONS), "tanh", set("activation")),
    };
    const keep = { min: 0.05, max: 1, step: 0.01, value: 0.5, text: (p) => decimal(p, 2) };
    this.keep = slider("Keep probability p", keep, (value, settled) =>
      this.configure({ keep: value }, settled),
    );
    const turn = (by) => () => this.choose((this.chosen + by + this.count) % this.count);
    const buttons = [
      button("Back", turn(-1)),
      button("Next", turn(1), { class: "dld-button dld-primary" }),
      button("Reset", () => this.reset()),
    ];
    const boxes = Object.values(this.fields).map(({ box }) => box);
    this.bar = html("div", { class: "dld-bar" }, ...boxes, ...buttons);
  }

  buildColumns() {
    this.maskName = html("p", { class: "dld-caption dld-maskname" });
    this.galleryName = html("p", { class: "dld-caption" });
    const pictures = [this.maskName, this.diagram.surface, this.galleryName, this.gallery.box];
    this.left = html("div", { class: "dld-main" }, ...pictures);
    this.sliders = html("div", { class: "dld-sliders" });
    this.numbers = new NumberList({
      exact: "to the geometric mean",
      mean: "to the arithmetic mean",
    });
    const gaps = html("p", { class: "dld-caption", text: "Weight scaling: its largest difference in a probability" });
    const side = [this.keep.box, this.sliders, this.bars.box, gaps, this.numbers.box];
    this.columns = html("div", { class: "dld-columns" }, this.left, html("div", { class: "dld-side" }, ...side));
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    this.networks = read("networks");
    this.setting = Object.fromEntries(
      ["network", "inputs", "activation", "drop", "keep"].map((name) => [name, read(name)]),
    );
    this.first ??= this.setting;
    this.compute();
  }

  compute() {
    const { network, inputs, activation, drop, keep } = this.setting;
    const { weights, biases } = this.networks[network];
    this.net = { inputs, weights, biases, activation, drop };
    this.units = droppable(this.net);
    this.members = thinned(this.net, keep);
    this.count = this.members.length;
    this.chosen = Math.min(this.chosen, this.count - 1);
    this.predictions = ensemble(this.net, keep, this.members);
    this.deep = weights.length === 2;
  }

  configure(changes, settled) {
    this.setting = { ...this.setting, ...changes };
    this.compute();
    this.draw();
    if (settled) this.save();
  }

  take(network) {
    this.chosen = 0;
    this.configure({ network, inputs: [...this.networks[network].inputs] }, true);
  }

  reset() {
    this.chosen = 0;
    this.configure(this.first, true);
  }

  save() {
    this.write({ ...this.setting, ...this.predictions, mask: this.members[this.chosen].mask });
  }

  // ---- what the reader does

  choose(number) {
    this.chosen = number;
    this.draw();
    this.save();
  }

  flip(layer, unit) {
    const mask = [...this.members[this.chosen].mask];
    const at = this.units.findIndex((each) => each.layer === layer && each.unit === unit);
    mask[at] = 1 - mask[at];
    this.choose(numberOf(mask));
  }

  // ---- drawing

  draw() {
    const { setting, members, chosen, width } = this;
    const shown = { ...setting, drop: this.deep ? setting.drop : "inputs" };
    for (const [name, { input }] of Object.entries(this.fields)) input.value = shown[name];
    this.offer();
    this.keep.show(setting.keep);
    this.drawSliders();
    this.drawDiagram();
    this.gallery.draw({ members, chosen, width });
    const member = members[chosen];
    this.bars.draw({ mask: member.probabilities, ...this.predictions });
    const bits = member.mask.map((kept, k) => `${this.nameOf(k)} ${kept}`).join(", ");
    change(this.maskName, { text: `Mask ${chosen + 1} of ${this.count}: ${bits}.` });
    change(this.galleryName, { text: `All ${this.count} masks: the classes' probabilities` });
    const { scaled, geometric, arithmetic } = this.predictions;
    const [exact, mean] = [gap(scaled, geometric), gap(scaled, arithmetic)];
    const text = (value) => (value < 1e-12 ? "0 (exact)" : magnitude(value));
    this.numbers.show({ exact: text(exact), mean: text(mean) });
    this.say(this.sentence(member, exact));
  }

  // Only networks that there are can be chosen; softmax regression has no hidden units.
  offer() {
    for (const option of this.fields.network.input.options) {
      option.hidden = option.disabled = !Object.hasOwn(this.networks, option.value);
    }
    change(this.fields.drop.input, { disabled: !this.deep });
    change(this.fields.activation.input, { disabled: !this.deep });
  }

  nameOf(k) {
    const { layer, unit } = this.units[k];
    return `${layer ? "h" : "x"}${UNDER[unit]}`;
  }

  drawSliders() {
    const { inputs } = this.setting;
    if (this.sliders.children.length !== inputs.length) {
      this.inputs = inputs.map((value, k) => {
        const options = { min: -5, max: 5, step: 0.1, value, text: (x) => decimal(x, 1) };
        return slider(`Input x${UNDER[k]}`, options, (next, settled) => {
          const changed = this.setting.inputs.map((old, at) => (at === k ? next : old));
          this.configure({ inputs: changed }, settled);
        });
      });
      this.sliders.replaceChildren(...this.inputs.map(({ box }) => box));
    }
    inputs.forEach((value, k) => this.inputs[k].show(value));
  }

  drawDiagram() {
    const { weights } = this.net;
    const member = this.members[this.chosen];
    const has = (layer) => this.units.some((unit) => unit.layer === layer);
    const sizes = [this.net.inputs.length, ...weights.map((rows) => rows.length)];
    const place = (layer, unit) =>
      this.units.findIndex((each) => each.layer === layer && each.unit === unit);
    const kept = (layer, unit) => member.mask[place(layer, unit)] !== 0;
    const valueOf = (layer, unit) =>
      layer === weights.length ? member.probabilities[unit] : member.values[layer][unit];
    const canDrop = sizes.map((_, layer) => layer < weights.length && has(layer));
    change(this.diagram.surface, { "aria-label": "The thinned network" });
    this.diagram.draw({ sizes, canDrop, kept, valueOf, weights, width: this.width });
  }

  sentence(member, exact) {
    const best = member.probabilities.indexOf(Math.max(...member.probabilities));
    const p = decimal(member.probabilities[best], 4);
    const verdict =
      exact < 1e-12
        ? "Weight scaling equals the renormalized geometric mean."
        : `Weight scaling misses the renormalized geometric mean by ${magnitude(exact)}.`;
    return (
      `Mask ${this.chosen + 1} of ${this.count} has probability ${magnitude(member.chance)} and ` +
      `predicts class ${best} with ${p}. ${verdict}`
    );
  }
}

const render = (host) => new DropoutEnsemble(host).cleanup;

export default { render };
