// What the reader draws: strokes of the pen, alone or on a sample, as side x side pixels of ink.
import { fitted, rasterize } from "./ink.js";

export class Drawing {
  constructor() {
    this.fit = true; // scale and center what is drawn, as the training pictures are
  }

  // pictures: the samples, the first of which is taken.
  load({ side, pen, margin }, pictures) {
    Object.assign(this, { side, pen, margin, pictures });
    this.take(0);
  }

  take(sample) {
    Object.assign(this, { base: this.pictures[sample], sample, strokes: [] });
  }

  clear() {
    Object.assign(this, { base: null, sample: null, strokes: [] });
  }

  // A new drawing takes the place of an untouched sample.
  begin(point) {
    if (this.base && !this.strokes.length) this.clear();
    this.strokes.push([point]);
  }

  extend(point) {
    const stroke = this.strokes.at(-1);
    if (stroke) stroke.push(point);
    else this.begin(point);
  }

  undo() {
    this.strokes.pop();
  }

  picture() {
    const { base, strokes, side, pen, margin } = this;
    const lines = this.fit && !base ? fitted(strokes, side, pen, margin) : strokes;
    const ink = rasterize(lines, side, pen);
    return base ? ink.map((value, k) => Math.max(value, base[k])) : ink;
  }

  get name() {
    if (this.sample !== null) return `Sample ${this.sample + 1}`;
    return this.strokes.length ? "Your drawing" : "An empty picture";
  }
}
