// PerceptronExplorer: points and boundary to drag, the learning rule one mistake at a time,
// Novikoff's bound live.
import { button, change, choice, decimal, html, reducedMotion } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { newRun, nextMistake, step, updatesNeeded } from "./learning.js";
import { largestMargin, radiusOf } from "./margin.js";
import { Plot } from "./plot.js";
import { PRESETS, domain } from "./presets.js";
import { Readouts, UpdateTable, vector } from "./readouts.js";
import { Wedge } from "./wedge.js";

const HINT =
  "Drag points, or the two handles of the boundary: the square one moves it, the round one turns " +
  "it. Keys: Tab to a point or handle, arrows move it (with Shift ten times as far); Page Down " +
  "and Page Up go to the next and the previous point, Enter flips its class, Delete removes it.";
const MOST_POINTS = 40;
const LIMIT = 20000; // updates after which "in all" gives up counting
const RUN_LIMIT = 2000; // updates after which Run stops by itself
const ZERO = [0, 0, 0];

const copy = (points) => points.map((point) => [...point]);

class PerceptronExplorer extends Figure {
  constructor(host) {
    super(host, { name: "perceptron", label: "Perceptron explorer", hint: HINT });
    this.limit = LIMIT;
    this.selected = 0;
    this.showWidest = false;
    this.plot = new Plot(this, this.signal);
    this.wedge = new Wedge();
    this.readouts = new Readouts();
    this.table = new UpdateTable();
    this.buildControls();
    this.plot.resize(400);
    this.load();
    this.attach(this.bar, this.columns);
    this.onResize(this.left, 240, 440, (width) => this.plot.resize(width));
    this.follow(["preset", "points", "weights"]);
    this.signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  buildControls() {
    const names = Object.entries(PRESETS).map(([key, { name }]) => [key, name]);
    const pick = (value) => this.choosePreset(value);
    this.presets = choice("Points", [...names, ["custom", "Your own"]], "clouds", pick);
    const primary = { class: "dld-button dld-primary" };
    this.stepButton = button("Step", () => this.stepOnce(), primary);
    this.playButton = button("Run", () => this.play());
    const reset = button("Reset", () => this.reset());
    const line = button("Own line", () => this.ownLine());
    this.flipButton = button("Flip", () => this.flip());
    this.removeButton = button("Remove", () => this.remove());
    const named = (label) => ({ "aria-label": label });
    const zero = button("Add ●", () => this.add(0), named("Add ● class 0"));
    const one = button("Add ■", () => this.add(1), named("Add ■ class 1"));
    const check = html("input", { type: "checkbox" });
    check.addEventListener("change", () => {
      this.showWidest = check.checked;
      this.draw();
    });
    const text = html("span", { text: "show the widest margin (dashed)" });
    const widest = html("label", { class: "dld-check" }, check, text);
    const main = [this.presets.box, this.stepButton, this.playButton, reset, line];
    this.bar = html("div", { class: "dld-bar" }, ...main);
    const tools = [zero, one, this.flipButton, this.removeButton];
    const toolbar = html("div", { class: "dld-bar dld-tools" }, ...tools);
    this.left = html("div", { class: "dld-main" }, this.plot.surface, toolbar, widest);
    const side = [this.readouts.box, this.wedge.box, this.table.box];
    const right = html("div", { class: "dld-side" }, ...side);
    this.columns = html("div", { class: "dld-columns" }, this.left, right);
  }

  // ---- state

  load() {
    const preset = this.model.get("preset");
    const known = Object.hasOwn(PRESETS, preset);
    this.preset = known ? preset : "custom";
    this.points = copy(known ? PRESETS[preset].points : this.model.get("points") || []);
    this.domain = domain(this.points);
    this.selected = 0;
    this.presets.input.value = this.preset;
    this.restart(this.model.get("weights") || ZERO);
    this.measure();
  }

  measure() {
    this.radius = radiusOf(this.points);
    this.best = largestMargin(this.points);
    this.needed = this.best ? updatesNeeded(this.points, LIMIT) : null;
  }

  restart(weights = ZERO) {
    this.stop();
    this.run = newRun([...weights]);
    this.pure = weights.every((value) => value === 0);
    this.lastAction = "";
    this.plot.handles.anchor = null;
  }

  save() {
    this.write({
      preset: this.preset,
      points: this.preset === "custom" ? copy(this.points) : [],
      weights: [...this.run.weights],
      updates: this.run.updates,
    });
  }

  // After a change of the points the run goes on from its weights, but it is no longer one run.
  pointsChanged() {
    this.preset = this.presets.input.value = "custom";
    if (this.run.updates > 0) this.pure = false;
    const { seen } = newRun(this.run.weights);
    const position = this.run.position % Math.max(1, this.points.length);
    Object.assign(this.run, { seen, cycle: null, position });
    this.measure();
    this.draw();
  }

  // ---- what the reader does

  choosePreset(value) {
    this.preset = value;
    if (value !== "custom") {
      this.write({ preset: value, points: [], weights: [...ZERO], updates: 0 });
      this.load();
      this.draw();
    }
    this.save();
  }

  select(index) {
    if (this.selected === index) return;
    this.selected = index;
    this.draw();
  }

  movePoint(index, [x, y]) {
    this.points[index] = [x, y, this.points[index][2]];
    this.lastAction = `Point ${index + 1} at (${decimal(x)}, ${decimal(y)}).`;
    this.pointsChanged();
  }

  flip() {
    const point = this.points[this.selected];
    if (!point) return;
    point[2] = 1 - point[2];
    this.lastAction = `Point ${this.selected + 1} is now of class ${point[2]}.`;
    this.pointsChanged();
    this.save();
  }

  remove() {
    if (!this.points.length) return;
    const focused = this.plot.surface.contains(document.activeElement);
    this.points.splice(this.selected, 1);
    this.lastAction = `Point ${this.selected + 1} removed.`;
    this.selected = Math.max(0, Math.min(this.selected, this.points.length - 1));
    this.pointsChanged();
    if (focused) this.plot.points.focus(this.selected);
    this.save();
  }

  add(label) {
    if (this.points.length >= MOST_POINTS) {
      this.say(`There is room for ${MOST_POINTS} points; remove one first.`);
      return;
    }
    this.points.push([...this.freePlace(), label]);
    this.selected = this.points.length - 1;
    this.lastAction = `Point ${this.points.length} of class ${label} added.`;
    this.pointsChanged();
    this.plot.points.focus(this.selected);
    this.save();
  }

  // The place on a coarse grid that is farthest from all points.
  freePlace() {
    const [low, high] = this.domain;
    const ticks = Array.from({ length: 11 }, (_, i) => low + ((high - low) * (i + 1)) / 12);
    const places = ticks.flatMap((x) => ticks.map((y) => [x, y].map((v) => Number(v.toFixed(2)))));
    const room = ([x, y]) => Math.min(9, ...this.points.map((p) => Math.hypot(p[0] - x, p[1] - y)));
    return places.reduce((best, place) => (room(place) > room(best) + 1e-9 ? place : best));
  }

  ownLine() {
    const middle = (this.domain[0] + this.domain[1]) / 2;
    this.plot.handles.anchor = null;
    this.setLine([-2 * middle, 1, 1]);
    this.settled();
  }

  setLine(weights) {
    this.stop();
    this.run = newRun(weights);
    this.pure = false;
    this.lastAction = `Your own boundary, w = ${vector(weights)}.`;
    this.draw();
  }

  settled() {
    this.save();
  }

  reset() {
    this.restart();
    this.draw();
    this.save();
  }

  // ---- learning

  stepOnce() {
    this.stop();
    this.learn();
    this.draw();
    this.save();
  }

  learn() {
    const before = this.run.weights;
    if (!step(this.run, this.points)) return false;
    const { log, updates, visits, position, weights } = this.run;
    const index = (position + this.points.length - 1) % this.points.length;
    const [x1, x2, label] = this.points[index];
    const epoch =
      log.length === updates ? log[updates - 1].epoch : Math.ceil(visits / this.points.length);
    this.lastAction =
      `Update ${updates}, epoch ${epoch}: point ${index + 1} has class ${label}, output ` +
      `${1 - label}; w ← ${vector(before)} ${label ? "+" : "−"} ${vector([1, x1, x2])} = ` +
      `${vector(weights)}.`;
    return true;
  }

  over() {
    const done = nextMistake(this.points, this.run.weights, 0) === null;
    return done || this.run.updates >= RUN_LIMIT;
  }

  tick() {
    const rounds = this.run.updates < 60 ? 1 : 10;
    for (let i = 0; i < rounds && !this.over(); i += 1) this.learn();
    const over = this.over();
    if (over) this.stop();
    else this.timer = setTimeout(() => this.tick(), Math.max(40, 420 * 0.93 ** this.run.updates));
    this.draw();
    if (over) this.save();
  }

  play() {
    if (this.timer) {
      this.stop();
      this.draw();
      this.save();
    } else if (reducedMotion()) {
      while (!this.over() && this.run.cycle === null) this.learn();
      this.draw();
      this.save();
    } else {
      change(this.playButton, { text: "Pause" });
      this.tick();
    }
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    change(this.playButton, { text: "Run" });
  }

  // ---- drawing

  draw() {
    const { run, points, best, radius, pure, selected } = this;
    const mistake = nextMistake(points, run.weights, run.position);
    this.next = mistake ? mistake.index : null;
    const lengths = run.log.map((entry) => Math.hypot(...entry.after));
    this.plot.draw(this);
    this.wedge.draw({ best, radius, pure, lengths });
    this.table.draw(run.log);
    this.readouts.draw(this);
    const none = !points.length;
    const number = none ? "" : ` ${selected + 1}`;
    change(this.stepButton, { disabled: !mistake });
    change(this.playButton, { disabled: !mistake && !this.timer });
    change(this.flipButton, { disabled: none, text: `Flip${number}` });
    change(this.removeButton, { disabled: none, text: `Remove${number}` });
    this.say(`${this.lastAction} ${this.situation(mistake)}`.trim());
  }

  situation(mistake) {
    const { run, points, best } = this;
    if (!points.length) return "There are no points: add some.";
    if (!mistake) {
      const epoch = Math.ceil(run.visits / points.length) + 1;
      const after = `${run.updates} update${run.updates === 1 ? "" : "s"}`;
      return `✓ No mistake is left after ${after}: epoch ${epoch} is the first without one.`;
    }
    if (run.cycle !== null) {
      return `A cycle: the same weights return every ${run.cycle} updates, for ever.`;
    }
    if (run.updates >= RUN_LIMIT) return `Run stops after ${RUN_LIMIT} updates; Step goes on.`;
    const separable = best ? "" : " No line separates the classes, so the rule never ends.";
    return `Next mistake: point ${mistake.index + 1} (ringed).${separable}`;
  }
}

const render = (host) => new PerceptronExplorer(host).cleanup;

export default { render };
