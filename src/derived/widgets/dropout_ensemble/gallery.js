// All masks as tiles: each shows its prediction as a stack of the classes' probabilities.
import { change, html, svg } from "../shared/dom.js";
import { arrow, draggable, positionIn } from "../shared/dragging.js";

const HEIGHTS = { 16: 48, 32: 48, 64: 30, 128: 22, 256: 20 };
const columnsOf = (count) => (count <= 16 ? 8 : 16);

export class Gallery {
  // choose(number) is called with the mask that the reader points at or moves to.
  constructor(choose, signal) {
    Object.assign(this, { choose, count: 1, chosen: 0, width: 330, signature: "" });
    const slider = { role: "slider", tabindex: 0, "aria-label": "Mask", "aria-valuemin": 1 };
    this.surface = svg("svg", { class: "dld-gallery", ...slider });
    this.picture = this.surface.appendChild(svg("g", { "aria-hidden": "true" }));
    this.marker = this.surface.appendChild(svg("rect", { class: "dld-marker", rx: 3 }));
    const point = (event) => {
      const [x, y] = positionIn(this.surface, event);
      const column = Math.max(0, Math.min(this.columns - 1, Math.floor(x / this.tile)));
      const row = Math.max(0, Math.min(this.rows - 1, Math.floor(y / this.high)));
      choose(Math.min(this.count - 1, row * this.columns + column));
    };
    const start = (event) => {
      this.surface.focus({ preventScroll: true });
      point(event);
    };
    draggable(this.surface, { start, move: point }, signal);
    this.surface.addEventListener("keydown", (event) => this.press(event), { signal });
    this.box = html("div", { class: "dld-gallerybox" }, this.surface);
  }

  press(event) {
    const steps = arrow(event);
    const by = steps ? steps[0] - steps[1] * this.columns : 0;
    if (event.key === "Home") this.choose(0);
    else if (event.key === "End") this.choose(this.count - 1);
    else if (steps) this.choose(Math.max(0, Math.min(this.count - 1, this.chosen + by)));
    else return;
    event.preventDefault();
  }

  layOut(count, classes, width) {
    const signature = [count, classes, width].join();
    if (signature === this.signature) return;
    Object.assign(this, { signature, count, columns: columnsOf(count) });
    this.rows = Math.ceil(count / this.columns);
    this.tile = width / this.columns;
    this.high = HEIGHTS[count] ?? 48;
    const height = this.rows * this.high;
    change(this.surface, { viewBox: `0 0 ${width} ${height}`, width, height });
    const tile = () => {
      const parts = Array.from({ length: classes }, (_, k) => svg("rect", { class: `dld-class-${k}` }));
      return svg("g", {}, ...parts);
    };
    this.picture.replaceChildren(...Array.from({ length: count }, tile));
  }

  draw({ members, chosen, width }) {
    this.layOut(members.length, members[0].probabilities.length, width);
    this.chosen = chosen;
    const [wide, high] = [this.tile - 3, this.high - 3];
    const corner = (m) => [(m % this.columns) * this.tile + 1.5, Math.floor(m / this.columns) * this.high + 1.5];
    members.forEach(({ probabilities }, m) => {
      let [x, y] = corner(m);
      probabilities.forEach((p, k) => {
        const size = { x, y, width: wide, height: Math.max(0, p * high) };
        change(this.picture.children[m].children[k], size);
        y += p * high;
      });
    });
    const [x, y] = corner(chosen);
    change(this.marker, { x: x - 1, y: y - 1, width: wide + 2, height: high + 2 });
    const text = `mask ${chosen + 1} of ${members.length}, ${members[chosen].mask.join("")}`;
    change(this.surface, { "aria-valuemax": members.length, "aria-valuenow": chosen + 1 });
    change(this.surface, { "aria-valuetext": text });
  }
}
