// Named numbers beside a figure: a list of rows, a name to the left and its number to the right.
import { change, decimal, html } from "./dom.js";

export class NumberList {
  // names: { key: what the reader sees before the number }.
  constructor(names) {
    this.rows = {};
    for (const [key, text] of Object.entries(names)) {
      const [name, value] = [html("dt", { text }), html("dd", { "data-number": key })];
      this.rows[key] = { name, value, box: html("div", {}, name, value) };
    }
    const boxes = Object.values(this.rows).map(({ box }) => box);
    this.box = html("dl", { class: "dld-numbers" }, ...boxes);
  }

  show(texts) {
    for (const [key, text] of Object.entries(texts)) change(this.rows[key].value, { text });
  }

  // All numbers of the list, with so many decimals.
  showDecimals(values, digits) {
    for (const [key, { value }] of Object.entries(this.rows)) {
      change(value, { text: decimal(values[key], digits) });
    }
  }

  rename(key, text) {
    change(this.rows[key].name, { text });
  }
}
