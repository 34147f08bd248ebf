// NetworkTrainer: a small network on points in the plane, trained in the page.
import { button, change, count, decimal, html } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { parameterLists } from "../shared/network.js";
import { Player } from "../shared/player.js";
import { Address } from "./address.js";
import { DEFAULTS, MOST_SEED, valid } from "./configuration.js";
import { Curve } from "./curve.js";
import { SET_NAMES } from "./samples.js";
import { Settings } from "./settings.js";
import { Surface, Units, colorsOf } from "./surface.js";
import { createTraining, diverged, surface, trainEpoch } from "./training.js";

const HINT =
  "Choose data and network, then press Play; Step trains for one epoch, Reset starts again from " +
  "the same seed. Circles are class 0, squares class 1. On the line the network is undecided; " +
  "the color deepens with its confidence.";
const SIDE = 64; // cells of the surface along one axis
const LAST_EPOCH = 20000;
const TRAITS = {
  dataset: "dataset",
  noise: "noise",
  hidden: "hidden",
  activation: "activation",
  learningRate: "learning_rate",
  batchSize: "batch_size",
  seed: "seed",
};

const percent = (share) => `${decimal(100 * share, 1)} %`;

class Scores {
  constructor() {
    this.cells = {};
    const row = (name, title, parts) => {
      const cells = parts.map((part) => {
        this.cells[part + name] = html("td", { "data-number": `${part}-${name}` });
        return this.cells[part + name];
      });
      return html("tr", {}, html("th", { scope: "row", text: title }), ...cells);
    };
    const head = ["", "training", "test"].map((text) =>
      text ? html("th", { scope: "col", text }) : html("td"),
    );
    const parts = ["train", "test"];
    const body = [row("loss", "loss", parts), row("accuracy", "accuracy", parts)];
    const table = html("table", { class: "dld-table dld-scores" });
    table.append(html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...body));
    this.line = html("p", { class: "dld-epoch" });
    this.box = html("div", {}, this.line, table);
  }

  draw({ epoch, history, network: { weights, biases } }) {
    const entry = history[history.length - 1];
    const parameters = [...weights, ...biases].reduce((sum, array) => sum + array.length, 0);
    change(this.line, { text: `Epoch ${count(epoch)} · ${count(parameters)} parameters` });
    for (const part of ["train", "test"]) {
      change(this.cells[`${part}loss`], { text: decimal(entry[part].loss, 4) });
      change(this.cells[`${part}accuracy`], { text: percent(entry[part].accuracy) });
    }
  }
}

class NetworkTrainer extends Figure {
  constructor(host) {
    super(host, { name: "trainer", label: "Network trainer", hint: HINT });
    this.address = new Address(this.model.get("url_key"));
    this.size = 340;
    this.showTest = false;
    this.configuration = DEFAULTS;
    this.settings = new Settings((changes) => this.configure(changes));
    this.parts = { surface: new Surface(), units: new Units(), curve: new Curve() };
    this.scores = new Scores();
    this.buildControls();
    const linked = this.address.read(this.fromTraits());
    this.adopt(linked || this.fromTraits());
    this.attach(this.bar, this.settings.box, this.columns);
    this.listen();
    if (linked) this.root.scrollIntoView({ block: "start" });
  }

  buildControls() {
    this.player = new Player(this, {
      start: "Play",
      stop: "Pause",
      step: () => trainEpoch(this.training),
      pace: () => ({ most: this.training.epoch < 60 ? 1 : 4, time: 10 }),
      over: () => this.over(),
      shown: () => this.draw(),
      settled: () => this.save(),
    });
    this.stepButton = button("Step", () => this.stepOnce());
    const reset = button("Reset", () => this.reset());
    const seed = () => ({ seed: (this.configuration.seed + 1) % (MOST_SEED + 1) });
    const renew = button("New seed", () => this.configure(seed()));
    const share = async () => this.say(await this.address.share(this.configuration));
    const link = button("Copy link", share, { hidden: !this.address.available });
    this.bar = html(
      "div",
      { class: "dld-bar" },
      this.player.button,
      this.stepButton,
      reset,
      renew,
      link,
    );
    const check = html("input", { type: "checkbox" });
    check.addEventListener("change", () => {
      this.showTest = check.checked;
      this.draw();
    });
    const label = html("span", { text: "show the test points (hollow)" });
    const test = html("label", { class: "dld-check" }, check, label);
    const { surface: picture, units, curve } = this.parts;
    const caption = html("p", { class: "dld-caption", text: "What each hidden unit answers:" });
    this.left = html("div", { class: "dld-main" }, picture.canvas, test);
    const side = [this.scores.box, curve.surface, caption, units.box];
    const right = html("div", { class: "dld-side" }, ...side);
    this.columns = html("div", { class: "dld-columns" }, this.left, right);
  }

  listen() {
    this.onResize(this.left, 220, 400, (width) => {
      this.size = width;
    });
    this.address.watch(
      () => this.configuration,
      (wanted) => this.configure(wanted),
      this.signal,
    );
    this.watch(Object.values(TRAITS), () => {
      this.adopt(this.fromTraits());
      this.draw();
    });
  }

  // ---- configuration

  fromTraits() {
    const read = ([name, trait]) => [name, this.model.get(trait)];
    return valid(Object.fromEntries(Object.entries(TRAITS).map(read)));
  }

  adopt(configuration) {
    this.player.pause();
    this.configuration = configuration;
    this.settings.show(configuration);
    this.training = createTraining(configuration);
  }

  configure(changes) {
    this.adopt(valid(changes, this.configuration));
    const { configuration } = this;
    const trait = ([name, key]) => [key, configuration[name]];
    this.write(Object.fromEntries(Object.entries(TRAITS).map(trait)));
    this.address.write(configuration);
    this.draw();
    this.save();
  }

  reset() {
    this.adopt(this.configuration);
    this.draw();
    this.save();
  }

  save() {
    const { epoch, history, network, train } = this.training;
    const last = history[history.length - 1];
    const row = (label, n) => [train.x[2 * n], train.x[2 * n + 1], label];
    this.write({
      epoch,
      parameters: parameterLists(network),
      points: Array.from(train.y, row),
      metrics: {
        train_loss: last.train.loss,
        test_loss: last.test.loss,
        train_accuracy: last.train.accuracy,
        test_accuracy: last.test.accuracy,
      },
    });
  }

  // ---- time

  over() {
    return diverged(this.training) || this.training.epoch >= LAST_EPOCH;
  }

  stepOnce() {
    this.player.pause();
    if (!this.over()) trainEpoch(this.training);
    this.draw();
    this.save();
  }

  // ---- drawing

  draw() {
    const { training, configuration, size, showTest } = this;
    const text = this.sentence();
    const grid = surface(training.network, SIDE);
    const colors = colorsOf(this.root);
    const name = SET_NAMES[configuration.dataset].toLowerCase();
    const label = `Decision surface on the data set ${name}. ${text}`;
    this.parts.surface.draw(grid, training, { size, showTest, label, colors });
    this.parts.units.draw(grid, colors);
    this.parts.curve.draw(training.history, `Loss against epoch. ${text}`);
    this.scores.draw(training);
    change(this.player.button, { disabled: this.over() });
    change(this.stepButton, { disabled: this.over() });
    this.say(text);
  }

  sentence() {
    const { epoch, history } = this.training;
    const { train, test } = history[history.length - 1];
    if (diverged(this.training)) {
      return `Epoch ${epoch}: the loss has left all bounds. Lower the learning rate.`;
    }
    return (
      `Epoch ${epoch}: training loss ${decimal(train.loss, 4)}, accuracy ` +
      `${percent(train.accuracy)}; test loss ${decimal(test.loss, 4)}, accuracy ` +
      `${percent(test.accuracy)}.`
    );
  }
}

const render = (host) => new NetworkTrainer(host).cleanup;

export default { render };
