// The parameters of the cell as fields: the biases in a row, the weights in a table to open.
import { html, numberField } from "../shared/dom.js";
import { ROWS, unitsOf } from "./cell.js";

export const LIMIT = 10;
const ORDER = ["f", "i", "g", "o"];
const limits = { min: -LIMIT, max: LIMIT, step: 0.1, value: 0 };

export class Parameters {
  // edit(name, row, column, value): name is weightInput, weightHidden or bias.
  constructor(edit) {
    this.edit = edit;
    this.biases = html("div", { class: "dld-biases" });
    this.table = html("table", { class: "dld-table" });
    const summary = html("summary", { text: "The weights W and U" });
    const attributes = { tabindex: 0, role: "group", "aria-label": "Weights" };
    const scroll = html("div", { class: "dld-scroll", ...attributes }, this.table);
    this.details = html("details", { class: "dld-details" }, summary, scroll);
  }

  build(setting) {
    const units = unitsOf(setting);
    const features = setting.weightInput[0].length;
    if (this.built === `${units}-${features}`) return;
    this.built = `${units}-${features}`;
    this.fields = [];
    const index = (count, n) => (count > 1 ? ` ${n + 1}` : "");
    const rows = ORDER.flatMap((gate) =>
      Array.from({ length: units }, (_, unit) => ({
        name: gate + index(units, unit),
        row: ROWS[gate] * units + unit,
      })),
    );
    const boxes = rows.map(({ name, row }) => this.field(`bias b_${name}`, "bias", row, null));
    this.biases.replaceChildren(...boxes);
    const inputs = Array.from({ length: features }, (_, k) => `x${index(features, k)}`);
    const states = Array.from({ length: units }, (_, k) => `h${index(units, k)}`);
    const head = [...inputs, ...states].map((text) =>
      html("th", { scope: "col", text: `from ${text}` }),
    );
    const body = rows.map(({ name, row }) => {
      const cell = (kind) => (from, k) =>
        html("td", {}, this.field(`weight to ${name} from ${from}`, kind, row, k));
      const cells = [...inputs.map(cell("weightInput")), ...states.map(cell("weightHidden"))];
      return html("tr", {}, html("th", { scope: "row", text: name }), ...cells);
    });
    const top = html("thead", {}, html("tr", {}, html("td"), ...head));
    this.table.replaceChildren(top, html("tbody", {}, ...body));
  }

  field(label, name, row, column) {
    const write = (value) => this.edit(name, row, column, value);
    const { box, input } = numberField(label, limits, write);
    this.fields.push({ input, name, row, column });
    if (name === "bias") return box;
    input.setAttribute("aria-label", label);
    return input;
  }

  draw(setting) {
    this.build(setting);
    for (const { input, name, row, column } of this.fields) {
      const value = column === null ? setting[name][row] : setting[name][row][column];
      const shown = Number(value.toFixed(4));
      if (input.valueAsNumber !== shown) input.value = String(shown);
    }
  }
}
