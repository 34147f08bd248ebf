// The square [low, high]^2 of the plane, its place on the screen, and lines in it.
import { weightedSum } from "./learning.js";

const PAD = { left: 30, right: 8, top: 8, bottom: 26 };

// Maps the square `domain` = [low, high] in both coordinates to a drawing of size x size pixels.
export class Square {
  constructor(domain, size) {
    [this.low, this.high] = domain;
    this.size = size;
    this.left = PAD.left;
    this.right = size - PAD.right;
    this.top = PAD.top;
    this.bottom = size - PAD.bottom;
  }

  x(value) {
    return this.left + ((value - this.low) / (this.high - this.low)) * (this.right - this.left);
  }

  y(value) {
    return this.bottom - ((value - this.low) / (this.high - this.low)) * (this.bottom - this.top);
  }

  // The point of the square that is nearest to a place on the screen.
  point([px, py]) {
    const reach = this.high - this.low;
    return this.inside([
      this.low + ((px - this.left) / (this.right - this.left)) * reach,
      this.low + ((this.bottom - py) / (this.bottom - this.top)) * reach,
    ]);
  }

  inside(point) {
    return point.map((value) => Math.min(this.high, Math.max(this.low, value)));
  }

  holds(point) {
    return point.every((value) => value >= this.low && value <= this.high);
  }

  get corners() {
    const { low, high } = this;
    return [
      [low, low],
      [high, low],
      [high, high],
      [low, high],
    ];
  }

  // An SVG path through points of the plane.
  path(points, end = "") {
    const places = points.map(([a, b]) => `${this.x(a).toFixed(2)} ${this.y(b).toFixed(2)}`);
    return places.length ? `M${places.join("L")}${end}` : "";
  }
}

export const isTilted = (weights) => weights[1] !== 0 || weights[2] !== 0;

// The part of the square where sign * (weighted sum) >= 0, as corners in order.
export function halfPlane(weights, sign, square) {
  const { corners } = square;
  const kept = [];
  corners.forEach((corner, i) => {
    const next = corners[(i + 1) % 4];
    const a = sign * weightedSum(weights, corner);
    const b = sign * weightedSum(weights, next);
    if (a >= 0) kept.push(corner);
    if ((a > 0 && b < 0) || (a < 0 && b > 0)) {
      const part = a / (a - b);
      kept.push(corner.map((value, c) => value + part * (next[c] - value)));
    }
  });
  return kept;
}

// Where the boundary enters and leaves the square: two points, or none.
export function visibleLine(weights, square) {
  if (!isTilted(weights)) return [];
  const tiny = 1e-9 * Math.hypot(...weights) * (square.high - square.low);
  const ends = halfPlane(weights, 1, square).filter(
    (corner) => Math.abs(weightedSum(weights, corner)) <= tiny,
  );
  return ends.length === 2 ? ends : [];
}

// The point of the boundary that is nearest to `point`.
export function foot(weights, point) {
  const off = weightedSum(weights, point) / (weights[1] ** 2 + weights[2] ** 2);
  return [point[0] - off * weights[1], point[1] - off * weights[2]];
}

// The direction of the boundary: the normal (w1, w2) turned by a quarter to the left.
export function direction(weights) {
  const length = Math.hypot(weights[1], weights[2]);
  return [-weights[2] / length, weights[1] / length];
}

// Weights with the same |(w1, w2)| whose boundary runs through `point` along `along`.
export function lineThrough(weights, point, along) {
  const scale = Math.hypot(weights[1], weights[2]) / Math.hypot(...along);
  const w1 = Number((scale * along[1]).toFixed(4));
  const w2 = Number((-scale * along[0]).toFixed(4));
  return [Number((-w1 * point[0] - w2 * point[1]).toFixed(4)), w1, w2];
}
