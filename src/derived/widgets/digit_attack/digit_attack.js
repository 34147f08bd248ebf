// DigitAttack: a digit, the gradient of the loss at its pixels, and a picture that fools.
import { assemble } from "../shared/decoder.js";
import { button, change, choice, decimal, html } from "../shared/dom.js";
import { NumberList } from "../shared/numbers.js";
import { paint, signedColors } from "../shared/pixels.js";
import { inkColors } from "../shared/samples.js";
import { SKETCHED, Sketch } from "../shared/sketch.js";
import { slider } from "../shared/sliders.js";
import { attacked, lossOf, predict, smallest, succeeded } from "./attack.js";
import { Bars } from "./bars.js";

const HINT =
  "Take a sample or draw on the pad (keys there: the arrows move, Space puts the pen down and lifts " +
  "it). The attack changes no pixel by more than ε. In the change, orange adds ink and blue takes it " +
  "away; it is shown ten times as strong. Chance makes changes of the same size without the gradient.";
const NETWORK = ["sizes", "activations", "weights"];
const MODEL = [...NETWORK, ...SKETCHED, "labels"];
const SETTINGS = ["method", "steps", "epsilon", "target"];
const METHODS = [
  ["one step", "one step (FGSM)"],
  ["projected", "several steps (PGD)"],
  ["chance", "chance"],
];
const MOST = 0.5; // of the slider, the largest epsilon
const STEP = 0.005;
const BOUNDS = Array.from({ length: MOST / STEP }, (_, k) => Number(((k + 1) * STEP).toFixed(3)));
const PICTURES = { before: "x", change: "10 (x′ − x)", after: "x′" };

class DigitAttack extends Sketch {
  constructor(host) {
    const fit = "scale and center";
    super(host, { name: "digit-attack", label: "A digit under attack", hint: HINT, fit });
    this.bars = new Bars();
    this.buildControls();
    this.build();
    this.load();
    this.attach(this.title, this.bar, this.columns);
    this.follow(MODEL);
    this.watch(SETTINGS, () => {
      this.readSettings();
      this.draw();
    });
  }

  buildControls() {
    this.method = choice("Attack", METHODS, "one step", (method) => this.configure({ method }, true));
    const counts = [2, 5, 10, 20, 40].map((count) => [count, String(count)]);
    this.steps = choice("Steps", counts, 10, (count) => this.configure({ steps: Number(count) }, true));
    const aim = (text) => this.configure({ target: text === "" ? null : Number(text) }, true);
    this.target = choice("Towards", [], "", aim);
    const range = { min: 0, max: MOST, step: STEP, value: 0, text: (value) => decimal(value, 3) };
    this.epsilon = slider("Largest change ε", range, (epsilon, settled) =>
      this.configure({ epsilon }, settled),
    );
    const find = button("Find smallest ε", () => this.find(), { class: "dld-button dld-primary" });
    const fields = [this.method.box, this.steps.box, this.target.box, this.epsilon.box];
    this.bar = html("div", { class: "dld-bar" }, ...fields, find);
  }

  build() {
    this.canvases = {};
    const views = Object.entries(PICTURES).map(([key, text]) => {
      this.canvases[key] = html("canvas", { role: "img" });
      const answer = html("figcaption", {}, html("span", { text }), html("strong"));
      return html("figure", { class: `dld-view dld-view-${key}` }, this.canvases[key], answer);
    });
    const names = { before: "Loss before", after: "Loss after", moved: "Mean |x′ − x| of a pixel" };
    this.numbers = new NumberList(names);
    const strip = html("div", { class: "dld-views" }, ...views);
    const right = html("div", { class: "dld-side" }, strip, this.bars.box, this.numbers.box);
    this.columns = html("div", { class: "dld-split" }, this.sketch, right);
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    this.loadSketch();
    this.labels = read("labels");
    this.network = assemble(Object.fromEntries(NETWORK.map((name) => [name, read(name)])));
    this.bars.load(this.classes);
    const names = ["any other class", ...this.classes.map((name) => `class ${name}`)];
    const options = names.map((text, k) => html("option", { value: k ? k - 1 : "", text }));
    this.target.input.replaceChildren(...options);
    this.readSettings();
  }

  readSettings() {
    this.settings = Object.fromEntries(SETTINGS.map((name) => [name, this.model.get(name)]));
    this.compute();
  }

  compute() {
    const { drawing, network, settings } = this;
    this.picture = drawing.picture();
    this.before = predict(network, this.picture);
    // A drawing has no label: what the network says about it is defended.
    const own = drawing.sample !== null && !drawing.strokes.length;
    this.label = own ? this.labels[drawing.sample] : this.before.best;
    this.options = { ...settings, label: this.label };
    this.moved = attacked(network, this.picture, this.options);
    this.after = predict(network, this.moved);
  }

  configure(changes, settled) {
    this.settings = { ...this.settings, ...changes };
    this.compute();
    this.draw();
    if (settled) this.save();
  }

  find() {
    const found = smallest(this.network, this.picture, this.options, BOUNDS);
    this.configure({ epsilon: found ?? MOST }, true);
  }

  save() {
    const { picture, moved, before, after } = this;
    const answers = { before: before.probabilities, after: after.probabilities };
    const pictures = { drawing: this.square(picture), attacked: this.square(moved) };
    this.write({ ...this.settings, ...pictures, ...answers });
  }

  // ---- drawing

  draw() {
    const { settings } = this;
    this.drawSketch();
    this.drawViews();
    this.bars.draw(this.before, this.after);
    this.drawNumbers();
    this.method.input.value = settings.method;
    this.showSteps(settings);
    this.target.input.value = settings.target === null ? "" : String(settings.target);
    change(this.target.input, { disabled: settings.method === "chance" });
    this.epsilon.show(settings.epsilon);
    this.say(this.sentence());
  }

  // A number of steps from Python that is not on the list becomes a choice of its own.
  showSteps({ steps, method }) {
    const { input } = this.steps;
    const value = String(steps);
    const known = [...input.options].some((option) => option.value === value);
    if (!known) input.append(html("option", { value, text: value }));
    input.value = value;
    change(input, { disabled: method !== "projected" });
  }

  drawViews() {
    const { side, picture, moved, classes, before, after } = this;
    const ink = inkColors(this.root);
    const signed = signedColors(this.root);
    const colors = {
      before: (k) => ink(picture[k]),
      change: (k) => signed(10 * (moved[k] - picture[k]), 1),
      after: (k) => ink(moved[k]),
    };
    const texts = { before: `taken for ${classes[before.best]}`, after: `taken for ${classes[after.best]}` };
    texts.change = `within ±${decimal(this.settings.epsilon, 3)}`;
    const says = { before: "The picture", change: "The change, ten times as strong", after: "The attacked picture" };
    for (const [key, canvas] of Object.entries(this.canvases)) {
      paint(canvas, side, side, colors[key]);
      change(canvas, { "aria-label": `${says[key]}, ${texts[key]}` });
      change(canvas.nextSibling.lastChild, { text: texts[key] });
    }
    const fooled = succeeded(after.best, this.options);
    this.canvases.after.parentNode.classList.toggle("dld-fooled", fooled);
  }

  drawNumbers() {
    const { network, picture, moved, settings, label, classes, numbers } = this;
    const goal = settings.target === null || settings.method === "chance" ? label : settings.target;
    const sum = picture.reduce((total, value, k) => total + Math.abs(moved[k] - value), 0);
    const texts = {
      before: decimal(lossOf(network, picture, goal), 3),
      after: decimal(lossOf(network, moved, goal), 3),
      moved: decimal(sum / picture.length, 4),
    };
    numbers.show(texts);
    for (const key of ["before", "after"]) {
      numbers.rename(key, `−log p(class ${classes[goal]}) ${key}`);
    }
  }

  sentence() {
    const { drawing, before, after, settings, classes, options } = this;
    const own = drawing.sample !== null && !drawing.strokes.length;
    const what = own ? `${drawing.name} (class ${classes[this.label]})` : "Your drawing";
    const answer = ({ best, probabilities }) => `${classes[best]} with ${decimal(probabilities[best], 3)}`;
    const start = `${what} is taken for ${answer(before)}`;
    const end = `with ε = ${decimal(settings.epsilon, 3)} for ${answer(after)}`;
    const aim = settings.method === "chance" ? { ...options, target: null } : options;
    if (succeeded(before.best, aim)) return `${start}, ${end}. There was nothing to attack.`;
    return `${start}, ${end}. ${succeeded(after.best, aim) ? "The attack succeeds." : "The attack fails."}`;
  }
}

const render = (host) => new DigitAttack(host).cleanup;

export default { render };
