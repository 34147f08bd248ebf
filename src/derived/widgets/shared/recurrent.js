// Recurrent cells on flat Float64Arrays, one sequence at a time, in the form of derived.nn:
// weightInput (gates * hidden, features), weightHidden (gates * hidden, hidden), bias
// (gates * hidden); rows of the LSTM i, f, o, g; of the GRU r, z, n, with biasCandidate (hidden)
// added to the product with h before the reset gate.
// A layer is { kind, features, hidden, weightInput, weightHidden, bias, biasCandidate }.
// derived.nn holds the NumPy twin; the tests compare the two on random inputs.
import { ACTIVATIONS } from "./network.js";

export const GATES = { linear: 1, rnn: 1, lstm: 4, gru: 3 };

const sigmoid = ACTIVATIONS.sigmoid.value;

// The state before the first step: { h }, and { h, c } for the LSTM.
export function zeroState({ kind, hidden }) {
  const h = new Float64Array(hidden);
  return kind === "lstm" ? { h, c: new Float64Array(hidden) } : { h };
}

// W x + b; x is an array, or a whole number that stands for a one-hot vector.
export function inputPart({ weightInput, bias, features }, x) {
  const z = Float64Array.from(bias);
  for (let row = 0; row < z.length; row += 1) {
    const start = row * features;
    if (typeof x === "number") z[row] += weightInput[start + x];
    else for (let k = 0; k < features; k += 1) z[row] += weightInput[start + k] * x[k];
  }
  return z;
}

// U h, all gates in one.
export function hiddenPart({ weightHidden, hidden }, h) {
  const product = new Float64Array(weightHidden.length / hidden);
  for (let row = 0; row < product.length; row += 1) {
    let sum = 0;
    for (let k = 0; k < hidden; k += 1) sum += weightHidden[row * hidden + k] * h[k];
    product[row] = sum;
  }
  return product;
}

const block = (array, number, size) => array.subarray(number * size, (number + 1) * size);

function lstmStep({ hidden }, z, product, { c }) {
  const sums = z.map((value, row) => value + product[row]);
  const [i, f, o] = [0, 1, 2].map((number) => block(sums, number, hidden).map(sigmoid));
  const g = block(sums, 3, hidden).map(Math.tanh);
  const cell = c.map((value, n) => f[n] * value + i[n] * g[n]);
  const h = cell.map((value, n) => o[n] * Math.tanh(value));
  return { h, c: cell, i, f, o, g, sums };
}

function gruStep({ hidden, biasCandidate }, z, product, before) {
  const gate = (number) =>
    block(z, number, hidden).map((value, n) => sigmoid(value + product[number * hidden + n]));
  const [r, update] = [gate(0), gate(1)];
  const recalled = block(product, 2, hidden).map((value, n) => value + biasCandidate[n]);
  const n = block(z, 2, hidden).map((value, k) => Math.tanh(value + r[k] * recalled[k]));
  const h = n.map((value, k) => update[k] * before.h[k] + (1 - update[k]) * value);
  return { h, r, z: update, n, recalled };
}

// One step: the new state { h } or { h, c }, with the gates beside it.
export function step(layer, x, state) {
  const z = inputPart(layer, x);
  const product = hiddenPart(layer, state.h);
  if (layer.kind === "lstm") return lstmStep(layer, z, product, state);
  if (layer.kind === "gru") return gruStep(layer, z, product, state);
  const sums = z.map((value, row) => value + product[row]);
  return { h: layer.kind === "linear" ? sums : sums.map(Math.tanh), sums };
}

// Every step of a sequence, in order; inputs are what step takes for x.
export function run(layer, inputs, state = zeroState(layer)) {
  const steps = [];
  for (const x of inputs) steps.push(step(layer, x, steps.at(-1) ?? state));
  return steps;
}
