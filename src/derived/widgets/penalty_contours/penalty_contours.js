// PenaltyContours: a quadratic loss, the region of an L1 or L2 penalty, and early stopping.
import { button, change, choice, decimal, html, svg } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { NumberList } from "../shared/numbers.js";
import { magnitude } from "../shared/powers.js";
import { slider } from "../shared/sliders.js";
import { Plane } from "./plane.js";
import {
  descent,
  hessianOf,
  loss,
  penalized,
  ridgeFactors,
  softThreshold,
  spectrum,
  stoppedFactors,
} from "./quadratic.js";

const HINT =
  "Drag the minimum w* (cross) and the start of gradient descent (square), or move the focused one " +
  "with the arrow keys (with Shift ten times as far). The filled region holds the weights whose " +
  "norm is not larger than that of the penalized minimum; the heavy contour touches it there.";
const PENALTIES = { l2: "L2, ½ λ ‖w‖²", l1: "L1, λ ‖w‖₁" };
const TRAITS = ["hessian", "minimum", "penalty", "strength", "learning_rate", "steps", "start"];
const CURVE = Array.from({ length: 121 }, (_, k) => (k === 0 ? 0 : 10 ** (-3 + k / 20)));

// A slider's place 0 … 1 for a number 0 … most that is felt by its ratio, and back.
const bend = (most, knee) => ({
  value: (place) => knee * ((1 + most / knee) ** place - 1),
  place: (value) => Math.log1p(value / knee) / Math.log1p(most / knee),
});
const STRENGTH = bend(20, 0.05);
const STEPS = bend(1000, 8);
const EIGENVALUE = {
  value: (place) => 0.01 * 2000 ** place,
  place: (value) => Math.log(value / 0.01) / Math.log(2000),
};
const round = (value) => Number(value.toPrecision(3));
const pair = ([a, b], digits = 3) => `(${decimal(a, digits)}, ${decimal(b, digits)})`;
const norm = (penalty, w) =>
  penalty === "l1" ? Math.abs(w[0]) + Math.abs(w[1]) : Math.hypot(...w);

class PenaltyContours extends Figure {
  constructor(host) {
    super(host, { name: "penalty-contours", label: "Contours of a penalty", hint: HINT });
    const move = (name, place) => this.configure({ [name]: place }, false);
    this.plane = new Plane({ move, settled: () => this.save() }, this.signal);
    this.plane.resize(400);
    this.buildControls();
    this.buildReadouts();
    this.load();
    this.attach(this.bar, this.columns);
    this.onResize(this.left, 240, 430, (width) => this.plane.resize(width));
    this.follow(TRAITS);
  }

  buildControls() {
    const set = (name) => (value) => this.configure({ [name]: value }, true);
    this.penalty = choice("Penalty", Object.entries(PENALTIES), "l2", set("penalty"));
    const match = () => this.match();
    const straight = () => this.configure({ angle: this.state.angle === 0 ? 90 : 0 }, true);
    this.matchButton = button("Set λ = 1/(ητ)", match);
    const buttons = [
      this.matchButton,
      button("Diagonal H", straight),
      button("Reset", () => this.configure(this.first, true)),
    ];
    this.bar = html("div", { class: "dld-bar" }, this.penalty.box, ...buttons);
    const bent = { min: 0, max: 1, step: 0.001, value: 0 };
    const text = (scale, digits) => (place) => digits(scale.value(place));
    const strength = (place, settled) =>
      this.configure({ strength: Math.min(20, round(STRENGTH.value(place))) }, settled);
    const steps = (place, settled) =>
      this.configure({ steps: Math.round(STEPS.value(place)) }, settled);
    const rate = (value, settled) => this.configure({ relativeRate: value }, settled);
    const value = (which) => (place, settled) => this.eigenvalue(which, place, settled);
    const angle = (turn, settled) => this.configure({ angle: turn }, settled);
    const three = (number) => magnitude(number);
    this.ranges = {
      strength: slider("Strength λ", { ...bent, text: text(STRENGTH, three) }, strength),
      steps: slider("Steps τ", { ...bent, text: (p) => `${Math.round(STEPS.value(p))}` }, steps),
      rate: slider(
        "Learning rate η",
        { min: 0.02, max: 1.98, step: 0.01, value: 0.2, text: (r) => this.rateText(r) },
        rate,
      ),
      first: slider("Eigenvalue λ₁", { ...bent, text: text(EIGENVALUE, three) }, value(0)),
      second: slider("Eigenvalue λ₂", { ...bent, text: text(EIGENVALUE, three) }, value(1)),
      angle: slider(
        "Angle of λ₁’s vector",
        { min: 0, max: 180, step: 1, value: 0, text: (turn) => `${decimal(turn, 0)}°` },
        angle,
      ),
    };
    const boxes = Object.values(this.ranges).map(({ box }) => box);
    this.sliders = html("div", { class: "dld-sliders" }, ...boxes);
  }

  buildReadouts() {
    this.numbers = new NumberList({
      condition: "Condition number λ₂/λ₁",
      solution: "Penalized minimum w̃",
      size: "Its norm",
      stopped: "After τ steps",
      matching: "1/(ητ), the λ of early stopping",
    });
    this.table = html("table", { class: "dld-table dld-factors" });
    this.tableName = html("p", { class: "dld-caption" });
    const legend = html("div", { class: "dld-legend" }, ...this.legend());
    this.left = html("div", { class: "dld-main" }, this.plane.surface, legend);
    const side = [this.sliders, this.numbers.box, this.tableName, this.table];
    const right = html("div", { class: "dld-side" }, ...side);
    this.columns = html("div", { class: "dld-columns" }, this.left, right);
  }

  legend() {
    const sample = (kind, shape) => {
      const drawing = svg("svg", { width: 30, height: 14, "aria-hidden": "true" });
      drawing.append(svg("path", { class: kind, d: "M0 7H30" }), shape);
      return drawing;
    };
    const dot = svg("circle", { class: "dld-solution", cx: 15, cy: 7, r: 5.5 });
    const box = svg("rect", { class: "dld-stopped", x: 10.5, y: 2.5, width: 9, height: 9 });
    const entry = (drawing, text) =>
      html("span", { class: "dld-entry" }, drawing, html("span", { text }));
    return [
      entry(sample("dld-shrinking", dot), "penalized minimum w̃, over all λ"),
      entry(sample("dld-descent", box), "gradient descent on J, stopped after τ steps"),
    ];
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    const { values, angle } = spectrum(read("hessian"));
    this.state = {
      values,
      angle,
      minimum: [...read("minimum")],
      start: [...read("start")],
      penalty: read("penalty"),
      strength: read("strength"),
      steps: read("steps"),
      relativeRate: read("learning_rate") * values[1],
    };
    this.first ??= { ...this.state };
    this.compute();
  }

  compute() {
    const { values, angle, minimum, start, penalty, strength, steps, relativeRate } = this.state;
    const hessian = hessianOf(values, angle);
    const rate = relativeRate / Math.max(...values);
    const path = descent(hessian, minimum, start, rate, steps);
    const solution = penalized(penalty, hessian, minimum, strength);
    this.found = { hessian, rate, path, solution, stopped: path[path.length - 1] };
  }

  configure(changes, settled) {
    this.state = { ...this.state, ...changes };
    this.compute();
    this.draw();
    if (settled) this.save();
  }

  // The first eigenvalue stays the smaller one: each pushes the other along.
  eigenvalue(which, place, settled) {
    const values = [...this.state.values];
    values[which] = Math.max(0.01, Math.min(20, round(EIGENVALUE.value(place))));
    if (values[0] > values[1]) values[1 - which] = values[which];
    this.configure({ values }, settled);
  }

  match() {
    const { steps } = this.state;
    if (steps === 0) return;
    this.configure({ strength: Math.min(20, 1 / (this.found.rate * steps)) }, true);
  }

  rateText(relative) {
    const rate = relative / Math.max(...(this.state?.values ?? [1]));
    return `${magnitude(rate)} = ${decimal(relative, 2)}/λ₂`;
  }

  save() {
    const { minimum, start, penalty, strength, steps } = this.state;
    const { hessian, rate, solution, stopped } = this.found;
    const setting = { minimum, start, penalty, strength, steps, hessian, learning_rate: rate };
    this.write({ ...setting, penalized: solution, stopped });
  }

  // ---- drawing

  draw() {
    const { state, found } = this;
    const { values, penalty, minimum, strength } = state;
    const full = loss(found.hessian, minimum, [0, 0]) || loss(found.hessian, [0, 0], [1, 1]);
    this.plane.draw({
      ...state,
      levels: [1, 2, 3, 4, 6, 8, 11].map((k) => full * (k / 4) ** 2),
      touching: loss(found.hessian, minimum, found.solution),
      region: { penalty, size: norm(penalty, found.solution) },
      curve: CURVE.map((each) => penalized(penalty, found.hessian, minimum, each)),
      path: found.path,
      solution: found.solution,
    });
    change(this.plane.surface, { "aria-label": "Plane of the weights with contours of the loss" });
    this.penalty.input.value = penalty;
    this.ranges.strength.show(STRENGTH.place(strength));
    this.ranges.steps.show(STEPS.place(state.steps));
    this.ranges.rate.show(state.relativeRate);
    values.forEach((value, i) => {
      this.ranges[i ? "second" : "first"].show(EIGENVALUE.place(value));
    });
    this.ranges.angle.show(state.angle);
    change(this.matchButton, { disabled: state.steps === 0 });
    this.drawNumbers();
    this.drawTable();
    this.say(this.sentence());
  }

  drawNumbers() {
    const { state, found } = this;
    const { steps, values, penalty } = state;
    const texts = {
      condition: magnitude(values[1] / values[0]),
      solution: pair(found.solution),
      size: decimal(norm(penalty, found.solution), 3),
      stopped: pair(found.stopped),
      matching: steps ? magnitude(1 / (found.rate * steps)) : "–",
    };
    this.numbers.show(texts);
  }

  drawTable() {
    const { penalty, strength, minimum, values, steps, start } = this.state;
    const { hessian, rate, solution } = this.found;
    const fromZero = start.every((value) => value === 0);
    let [title, heads, columns] = [];
    if (penalty === "l2") {
      title = fromZero
        ? "Share of w* that is kept along each eigenvector"
        : "Share of w* kept (τ steps: if they started at 0)";
      heads = ["", "L2: λᵢ/(λᵢ + λ)", "1 − (1 − ηλᵢ)^τ"];
      const factors = [ridgeFactors(values, strength), stoppedFactors(values, rate, steps)];
      columns = [["i = 1", "i = 2"], ...factors.map((pairs) => pairs.map((f) => decimal(f, 4)))];
    } else {
      const rule = softThreshold(hessian, minimum, strength);
      const same = solution.every((value, i) => Math.abs(value - rule[i]) < 1e-9);
      title = same
        ? "The soft threshold gives the minimum exactly"
        : "H is not diagonal: the soft threshold misses the minimum";
      heads = ["", "minimum w̃ᵢ", "soft threshold"];
      columns = [["i = 1", "i = 2"], ...[solution, rule].map((w) => w.map((v) => decimal(v, 4)))];
    }
    change(this.tableName, { text: title });
    const head = html("tr", {}, ...heads.map((text) => html(text ? "th" : "td", { text })));
    const rows = [0, 1].map((i) =>
      html("tr", {}, ...columns.map((column, c) => html(c ? "td" : "th", { text: column[i] }))),
    );
    this.table.replaceChildren(html("thead", {}, head), html("tbody", {}, ...rows));
  }

  sentence() {
    const { penalty, strength, steps, minimum } = this.state;
    const { solution, stopped } = this.found;
    const zero = solution.filter((value) => value === 0).length;
    const sparse = penalty === "l1" && zero ? ` with ${zero === 2 ? "both weights" : "one weight"} 0` : "";
    return (
      `${penalty.toUpperCase()}, λ = ${magnitude(strength)}: w* = ${pair(minimum, 2)} shrinks to w̃ = ` +
      `${pair(solution)}${sparse}. ${steps} steps of gradient descent reach ${pair(stopped)}.`
    );
  }
}

const render = (host) => new PenaltyContours(host).cleanup;

export default { render };
