// Sample pictures as small buttons, and ink in the colors of the page.
import { change, html } from "./dom.js";
import { paint } from "./pixels.js";
import { rgb } from "./theme.js";

// Bytes in base64 -> ink from 0 to 1.
export const unpackInk = (text) =>
  Float64Array.from(atob(text), (letter) => letter.charCodeAt(0) / 255);

// All samples in one text -> one array of side * side numbers each.
export function unpackSamples(text, side) {
  const ink = unpackInk(text);
  const size = side ** 2;
  return Array.from({ length: ink.length / size }, (_, s) => ink.slice(s * size, (s + 1) * size));
}

// value from 0 to 1 -> a color between the page's background and its text.
export function inkColors(root) {
  const [paper, ink] = ["--dld-background", "--dld-text"].map((name) => rgb(root, name));
  return (value) => paper.map((from, c) => from + value * (ink[c] - from));
}

export class Samples {
  // take(number) is called when a sample is chosen.
  constructor(take) {
    this.take = take;
    this.box = html("div", { class: "dld-samples", role: "group", "aria-label": "Samples" });
  }

  load(pictures, side) {
    Object.assign(this, { pictures, side });
    const one = (_, s) => {
      const node = html("button", { type: "button", class: "dld-sample" }, html("canvas"));
      change(node, { "aria-label": `Sample ${s + 1}` });
      node.addEventListener("click", () => this.take(s));
      return node;
    };
    this.box.replaceChildren(...pictures.map(one));
  }

  draw(root, chosen) {
    const color = inkColors(root);
    this.pictures.forEach((picture, s) => {
      const node = this.box.children[s];
      change(node, { "aria-pressed": String(chosen === s) });
      paint(node.firstChild, this.side, this.side, (k) => color(picture[k]));
    });
  }
}
