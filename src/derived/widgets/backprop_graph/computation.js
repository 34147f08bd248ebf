// One example through a dense network with L = (1/2) sum (y - t)^2, and every step of it in order.
import { halfSquaredError } from "../shared/losses.js";
import { ACTIVATIONS, backward, forward } from "../shared/network.js";

// From nested lists (the model's traits) to flat arrays, and back.
export const toNetwork = ({ weights, biases, activation }) => ({
  weights: weights.map((rows) => Float64Array.from(rows.flat())),
  biases: biases.map((bias) => Float64Array.from(bias)),
  activations: weights.map(() => activation),
});

export const nested = (flat, outputs) => Array.from({ length: outputs }, (_, i) =>
  Array.from(flat.slice(i * flat.length / outputs, (i + 1) * flat.length / outputs)));

// All values: pre[l][i] = z, values[l][i] = h (values[0] = inputs), loss, and the gradients
// weights[l] (flat), biases[l], deltas[l] = dL/dz, signals[l] = dL/dvalues[l].
export function compute(setting) {
  const network = toNetwork(setting), x = Float64Array.from(setting.inputs);
  const pass = forward(network, x, 1);
  const { loss, gradient } = halfSquaredError(pass.output, setting.targets);
  return { network, ...pass, loss, gradient: backward(network, pass, gradient, 1) };
}

export const sizesOf = ({ inputs, biases }) => [inputs.length, ...biases.map((bias) => bias.length)];

// The order in which a person computes: forward edge by edge and unit by unit, the loss, then
// backward: dL/dy, the deltas of a layer, the edges of that layer, and on to the layer before.
export function listSteps(sizes) {
  const steps = [], depth = sizes.length - 1;
  const each = (count, action) => Array.from({ length: count }, (_, i) => i).forEach(action);
  for (let l = 0; l < depth; l += 1) {
    each(sizes[l + 1], (i) => {
      each(sizes[l], (k) => steps.push({ kind: "product", l, i, k }));
      steps.push({ kind: "unit", l, i });
    });
  }
  steps.push({ kind: "loss" });
  each(sizes[depth], (i) => steps.push({ kind: "output", i }));
  for (let l = depth - 1; l >= 0; l -= 1) {
    each(sizes[l + 1], (i) => steps.push({ kind: "delta", l, i }));
    each(sizes[l + 1], (i) => each(sizes[l], (k) => steps.push({ kind: "edge", l, i, k })));
  }
  return steps;
}

// step number (from 1) at which each thing becomes known, by the key "kind:l:i:k".
export const stepKey = ({ kind, l = "", i = "", k = "" }) => `${kind}:${l}:${i}:${k}`;

export function whenKnown(steps) {
  return new Map(steps.map((step, n) => [stepKey(step), n + 1]));
}

const UP = "⁰¹²³⁴⁵⁶⁷⁸⁹", DOWN = "₀₁₂₃₄₅₆₇₈₉";

// Names as the chapter writes them; l, i, k count from 0 here and from 1 in the name.
export function namesFor(sizes) {
  const depth = sizes.length - 1, single = sizes[depth] === 1;
  return {
    value: (layer, i) => {
      if (layer === 0) return `x${DOWN[i + 1]}`;
      if (layer === depth) return single ? "y" : `y${DOWN[i + 1]}`;
      return `h${UP[layer]}${DOWN[i + 1]}`;
    },
    target: (i) => (single ? "t" : `t${DOWN[i + 1]}`),
    weight: (l, i, k) => `w${UP[l + 1]}${DOWN[i + 1]}${DOWN[k + 1]}`,
    bias: (l, i) => `b${UP[l + 1]}${DOWN[i + 1]}`,
    delta: (l, i) => `δ${UP[l + 1]}${DOWN[i + 1]}`,
    sum: (l, i) => `z${UP[l + 1]}${DOWN[i + 1]}`,
  };
}

const SLOPES = { tanh: (h) => `(1 − ${h}²)`, sigmoid: (h) => `${h}(1 − ${h})`, relu: () => "g′(z)", linear: () => "1" };
const FUNCTIONS = { tanh: "tanh", sigmoid: "σ", relu: "ReLU", linear: "id" };

// One step as a line of arithmetic with its numbers; number() turns a number into text.
export function sentence(step, setting, result, number) {
  const sizes = sizesOf(setting), name = namesFor(sizes), { l, i, k } = step;
  const paren = (value) => (value < 0 ? `(${number(value)})` : number(value));
  const { weights, biases } = result.network, { deltas, signals } = result.gradient;
  const depth = sizes.length - 1, weight = (m, row, column) => weights[m][row * sizes[m] + column];
  if (step.kind === "product") {
    const [w, h] = [weight(l, i, k), result.values[l][k]];
    return `${name.weight(l, i, k)} ${name.value(l, k)} = ${number(w)} × ${paren(h)} = ${number(w * h)}`;
  }
  if (step.kind === "unit") {
    const z = result.pre[l][i], value = name.value(l + 1, i);
    const terms = Array.from({ length: sizes[l] }, (_, c) => paren(weight(l, i, c) * result.values[l][c]));
    return `${name.sum(l, i)} = ${name.bias(l, i)} + … = ${number(biases[l][i])} + ${terms.join(" + ")} = ${number(z)}, `
      + `so ${value} = ${FUNCTIONS[setting.activation]}(${number(z)}) = ${number(result.values[l + 1][i])}`;
  }
  if (step.kind === "loss") {
    const terms = Array.from(result.output, (y, n) => `(${number(y)} − ${paren(setting.targets[n])})²`);
    return `L = ½ ${terms.length > 1 ? `[${terms.join(" + ")}]` : terms[0]} = ${number(result.loss)}`;
  }
  if (step.kind === "output") {
    const y = name.value(depth, i);
    return `∂L/∂${y} = ${y} − ${name.target(i)} = ${number(result.output[i])} − ${paren(setting.targets[i])} = ${number(signals[depth][i])}`;
  }
  const delta = deltas[l][i];
  if (step.kind === "delta") {
    const value = name.value(l + 1, i), signal = signals[l + 1][i];
    const slope = ACTIVATIONS[setting.activation].slope(result.pre[l][i], result.values[l + 1][i]);
    const parts = l + 1 < depth ? Array.from({ length: sizes[l + 2] }, (_, r) => paren(weight(l + 1, r, i) * deltas[l + 1][r])) : [];
    const sum = parts.length > 1 ? ` = ${parts.join(" + ")}` : "";
    const signalText = l + 1 < depth ? `∂L/∂${value}${sum} = ${number(signal)}, so ` : "";
    return `${signalText}${name.delta(l, i)} = ∂L/∂${value} · ${SLOPES[setting.activation](value)} = ${number(signal)} × `
      + `${paren(slope)} = ${number(delta)} = ∂L/∂${name.bias(l, i)}`;
  }
  const [w, h] = [weight(l, i, k), result.values[l][k]];
  const back = l > 0 ? `; back to ${name.value(l, k)} goes ${name.weight(l, i, k)} ${name.delta(l, i)} = ${number(w)} × ${paren(delta)} = ${number(w * delta)}` : "";
  return `∂L/∂${name.weight(l, i, k)} = ${name.delta(l, i)} ${name.value(l, k)} = ${number(delta)} × ${paren(h)} = ${number(delta * h)}${back}`;
}
