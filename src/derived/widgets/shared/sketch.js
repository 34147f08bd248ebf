// A figure in which the reader draws a digit on a pad, or takes a sample of one.
import { button, change, html } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Figure } from "./figure.js";
import { Pad } from "./pad.js";
import { Samples, unpackSamples } from "./samples.js";

const KEPT = ["side", "classes", "margin", "pen"];

// The traits that every such figure has.
export const SKETCHED = [...KEPT, "samples", "title"];

// A figure that extends this class also has compute(), which looks at this.drawing, and save().
export class Sketch extends Figure {
  // fit: what is said beside the box that asks for scaling and centering.
  constructor(host, { fit, ...frame }) {
    super(host, frame);
    this.title = html("p", { class: "dld-title" });
    this.drawing = new Drawing();
    const begin = (point) => this.trace(() => this.drawing.begin(point));
    const extend = (point) => this.trace(() => this.drawing.extend(point));
    this.pad = new Pad({ begin, extend, settled: () => this.save() }, this.signal);
    this.samples = new Samples((sample) => this.redraw(() => this.drawing.take(sample)));
    const check = html("input", { type: "checkbox", checked: true });
    check.addEventListener("change", () => this.redraw(() => (this.drawing.fit = check.checked)));
    const fitted = html("label", { class: "dld-check" }, check, html("span", { text: fit }));
    const clear = button("Clear", () => this.redraw(() => this.drawing.clear()));
    this.undoButton = button("Undo", () => this.redraw(() => this.drawing.undo()));
    const tools = html("div", { class: "dld-bar dld-padtools" }, clear, this.undoButton);
    this.sketch = html("div", {}, this.pad.area, tools, fitted, this.samples.box);
  }

  loadSketch(untitled = "") {
    for (const name of KEPT) this[name] = this.model.get(name);
    const title = this.model.get("title") || untitled;
    change(this.title, { text: title, hidden: !title });
    const pictures = unpackSamples(this.model.get("samples"), this.side);
    this.samples.load(pictures, this.side);
    this.drawing.load(this, pictures);
  }

  // While the pen moves.
  trace(action) {
    action();
    this.compute();
    this.draw();
  }

  redraw(action) {
    this.trace(() => {
      action();
      this.pad.lift();
    });
    this.save();
  }

  drawSketch() {
    this.pad.draw(this.root, this.drawing);
    this.samples.draw(this.root, this.drawing.sample);
    change(this.undoButton, { disabled: !this.drawing.strokes.length });
  }

  // The numbers of a picture, row by row, as rows.
  square(values) {
    const { side } = this;
    return Array.from({ length: side }, (_, a) => [...values.slice(a * side, (a + 1) * side)]);
  }
}
