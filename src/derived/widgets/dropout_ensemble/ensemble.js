// All thinned networks of a small network, and three predictions of their ensemble.
import { ACTIVATIONS, denseForward, softmax } from "../shared/network.js";

// net: { inputs, weights (one or two matrices as rows), biases, activation, drop }.
// The droppable units, inputs first: [{ layer: 0 | 1, unit }].
export function droppable({ inputs, weights, drop }) {
  const of = (layer, count) => Array.from({ length: count }, (_, unit) => ({ layer, unit }));
  if (weights.length === 1) return of(0, inputs.length);
  const hidden = of(1, weights[0].length);
  if (drop === "hidden") return hidden;
  return drop === "inputs" ? of(0, inputs.length) : [...of(0, inputs.length), ...hidden];
}

// Mask number 0 … 2ⁿ − 1 as n zeros and ones: 0 keeps every unit, the last one keeps none.
export const maskOf = (number, n) =>
  Array.from({ length: n }, (_, k) => 1 - ((number >> (n - 1 - k)) & 1));

export const numberOf = (mask) => mask.reduce((number, kept) => 2 * number + (1 - kept), 0);

// One factor a droppable unit: 0 or 1 of a mask, or the keep probability (weight scaling).
// A unit's factor on its value is the same as on the weights that leave it.
export function predict(net, units, factors) {
  const factorsOf = (layer, count) => {
    const all = new Float64Array(count).fill(1);
    units.forEach((unit, k) => {
      if (unit.layer === layer) all[unit.unit] = factors[k];
    });
    return all;
  };
  const values = [];
  let x = Float64Array.from(net.inputs);
  net.weights.forEach((weight, l) => {
    const factor = factorsOf(l, x.length);
    x = x.map((value, k) => value * factor[k]);
    values.push(x);
    const last = l + 1 === net.weights.length;
    const z = denseForward(x, 1, weight.flat(), net.biases[l]);
    x = last ? z : z.map(ACTIVATIONS[net.activation].value);
  });
  return { values, logits: [...x], probabilities: softmax(x) };
}

// Every mask with its probability under the keep probability, and its prediction.
export function thinned(net, keep) {
  const units = droppable(net);
  return Array.from({ length: 2 ** units.length }, (_, number) => {
    const mask = maskOf(number, units.length);
    const chance = mask.reduce((product, kept) => product * (kept ? keep : 1 - keep), 1);
    return { mask, chance, ...predict(net, units, mask) };
  });
}

const logSoftmax = (logits) => {
  const top = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0));
  return logits.map((z) => z - top - total);
};

// The arithmetic mean, the renormalized geometric mean, and weight scaling, one list of
// probabilities each.
export function ensemble(net, keep, members = thinned(net, keep)) {
  const mean = (list) =>
    net.biases.at(-1).map((_, k) =>
      members.reduce((sum, member, m) => sum + member.chance * list[m][k], 0),
    );
  const units = droppable(net);
  return {
    arithmetic: mean(members.map(({ probabilities }) => probabilities)),
    geometric: softmax(mean(members.map(({ logits }) => logSoftmax(logits)))),
    scaled: predict(net, units, units.map(() => keep)).probabilities,
  };
}

// The largest difference of two lists.
export const gap = (first, second) => Math.max(...first.map((p, k) => Math.abs(p - second[k])));
