// The numbers beside the plane, and the table of updates.
import { count, decimal, html } from "../shared/dom.js";
import { NumberList } from "../shared/numbers.js";

export const vector = (values) => `(${values.map((value) => decimal(value)).join(",\u00a0")})`;

const NAMES = {
  weights: "(b, w₁, w₂)",
  updates: "mistakes so far",
  needed: "mistakes in all, from w = 0",
  bound: "bound (R/γ)² on them",
  radius: "R, longest (1, x₁, x₂)",
  margin: "γ, widest margin",
};

export class Readouts extends NumberList {
  constructor() {
    super(NAMES);
  }

  draw({ run, best, needed, radius, limit }) {
    const ended = needed === null ? `more than ${count(limit)}` : count(needed);
    this.show({
      weights: vector(run.weights),
      updates: count(run.updates),
      needed: best ? ended : "without end",
      bound: best ? count(best.bound) : "none",
      radius: decimal(radius, 3),
      margin: best ? decimal(best.margin, best.margin < 0.01 ? 5 : 3) : "none",
    });
  }
}

export class UpdateTable {
  constructor() {
    this.body = html("tbody");
    const names = ["update", "epoch", "point", "(b, w₁, w₂) after it"];
    const cells = names.map((text) => html("th", { scope: "col", text }));
    const head = html("thead", {}, html("tr", {}, ...cells));
    const attributes = { tabindex: 0, role: "group", "aria-label": "Table of updates" };
    const table = html("table", { class: "dld-table" }, head, this.body);
    const scroll = html("div", { class: "dld-scroll", ...attributes }, table);
    const summary = html("summary", { text: "Every update so far" });
    this.box = html("details", { class: "dld-details" }, summary, scroll);
    this.shown = null;
  }

  draw(log) {
    if (log !== this.shown || log.length < this.body.children.length) this.body.replaceChildren();
    this.shown = log;
    for (const entry of log.slice(this.body.children.length)) {
      const texts = [entry.update, entry.epoch, entry.index + 1, vector(entry.after)];
      this.body.append(html("tr", {}, ...texts.map((text) => html("td", { text }))));
    }
  }
}
