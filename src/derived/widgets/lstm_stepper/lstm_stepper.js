// LstmStepper: an LSTM cell followed gate by gate, with the numbers in every formula.
import { button, change, html, reducedMotion } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { STAGES, compute, placeOf, rule, sentence, unitsOf } from "./cell.js";
import { Diagram } from "./diagram.js";
import { History } from "./history.js";
import { Parameters } from "./parameters.js";

const HINT =
  "Next computes one gate or state; the slider moves with the arrow keys. Change an input in the " +
  "table or a bias below it, and everything is computed again. At a circle, two values are " +
  "multiplied or added unit by unit.";
const TRAITS = {
  weightInput: "weight_input",
  weightHidden: "weight_hidden",
  bias: "bias",
  inputs: "inputs",
  initialState: "initial_state",
};
const PAUSE = 1300; // milliseconds between two steps of Play

const clone = (value) => JSON.parse(JSON.stringify(value));

class LstmStepper extends Figure {
  constructor(host) {
    super(host, { name: "lstm", label: "LSTM stepper", hint: HINT });
    this.width = 700;
    this.diagram = new Diagram();
    this.history = new History((time, feature, value) => {
      this.setting.inputs[time - 1][feature] = value;
      this.changed();
    });
    this.parameters = new Parameters((name, row, column, value) => {
      if (column === null) this.setting[name][row] = value;
      else this.setting[name][row][column] = value;
      this.changed();
    });
    this.buildStepper();
    this.load();
    const frame = html("div", { class: "dld-graphbox" }, this.diagram.surface);
    const reset = button("Reset values", () => this.resetValues());
    const editor = html("div", { class: "dld-bar dld-editor" }, this.parameters.biases, reset);
    const lower = [this.history.box, editor, this.parameters.details];
    this.attach(this.bar, frame, ...lower);
    frame.after(this.status.box); // the formula belongs to the picture
    this.onResize(frame, (width) => {
      const wanted = Math.round(Math.max(240, Math.min(760, width)));
      if (wanted === this.width) return;
      this.width = wanted;
      this.draw();
    });
    this.watch([...Object.values(TRAITS), "step"], () => {
      this.load();
      this.draw();
    });
    this.signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  buildStepper() {
    const walk = (target) => () => {
      this.stop();
      this.go(target());
    };
    const nextTime = () => placeOf(this.step + 1).time * STAGES.length;
    const to = (label, target, attributes) => button(label, walk(target), attributes);
    const primary = { class: "dld-button dld-primary" };
    this.backButtons = [to("Restart", () => 0), to("Back", () => this.step - 1)];
    this.nextButtons = [
      to("Next", () => this.step + 1, primary),
      to("Time step", nextTime),
      to("Show all", () => this.total),
    ];
    this.playButton = button("Play", () => this.play());
    const attributes = { type: "range", min: 0, max: 1, step: 1, class: "dld-range" };
    this.slider = html("input", { ...attributes, "aria-label": "Step of the computation" });
    const read = walk(() => Number(this.slider.value));
    this.slider.addEventListener("input", read);
    this.position = html("span", { class: "dld-position" });
    const stepper = html("div", { class: "dld-stepper" }, this.slider, this.position);
    const buttons = [...this.backButtons, ...this.nextButtons, this.playButton];
    this.bar = html("div", { class: "dld-bar" }, ...buttons, stepper);
  }

  // ---- state

  load() {
    this.stop();
    const read = ([name, trait]) => [name, clone(this.model.get(trait))];
    this.setting = Object.fromEntries(Object.entries(TRAITS).map(read));
    this.first ??= clone(this.setting);
    this.total = STAGES.length * this.setting.inputs.length;
    this.step = Math.min(this.total, this.model.get("step"));
    change(this.slider, { max: this.total });
    this.states = compute(this.setting);
    const terms = unitsOf(this.setting) * (this.setting.inputs[0].length + 1);
    this.root.classList.toggle("dld-wider", terms > 2);
  }

  changed() {
    this.states = compute(this.setting);
    this.draw();
    this.save();
  }

  save() {
    const trait = ([name, key]) => [key, clone(this.setting[name])];
    const rows = (letter) => this.states.slice(1).map((state) => Array.from(state[letter]));
    this.write({
      ...Object.fromEntries(Object.entries(TRAITS).map(trait)),
      step: this.step,
      hidden: rows("h"),
      cells: rows("c"),
    });
  }

  resetValues() {
    this.setting = clone(this.first);
    this.changed();
  }

  // ---- steps

  go(step) {
    this.step = Math.max(0, Math.min(this.total, step));
    this.draw();
    this.save();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    change(this.playButton, { text: "Play" });
  }

  tick() {
    this.timer = setTimeout(() => this.tick(), reducedMotion() ? 2 * PAUSE : PAUSE);
    if (this.step + 1 >= this.total) this.stop();
    this.go(this.step + 1);
  }

  play() {
    if (this.timer) {
      this.stop();
      return;
    }
    if (this.step >= this.total) this.go(0);
    change(this.playButton, { text: "Pause" });
    this.timer = setTimeout(() => this.tick(), PAUSE / 2);
  }

  // ---- drawing

  draw() {
    const { setting, states, step, total, width } = this;
    const { time, stage } = placeOf(step);
    const now = stage ? `, ${rule(time, stage)}` : "";
    const label = `The LSTM cell at time ${time}${now}`;
    this.diagram.draw({ setting, states, step, width, units: unitsOf(setting), label });
    this.history.draw({ setting, states, step });
    this.parameters.draw(setting);
    this.slider.value = String(step);
    change(this.slider, { "aria-valuetext": `step ${step} of ${total}` });
    change(this.position, { text: `${step} of ${total}` });
    for (const node of this.backButtons) change(node, { disabled: step === 0 });
    for (const node of this.nextButtons) change(node, { disabled: step === total });
    this.say(sentence(setting, states, step));
  }
}

const render = (host) => new LstmStepper(host).cleanup;

export default { render };
