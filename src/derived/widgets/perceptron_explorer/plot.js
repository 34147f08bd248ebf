// The plane: half-planes, grid, boundary with its normal, and on top the points and handles.
import { change, decimal, svg, uniqueId } from "../shared/dom.js";
import { Square, halfPlane, isTilted, visibleLine } from "./geometry.js";
import { Handles } from "./handles.js";
import { weightedSum } from "./learning.js";
import { Points } from "./points.js";

export class Plot {
  constructor(actions, signal) {
    this.size = 400;
    this.surface = svg("svg", { class: "dld-plot", role: "group" });
    const picture = this.surface.appendChild(svg("g", { "aria-hidden": "true" }));
    const add = (tag, attributes) => picture.appendChild(svg(tag, attributes));
    this.one = add("path", { class: "dld-region-1" });
    this.zero = add("path", { class: "dld-region-0" });
    this.grid = add("g");
    this.widest = add("path", { class: "dld-widest" });
    this.boundary = add("path", { class: "dld-boundary" });
    const clip = uniqueId("clip");
    this.clip = add("clipPath", { id: clip }).appendChild(svg("rect"));
    this.normal = add("path", { class: "dld-normal", "clip-path": `url(#${clip})` });
    this.nameOne = add("text", { class: "dld-region-name", text: "output 1" });
    this.nameZero = add("text", { class: "dld-region-name", text: "output 0" });
    const pointLayer = this.surface.appendChild(svg("g"));
    this.handleLayer = this.surface.appendChild(svg("g"));
    this.points = new Points(this.surface, pointLayer, actions, signal);
    this.handles = new Handles(this.surface, this.handleLayer, actions, signal);
  }

  resize(size) {
    this.size = size;
    change(this.surface, { viewBox: `0 0 ${size} ${size}`, width: size, height: size });
  }

  draw(state) {
    const square = new Square(state.domain, this.size);
    const label = `Plane with ${state.points.length} points and the boundary`;
    change(this.surface, { "aria-label": label });
    this.drawGrid(square);
    this.drawRegions(state.run.weights, square);
    this.drawLines(state, square);
    this.points.draw(state, square);
  }

  drawGrid(square) {
    const { low, high, left, right, top, bottom } = square;
    const signature = [low, high, this.size].join();
    if (this.grid.dataset.drawn === signature) return;
    this.grid.dataset.drawn = signature;
    const frame = { x: left, y: top, width: right - left, height: bottom - top };
    change(this.clip, frame);
    this.grid.replaceChildren(svg("rect", { ...frame, class: "dld-frame" }));
    const step = high - low > 3 ? 1 : 0.5;
    for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) {
      const [x, y] = [square.x(tick), square.y(tick)];
      const text = decimal(tick, step < 1 ? 1 : 0);
      const below = { x, y: bottom + 15, "text-anchor": "middle" };
      this.grid.append(
        svg("path", { class: "dld-gridline", d: `M${x} ${top}V${bottom}M${left} ${y}H${right}` }),
        svg("text", { class: "dld-tick", ...below, text }),
        svg("text", { class: "dld-tick", x: left - 5, y: y + 4, "text-anchor": "end", text }),
      );
    }
    const corner = { x: right - 5, y: bottom - 7, "text-anchor": "end" };
    this.grid.append(
      svg("text", { class: "dld-axis", ...corner, text: "x₁" }),
      svg("text", { class: "dld-axis", x: left + 6, y: top + 15, text: "x₂" }),
    );
  }

  drawRegions(weights, square) {
    const all = (sign) => square.path(halfPlane(weights, sign, square), "Z");
    const tilted = isTilted(weights);
    change(this.one, { d: tilted || weights[0] > 0 ? all(1) : "" });
    change(this.zero, { d: tilted || weights[0] <= 0 ? all(-1) : "" });
    const ranked = square.corners
      .map((corner) => [weightedSum(weights, corner), corner])
      .sort((a, b) => b[0] - a[0]);
    this.place(this.nameOne, ranked[0][0] > 0 ? ranked[0][1] : null, square);
    this.place(this.nameZero, ranked[3][0] <= 0 ? ranked[3][1] : null, square);
  }

  // Writes a region's name into that corner of the square which lies deepest in the region,
  // clear of the names of the axes.
  place(node, corner, square) {
    change(node, { visibility: corner ? null : "hidden" });
    if (!corner) return;
    const atRight = corner[0] === square.high;
    const atTop = corner[1] === square.high;
    const fromTop = square.top + (atRight ? 18 : 34);
    const fromBottom = square.bottom - (atRight ? 25 : 9);
    change(node, {
      x: atRight ? square.right - 8 : square.left + 8,
      y: atTop ? fromTop : fromBottom,
      "text-anchor": atRight ? "end" : "start",
    });
  }

  drawLines({ run: { weights }, points, best, showWidest }, square) {
    const ends = visibleLine(weights, square);
    const bestEnds = showWidest && best ? visibleLine(best.direction, square) : [];
    change(this.boundary, { d: square.path(ends) });
    change(this.widest, { d: square.path(bestEnds) });
    change(this.handleLayer, { visibility: isTilted(weights) ? null : "hidden" });
    change(this.normal, { visibility: ends.length ? null : "hidden" });
    if (!isTilted(weights)) return;
    const centre = this.handles.draw(weights, square, points);
    const length = Math.hypot(weights[1], weights[2]);
    const [ux, uy] = [weights[1] / length, -weights[2] / length];
    const [x, y] = [square.x(centre[0]) + 44 * ux, square.y(centre[1]) + 44 * uy];
    const barb = (side) => `M${x} ${y}l${-9 * ux - side * 5 * uy} ${-9 * uy + side * 5 * ux}`;
    const stem = `M${square.x(centre[0])} ${square.y(centre[1])}L${x} ${y}`;
    change(this.normal, { d: stem + barb(1) + barb(-1) });
  }
}
