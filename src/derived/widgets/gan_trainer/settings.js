// The controls of the game's configuration.
import { choice, html, numberField } from "../shared/dom.js";

const RATES = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5];
const DATA = [
  ["one", "one Gaussian"],
  ["two", "two Gaussians"],
];
const LOSSES = [
  ["non-saturating", "non-saturating"],
  ["minimax", "minimax"],
];

export class Settings {
  // configure(changes) is called with what the reader has chosen.
  constructor(configure) {
    const rates = RATES.map((rate) => [rate, String(rate)]);
    const counts = [1, 2, 3, 5, 10].map((k) => [k, String(k)]);
    const set = (name) => (value) => configure({ [name]: value });
    const numeric = (name) => (value) => configure({ [name]: Number(value) });
    const places = { min: -4, max: 4, step: 0.5, value: 0 };
    this.fields = {
      data: choice("Data", DATA, "one", set("data")),
      loss: choice("Loss of G", LOSSES, "non-saturating", set("loss")),
      k: choice("Steps of D, k", counts, 1, numeric("k")),
      discriminatorRate: choice("Rate of D", rates, 0.3, numeric("discriminatorRate")),
      generatorRate: choice("Rate of G", rates, 0.05, numeric("generatorRate")),
      start: numberField("G starts at", places, numeric("start")),
    };
    const boxes = Object.values(this.fields).map(({ box }) => box);
    this.box = html("div", { class: "dld-settings" }, ...boxes);
  }

  // A value from Python that is not on the list becomes a choice of its own.
  show(configuration) {
    for (const [name, { input }] of Object.entries(this.fields)) {
      const value = String(configuration[name]);
      const known = !input.options || [...input.options].some((option) => option.value === value);
      if (!known) input.append(html("option", { value, text: value }));
      if (input.value !== value) input.value = value;
    }
  }
}
