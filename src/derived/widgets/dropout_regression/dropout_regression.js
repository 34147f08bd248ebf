// DropoutRegression: a network with dropout trained on the reader's points, and what its masks say.
import { Chart } from "../shared/chart.js";
import { button, change, choice, count, decimal, html, reducedMotion } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { forward, parameterLists } from "../shared/network.js";
import { NumberList } from "../shared/numbers.js";
import { Player } from "../shared/player.js";
import { magnitude } from "../shared/powers.js";
import { slider } from "../shared/sliders.js";
import { Points } from "./points.js";
import { createFit, moments, passMasks, passes, penalty, takeStep } from "./regression.js";

const HINT =
  "Click into the picture to add a point, drag one to move it; or walk the cursor with the arrow " +
  "keys, and press Enter to add a point there, Delete to remove the nearest. Thin lines are single " +
  "passes: one mask each. The inner band is two deviations of the passes, the outer one adds the noise.";
const TRAITS = ["points", "keep", "noise", "prior", "activation", "seed", "masks"];
const CURVES = {
  outer: { text: "± 2 deviations of a label" },
  inner: { text: "± 2 of the passes" },
  single: { text: "single passes" },
  mean: { text: "their mean" },
  scaled: { text: "no mask" },
};
const FITTED = {
  step: "Steps",
  points: "Points n",
  alpha: "Penalty α = σ²/(n p τ²)",
  miss: "Root mean square miss of the mean",
};
const THERE = {
  mean: "Mean of the passes",
  deviation: "Their deviation",
  label: "Deviation of a label",
};
const ACTIVATIONS = [
  ["relu", "ReLU"],
  ["tanh", "tanh"],
];
const [X, Y] = [
  [-4, 4],
  [-3, 3],
];
const GRID = Float64Array.from({ length: 101 }, (_, k) => X[0] + ((X[1] - X[0]) * k) / 100);
const PASSES = 100;
const SINGLE = 8;
const MOST_POINTS = 60;
const LAST_STEP = 20_000;
const MOST_SEED = 9999;

class DropoutRegression extends Figure {
  constructor(host) {
    super(host, { name: "dropout-regression", label: "Dropout on a line", hint: HINT });
    this.chart = new Chart({ x: "x", y: "y", curves: CURVES });
    this.cursor = [0, 0];
    this.points = new Points(this.chart, this.reader(), this.signal);
    this.buildControls();
    this.buildReadouts();
    this.load();
    this.attach(this.bar, this.ranges, this.columns);
    this.onResize(this.left, 230, 520, (width) => {
      this.chart.layOut({ width, height: Math.round(Math.max(220, 0.66 * width)) });
    });
    this.follow(TRAITS);
  }

  // What the reader does in the picture.
  reader() {
    return {
      add: (place) => this.add(place),
      move: (n, place) => this.put(this.state.points.map((old, k) => (k === n ? place : old)), place),
      remove: () => this.remove(),
      walk: (place) => {
        this.cursor = place;
        this.draw();
      },
      settled: () => this.save(),
    };
  }

  buildControls() {
    this.player = new Player(this, {
      start: "Train",
      stop: "Stop",
      step: () => takeStep(this.fit, this.state.points, this.state),
      pace: () => (reducedMotion() ? { most: 400, time: 250 } : { most: 30, time: 8 }),
      over: () => this.over(),
      shown: () => this.renew(),
      settled: () => this.save(),
    });
    const next = (name) => ({ [name]: (this.state[name] + 1) % (MOST_SEED + 1) });
    const buttons = [
      button("New masks", () => this.configure(next("masks"), true)),
      button("New weights", () => this.restart(next("seed"))),
      button("Add point", () => this.add(this.cursor)),
      button("Remove point", () => this.remove()),
      button("Reset", () => this.restart(this.first)),
    ];
    this.bar = html("div", { class: "dld-bar" }, this.player.button, ...buttons);
    const range = (label, options, name) =>
      slider(label, { ...options, value: options.min, text: (value) => decimal(value) }, (value, settled) =>
        this.configure({ [name]: value }, settled),
      );
    this.sliders = {
      keep: range("Keep probability p", { min: 0.5, max: 1, step: 0.01 }, "keep"),
      noise: range("Noise σ", { min: 0.05, max: 1, step: 0.01 }, "noise"),
      prior: range("Prior deviation τ", { min: 0.1, max: 3, step: 0.05 }, "prior"),
    };
    this.activation = choice("Activation", ACTIVATIONS, "relu", (name) => this.restart({ activation: name }));
    const boxes = Object.values(this.sliders).map(({ box }) => box);
    this.ranges = html("div", { class: "dld-bar" }, ...boxes, this.activation.box);
  }

  buildReadouts() {
    this.fitted = new NumberList(FITTED);
    this.there = new NumberList(THERE);
    this.here = html("p", { class: "dld-caption" });
    const side = html("div", { class: "dld-side" }, this.fitted.box, this.here, this.there.box);
    this.left = html("div", { class: "dld-main" }, this.chart.box);
    this.columns = html("div", { class: "dld-columns" }, this.left, side);
  }

  // ---- state

  load() {
    const read = (name) => [name, this.model.get(name)];
    this.begin(Object.fromEntries(TRAITS.map(read)));
  }

  begin(state) {
    this.player.pause();
    this.state = state;
    this.first ??= state;
    this.fit = createFit(state);
    this.predict();
  }

  predict() {
    const { keep, masks } = this.state;
    if (this.drawn?.keep !== keep || this.drawn.masks !== masks) {
      this.drawn = { keep, masks, values: passMasks(masks, keep, PASSES) };
    }
    this.found = passes(this.fit.network, GRID, this.drawn.values);
    Object.assign(this, moments(this.found));
    this.scaled = forward(this.fit.network, GRID, GRID.length).output;
  }

  renew() {
    this.predict();
    this.draw();
  }

  // New masks, another p, σ or τ: the network stays as it is and can be trained on.
  configure(changes, settled) {
    this.state = { ...this.state, ...changes };
    this.renew();
    if (settled) this.save();
  }

  restart(changes) {
    this.begin({ ...this.state, ...changes });
    this.draw();
    this.save();
  }

  save() {
    const prediction = { x: [...GRID], mean: [...this.mean], deviation: [...this.deviation] };
    const { network, step } = this.fit;
    this.write({ ...this.state, step, layers: parameterLists(network), prediction });
  }

  over() {
    return this.fit.step >= LAST_STEP;
  }

  // ---- points

  put(points, cursor) {
    this.cursor = cursor;
    this.state = { ...this.state, points };
    this.draw();
  }

  add(place) {
    const { points } = this.state;
    if (points.length >= MOST_POINTS) return;
    this.put([...points, [...place]], place);
    this.save();
  }

  // The nearest to the cursor; the last one stays.
  remove() {
    const { points } = this.state;
    if (points.length < 2) return;
    const far = points.map(([x, y]) => Math.hypot(x - this.cursor[0], y - this.cursor[1]));
    const nearest = far.indexOf(Math.min(...far));
    this.put(points.filter((_, n) => n !== nearest), this.cursor);
    this.save();
  }

  // ---- drawing

  draw() {
    const { chart, state, mean, deviation } = this;
    chart.layOut({ x: X, y: Y });
    const curve = (values) => Array.from(GRID, (x, k) => [x, values[k]]);
    const band = (width) => [
      ...curve(mean.map((m, k) => m + width(k))),
      ...curve(mean.map((m, k) => m - width(k))).reverse(),
    ];
    chart.line("outer", band((k) => 2 * Math.hypot(deviation[k], state.noise)));
    chart.line("inner", band((k) => 2 * deviation[k]));
    const gap = [0, Number.NaN];
    chart.line("single", this.found.slice(0, SINGLE).flatMap((f) => [...curve(f), gap]));
    chart.line("mean", curve(mean));
    chart.line("scaled", curve(this.scaled));
    this.points.draw(state.points, this.cursor);
    for (const [name, range] of Object.entries(this.sliders)) range.show(state[name]);
    this.activation.input.value = state.activation;
    change(this.player.button, { disabled: this.over() });
    this.drawNumbers();
  }

  // Mean and deviation at an x, between two places of the grid.
  at(x) {
    const place = ((x - X[0]) / (X[1] - X[0])) * (GRID.length - 1);
    const low = Math.min(GRID.length - 2, Math.floor(place));
    const mixed = (values) => values[low] + (place - low) * (values[low + 1] - values[low]);
    return { mean: mixed(this.mean), deviation: mixed(this.deviation) };
  }

  drawNumbers() {
    const { points, noise } = this.state;
    const here = this.at(this.cursor[0]);
    const squares = points.map(([x, y]) => (this.at(x).mean - y) ** 2);
    const miss = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / points.length);
    const label = Math.hypot(here.deviation, noise);
    this.fitted.show({
      step: count(this.fit.step),
      points: String(points.length),
      alpha: magnitude(penalty(this.state, points.length)),
      miss: decimal(miss, 3),
    });
    this.there.showDecimals({ ...here, label }, 3);
    change(this.here, { text: `At the cursor, x = ${decimal(this.cursor[0])}:` });
    this.say(this.sentence(here));
  }

  sentence(here) {
    const { points, keep } = this.state;
    const start = `${count(this.fit.step)} steps, ${points.length} point${points.length > 1 ? "s" : ""}.`;
    if (keep === 1) return `${start} With p = 1 all masks are the same: no spread, no doubt.`;
    const inside = points.map(([x]) => this.at(x).deviation);
    const typical = inside.reduce((sum, value) => sum + value, 0) / inside.length;
    return (
      `${start} At x = ${decimal(this.cursor[0])} the passes say ${decimal(here.mean)} ± ` +
      `${decimal(2 * here.deviation)}; at the points their deviation is ${decimal(typical, 3)} on average.`
    );
  }
}

const render = (host) => new DropoutRegression(host).cleanup;

export default { render };
