// ElboTerms: a one-dimensional q moved against the exact posterior; the bound as its two terms.
import { Chart } from "../shared/chart.js";
import { button, change, choice, decimal, html, reducedMotion } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { NumberList } from "../shared/numbers.js";
import { slider } from "../shared/sliders.js";
import { DECODERS, climb, logEvidence, logJoint, terms } from "./bound.js";

const HINT =
  "Move q with its two sliders. The gap between log p(x) and the bound is the divergence of q from " +
  "the exact posterior: it closes where the two curves agree, which only a Gaussian posterior lets " +
  "happen. Climb takes steps uphill on the bound.";
const TRAITS = ["decoder", "x", "noise", "mean", "deviation"];
const LOW = -4;
const HIGH = 4;
const POINTS = 400;
const GRID = Array.from({ length: POINTS + 1 }, (_, k) => LOW + ((HIGH - LOW) * k) / POINTS);
const MOST_STEPS = 400;
const CURVES = {
  prior: { text: "prior p(z)" },
  posterior: { text: "posterior p(z | x)", area: true },
  q: { text: "q(z)" },
};
const normal = (z, mean, deviation) =>
  Math.exp(-0.5 * ((z - mean) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI));

class ElboTerms extends Figure {
  constructor(host) {
    super(host, { name: "elbo", label: "The evidence lower bound and its terms", hint: HINT });
    this.chart = new Chart({ x: "latent number z", y: "density", curves: CURVES });
    this.buildControls();
    this.buildBars();
    this.load();
    this.attach(this.bar, this.sliders, this.columns);
    this.onResize(this.left, 230, 520, (width) => {
      this.chart.layOut({ width, height: 250 });
    });
    this.follow(TRAITS);
    this.signal.addEventListener("abort", () => this.stop());
  }

  buildControls() {
    const options = Object.entries(DECODERS).map(([key, { text }]) => [key, text]);
    this.choice = choice("Decoder", options, "line", (decoder) => this.configure({ decoder }, true));
    const primary = { class: "dld-button dld-primary" };
    this.climbButton = button("Climb", () => this.toggle(), primary);
    this.stepButton = button("One step", () => this.once());
    const reset = button("Reset", () => this.configure({ ...this.first }, true));
    const buttons = [this.climbButton, this.stepButton, reset];
    this.bar = html("div", { class: "dld-bar" }, this.choice.box, ...buttons);
    const two = (value) => decimal(value, 2);
    const set = (name) => (value, settled) => this.configure({ [name]: value }, settled);
    const deviation = (value, settled) => this.configure({ deviation: Math.exp(value) }, settled);
    const wide = { min: Math.log(0.03), max: Math.log(3), step: 0.005, value: 0 };
    const signed = { min: -4, max: 4, step: 0.01, value: 0, text: two };
    this.ranges = {
      mean: slider("Mean of q", signed, set("mean")),
      deviation: slider(
        "Deviation of q",
        { ...wide, text: (value) => decimal(Math.exp(value), 3) },
        deviation,
      ),
      x: slider("Observed x", signed, set("x")),
      noise: slider("Noise σ", { min: 0.1, max: 2, step: 0.01, value: 1, text: two }, set("noise")),
    };
    const boxes = Object.values(this.ranges).map(({ box }) => box);
    this.sliders = html("div", { class: "dld-sliders" }, ...boxes);
  }

  buildBars() {
    this.numbers = new NumberList({
      reconstruction: "E_q log p(x | z)",
      divergence: "KL(q ‖ prior)",
      bound: "Bound: first − second",
      evidence: "log p(x), exact",
      gap: "Gap = KL(q ‖ posterior)",
    });
    this.fills = {};
    for (const [key, { box }] of Object.entries(this.numbers.rows)) {
      this.fills[key] = html("span", { class: "dld-fill" });
      box.classList.add("dld-term");
      box.append(html("span", { class: "dld-track", "aria-hidden": "true" }, this.fills[key]));
    }
    this.left = html("div", { class: "dld-main" }, this.chart.box);
    const right = html("div", { class: "dld-side" }, this.numbers.box);
    this.columns = html("div", { class: "dld-columns" }, this.left, right);
  }

  // ---- state

  load() {
    this.state = Object.fromEntries(TRAITS.map((name) => [name, this.model.get(name)]));
    this.first ??= { ...this.state };
    this.compute();
  }

  compute() {
    const { decoder, x, noise } = this.state;
    const key = [decoder, x, noise].join();
    if (key !== this.key) {
      this.key = key;
      this.evidence = logEvidence(this.state);
      this.posterior = GRID.map((z) => [z, Math.exp(logJoint(this.state, z) - this.evidence)]);
    }
    const found = terms(this.state, this.state);
    this.found = { ...found, evidence: this.evidence, gap: this.evidence - found.bound };
  }

  configure(changes, settled) {
    this.stop();
    this.apply(changes);
    if (settled) this.save();
  }

  apply(changes) {
    this.state = { ...this.state, ...changes };
    this.compute();
    this.draw();
  }

  save() {
    const { reconstruction, divergence, bound, evidence } = this.found;
    this.write({ ...this.state, reconstruction, divergence, bound, evidence });
  }

  // ---- climbing

  once() {
    this.stop();
    const next = climb(this.state, this.state);
    if (next) this.apply(next);
    this.save();
  }

  toggle() {
    if (this.timer) {
      this.stop();
      this.save();
      return;
    }
    if (reducedMotion()) {
      this.rise(MOST_STEPS);
      return;
    }
    change(this.climbButton, { text: "Stop" });
    this.remaining = MOST_STEPS;
    this.tick();
  }

  tick() {
    this.timer = setTimeout(() => {
      const next = this.remaining > 0 ? climb(this.state, this.state) : null;
      this.remaining -= 1;
      if (next) {
        this.apply(next);
        this.tick();
      } else {
        this.stop();
        this.save();
      }
    }, 40);
  }

  rise(steps) {
    for (let n = 0; n < steps; n += 1) {
      const next = climb(this.state, this.state);
      if (!next) break;
      Object.assign(this.state, next);
    }
    this.apply({});
    this.save();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    change(this.climbButton, { text: "Climb" });
  }

  // ---- drawing

  draw() {
    const { state, chart, posterior } = this;
    const curve = GRID.map((z) => [z, normal(z, state.mean, state.deviation)]);
    const highest = Math.max(...posterior.map(([, p]) => p), 0.5);
    const peak = Math.min(normal(0, 0, state.deviation), 2.2 * highest); // a needle is cut off
    const top = Math.ceil(2.2 * Math.max(highest, peak)) / 2;
    chart.layOut({ x: [LOW, HIGH], y: [0, top] });
    chart.line("prior", GRID.map((z) => [z, normal(z, 0, 1)]));
    chart.line("posterior", posterior);
    chart.line("q", curve);
    for (const name of ["mean", "x", "noise"]) this.ranges[name].show(state[name]);
    this.ranges.deviation.show(Math.log(state.deviation));
    this.choice.input.value = state.decoder;
    this.drawBars();
    this.say(this.sentence());
  }

  drawBars() {
    const most = Math.max(...Object.values(this.found).map(Math.abs), 1);
    this.numbers.showDecimals(this.found, 3);
    for (const [key, fill] of Object.entries(this.fills)) {
      const number = this.found[key];
      fill.style.width = `${(100 * Math.abs(number)) / most}%`;
      change(fill, { "data-sign": number < 0 ? "minus" : "plus" });
    }
  }

  sentence() {
    const { bound, evidence, gap } = this.found;
    const tight = gap < 5e-4 ? "The bound is tight: q is the posterior." : `${decimal(gap, 3)} nats are missing.`;
    return `Bound ${decimal(bound, 3)}, log p(x) = ${decimal(evidence, 3)}. ${tight}`;
  }
}

const render = (host) => new ElboTerms(host).cleanup;

export default { render };
