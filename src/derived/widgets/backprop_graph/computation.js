// One example through a dense network with L = (1/2) sum (y - t)^2, and every step of it in order.
// A setting is what the model's traits hold: inputs, targets, weights and biases as nested lists,
// and the activation that follows every layer.
import { halfSquaredError } from "../shared/losses.js";
import { backward, forward } from "../shared/network.js";

export const sizesOf = ({ inputs, biases }) => [inputs.length, ...biases.map((b) => b.length)];

const toNetwork = ({ weights, biases, activation }) => ({
  weights: weights.map((rows) => Float64Array.from(rows.flat())),
  biases: biases.map((bias) => Float64Array.from(bias)),
  activations: weights.map(() => activation),
});

// A flat array of rows as a list of `count` rows.
export function rows(flat, count) {
  const width = flat.length / count;
  return Array.from({ length: count }, (_, i) =>
    Array.from(flat.slice(i * width, (i + 1) * width)),
  );
}

// All values: pre[l][i] = z, values[l][i] = h (values[0] = inputs), loss, and in `gradient`
// weights[l] (flat), biases[l], deltas[l] = dL/dz, signals[l] = dL/dvalues[l].
export function compute(setting) {
  const network = toNetwork(setting);
  const pass = forward(network, Float64Array.from(setting.inputs), 1);
  const { loss, gradient } = halfSquaredError(pass.output, setting.targets);
  return { network, ...pass, loss, gradient: backward(network, pass, gradient, 1) };
}

// The order in which a person computes: forward edge by edge and unit by unit, the loss, then
// backward: dL/dy, the deltas of a layer, the edges of that layer, and on to the layer before.
export function listSteps(sizes) {
  const steps = [];
  const depth = sizes.length - 1;
  const each = (count, action) => Array.from({ length: count }, (_, n) => action(n));
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

export const stepKey = ({ kind, l = "", i = "", k = "" }) => `${kind}:${l}:${i}:${k}`;

// The number of the step (from 1) at which each thing becomes known.
export const whenKnown = (steps) => new Map(steps.map((step, n) => [stepKey(step), n + 1]));

const UP = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const DOWN = "₀₁₂₃₄₅₆₇₈₉";

// Names as the chapter writes them; l, i, k count from 0 here and from 1 in the name.
export function namesFor(sizes) {
  const depth = sizes.length - 1;
  const single = sizes[depth] === 1;
  const unit = (letter) => (l, i) => `${letter}${UP[l + 1]}${DOWN[i + 1]}`;
  return {
    value(layer, i) {
      if (layer === 0) return `x${DOWN[i + 1]}`;
      if (layer === depth) return single ? "y" : `y${DOWN[i + 1]}`;
      return `h${UP[layer]}${DOWN[i + 1]}`;
    },
    target: (i) => (single ? "t" : `t${DOWN[i + 1]}`),
    weight: (l, i, k) => `w${UP[l + 1]}${DOWN[i + 1]}${DOWN[k + 1]}`,
    bias: unit("b"),
    delta: unit("δ"),
    sum: unit("z"),
  };
}
