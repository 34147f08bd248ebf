// An editable number in the drawing: drag it sideways, use the arrow keys, or click to choose it.
import { change, decimal, svg } from "../shared/dom.js";
import { arrow, draggable } from "../shared/dragging.js";

export const LIMIT = 5;
const KEY_STEP = 0.05;
const PIXEL_STEP = 0.01;

const bounded = (value) => Number(Math.max(-LIMIT, Math.min(LIMIT, value)).toFixed(4));

// Two decimals where they tell the whole value, else four.
export const brief = (value) =>
  decimal(value, Math.abs(100 * value - Math.round(100 * value)) < 1e-7 ? 2 : 4);

// entry: { kind: "weight" | "bias" | "input" | "target", l, i, k }.
// actions: valueOf(entry), setValue(entry, value), select(entry), edit(), settled().
export class Knob {
  constructor(entry, name, actions, signal) {
    this.entry = entry;
    this.name = name;
    this.node = svg("g", {
      class: `dld-knob dld-knob-${entry.kind}`,
      tabindex: 0,
      role: "slider",
      "aria-valuemin": -LIMIT,
      "aria-valuemax": LIMIT,
      "data-entry": Object.values(entry).join("-"),
    });
    let [from, base] = [0, 0];
    const start = (event) => {
      [from, base] = [event.clientX, actions.valueOf(entry)];
      this.node.focus({ preventScroll: true });
      actions.select(entry);
    };
    const move = (event) => {
      const pixels = Math.round(event.clientX - from);
      if (pixels !== 0) actions.setValue(entry, bounded(base + PIXEL_STEP * pixels));
    };
    draggable(this.node, { start, move, end: () => actions.settled() }, signal);
    this.node.addEventListener("focus", () => actions.select(entry), { signal });
    const press = (event) => {
      const steps = arrow(event);
      if (steps) {
        actions.setValue(entry, bounded(actions.valueOf(entry) + KEY_STEP * (steps[0] + steps[1])));
        actions.settled();
      } else if (event.key === "Enter") actions.edit();
      else return;
      event.preventDefault();
    };
    this.node.addEventListener("keydown", press, { signal });
  }

  show(value, chosen, more = "") {
    change(this.value, { text: brief(value) });
    change(this.node, {
      "aria-label": this.name,
      "aria-valuenow": Number(value.toFixed(4)),
      "aria-valuetext": brief(value) + more,
    });
    this.node.classList.toggle("dld-chosen", chosen);
  }
}
