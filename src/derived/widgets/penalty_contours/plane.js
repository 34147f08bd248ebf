// The plane of the two weights: contours, the penalty's region, both paths, points to drag.
import { change, decimal, svg, uniqueId } from "../shared/dom.js";
import { arrow, draggable, positionIn } from "../shared/dragging.js";

const HALF = 3.2; // the plane shows −3.2 … 3.2
const LIMIT = 3;
const KEY_STEP = 0.05;
const POINTS = 720; // of a contour
const bounded = (value) => Number(Math.max(-LIMIT, Math.min(LIMIT, value)).toFixed(3));

export class Plane {
  // move(name, [w1, w2]) is called while a point is moved, settled() when it is let go.
  constructor(actions, signal) {
    Object.assign(this, { actions, size: 400, places: {} });
    this.surface = svg("svg", { class: "dld-plane", role: "group" });
    const picture = this.surface.appendChild(svg("g", { "aria-hidden": "true" }));
    const clip = uniqueId("clip");
    this.clip = picture.appendChild(svg("clipPath", { id: clip })).appendChild(svg("rect"));
    this.grid = picture.appendChild(svg("g"));
    const inside = picture.appendChild(svg("g", { "clip-path": `url(#${clip})` }));
    const add = (tag, kind) => inside.appendChild(svg(tag, { class: kind }));
    this.contours = add("g", "dld-contours");
    this.region = add("path", "dld-region");
    this.axes = add("path", "dld-axes");
    this.touching = add("path", "dld-touching");
    this.shrinking = add("path", "dld-shrinking");
    this.descent = add("path", "dld-descent");
    this.dots = add("g", "dld-dots");
    this.stopped = add("rect", "dld-stopped");
    this.solution = add("circle", "dld-solution");
    this.handles = {
      start: this.handle("start", "Start of gradient descent", signal),
      minimum: this.handle("minimum", "Minimum w* of the loss", signal),
    };
  }

  handle(name, label, signal) {
    const group = { class: `dld-handle dld-handle-${name}`, tabindex: 0, role: "application" };
    const node = svg("g", group, svg("circle", { class: "dld-touch", r: 16 }));
    node.append(
      name === "start"
        ? svg("rect", { class: "dld-grip", x: -5, y: -5, width: 10, height: 10 })
        : svg("path", { class: "dld-grip", d: "M-9 0H9M0 -9V9" }),
    );
    if (name === "minimum") node.append(svg("circle", { class: "dld-grip", r: 6 }));
    let offset = [0, 0];
    const at = (event) => this.weightsAt(positionIn(this.surface, event));
    const start = (event) => {
      offset = at(event).map((value, i) => this.places[name][i] - value);
      node.focus({ preventScroll: true });
    };
    const move = (event) =>
      this.actions.move(name, at(event).map((value, i) => bounded(value + offset[i])));
    draggable(node, { start, move, end: () => this.actions.settled() }, signal);
    const press = (event) => {
      const steps = arrow(event);
      if (!steps) return;
      const next = this.places[name].map((value, i) => bounded(value + KEY_STEP * steps[i]));
      this.actions.move(name, next);
      this.actions.settled();
      event.preventDefault();
    };
    node.addEventListener("keydown", press, { signal });
    change(node, { "aria-label": label });
    this.surface.append(node);
    return { node, label };
  }

  // ---- places

  get unit() {
    return (this.size - 32) / (2 * HALF);
  }

  x(weight) {
    return 24 + (weight + HALF) * this.unit;
  }

  y(weight) {
    return 8 + (HALF - weight) * this.unit;
  }

  weightsAt([x, y]) {
    return [(x - 24) / this.unit - HALF, HALF - (y - 8) / this.unit];
  }

  path(points, end = "") {
    const far = (value) => Math.max(-1e4, Math.min(1e4, value)).toFixed(2);
    return `M${points.map(([a, b]) => `${far(this.x(a))} ${far(this.y(b))}`).join("L")}${end}`;
  }

  // ---- drawing

  resize(size) {
    this.size = size;
    change(this.surface, { viewBox: `0 0 ${size} ${size}`, width: size, height: size });
    const side = 2 * HALF * this.unit;
    const frame = { x: this.x(-HALF), y: this.y(HALF), width: side, height: side };
    change(this.clip, frame);
    this.grid.replaceChildren(svg("rect", { class: "dld-planeframe", ...frame }));
    for (let tick = -3; tick <= 3; tick += 1) {
      const text = decimal(tick, 0);
      const below = { x: this.x(tick), y: this.y(-HALF) + 14, "text-anchor": "middle" };
      const beside = { x: this.x(-HALF) - 5, y: this.y(tick) + 4, "text-anchor": "end" };
      this.grid.append(
        svg("text", { class: "dld-tick", ...below, text }),
        svg("text", { class: "dld-tick", ...beside, text }),
      );
    }
    change(this.axes, { d: `${this.path([[-HALF, 0], [HALF, 0]])}${this.path([[0, -HALF], [0, HALF]])}` });
    const corner = { x: this.x(HALF) - 6, y: this.y(0) - 6, "text-anchor": "end" };
    const top = { x: this.x(0) + 6, y: this.y(HALF) + 15 };
    this.grid.append(
      svg("text", { class: "dld-axis", ...corner, text: "w₁" }),
      svg("text", { class: "dld-axis", ...top, text: "w₂" }),
    );
  }

  // The contour on which the loss has this value, as far as it lies in the plane.
  ellipse(node, { values, angle, minimum }, value) {
    const turn = (angle * Math.PI) / 180;
    const [c, s] = [Math.cos(turn), Math.sin(turn)];
    const radii = values.map((each) => Math.sqrt((2 * value) / each));
    const pieces = [[]];
    for (let k = 0; k <= POINTS; k += 1) {
      const phase = (2 * Math.PI * k) / POINTS;
      const [u, v] = [radii[0] * Math.cos(phase), radii[1] * Math.sin(phase)];
      const place = [minimum[0] + c * u - s * v, minimum[1] + s * u + c * v];
      if (place.every((at) => Math.abs(at) <= HALF)) pieces[pieces.length - 1].push(place);
      else if (pieces[pieces.length - 1].length) pieces.push([]);
    }
    const drawn = pieces.filter((piece) => piece.length > 1).map((piece) => this.path(piece));
    change(node, { d: drawn.join("") });
  }

  draw(state) {
    this.places = { start: state.start, minimum: state.minimum };
    const { levels, touching, region, curve, path, solution } = state;
    while (this.contours.children.length < levels.length) this.contours.append(svg("path"));
    levels.forEach((value, k) => this.ellipse(this.contours.children[k], state, value));
    this.ellipse(this.touching, state, touching);
    this.drawRegion(region);
    change(this.shrinking, { d: this.path(curve) });
    change(this.descent, { d: this.path(path) });
    this.drawSteps(path);
    const stop = path[path.length - 1];
    change(this.stopped, { x: this.x(stop[0]) - 5.5, y: this.y(stop[1]) - 5.5, width: 11, height: 11 });
    change(this.solution, { cx: this.x(solution[0]), cy: this.y(solution[1]), r: 6.5 });
    for (const [name, { node, label }] of Object.entries(this.handles)) {
      const [a, b] = this.places[name];
      change(node, { transform: `translate(${this.x(a).toFixed(2)} ${this.y(b).toFixed(2)})` });
      change(node, { "aria-label": `${label}: (${decimal(a)}, ${decimal(b)})` });
    }
  }

  drawRegion({ penalty, size }) {
    const corners = [[size, 0], [0, size], [-size, 0], [0, -size]];
    const [r, cx, cy] = [size * this.unit, this.x(0), this.y(0)];
    const circle = `M${cx - r} ${cy}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
    change(this.region, { d: penalty === "l1" ? this.path(corners, "Z") : circle });
  }

  // A dot for each of the first steps; more would run into each other.
  drawSteps(path) {
    const shown = path.slice(1, 60);
    while (this.dots.children.length > shown.length) this.dots.lastChild.remove();
    while (this.dots.children.length < shown.length) this.dots.append(svg("circle", { r: 2.2 }));
    shown.forEach(([a, b], k) => {
      const far = (value) => Math.max(-1e4, Math.min(1e4, value));
      change(this.dots.children[k], { cx: far(this.x(a)), cy: far(this.y(b)) });
    });
  }
}
