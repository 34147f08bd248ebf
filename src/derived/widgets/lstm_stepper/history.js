// The table of all times: editable inputs on top, then every gate and state as it becomes known.
import { change, decimal, html } from "../shared/dom.js";
import { STAGES, placeOf, stepOf, unitsOf } from "./cell.js";

const DOWN = "₀₁₂₃₄₅₆₇₈₉";

export class History {
  // edit(time, feature, value): the reader changed an input.
  constructor(edit) {
    this.edit = edit;
    this.table = html("table", { class: "dld-table dld-history" });
    const attributes = { tabindex: 0, role: "group", "aria-label": "All time steps" };
    this.box = html("div", { class: "dld-scroll", ...attributes }, this.table);
  }

  build(setting) {
    const steps = setting.inputs.length;
    const features = setting.inputs[0].length;
    const units = unitsOf(setting);
    const signature = `${steps}-${features}-${units}`;
    if (signature === this.built) return;
    this.built = signature;
    const times = Array.from({ length: steps + 1 }, (_, time) => time);
    const head = times.map((time) => html("th", { scope: "col", text: `t = ${time}` }));
    this.heads = head;
    const index = (count, n) => (count > 1 ? ` ${n + 1}` : "");
    this.inputs = Array.from({ length: features }, (_, k) =>
      times.slice(1).map((time) => this.field(time, k, `x${DOWN[time]}${index(features, k)}`)),
    );
    const body = this.inputs.map((fields, k) => {
      const cells = fields.map((field) => html("td", {}, field));
      return html("tr", {}, this.heading(`x${index(features, k)}`), html("td"), ...cells);
    });
    this.cells = [];
    for (const stage of STAGES) {
      for (let unit = 0; unit < units; unit += 1) {
        const cells = times.map((time) => ({ time, stage, unit, node: html("td") }));
        this.cells.push(...cells);
        const nodes = cells.map(({ node }) => node);
        body.push(html("tr", {}, this.heading(stage + index(units, unit)), ...nodes));
      }
    }
    const top = html("thead", {}, html("tr", {}, html("td"), ...head));
    this.table.replaceChildren(top, html("tbody", {}, ...body));
  }

  heading(text) {
    return html("th", { scope: "row", text });
  }

  field(time, feature, label) {
    const limits = { min: -10, max: 10, step: 0.1, "aria-label": `input ${label}` };
    const input = html("input", { type: "number", class: "dld-input", ...limits });
    input.addEventListener("change", () => {
      const read = input.valueAsNumber;
      if (Number.isFinite(read)) this.edit(time, feature, Math.max(-10, Math.min(10, read)));
    });
    return input;
  }

  // Scrolls sideways, and only then, to show the column of a time.
  reveal(time) {
    const { offsetLeft: left, offsetWidth: width } = this.heads[time];
    const { scrollLeft, clientWidth } = this.box;
    if (left < scrollLeft) this.box.scrollLeft = left;
    if (left + width > scrollLeft + clientWidth) this.box.scrollLeft = left + width - clientWidth;
  }

  draw({ setting, states, step }) {
    this.build(setting);
    const place = placeOf(step);
    if (this.revealed !== place.time) this.reveal(place.time);
    this.revealed = place.time;
    this.heads.forEach((head, time) => head.classList.toggle("dld-here", time === place.time));
    this.inputs.forEach((fields, k) =>
      fields.forEach((field, n) => {
        const text = String(Number(setting.inputs[n][k].toFixed(6)));
        if (field.valueAsNumber !== Number(text)) field.value = text;
      }),
    );
    for (const { time, stage, unit, node } of this.cells) {
      const given = time > 0 || stage === "h" || stage === "c";
      const known = given && stepOf(time, stage) <= step;
      change(node, { text: known ? decimal(states[time][stage][unit], 4) : given ? "·" : "" });
      node.classList.toggle("dld-now", time === place.time && stage === place.stage);
      node.classList.toggle("dld-here", time === place.time);
    }
  }
}
