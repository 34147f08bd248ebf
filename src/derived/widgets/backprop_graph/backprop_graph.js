// BackpropGraph: a small network as a computation graph; values flow forward, errors flow back.
import { button, change, decimal, html, numberField, reducedMotion } from "../shared/dom.js";
import { createFigure, writer } from "../shared/figure.js";
import { compute, listSteps, namesFor, nested, sentence, sizesOf, whenKnown } from "./computation.js";
import { createDrawing } from "./drawing.js";

const HINT = "Drag a number sideways, or focus it and use the arrow keys (Shift: ten times as far). Dashed lines are negative "
  + "weights. h, y, L are computed forward; δ = ∂L/∂z and ∂ = ∂L/∂w are computed backward; δ is the gradient of the bias too.";
const TRAITS = ["inputs", "targets", "weights", "biases", "activation"];
const LIMIT = 5, PAUSE = 900;
const clone = (value) => JSON.parse(JSON.stringify(value));

function render(host) {
  const { model } = host, figure = createFigure(host, "backprop", "Backpropagation graph", HINT);
  const { scope, status } = figure, { signal } = scope, traits = writer(model);
  const state = { setting: null, start: null, width: 700, step: 0, selected: { kind: "weight", l: 0, i: 0, k: 0 }, timer: 0 };

  const read = () => Object.fromEntries(TRAITS.map((name) => [name, clone(model.get(name))]));
  function refresh() {
    state.result = compute(state.setting);
  }
  function load() {
    stop();
    state.setting = read();
    state.start = clone(state.setting);
    state.sizes = sizesOf(state.setting);
    state.steps = listSteps(state.sizes);
    state.known = whenKnown(state.steps);
    state.step = state.steps.length;
    change(slider, { max: state.steps.length });
    refresh();
  }
  function save() {
    const { result, sizes } = state, { gradient } = result;
    traits.write({ ...clone(state.setting), loss: result.loss, outputs: Array.from(result.output),
      gradients: { weights: gradient.weights.map((flat, l) => nested(flat, sizes[l + 1])),
        biases: gradient.biases.map((bias) => Array.from(bias)), inputs: Array.from(gradient.signals[0]) } });
  }

  // ---- the editable numbers
  function slot({ kind, l, i, k }) {
    const { setting } = state;
    return { input: [setting.inputs, i], target: [setting.targets, i], bias: [kind === "bias" && setting.biases[l], i],
      weight: [kind === "weight" && setting.weights[l][i], k] }[kind];
  }
  const actions = {
    read(entry) { const [list, index] = slot(entry); return list[index]; },
    write(entry, value) {
      const [list, index] = slot(entry);
      if (list[index] === value) return;
      list[index] = value;
      refresh();
      draw();
    },
    select(entry) {
      if (JSON.stringify(entry) === JSON.stringify(state.selected)) return;
      state.selected = entry;
      draw();
    },
    edit() { field.input.focus(); },
    settled: save,
  };
  function gradientOf({ kind, l, i, k }) {
    const { gradient } = state.result;
    if (kind === "weight") return gradient.weights[l][i * state.sizes[l] + k];
    if (kind === "bias") return gradient.biases[l][i];
    if (kind === "input") return gradient.signals[0][i];
    return -gradient.signals[state.sizes.length - 1][i];
  }
  function nameOf({ kind, l, i, k }) {
    const names = namesFor(state.sizes);
    return { input: () => names.value(0, i), target: () => names.target(i), bias: () => names.bias(l, i),
      weight: () => names.weight(l, i, k) }[kind]();
  }
  // The loss if the chosen number were larger by `by`, computed by a second forward pass.
  function lossAfter(by) {
    const [list, index] = slot(state.selected), kept = list[index];
    list[index] = kept + by;
    const { loss } = compute(state.setting);
    list[index] = kept;
    return loss;
  }
  function descend() {
    const { setting, result: { gradient }, sizes } = state, rate = field.rate.input.valueAsNumber || 0;
    setting.weights = setting.weights.map((rows, l) => rows.map((row, i) => row.map((w, k) => w - rate * gradient.weights[l][i * sizes[l] + k])));
    setting.biases = setting.biases.map((bias, l) => bias.map((b, i) => b - rate * gradient.biases[l][i]));
    refresh();
    draw();
    save();
  }

  // ---- steps
  function go(step) {
    state.step = Math.max(0, Math.min(state.steps.length, step));
    draw();
  }
  function stop() {
    clearTimeout(state.timer);
    state.timer = 0;
    change(playButton, { text: "Play" });
  }
  function tick() {
    go(state.step + 1);
    if (state.step >= state.steps.length) stop();
    else state.timer = setTimeout(tick, PAUSE);
  }
  function play() {
    if (state.timer) { stop(); return; }
    if (state.step >= state.steps.length) go(0);
    change(playButton, { text: "Pause" });
    state.timer = setTimeout(tick, reducedMotion() ? 2 * PAUSE : PAUSE / 2);
  }
  const walk = (by) => () => { stop(); go(state.step + by); };

  // ---- parts
  const drawing = createDrawing(actions, signal);
  const playButton = button("Play", play);
  const backButton = button("Back", walk(-1)), nextButton = button("Next", walk(1), { class: "dld-button dld-primary" });
  const firstButton = button("Start", () => { stop(); go(0); });
  const allButton = button("Show all", () => { stop(); go(state.steps.length); });
  const slider = html("input", { type: "range", min: 0, max: 1, step: 1, class: "dld-range", "aria-label": "Step of the computation" });
  slider.addEventListener("input", () => { stop(); go(Number(slider.value)); });
  const position = html("span", { class: "dld-position" });
  const field = numberField("Value", { min: -LIMIT, max: LIMIT, step: 0.01, value: 0 }, (value) => { actions.write(state.selected, value); save(); });
  field.range = html("input", { type: "range", min: -2, max: 2, step: 0.01, class: "dld-range", "aria-label": "Chosen number" });
  field.range.addEventListener("input", () => actions.write(state.selected, Number(field.range.value)));
  field.range.addEventListener("change", save);
  field.rate = numberField("Learning rate", { min: 0, max: 5, step: 0.1, value: 0.5 }, () => {});
  field.note = html("p", { class: "dld-nudge" });
  const label = field.box.querySelector("span");

  function drawEditor() {
    const value = actions.read(state.selected), name = nameOf(state.selected), gradient = gradientOf(state.selected);
    change(label, { text: name });
    change(field.range, { "aria-label": name });
    const shown = Number(value.toFixed(6));
    if (document.activeElement !== field.input || field.input.valueAsNumber !== shown) field.input.value = String(shown);
    field.range.value = String(value);
    const before = state.result.loss, change01 = lossAfter(0.01) - before;
    change(field.note, { text: `∂L/∂${name} = ${decimal(gradient, 8)}. Raise ${name} by 0.01: the gradient promises a change of L by `
      + `${decimal(0.01 * gradient, 6)}, a new forward pass gives ${decimal(change01, 6)}.` });
  }
  function draw() {
    const { setting, result, steps, step } = state, total = steps.length;
    const current = step > 0 && step < total ? steps[step - 1] : null;
    drawing.show({ ...state, current });
    drawEditor();
    slider.value = String(step);
    change(position, { text: `${step} of ${total}` });
    change(slider, { "aria-valuetext": `step ${step} of ${total}` });
    change(backButton, { disabled: step === 0 });
    change(firstButton, { disabled: step === 0 });
    change(nextButton, { disabled: step === total });
    change(allButton, { disabled: step === total });
    if (step === 0) status.say("Nothing is computed yet. Next goes one edge forward.");
    else if (step === total) {
      const outputs = Array.from(result.output, (y) => decimal(y, 8)).join(", ");
      status.say(`All ${total} steps: y = ${outputs}, L = ${decimal(result.loss, 8)}. Chosen: ${nameOf(state.selected)} = ${decimal(actions.read(state.selected), 4)}, `
        + `∂L/∂${nameOf(state.selected)} = ${decimal(gradientOf(state.selected), 8)}.`);
    } else status.say(`Step ${step}, ${step <= steps.findIndex(({ kind }) => kind === "loss") + 1 ? "forward" : "backward"}: ${sentence(steps[step - 1], setting, result, (value) => decimal(value, 4))}`);
  }

  const bar = html("div", { class: "dld-bar" }, firstButton, backButton, nextButton, allButton, playButton,
    html("div", { class: "dld-stepper" }, slider, position));
  const editor = html("div", { class: "dld-bar dld-editor", role: "group", "aria-label": "Chosen number" }, field.box, field.range, field.rate.box,
    button("Descend once", descend), button("Reset values", () => { state.setting = clone(state.start); refresh(); draw(); save(); }));
  const frame = html("div", { class: "dld-graphbox" }, drawing.surface);
  const resize = new ResizeObserver(([entry]) => {
    const width = Math.round(Math.max(250, Math.min(760, entry.contentRect.width)));
    if (width !== state.width) { state.width = width; draw(); }
  });
  load();
  figure.start([bar, frame, editor, field.note], draw);
  resize.observe(frame);
  traits.watch(TRAITS, () => { load(); draw(); }, scope);
  signal.addEventListener("abort", () => { clearTimeout(state.timer); resize.disconnect(); });
  return figure.cleanup;
}

export default { render };
