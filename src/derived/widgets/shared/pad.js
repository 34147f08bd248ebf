// The pad: a pen for pointer and finger, and for the arrow keys.
import { change, html } from "./dom.js";
import { arrow, draggable } from "./dragging.js";
import { rgb } from "./theme.js";

const css = (color) => `rgb(${color.map(Math.round).join()})`;
const bounded = (value) => Math.max(0, Math.min(1, value));

export class Pad {
  // begin(point), extend(point) and settled() are called while the reader draws.
  constructor(actions, signal) {
    Object.assign(this, { actions, cursor: null, down: false, side: 8 });
    this.canvas = html("canvas", { "aria-hidden": "true" });
    this.mark = html("div", { class: "dld-cursor" });
    const area = { class: "dld-pad", tabindex: 0, role: "application" };
    this.area = html("div", area, this.canvas, this.mark);
    const at = (event) => {
      const box = this.area.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(
        bounded,
      );
    };
    const start = (event) => {
      this.area.focus({ preventScroll: true });
      this.cursor = null;
      this.down = false;
      actions.begin(at(event));
    };
    const move = (event) => actions.extend(at(event));
    draggable(this.area, { start, move, end: () => actions.settled() }, signal);
    this.area.addEventListener("keydown", (event) => this.press(event), { signal });
    this.area.addEventListener("blur", () => this.showCursor(), { signal });
    this.area.addEventListener("focus", () => this.showCursor(), { signal });
  }

  point() {
    return this.cursor.map((cell) => (cell + 0.5) / this.side);
  }

  press(event) {
    const steps = arrow(event);
    const pen = event.key === " " || event.key === "Enter";
    if (!steps && !pen) return;
    this.cursor ??= [Math.floor(this.side / 2), Math.floor(this.side / 2)];
    if (pen) {
      this.down = !this.down;
      if (this.down) this.actions.begin(this.point());
    } else {
      const next = [this.cursor[0] + steps[0], this.cursor[1] - steps[1]];
      this.cursor = next.map((cell) => Math.max(0, Math.min(this.side - 1, cell)));
      if (this.down) this.actions.extend(this.point());
    }
    this.actions.settled();
    this.showCursor();
    event.preventDefault();
  }

  lift() {
    this.down = false;
    this.showCursor();
  }

  showCursor() {
    const shown = this.cursor && document.activeElement === this.area;
    this.mark.style.display = shown ? "block" : "none";
    if (!shown) return;
    const share = (cells) => `${((100 * cells) / this.side).toFixed(3)}%`;
    const [left, top] = this.cursor;
    Object.assign(this.mark.style, { left: share(left), top: share(top), width: share(1), height: share(1) });
    this.mark.classList.toggle("dld-down", this.down);
  }

  // base: a sample below the strokes, or null; pen in pixels of the side.
  draw(root, { base, strokes, side, pen }) {
    this.side = side;
    const pixels = Math.round(260 * (window.devicePixelRatio || 1));
    if (this.canvas.width !== pixels) this.canvas.width = this.canvas.height = pixels;
    const context = this.canvas.getContext("2d");
    const [paper, ink] = ["--dld-background", "--dld-text"].map((name) => rgb(root, name));
    context.fillStyle = css(paper);
    context.fillRect(0, 0, pixels, pixels);
    const unit = pixels / side;
    if (base) {
      base.forEach((value, k) => {
        if (value === 0) return;
        context.fillStyle = css(paper.map((from, c) => from + value * (ink[c] - from)));
        const [x, y] = [(k % side) * unit, Math.floor(k / side) * unit];
        context.fillRect(Math.floor(x), Math.floor(y), Math.ceil(unit), Math.ceil(unit));
      });
    }
    Object.assign(context, { lineWidth: pen * unit, lineCap: "round", lineJoin: "round" });
    context.strokeStyle = css(ink);
    for (const stroke of strokes) {
      context.beginPath();
      context.moveTo(stroke[0][0] * pixels, stroke[0][1] * pixels);
      for (const [x, y] of stroke) context.lineTo(x * pixels, y * pixels);
      context.stroke();
    }
    const state = this.down ? "pen down" : "pen up";
    change(this.area, { "aria-label": `Pad to draw on; arrow keys move, Space: ${state}` });
    this.showCursor();
  }
}
