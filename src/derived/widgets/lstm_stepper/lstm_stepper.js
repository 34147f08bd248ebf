// LstmStepper: an LSTM cell followed gate by gate, with the numbers in every formula.
import { button, html } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { Stepper } from "../shared/stepper.js";
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
    const time = () => placeOf(this.step + 1).time * STAGES.length;
    this.stepper = new Stepper(this, PAUSE, { "Time step": time });
    this.load();
    const frame = html("div", { class: "dld-graphbox" }, this.diagram.surface);
    const reset = button("Reset values", () => this.resetValues());
    const editor = html("div", { class: "dld-bar dld-editor" }, this.parameters.biases, reset);
    const lower = [this.history.box, editor, this.parameters.details];
    this.attach(this.stepper.box, frame, ...lower);
    frame.after(this.status.box); // the formula belongs to the picture
    this.onResize(frame, 240, 760, (width) => {
      this.width = width;
    });
    this.follow([...Object.values(TRAITS), "step"]);
  }

  // ---- state

  load() {
    this.stepper.stop();
    const read = ([name, trait]) => [name, clone(this.model.get(trait))];
    this.setting = Object.fromEntries(Object.entries(TRAITS).map(read));
    this.first ??= clone(this.setting);
    this.total = STAGES.length * this.setting.inputs.length;
    this.step = Math.min(this.total, this.model.get("step"));
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
    this.step = step;
    this.draw();
    this.save();
  }

  // ---- drawing

  draw() {
    const { setting, states, step, width } = this;
    const { time, stage } = placeOf(step);
    const now = stage ? `, ${rule(time, stage)}` : "";
    const label = `The LSTM cell at time ${time}${now}`;
    this.diagram.draw({ setting, states, step, width, units: unitsOf(setting), label });
    this.history.draw({ setting, states, step });
    this.parameters.draw(setting);
    this.stepper.show();
    this.say(sentence(setting, states, step));
  }
}

const render = (host) => new LstmStepper(host).cleanup;

export default { render };
