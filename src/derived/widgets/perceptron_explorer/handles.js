// The two handles of the boundary: a square one that moves it, a round one that turns it.
import { change, decimal, svg } from "../shared/dom.js";
import { arrow, draggable, positionIn } from "../shared/dragging.js";
import { direction, foot, lineThrough, visibleLine } from "./geometry.js";

// Shares of the square's side: how far the handles may step aside, and how much room a point needs.
const SHIFTS = [0, 0.08, -0.08, 0.16, -0.16];
const TURNS = [0.28, 0.34, 0.22, 0.4];
const ROOM = 0.06;
const CROSS = "M-4 0H4M0 -4V4";
const ROUND_ARROW = "M-3.4 2.2A4 4 0 1 1 3.4 2.2M3.4 2.2l1.3 -3.2M3.4 2.2l-3.3 -.8";

export class Handles {
  // actions.setLine(weights) while dragging, actions.settled() afterwards.
  constructor(surface, layer, actions, signal) {
    Object.assign(this, { surface, layer, actions, signal });
    this.anchor = null; // where on the boundary the reader last took hold of it
    this.side = -1; // on which side of the anchor the turning handle stands
    const square = svg("rect", { x: -8, y: -8, width: 16, height: 16, rx: 3, class: "dld-grip" });
    this.mover = this.handle("Move the boundary", square, CROSS, {
      drag: (point) => this.moveTo(point),
      step: ([right, up]) => this.moveBy(right, up),
    });
    const circle = svg("circle", { r: 8.5, class: "dld-grip" });
    this.turner = this.handle("Turn the boundary", circle, ROUND_ARROW, {
      drag: (point) => this.turnTo(point),
      step: ([right, up]) => this.turnBy(((up - right) * Math.PI) / 90),
    });
  }

  handle(label, shape, sign, { drag, step }) {
    const node = svg(
      "g",
      { class: "dld-handle", tabindex: 0, role: "slider", "aria-label": label },
      svg("circle", { r: 20, class: "dld-touch" }),
      shape,
      svg("path", { class: "dld-grip-sign", d: sign }),
    );
    const start = () => {
      this.held = node;
      node.focus({ preventScroll: true });
    };
    const move = (event) => drag(this.square.point(positionIn(this.surface, event)));
    const end = () => {
      this.held = null;
      this.actions.settled();
    };
    draggable(node, { start, move, end }, this.signal);
    const press = (event) => {
      const steps = arrow(event);
      if (!steps) return;
      event.preventDefault();
      step(steps);
      this.actions.settled();
    };
    node.addEventListener("keydown", press, { signal: this.signal });
    return this.layer.appendChild(node);
  }

  moveTo(point) {
    this.anchor = point;
    this.actions.setLine(lineThrough(this.weights, point, direction(this.weights)));
  }

  moveBy(right, up) {
    const unit = (this.square.high - this.square.low) / 80;
    const [x, y] = this.centre();
    this.moveTo(this.square.inside([x + right * unit, y + up * unit]));
  }

  turnTo(point) {
    this.anchor = this.centre();
    const along = point.map((value, i) => this.side * (value - this.anchor[i]));
    if (Math.hypot(...along) < 1e-6) return;
    this.actions.setLine(lineThrough(this.weights, this.anchor, along));
  }

  turnBy(angle) {
    this.anchor = this.centre();
    const [x, y] = direction(this.weights);
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    this.actions.setLine(lineThrough(this.weights, this.anchor, [x * c - y * s, x * s + y * c]));
  }

  // The moving handle: on the boundary, near the anchor, always within the square.
  centre() {
    const { square, weights } = this;
    const middle = (square.low + square.high) / 2;
    const near = foot(weights, this.anchor || [middle, middle]);
    if (square.holds(near)) return this.anchor ? near : this.clearOf(near, SHIFTS);
    const ends = visibleLine(weights, square);
    if (ends.length) return [0, 1].map((i) => (ends[0][i] + ends[1][i]) / 2);
    return square.inside(near);
  }

  // The first place along the boundary, `shifts` away from `start`, that hides no point.
  clearOf(start, shifts) {
    const { square, points } = this;
    const along = direction(this.weights);
    const reach = square.high - square.low;
    const places = shifts.map((shift) => start.map((value, i) => value + shift * reach * along[i]));
    const shown = places.filter((place) => square.holds(place));
    const clear = ([x, y]) => points.every((p) => Math.hypot(p[0] - x, p[1] - y) > ROOM * reach);
    return shown.find(clear) || shown[0] || square.inside(places[0]);
  }

  // While a handle is held the other keeps its distance; afterwards it looks for a clear place.
  turningPoint(centre) {
    if (this.held) return this.clearOf(centre, [this.side * TURNS[0]]);
    const sides = [this.side, -this.side];
    const place = this.clearOf(
      centre,
      sides.flatMap((side) => TURNS.map((turn) => side * turn)),
    );
    const [dx, dy] = direction(this.weights);
    this.side = (place[0] - centre[0]) * dx + (place[1] - centre[1]) * dy < 0 ? -1 : 1;
    return place;
  }

  draw(weights, square, points) {
    Object.assign(this, { weights, square, points });
    const centre = this.centre();
    const turn = this.turningPoint(centre);
    const degrees = Math.round((Math.atan2(weights[2], weights[1]) * 180) / Math.PI);
    change(this.mover, {
      transform: `translate(${square.x(centre[0])} ${square.y(centre[1])})`,
      "aria-valuenow": Number(weights[0].toFixed(2)),
      "aria-valuemin": -100,
      "aria-valuemax": 100,
      "aria-valuetext": `through (${decimal(centre[0])}, ${decimal(centre[1])})`,
    });
    change(this.turner, {
      transform: `translate(${square.x(turn[0])} ${square.y(turn[1])})`,
      "aria-valuenow": degrees,
      "aria-valuemin": -180,
      "aria-valuemax": 180,
      "aria-valuetext": `w points ${decimal(degrees, 0)} degrees from the x1 axis`,
    });
    return centre;
  }
}
