// Novikoff's proof as a picture: on logarithmic axes |w| after k mistakes lies between the
// lines gamma k and R sqrt(k), which meet where k = (R / gamma)^2.
import { change, count, html, svg } from "../shared/dom.js";

const WIDTH = 300;
const HEIGHT = 168;
const LEFT = 36;
const RIGHT = WIDTH - 12;
const TOP = 12;
const BOTTOM = HEIGHT - 28;

const CAPTION =
  "Why it must end: after k mistakes, from w = 0, ‖w‖ is at least γk and at most R√k.";
const MIXED =
  "You moved the boundary or the points: the bound speaks of runs from w = 0. Press Reset.";
const NONE =
  "No line separates these classes: there is no γ, nothing makes ‖w‖ grow, and the rule never ends.";
const SHOWN_WITHOUT_END = 60; // mistakes on the axis, at least, where there is no bound

export class Wedge {
  constructor() {
    this.surface = svg("svg", {
      class: "dld-wedge",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
    });
    this.caption = html("p", { class: "dld-caption" });
    this.box = html("div", { class: "dld-wedgebox" }, this.surface, this.caption);
  }

  // best: the result of largestMargin, or null; radius = R; lengths[k - 1] = |w| after k mistakes;
  // pure: whether the run began at w = 0 with the points of now.
  draw({ best, radius, lengths, pure }) {
    change(this.caption, { text: !best ? NONE : pure ? CAPTION : MIXED });
    this.surface.replaceChildren();
    if (radius === 0) return; // no points at all
    const points = best ? this.frame(best) : this.openFrame(radius, lengths);
    const path = pure ? lengths.map((length, i) => points(i + 1, length)) : [];
    if (path.length) {
      const [cx, cy] = path[path.length - 1];
      this.line(path, "dld-run");
      this.surface.append(svg("circle", { class: "dld-run-end", cx, cy, r: 4.5 }));
    }
    const made = path.length ? ` This run has made ${path.length}.` : "";
    const lines = best
      ? `between gamma k and R root k, which meet at ${count(best.bound)} mistakes.`
      : "below R root k, with no lower line.";
    change(this.surface, { "aria-label": `Length of w against mistakes k: ${lines}${made}` });
  }

  // Axes and the two lines; returns the map from (k, length) to the drawing.
  frame({ margin, radius, bound }) {
    const last = Math.max(2, bound) * 1.5;
    const high = Math.log(radius * Math.sqrt(last));
    const low = Math.log(margin);
    const at = (k, length) => [
      LEFT + (Math.log(k) / Math.log(last)) * (RIGHT - LEFT),
      BOTTOM - ((Math.log(Math.max(length, margin)) - low) / (high - low)) * (BOTTOM - TOP),
    ];
    const meet = at(bound, radius * Math.sqrt(bound));
    const [upper, lower] = [at(1, radius), at(1, margin)];
    const half = Math.sqrt(bound);
    const [above, below] = [at(half, radius * Math.sqrt(half)), at(half, margin * half)];
    this.line(
      [
        [LEFT, TOP],
        [LEFT, BOTTOM],
        [RIGHT, BOTTOM],
      ],
      "dld-axisline",
    );
    this.line([upper, meet, lower], "dld-wedge-area");
    this.line([upper, meet], "dld-upper");
    this.line([lower, meet], "dld-lower");
    this.line([meet, [meet[0], BOTTOM]], "dld-drop");
    this.label("R√k", above[0] - 4, above[1] - 8, "end");
    this.label("γk", below[0] + 8, below[1] + 12, "start");
    this.label("‖w‖", LEFT - 6, TOP + 8, "end");
    this.label("k = 1", LEFT, BOTTOM + 16, "middle");
    this.label(`(R/γ)² = ${count(bound)}`, RIGHT, BOTTOM + 16, "end");
    return at;
  }

  // Without a separating line there is only the upper one.
  openFrame(radius, lengths) {
    const last = Math.max(SHOWN_WITHOUT_END, 1.2 * lengths.length);
    const least = Math.min(radius, ...lengths.filter((length) => length > 0));
    const [low, high] = [Math.log(least / 2), Math.log(radius * Math.sqrt(last))];
    const at = (k, length) => [
      LEFT + (Math.log(k) / Math.log(last)) * (RIGHT - LEFT),
      BOTTOM - Math.max(0, (Math.log(length) - low) / (high - low)) * (BOTTOM - TOP),
    ];
    const half = Math.sqrt(last);
    const [x, y] = at(half, radius * Math.sqrt(half));
    this.line(
      [
        [LEFT, TOP],
        [LEFT, BOTTOM],
        [RIGHT, BOTTOM],
      ],
      "dld-axisline",
    );
    this.line([at(1, radius), at(last, radius * Math.sqrt(last))], "dld-upper");
    this.label("R√k", x - 4, y - 8, "end");
    this.label("‖w‖", LEFT - 6, TOP + 8, "end");
    this.label("k = 1", LEFT, BOTTOM + 16, "middle");
    this.label(count(last), RIGHT, BOTTOM + 16, "end");
    return at;
  }

  line(points, className) {
    const d = `M${points.map((point) => point.map((v) => v.toFixed(2)).join(" ")).join("L")}`;
    this.surface.append(svg("path", { class: className, d }));
  }

  label(text, x, y, anchor) {
    this.surface.append(svg("text", { class: "dld-tick", x, y, "text-anchor": anchor, text }));
  }
}
