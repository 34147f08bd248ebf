// Predictions side by side: a group of labelled bars for each class.
import { change, decimal, html } from "../shared/dom.js";

const NAMES = {
  mask: "this mask",
  arithmetic: "arithmetic mean",
  geometric: "geometric mean",
  scaled: "weight scaling",
};

export class Bars {
  constructor() {
    this.box = html("div", { class: "dld-predictions" });
  }

  build(classes) {
    if (this.box.children.length === classes) return;
    const row = ([key, name]) => {
      const fill = html("span", { class: "dld-fill" });
      const track = html("span", { class: "dld-track", "aria-hidden": "true" }, fill);
      const number = html("span", { class: "dld-share", "data-kind": key });
      return html("div", { class: "dld-row" }, html("span", { text: name }), track, number);
    };
    const group = (k) => {
      const swatch = html("span", { class: `dld-swatch dld-class-${k}`, "aria-hidden": "true" });
      const title = html("p", { class: "dld-class" }, swatch, `class ${k}`);
      return html("div", { class: "dld-group" }, title, ...Object.entries(NAMES).map(row));
    };
    this.box.replaceChildren(...Array.from({ length: classes }, (_, k) => group(k)));
  }

  // predictions: { mask, arithmetic, geometric, scaled }, lists of probabilities.
  draw(predictions) {
    this.build(predictions.mask.length);
    [...this.box.children].forEach((group, k) => {
      Object.keys(NAMES).forEach((kind, r) => {
        const [, track, number] = group.children[r + 1].children;
        const p = predictions[kind][k];
        track.firstChild.style.width = `${(100 * p).toFixed(2)}%`;
        track.firstChild.className = `dld-fill dld-class-${k}${r ? "" : " dld-one-mask"}`;
        change(number, { text: decimal(p, 4) });
      });
    });
  }
}
