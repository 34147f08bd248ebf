// NetworkTrainer: a small network on points in the plane, trained in the page.
import { button, change, choice, count, decimal, html, numberField, reducedMotion } from "../shared/dom.js";
import { createFigure, writer } from "../shared/figure.js";
import { ACTIVATION_NAMES, BATCHES, DEFAULTS, MOST_LAYERS, MOST_NOISE, MOST_SEED, MOST_UNITS, RATES, fromHash, toHash, valid } from "./configuration.js";
import { colorsOf, createCurve, createSurface, createUnits } from "./pictures.js";
import { SET_NAMES } from "./samples.js";
import { SAMPLES, createTraining, diverged, parameterLists, surface, trainEpoch } from "./training.js";

const HINT = "Choose data and network, then press Play; Step trains for one epoch, Reset starts again from the same "
  + "seed. The dark line is where the network answers one half; circles are class 0, squares class 1.";
const SIDE = 64, LAST_EPOCH = 20000;
const TRAITS = { dataset: "dataset", noise: "noise", hidden: "hidden", activation: "activation",
  learningRate: "learning_rate", batchSize: "batch_size", seed: "seed" };
const pairs = (names) => Object.entries(names);

// Inside JupyterLab, or in a frame of Colab or VS Code, the address is not the figure's to write.
const ownsAddress = () => window.top === window && !document.body.dataset.jpThemeLight
  && !document.querySelector(".jp-LabShell, .jp-Notebook");

function createLayers(action) {
  const fields = html("div", { class: "dld-layers" });
  const more = button("Add layer", () => action((hidden) => [...hidden, 4]));
  const fewer = button("Remove layer", () => action((hidden) => hidden.slice(0, -1)));
  const box = html("div", { class: "dld-bar dld-layerbar", role: "group", "aria-label": "Hidden layers" }, fields, more, fewer);
  return {
    box,
    show(hidden) {
      while (fields.children.length > hidden.length) fields.lastChild.remove();
      while (fields.children.length < hidden.length) {
        const l = fields.children.length;
        fields.append(numberField(`Layer ${l + 1} units`, { min: 1, max: MOST_UNITS, step: 1, value: hidden[l] },
          (value) => action((now) => now.map((units, i) => (i === l ? Math.round(value) : units)))).box);
      }
      hidden.forEach((units, l) => { fields.children[l].querySelector("input").value = String(units); });
      change(more, { disabled: hidden.length >= MOST_LAYERS });
      change(fewer, { disabled: hidden.length === 0 });
    },
  };
}

function createNumbers() {
  const list = html("dl", { class: "dld-numbers" }), shown = {};
  for (const [key, name] of [["epoch", "epoch"], ["trainLoss", "training loss"], ["testLoss", "test loss"],
    ["trainAccuracy", "right, of the training points"], ["testAccuracy", "right, of the test points"],
    ["parameters", "parameters"]]) {
    shown[key] = html("dd");
    list.append(html("div", {}, html("dt", { text: name }), shown[key]));
  }
  return { list, shown };
}

function render(host) {
  const { model } = host, figure = createFigure(host, "trainer", "Network trainer", HINT);
  const { scope, status } = figure, { signal } = scope, traits = writer(model);
  const key = model.get("url_key"), addressed = key && ownsAddress();
  const state = { configuration: DEFAULTS, training: null, size: 320, playing: 0, visible: true, showTest: false };
  const pictures = { surface: createSurface(), units: createUnits(), curve: createCurve() };
  const numbers = createNumbers();

  // ---- configuration
  const fromTraits = () => valid(Object.fromEntries(Object.entries(TRAITS).map(([name, trait]) => [name, model.get(trait)])));
  function configure(wanted, { remember = true } = {}) {
    pause();
    state.configuration = valid(wanted, state.configuration);
    const now = state.configuration;
    for (const name of ["dataset", "activation", "learningRate", "batchSize", "noise", "seed"]) {
      fields[name].input.value = String(now[name]);
    }
    layers.show(now.hidden);
    if (remember) {
      traits.write(Object.fromEntries(Object.entries(TRAITS).map(([name, trait]) => [trait, now[name]])));
      if (addressed) {
        try { history.replaceState(history.state, "", toHash(key, now)); } catch { /* a sandboxed page keeps its address */ }
      }
    }
    reset(remember);
  }
  const set = (name) => (value) => configure({ [name]: value });
  function reset(remember = true) {
    pause();
    state.training = createTraining(state.configuration);
    draw();
    if (remember) save();
  }
  function save() {
    const { training } = state, { train } = training, last = training.history[training.history.length - 1];
    traits.write({ epoch: training.epoch, parameters: parameterLists(training.network),
      metrics: { train_loss: last.train.loss, test_loss: last.test.loss,
        train_accuracy: last.train.accuracy, test_accuracy: last.test.accuracy },
      points: Array.from(train.y, (label, n) => [train.x[2 * n], train.x[2 * n + 1], label]) });
  }

  // ---- time
  const over = () => diverged(state.training) || state.training.epoch >= LAST_EPOCH;
  function pause() {
    cancelAnimationFrame(state.playing);
    clearTimeout(state.timer);
    state.playing = 0;
    change(playButton, { text: "Play" });
  }
  function advance(milliseconds, most) {
    const until = performance.now() + milliseconds;
    for (let n = 0; n < most && !over() && (n === 0 || performance.now() < until); n += 1) trainEpoch(state.training);
  }
  function frame() {
    if (state.visible) {
      advance(10, state.training.epoch < 60 ? 1 : 4);
      draw();
    }
    if (over()) {
      pause();
      save();
    } else {
      schedule();
    }
  }
  function schedule() {
    if (reducedMotion()) state.timer = setTimeout(() => { state.playing = requestAnimationFrame(frame); }, 600);
    state.playing = reducedMotion() ? -1 : requestAnimationFrame(frame);
  }
  function play() {
    if (state.playing) {
      pause();
      draw();
      save();
    } else {
      change(playButton, { text: "Pause" });
      schedule();
    }
  }

  // ---- parts
  const playButton = button("Play", play, { class: "dld-button dld-primary" });
  const stepButton = button("Step", () => { pause(); if (!over()) trainEpoch(state.training); draw(); save(); });
  const resetButton = button("Reset", () => reset());
  const seedButton = button("New seed", () => configure({ seed: (state.configuration.seed + 1) % (MOST_SEED + 1) }));
  const linkButton = button("Copy link", copyLink, { hidden: !addressed });
  const fields = {
    dataset: choice("Data", pairs(SET_NAMES), "moons", set("dataset")),
    noise: numberField("Noise", { min: 0, max: MOST_NOISE, step: 0.05, value: 0.2 }, set("noise")),
    activation: choice("Activation", pairs(ACTIVATION_NAMES), "tanh", set("activation")),
    learningRate: choice("Learning rate", RATES.map((rate) => [rate, rate]), 0.1, (value) => configure({ learningRate: Number(value) })),
    batchSize: choice("Batch size", BATCHES.map((size) => [size, size === SAMPLES ? `${size} (all)` : size]), 16,
      (value) => configure({ batchSize: Number(value) })),
    seed: numberField("Seed", { min: 0, max: MOST_SEED, step: 1, value: 0 }, (value) => configure({ seed: Math.round(value) })),
  };
  const layers = createLayers((update) => configure({ hidden: update(state.configuration.hidden) }));
  const testBox = html("input", { type: "checkbox" });
  testBox.addEventListener("change", () => { state.showTest = testBox.checked; draw(); });

  async function copyLink() {
    const address = location.href.split("#")[0] + toHash(key, state.configuration);
    try {
      await navigator.clipboard.writeText(address);
      status.say("The link to this configuration is on the clipboard.");
    } catch {
      history.replaceState(history.state, "", toHash(key, state.configuration));
      status.say("The link to this configuration now stands in the address bar.");
    }
  }

  // ---- drawing
  function draw() {
    const { training } = state, entry = training.history[training.history.length - 1];
    const percent = (share) => `${(100 * share).toFixed(1)} %`;
    const text = `Epoch ${training.epoch}: training loss ${decimal(entry.train.loss, 4)}, test loss ${decimal(entry.test.loss, 4)}; `
      + `right are ${percent(entry.train.accuracy)} of the training points and ${percent(entry.test.accuracy)} of the test points.`;
    const grid = surface(training.network, SIDE), colors = colorsOf(figure.root);
    pictures.surface.draw(grid, training, { size: state.size, showTest: state.showTest, colors,
      label: `Decision surface on ${SET_NAMES[state.configuration.dataset].toLowerCase()}. ${text}` });
    pictures.units.draw(grid, colors);
    pictures.curve.draw(training.history, `Loss against epoch. ${text}`);
    const { network: { weights, biases } } = training;
    const parameters = [...weights, ...biases].reduce((sum, array) => sum + array.length, 0);
    for (const [name, value] of Object.entries({ epoch: count(training.epoch), trainLoss: decimal(entry.train.loss, 4),
      testLoss: decimal(entry.test.loss, 4), trainAccuracy: percent(entry.train.accuracy),
      testAccuracy: percent(entry.test.accuracy), parameters: count(parameters) })) change(numbers.shown[name], { text: value });
    change(playButton, { disabled: over() && !state.playing });
    change(stepButton, { disabled: over() });
    status.say(diverged(training) ? `Epoch ${training.epoch}: the loss has left all bounds. Lower the learning rate, then press Reset.` : text);
  }

  const bar = html("div", { class: "dld-bar" }, playButton, stepButton, resetButton, seedButton, linkButton);
  const settings = html("div", { class: "dld-bar dld-settings" }, ...Object.values(fields).map(({ box }) => box));
  const left = html("div", { class: "dld-main" }, pictures.surface.canvas,
    html("label", { class: "dld-check" }, testBox, html("span", { text: "show the test points (hollow)" })));
  const right = html("div", { class: "dld-side" }, numbers.list, pictures.curve.surface,
    html("p", { class: "dld-caption", text: "What each hidden unit answers over the plane" }), pictures.units.box);
  const resize = new ResizeObserver(([entry]) => {
    const size = Math.round(Math.max(220, Math.min(400, entry.contentRect.width)));
    if (size !== state.size) { state.size = size; draw(); }
  });
  const sight = new IntersectionObserver(([entry]) => { state.visible = entry.isIntersecting; });
  const shared = addressed ? fromHash(key, location.hash, fromTraits()) : null;
  configure(shared || fromTraits(), { remember: false });
  figure.start([bar, settings, layers.box, html("div", { class: "dld-columns" }, left, right)], draw);
  resize.observe(left);
  sight.observe(figure.root);
  if (shared) figure.root.scrollIntoView({ block: "center" });
  if (addressed) {
    window.addEventListener("hashchange", () => {
      const wanted = fromHash(key, location.hash, state.configuration);
      if (wanted) configure(wanted);
    }, { signal });
  }
  traits.watch(Object.values(TRAITS), () => configure(fromTraits(), { remember: false }), scope);
  signal.addEventListener("abort", () => { pause(); resize.disconnect(); sight.disconnect(); });
  return figure.cleanup;
}

export default { render };
