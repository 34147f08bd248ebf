// PerceptronExplorer: points and boundary to drag, the learning rule one mistake at a time,
// Novikoff's bound live.
import { button, change, choice, count, decimal, html, reducedMotion } from "../shared/dom.js";
import { createFigure, writer } from "../shared/figure.js";
import { newRun, nextMistake, step, updatesNeeded } from "./learning.js";
import { largestMargin } from "./margin.js";
import { createPlot } from "./plot.js";
import { PRESETS, domain } from "./presets.js";
import { createWedge } from "./wedge.js";

const HINT = "Drag points, or the square and round handles of the boundary. Keys: Tab to a point or handle, "
  + "arrows move it (Shift: ten times as far); Page Down and Page Up go to the next and previous point, "
  + "Enter flips its class, Delete removes it.";
const MOST_POINTS = 40, LIMIT = 20000, RUN_LIMIT = 2000;
const vector = (values) => `(${values.map((value) => decimal(value)).join(", ")})`;
const copy = (points) => points.map((point) => [...point]);

function readout(list, name, note) {
  const value = html("dd", { text: "0" });
  list.append(html("div", {}, html("dt", { text: name, title: note }), value));
  return value;
}

function historyTable() {
  const body = html("tbody");
  const head = html("tr", {}, ...["Update", "Epoch", "Point", "(b, w₁, w₂)"].map((text) =>
    html("th", { scope: "col", text })));
  const box = html("div", { class: "dld-scroll", tabindex: 0, role: "group", "aria-label": "Table of updates" },
    html("table", { class: "dld-table" }, html("thead", {}, head), body));
  const details = html("details", { class: "dld-details" }, html("summary", { text: "Every update so far" }), box);
  return {
    details,
    draw(log) {
      while (body.children.length > log.length) body.lastChild.remove();
      for (const entry of log.slice(body.children.length)) {
        body.append(html("tr", {}, ...[entry.update, entry.epoch, entry.index + 1, vector(entry.after)].map((text) =>
          html("td", { text }))));
      }
    },
  };
}

function render(host) {
  const { model } = host, figure = createFigure(host, "perceptron", "Perceptron explorer", HINT);
  const { scope, status } = figure, { signal } = scope, traits = writer(model);
  const state = { preset: "clouds", points: [], run: newRun(), own: false, edited: false, selected: 0,
    showWidest: false, domain: [-2, 2], best: null, needed: 0, next: null };
  let playing = 0, lastAction = "";

  // ---- state
  function measure() {
    state.best = largestMargin(state.points);
    state.needed = state.best ? updatesNeeded(state.points, LIMIT) : null;
  }
  function restart(weights = [0, 0, 0]) {
    stop();
    state.run = newRun(weights);
    state.own = weights.some((value) => value !== 0);
    state.edited = false;
    lastAction = "";
    plot.forgetAnchor();
  }
  function load() {
    const preset = model.get("preset"), known = Object.hasOwn(PRESETS, preset);
    state.preset = known ? preset : "custom";
    state.points = copy(known ? PRESETS[preset].points : model.get("points") || []);
    state.domain = domain(state.points);
    state.selected = 0;
    presets.input.value = state.preset;
    restart(model.get("weights") || [0, 0, 0]);
    measure();
    draw();
  }
  function save() {
    traits.write({ preset: state.preset, points: copy(state.points), weights: [...state.run.weights],
      updates: state.run.updates });
  }
  function pointsChanged() {
    state.preset = presets.input.value = "custom";
    if (state.run.updates > 0) state.edited = true;
    const run = newRun(state.run.weights);
    Object.assign(state.run, { seen: run.seen, cycle: null, position: state.run.position % Math.max(1, state.points.length) });
    measure();
    draw();
  }

  // ---- actions
  const actions = {
    select(index) {
      if (state.selected === index) return;
      state.selected = index;
      draw();
    },
    movePoint(index, [x, y]) {
      state.points[index] = [x, y, state.points[index][2]];
      lastAction = `Point ${index + 1} at (${decimal(x)}, ${decimal(y)}).`;
      pointsChanged();
    },
    flip() {
      const point = state.points[state.selected];
      if (!point) return;
      point[2] = 1 - point[2];
      lastAction = `Point ${state.selected + 1} is now of class ${point[2]}.`;
      pointsChanged();
      save();
    },
    remove() {
      if (!state.points.length) return;
      state.points.splice(state.selected, 1);
      lastAction = `Point ${state.selected + 1} removed.`;
      state.selected = Math.max(0, Math.min(state.selected, state.points.length - 1));
      const focused = plot.surface.contains(document.activeElement);
      pointsChanged();
      if (focused) plot.focusPoint(state.selected);
      save();
    },
    setLine(weights) {
      stop();
      state.run = newRun(weights);
      state.own = true;
      state.edited = false;
      lastAction = "Your own boundary.";
      draw();
    },
    settled: save,
  };
  function add(label) {
    if (state.points.length >= MOST_POINTS) {
      status.say(`There is room for ${MOST_POINTS} points; remove one first.`);
      return;
    }
    state.points.push([...freePlace(), label]);
    state.selected = state.points.length - 1;
    lastAction = `Point ${state.points.length} of class ${label} added.`;
    pointsChanged();
    plot.focusPoint(state.selected);
    save();
  }
  // The place of a coarse grid that is farthest from all points.
  function freePlace() {
    const [low, high] = state.domain;
    let best = null, far = -1;
    for (let i = 1; i < 12; i += 1) {
      for (let j = 1; j < 12; j += 1) {
        const place = [i, j].map((k) => Number((low + (high - low) * k / 12).toFixed(2)));
        const near = Math.min(...state.points.map((p) => Math.hypot(p[0] - place[0], p[1] - place[1])), 9);
        if (near > far + 1e-9) [best, far] = [place, near];
      }
    }
    return best;
  }
  function learn() {
    const before = state.run.weights, moved = step(state.run, state.points);
    if (moved) {
      const entry = state.run.log[state.run.log.length - 1], point = state.points[entry.index];
      const sign = point[2] ? "+" : "−";
      lastAction = `Update ${state.run.updates}, epoch ${entry.epoch}: point ${entry.index + 1} has class ${point[2]}, `
        + `output ${1 - point[2]}, so w ← ${vector(before)} ${sign} ${vector([1, point[0], point[1]])} = ${vector(state.run.weights)}.`;
    }
    return moved;
  }
  function stop() {
    clearTimeout(playing);
    playing = 0;
    change(playButton, { text: "Run" });
  }
  function tick() {
    const rounds = state.run.updates < 60 ? 1 : 10;
    let moved = true;
    for (let i = 0; i < rounds && moved && state.run.updates < RUN_LIMIT; i += 1) moved = learn();
    const over = !moved || state.run.updates >= RUN_LIMIT || nextMistake(state.points, state.run.weights, 0) === null;
    if (over) stop();
    else playing = setTimeout(tick, Math.max(40, 420 * 0.93 ** state.run.updates));
    draw();
    if (over) save();
  }
  function play() {
    if (playing) {
      stop();
      draw();
      save();
    } else if (reducedMotion()) {
      while (state.run.updates < RUN_LIMIT && (state.run.cycle === null) && learn());
      draw();
      save();
    } else {
      change(playButton, { text: "Pause" });
      tick();
    }
  }

  // ---- parts
  const plot = createPlot(actions, signal), wedge = createWedge(), history = historyTable();
  const presets = choice("Points", [...Object.entries(PRESETS).map(([key, { name }]) => [key, name]),
    ["custom", "Your own"]], "clouds", (value) => {
    if (value === "custom") {
      state.preset = "custom";
    } else {
      traits.write({ preset: value, points: [], weights: [0, 0, 0], updates: 0 });
      load();
    }
    save();
  });
  const stepButton = button("Step", () => { stop(); learn(); draw(); save(); }, { class: "dld-button dld-primary" });
  const playButton = button("Run", play);
  const resetButton = button("Reset", () => { restart(); draw(); save(); });
  const lineButton = button("Own line", () => {
    const middle = (state.domain[0] + state.domain[1]) / 2;
    restart([Number((-2 * middle).toFixed(4)), 1, 1]);
    actions.setLine(state.run.weights);
    save();
  });
  const flipButton = button("Flip", () => actions.flip()), removeButton = button("Remove", () => actions.remove());
  const widestBox = html("input", { type: "checkbox" });
  widestBox.addEventListener("change", () => { state.showWidest = widestBox.checked; draw(); });
  const numbers = html("dl", { class: "dld-numbers" });
  const shown = {
    weights: readout(numbers, "w = (b, w₁, w₂)"), updates: readout(numbers, "mistakes so far"),
    needed: readout(numbers, "mistakes in all, from w = 0"), bound: readout(numbers, "bound (R/γ)²"),
    radius: readout(numbers, "R, longest (1, x₁, x₂)"), margin: readout(numbers, "γ, widest margin"),
  };

  function draw() {
    const { run, points, best } = state, mistake = nextMistake(points, run.weights, run.position);
    state.next = mistake ? mistake.index : null;
    plot.draw(state);
    wedge.draw({ best, pure: !state.own && !state.edited,
      lengths: run.log.map((entry) => Math.hypot(...entry.after)) });
    history.draw(run.log);
    change(shown.weights, { text: vector(run.weights) });
    change(shown.updates, { text: count(run.updates) });
    change(shown.needed, { text: !best ? "never ends" : state.needed === null ? `> ${count(LIMIT)}` : count(state.needed) });
    change(shown.bound, { text: best ? count(best.bound) : "none" });
    change(shown.radius, { text: best ? decimal(best.radius, 3) : "–" });
    change(shown.margin, { text: best ? decimal(best.margin, best.margin < 0.01 ? 5 : 3) : "none" });
    change(stepButton, { disabled: !mistake });
    change(playButton, { disabled: !mistake && !playing });
    change(flipButton, { disabled: !points.length, text: points.length ? `Flip point ${state.selected + 1}` : "Flip" });
    change(removeButton, { disabled: !points.length, text: points.length ? `Remove point ${state.selected + 1}` : "Remove" });
    status.say(`${lastAction} ${situation(mistake)}`.trim());
  }
  function situation(mistake) {
    const { run, points, best } = state;
    if (!points.length) return "There are no points yet: add some.";
    if (!mistake) {
      const epoch = Math.ceil(run.visits / points.length) + 1;
      return `No mistake is left after ${run.updates} update${run.updates === 1 ? "" : "s"}; epoch ${epoch} is the first without one.`;
    }
    if (run.cycle !== null) {
      const epochs = run.cycle && run.visits ? `the same weights return every ${run.cycle} updates` : "";
      return `A cycle: ${epochs}, for ever.`;
    }
    const separable = best ? "" : " No line separates these points, so the rule never ends.";
    return `Next mistake: point ${mistake.index + 1} (ringed).${separable}`;
  }

  const bar = html("div", { class: "dld-bar" }, presets.box, stepButton, playButton, resetButton, lineButton);
  const tools = html("div", { class: "dld-bar dld-tools" }, button("Add ■ class 1", () => add(1)),
    button("Add ● class 0", () => add(0)), flipButton, removeButton,
    html("label", { class: "dld-check" }, widestBox, html("span", { text: "widest margin" })));
  const left = html("div", { class: "dld-main" }, plot.surface, tools);
  const right = html("div", { class: "dld-side" }, numbers, wedge.surface, history.details);
  const columns = html("div", { class: "dld-columns" }, left, right);
  const resize = new ResizeObserver(([entry]) => {
    plot.resize(Math.round(Math.max(240, Math.min(440, entry.contentRect.width))));
    plot.draw(state);
  });
  plot.resize(400);
  load();
  figure.start([bar, columns], draw);
  resize.observe(left);
  traits.watch(["preset", "points", "weights"], load, scope);
  signal.addEventListener("abort", () => { clearTimeout(playing); resize.disconnect(); });
  return figure.cleanup;
}

export default { render };
