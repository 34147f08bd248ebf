// The steps through an LSTM cell: what is computed in which order, and each as a line of numbers.
import { decimal } from "../shared/dom.js";
import { run } from "../shared/recurrent.js";

// The order in which a person computes one time step.
export const STAGES = ["f", "i", "g", "c", "o", "h"];
export const ROWS = { i: 0, f: 1, o: 2, g: 3 }; // blocks of rows in the parameters

const TITLES = {
  f: "forget gate",
  i: "input gate",
  g: "candidate",
  c: "cell state",
  o: "output gate",
  h: "hidden state",
};
const NOTHING =
  "Nothing is computed yet: h₀ and c₀ are given. Next computes the forget gate.";
const DOWN = "₀₁₂₃₄₅₆₇₈₉";

// A setting is what the model's traits hold: weightInput, weightHidden, bias, inputs and
// initialState, as nested lists.
export const unitsOf = ({ bias }) => bias.length / 4;

export const toLayer = ({ weightInput, weightHidden, bias }) => ({
  kind: "lstm",
  features: weightInput[0].length,
  hidden: bias.length / 4,
  weightInput: Float64Array.from(weightInput.flat()),
  weightHidden: Float64Array.from(weightHidden.flat()),
  bias: Float64Array.from(bias),
});

// States of times 0 ... T: { h, c }, and from 1 on the gates i, f, o, g and their sums.
export function compute(setting) {
  const [h, c] = setting.initialState.map((values) => Float64Array.from(values));
  return [{ h, c }, ...run(toLayer(setting), setting.inputs, { h, c })];
}

// Step number (from 1) to its time (from 1) and its stage; step 0 stands before all.
export function placeOf(step) {
  if (step === 0) return { time: 1, stage: null };
  return { time: Math.ceil(step / STAGES.length), stage: STAGES[(step - 1) % STAGES.length] };
}

// The number of the step at which a value becomes known.
export const stepOf = (time, stage) =>
  time === 0 ? 0 : (time - 1) * STAGES.length + STAGES.indexOf(stage) + 1;

const text = (value) => decimal(value, 4);
const plain = (value) =>
  decimal(value, Math.abs(100 * value - Math.round(100 * value)) < 1e-7 ? 2 : 4);
const factor = (value, write = text) => {
  const written = write(value);
  return written.startsWith("−") ? `(${written})` : written;
};

// W x + U h + b of one row, as a sum of products with all numbers in it.
function sumOf(setting, row, x, h) {
  const { weightInput, weightHidden, bias } = setting;
  const products = [
    ...x.map((value, k) => `${factor(weightInput[row][k], plain)} × ${factor(value, plain)}`),
    ...Array.from(h, (value, k) => `${factor(weightHidden[row][k], plain)} × ${factor(value)}`),
  ];
  return [...products, factor(bias[row], plain)].join(" + ");
}

const name = (letter, time) => `${letter}${DOWN[time]}`;

// The rule of a stage in letters.
export function rule(time, stage) {
  const now = (letter) => name(letter, time);
  const before = (letter) => name(letter, time - 1);
  if (stage === "c") {
    return `${now("c")} = ${now("f")} ∘ ${before("c")} + ${now("i")} ∘ ${now("g")}`;
  }
  if (stage === "h") return `${now("h")} = ${now("o")} ∘ tanh ${now("c")}`;
  const sum = `W_${stage} ${now("x")} + U_${stage} ${before("h")} + b_${stage}`;
  return `${now(stage)} = ${stage === "g" ? "tanh" : "σ"}(${sum})`;
}

// The rule of a stage for one unit, filled with numbers.
export function filled(setting, states, time, stage, unit) {
  const [now, before] = [states[time], states[time - 1]];
  const value = text(now[stage][unit]);
  if (stage === "c") {
    const kept = `${text(now.f[unit])} × ${factor(before.c[unit])}`;
    return `${kept} + ${text(now.i[unit])} × ${factor(now.g[unit])} = ${value}`;
  }
  if (stage === "h") {
    const squashed = Math.tanh(now.c[unit]);
    const applied = `${text(now.o[unit])} × tanh(${text(now.c[unit])})`;
    return `${applied} = ${text(now.o[unit])} × ${factor(squashed)} = ${value}`;
  }
  const row = ROWS[stage] * unitsOf(setting) + unit;
  const letter = stage === "g" ? "tanh" : "σ";
  const sum = sumOf(setting, row, setting.inputs[time - 1], before.h);
  return `${letter}(${sum}) = ${letter}(${text(now.sums[row])}) = ${value}`;
}

export function sentence(setting, states, step) {
  const { time, stage } = placeOf(step);
  if (stage === null) return NOTHING;
  const units = unitsOf(setting);
  const lines = Array.from({ length: units }, (_, unit) => {
    const numbers = filled(setting, states, time, stage, unit);
    return units > 1 ? `unit ${unit + 1}: ${numbers}` : numbers;
  });
  const joined = units > 1 ? `; ${lines.join("; ")}` : ` = ${lines[0]}`;
  return `t = ${time}, ${TITLES[stage]}: ${rule(time, stage)}${joined}.`;
}
