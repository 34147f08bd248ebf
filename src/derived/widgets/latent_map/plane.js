// The latent plane: codes as their labels or a grid of decoded pictures, and the point to drag.
import { change, decimal, html, svg } from "../shared/dom.js";
import { arrow, draggable, positionIn } from "../shared/dragging.js";
import { paint } from "../shared/pixels.js";

export const TILES = 14; // decoded pictures along a side
const EDGE = 8;
const GAP = [70, 90, 110];

export class Plane {
  // move([z1, z2]) is called while the point is moved, settled() when it is let go.
  constructor({ move, settled }, signal) {
    Object.assign(this, { move, size: 400, place: [0, 0], frame: { low: [-1, -1], size: 2 } });
    this.canvas = html("canvas", { class: "dld-tiles", "aria-hidden": "true", "data-gray": true });
    this.surface = svg("svg", { class: "dld-codes", role: "group" });
    this.labels = this.surface.appendChild(svg("g", { "aria-hidden": "true" }));
    const attributes = { class: "dld-handle", tabindex: 0, role: "application" };
    this.handle = this.surface.appendChild(
      svg(
        "g",
        attributes,
        svg("circle", { class: "dld-touch", r: 18 }),
        svg("circle", { class: "dld-halo", r: 8 }),
        svg("path", { class: "dld-halo", d: "M-14 0H-4M4 0H14M0 -14V-4M0 4V14" }),
        svg("circle", { class: "dld-grip", r: 8 }),
        svg("path", { class: "dld-grip", d: "M-14 0H-4M4 0H14M0 -14V-4M0 4V14" }),
      ),
    );
    const follow = (event) => move(this.codeAt(positionIn(this.surface, event)));
    const start = (event) => {
      this.handle.focus({ preventScroll: true });
      follow(event);
    };
    draggable(this.surface, { start, move: follow, end: settled }, signal);
    this.handle.addEventListener("keydown", (event) => this.press(event, settled), { signal });
    this.box = html("div", { class: "dld-map" }, this.canvas, this.surface);
  }

  press(event, settled) {
    const steps = arrow(event);
    if (!steps) return;
    const step = this.frame.size / 100;
    this.move(this.bounded(this.place.map((value, i) => value + step * steps[i])));
    settled();
    event.preventDefault();
  }

  bounded(code) {
    const { low, size } = this.frame;
    return code.map((value, i) => Number(Math.max(low[i], Math.min(low[i] + size, value)).toFixed(3)));
  }

  // ---- places

  get unit() {
    return (this.size - 2 * EDGE) / this.frame.size;
  }

  position([a, b]) {
    const { low, size } = this.frame;
    return [EDGE + (a - low[0]) * this.unit, EDGE + (low[1] + size - b) * this.unit];
  }

  codeAt([x, y]) {
    const { low, size } = this.frame;
    return this.bounded([low[0] + (x - EDGE) / this.unit, low[1] + size - (y - EDGE) / this.unit]);
  }

  // The codes in the middles of the tiles, row by row from the top.
  middles() {
    const { low, size } = this.frame;
    const at = (k) => (k + 0.5) / TILES;
    return Array.from({ length: TILES * TILES }, (_, k) => {
      const [row, column] = [Math.floor(k / TILES), k % TILES];
      return [low[0] + size * at(column), low[1] + size * (1 - at(row))];
    });
  }

  // ---- drawing

  resize(size) {
    this.size = size;
    change(this.surface, { viewBox: `0 0 ${size} ${size}`, width: size, height: size });
    this.layOut();
  }

  show(frame, codes, labels) {
    Object.assign(this, { frame, codes });
    const texts = labels.map((text) => svg("text", { class: "dld-code", text }));
    this.labels.replaceChildren(...texts);
    this.layOut();
  }

  layOut() {
    (this.codes ?? []).forEach((code, k) => {
      const [x, y] = this.position(code);
      change(this.labels.children[k], { x: x.toFixed(1), y: (y + 4).toFixed(1) });
    });
    this.placeHandle();
  }

  // pictures: one array of ink a tile, each side * side; none: the codes are shown instead.
  tile(pictures, side) {
    change(this.canvas, { hidden: pictures === null });
    change(this.labels, { visibility: pictures === null ? null : "hidden" });
    if (pictures === null) return;
    const pitch = side + 1; // a line between two pictures
    const width = TILES * pitch;
    paint(this.canvas, width, width, (k) => {
      const [y, x] = [Math.floor(k / width), k % width];
      if (y % pitch === side || x % pitch === side) return GAP;
      const picture = pictures[Math.floor(y / pitch) * TILES + Math.floor(x / pitch)];
      const gray = 255 * picture[(y % pitch) * side + (x % pitch)];
      return [gray, gray, gray];
    });
  }

  placeHandle() {
    const [x, y] = this.position(this.place);
    const name = `Point z: (${decimal(this.place[0])}, ${decimal(this.place[1])})`;
    const transform = `translate(${x.toFixed(2)} ${y.toFixed(2)})`;
    change(this.handle, { transform, "aria-label": name });
  }

  // point: where the handle is; near: the number of the nearest code.
  draw(point, near) {
    this.place = point;
    this.placeHandle();
    for (const text of this.labels.querySelectorAll("[data-near]")) text.removeAttribute("data-near");
    this.labels.children[near].setAttribute("data-near", "");
  }
}
