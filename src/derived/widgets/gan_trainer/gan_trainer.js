// GanTrainer: a generator and a discriminator on a line, trained against each other in the page.
import { Chart } from "../shared/chart.js";
import { button, change, count, decimal, html, reducedMotion } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { forward, parameterLists } from "../shared/network.js";
import { NumberList } from "../shared/numbers.js";
import { Player } from "../shared/player.js";
import { createGame, takeStep } from "./game.js";
import { Lines } from "./lines.js";
import { MIDDLES, measure, quantiles } from "./measures.js";
import { Settings } from "./settings.js";

const HINT =
  "Train, or take one step at a time. Each line below carries the same share of the noise to where " +
  "G puts it. D* is the best discriminator for the present G; where G matches the data it is ½ " +
  "everywhere. For a collapse, G starts on one of two Gaussians with a fast D.";
const TRAITS = {
  data: "data",
  loss: "loss",
  k: "k",
  generatorRate: "generator_rate",
  discriminatorRate: "discriminator_rate",
  start: "start",
  seed: "seed",
};
const COLLAPSE = {
  data: "two",
  loss: "non-saturating",
  k: 3,
  generatorRate: 0.02,
  discriminatorRate: 0.3,
  start: -2,
};
const CURVES = {
  data: { text: "data p(x)", area: true },
  model: { text: "generated p_g(x)" },
  d: { text: "D(x)" },
  best: { text: "best D*(x) for this G" },
};
const LOSSES = {
  even: { text: "log 4" },
  dloss: { text: "L_D" },
  gloss: { text: "L_G" },
};
const NUMBERS = {
  step: "Step",
  dloss: "L_D = −V(D, G)",
  least: "L_D of D*: log 4 − 2 JS",
  gloss: "L_G",
  divergence: "JS(p, p_g), nats",
  pull: "Mean |∂L_G/∂x| of a sample",
  left: "Share of G at the mode",
  right: "Share of G at the right mode",
};
const NOISE = Float64Array.from(quantiles(41));
const SHOWN = 5; // of the x axis, to both sides
const REACH = 2.5; // of the z axis below the chart
const LAST_STEP = 50000;
const SETTLED = 200; // before so many steps nothing is called a collapse
const MOST_SEED = 9999;
const MOST_POINTS = 400;
const percent = (share) => `${decimal(100 * share, 1)} %`;

class GanTrainer extends Figure {
  constructor(host) {
    super(host, { name: "gan", label: "Generator against discriminator", hint: HINT });
    this.chart = new Chart({ x: "x", y: "density, probability", curves: CURVES });
    this.losses = new Chart({ x: "step", y: "loss", curves: LOSSES });
    this.lines = new Lines(NOISE.length);
    this.settings = new Settings((changes) => this.configure(changes));
    this.buildControls();
    this.buildReadouts();
    this.load();
    this.attach(this.bar, this.settings.box, this.columns);
    this.listen();
  }

  buildControls() {
    this.player = new Player(this, {
      start: "Train",
      stop: "Stop",
      step: () => takeStep(this.game),
      pace: () => (reducedMotion() ? { most: 150, time: 200 } : { most: 8, time: 10 }),
      over: () => this.over(),
      shown: () => {
        this.look();
        this.draw();
      },
      settled: () => this.save(),
    });
    this.stepButton = button("One step", () => this.stepOnce());
    const seed = () => ({ seed: (this.configuration.seed + 1) % (MOST_SEED + 1) });
    const buttons = [
      button("Reset", () => this.configure({})),
      button("New weights", () => this.configure(seed())),
      button("Set up a collapse", () => this.configure(COLLAPSE)),
    ];
    this.bar = html("div", { class: "dld-bar" }, this.player.button, this.stepButton, ...buttons);
  }

  buildReadouts() {
    this.numbers = new NumberList(NUMBERS);
    this.left = html("div", { class: "dld-main" }, this.chart.box, this.lines.surface);
    this.right = html("div", { class: "dld-side" }, this.numbers.box, this.losses.box);
    this.columns = html("div", { class: "dld-columns" }, this.left, this.right);
  }

  listen() {
    this.onResize(this.left, 230, 520, (width) => {
      this.chart.layOut({ width, height: 250 });
    });
    this.onResize(this.right, 230, 420, (width) => {
      this.losses.layOut({ width, height: 150 });
    });
    this.follow(Object.values(TRAITS));
  }

  // ---- state

  load() {
    const read = ([name, trait]) => [name, this.model.get(trait)];
    this.begin(Object.fromEntries(Object.entries(TRAITS).map(read)));
  }

  begin(configuration) {
    this.player.pause();
    this.configuration = configuration;
    this.game = createGame(configuration);
    this.history = [];
    this.look();
    this.settings.show(configuration);
  }

  look() {
    this.found = measure(this.game);
    const { value, generatorLoss } = this.found;
    this.history.push([this.game.step, -value, generatorLoss]);
    if (this.history.length > MOST_POINTS) this.history = this.history.filter((_, n) => n % 2 === 0);
  }

  configure(changes) {
    this.begin({ ...this.configuration, ...changes });
    const trait = ([name, key]) => [key, this.configuration[name]];
    this.write(Object.fromEntries(Object.entries(TRAITS).map(trait)));
    this.draw();
    this.save();
  }

  save() {
    const { value, generatorLoss, divergence, pull, shares } = this.found;
    this.write({
      step: this.game.step,
      generator: parameterLists(this.game.generator),
      discriminator: parameterLists(this.game.discriminator),
      metrics: { value, generator_loss: generatorLoss, divergence, pull, shares: [...shares] },
    });
  }

  // ---- time

  over() {
    return this.game.step >= LAST_STEP || !Number.isFinite(this.found.value);
  }

  stepOnce() {
    this.player.pause();
    if (!this.over()) takeStep(this.game);
    this.look();
    this.draw();
    this.save();
  }

  // ---- drawing

  draw() {
    const { chart, found, game } = this;
    const points = (values) => Array.from(MIDDLES, (x, k) => [x, values[k]]);
    const curve = (values) => points(values).filter(([x]) => Math.abs(x) <= SHOWN);
    chart.layOut({ x: [-SHOWN, SHOWN], y: [0, 1.1] });
    chart.line("data", curve(found.data));
    chart.line("model", curve(found.model));
    chart.line("d", curve(found.discriminator));
    chart.line("best", curve(found.optimal));
    this.lines.layOut(chart, REACH);
    const places = forward(game.generator, NOISE, NOISE.length).output;
    this.lines.draw(chart, Array.from(NOISE, (z, n) => [z, places[n]]));
    this.drawLosses();
    this.drawNumbers();
    change(this.player.button, { disabled: this.over() });
    change(this.stepButton, { disabled: this.over() });
    this.say(this.sentence());
  }

  drawLosses() {
    const { losses, history } = this;
    const shown = history.flatMap(([, d, g]) => [d, g]).filter(Number.isFinite);
    const high = Math.min(6, Math.ceil(2 * Math.max(1.5, ...shown)) / 2);
    const low = Math.max(-4, Math.floor(2 * Math.min(0, ...shown)) / 2);
    const last = Math.max(200, history.at(-1)[0]);
    losses.layOut({ x: [0, last], y: [low, high] });
    const even = Math.log(4);
    losses.line("even", [0, last].map((x) => [x, even]));
    losses.line("dloss", history.map(([step, d]) => [step, d]));
    losses.line("gloss", history.map(([step, , g]) => [step, g]));
  }

  drawNumbers() {
    const { value, best, generatorLoss, divergence, pull, shares } = this.found;
    const texts = { step: count(this.game.step), dloss: decimal(-value, 4), least: decimal(-best, 4) };
    Object.assign(texts, { gloss: decimal(generatorLoss, 4), divergence: decimal(divergence, 4) });
    Object.assign(texts, { pull: decimal(pull, 4), left: percent(shares[0]) });
    texts.right = shares.length > 1 ? percent(shares[1]) : "–";
    this.numbers.show(texts);
    const left = shares.length > 1 ? "Share of G at the left mode" : NUMBERS.left;
    this.numbers.rename("left", left);
  }

  sentence() {
    const { value, divergence, shares } = this.found;
    if (!Number.isFinite(value)) return `Step ${this.game.step}: the losses have left all bounds. Lower a rate.`;
    const start = `Step ${count(this.game.step)}: L_D = ${decimal(-value, 3)}, JS divergence ${decimal(divergence, 3)} nats.`;
    return `${start} ${this.judgement(divergence, shares)}`;
  }

  judgement(divergence, shares) {
    const onlyOne = Math.min(...shares) < 0.05 && Math.max(...shares) > 0.6;
    if (this.game.step >= SETTLED && shares.length > 1 && onlyOne) {
      const side = shares[0] > shares[1] ? "left" : "right";
      return `Collapse: G makes almost only the ${side} mode.`;
    }
    if (divergence < 0.01) return "G makes nearly the data.";
    const found = shares.map(percent).join(" and ");
    return `G puts ${found} of its mass at the mode${shares.length > 1 ? "s" : ""}.`;
  }
}

const render = (host) => new GanTrainer(host).cleanup;

export default { render };
