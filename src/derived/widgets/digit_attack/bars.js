// The probability of every class before and after the attack, one row a class.
import { change, decimal, html } from "../shared/dom.js";

export class Bars {
  constructor() {
    const heads = ["class", "", "before", "after"].map((text) => html("span", { text }));
    this.head = html("div", { class: "dld-row dld-rowhead" }, ...heads);
    this.rows = html("div");
    this.box = html("div", { class: "dld-probabilities" }, this.head, this.rows);
  }

  load(classes) {
    const row = (name) => {
      const parts = ["before", "after"].map((part) => html("span", { class: `dld-bar-${part}` }));
      const track = html("span", { class: "dld-track", "aria-hidden": "true" }, ...parts);
      const numbers = ["before", "after"].map((part) => html("span", { class: `dld-share dld-${part}` }));
      return html("div", { class: "dld-row" }, html("span", { text: name }), track, ...numbers);
    };
    this.rows.replaceChildren(...classes.map(row));
  }

  draw(before, after) {
    [...this.rows.children].forEach((row, k) => {
      const [, track, ...numbers] = row.children;
      [before, after].forEach(({ probabilities, best }, n) => {
        track.children[n].style.width = `${(100 * probabilities[k]).toFixed(2)}%`;
        change(numbers[n], { text: decimal(probabilities[k], 3) });
        numbers[n].classList.toggle("dld-best", k === best);
      });
    });
  }
}
