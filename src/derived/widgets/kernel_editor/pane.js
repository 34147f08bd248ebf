// A picture as pixels with a frame on it, that pointer and arrow keys move.
import { change, html } from "../shared/dom.js";
import { arrow, draggable } from "../shared/dragging.js";
import { paint } from "../shared/pixels.js";

export class Pane {
  // point([row, column]) gets fractions of the pane's pixels; step([rows, columns]) whole places.
  constructor(title, label, { point, step, settled }, signal) {
    this.rows = this.columns = 1;
    this.canvas = html("canvas", { "aria-hidden": "true" });
    this.frame = html("div", { class: "dld-frame" });
    this.area = html(
      "div",
      { class: "dld-area", tabindex: 0, role: "application", "aria-label": label },
      this.canvas,
      this.frame,
    );
    this.note = html("p", { class: "dld-caption" });
    const heading = html("p", { class: "dld-paneltitle", text: title });
    this.heading = heading;
    this.box = html("div", { class: "dld-pane" }, heading, this.area, this.note);
    const at = (event) => {
      const box = this.area.getBoundingClientRect();
      point([
        ((event.clientY - box.top) / box.height) * this.rows,
        ((event.clientX - box.left) / box.width) * this.columns,
      ]);
    };
    const start = (event) => {
      this.area.focus({ preventScroll: true });
      at(event);
    };
    draggable(this.area, { start, move() {}, end: settled }, signal);
    this.area.addEventListener("pointermove", at, { signal });
    this.area.addEventListener("pointerleave", settled, { signal });
    this.area.addEventListener(
      "keydown",
      (event) => {
        const steps = arrow(event);
        if (!steps) return;
        step([-steps[1], steps[0]]);
        settled();
        event.preventDefault();
      },
      { signal },
    );
  }

  draw(rows, columns, color) {
    Object.assign(this, { rows, columns });
    paint(this.canvas, rows, columns, color);
    this.area.style.aspectRatio = `${columns} / ${rows}`;
  }

  // Frames size x size pixels from [top, left]; nothing where there is none.
  mark(top, left, size) {
    const share = (part, whole) => `${((100 * part) / whole).toFixed(3)}%`;
    Object.assign(this.frame.style, {
      top: share(top, this.rows),
      left: share(left, this.columns),
      width: share(size, this.columns),
      height: share(size, this.rows),
    });
  }

  say(title, note) {
    change(this.heading, { text: title });
    change(this.note, { text: note });
  }
}
