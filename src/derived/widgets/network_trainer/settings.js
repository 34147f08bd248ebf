// The controls that choose data, network and method.
import { button, change, choice, html, numberField } from "../shared/dom.js";
import {
  ACTIVATION_NAMES,
  BATCHES,
  MOST_LAYERS,
  MOST_NOISE,
  MOST_SEED,
  MOST_UNITS,
  RATES,
} from "./configuration.js";
import { SET_NAMES } from "./samples.js";
import { SAMPLES } from "./training.js";

const NEW_LAYER = 4;

export class Settings {
  // configure(changes) is called with the entries that the reader has changed.
  constructor(configure) {
    this.configure = configure;
    this.hidden = [];
    const set = (name, read) => (value) => configure({ [name]: read(value) });
    const same = (value) => value;
    const pairs = Object.entries;
    const batches = BATCHES.map((size) => [size, size === SAMPLES ? `${size} (all)` : size]);
    const rates = RATES.map((rate) => [rate, rate]);
    const noise = { min: 0, max: MOST_NOISE, step: 0.05, value: 0.2 };
    const seed = { min: 0, max: MOST_SEED, step: 1, value: 0 };
    this.fields = {
      dataset: choice("Data", pairs(SET_NAMES), "moons", set("dataset", same)),
      noise: numberField("Noise", noise, set("noise", same)),
      seed: numberField("Seed", seed, set("seed", Math.round)),
      activation: choice("Activation", pairs(ACTIVATION_NAMES), "tanh", set("activation", same)),
      learningRate: choice("Learning rate", rates, 0.1, set("learningRate", Number)),
      batchSize: choice("Batch size", batches, 16, set("batchSize", Number)),
    };
    const boxes = Object.values(this.fields).map(({ box }) => box);
    this.box = html("div", { class: "dld-settings" }, ...boxes, this.layers());
  }

  layers() {
    const set = (hidden) => this.configure({ hidden });
    this.more = button("Add layer", () => set([...this.hidden, NEW_LAYER]));
    this.fewer = button("Remove layer", () => set(this.hidden.slice(0, -1)));
    this.widths = html("div", { class: "dld-widths" });
    const attributes = { class: "dld-layers", role: "group", "aria-label": "Hidden layers" };
    return html("div", attributes, this.widths, this.more, this.fewer);
  }

  show(configuration) {
    for (const [name, { input }] of Object.entries(this.fields)) {
      const value = String(configuration[name]);
      if (input.localName === "select" && ![...input.options].some((o) => o.value === value)) {
        input.append(html("option", { value, text: value }));
      }
      input.value = value;
    }
    this.hidden = [...configuration.hidden];
    while (this.widths.children.length > this.hidden.length) this.widths.lastChild.remove();
    this.hidden.forEach((units, l) => {
      if (!this.widths.children[l]) this.widths.append(this.width(l));
      this.widths.children[l].querySelector("input").value = String(units);
    });
    change(this.more, { disabled: this.hidden.length >= MOST_LAYERS });
    change(this.fewer, { disabled: this.hidden.length === 0 });
  }

  width(l) {
    const limits = { min: 1, max: MOST_UNITS, step: 1, value: NEW_LAYER };
    const set = (value) =>
      this.configure({ hidden: this.hidden.map((now, i) => (i === l ? Math.round(value) : now)) });
    return numberField(`Layer ${l + 1} units`, limits, set).box;
  }
}
