// Each step of the computation as one line of arithmetic with its numbers.
import { decimal } from "../shared/dom.js";
import { ACTIVATIONS } from "../shared/network.js";
import { namesFor, sizesOf } from "./computation.js";

const NAMES = { tanh: "tanh", sigmoid: "σ", relu: "ReLU", linear: "" };
const SLOPES = {
  tanh: (h) => `(1 − (${h})²)`,
  sigmoid: (h) => `${h}(1 − ${h})`,
  relu: () => "ReLU′(z)",
  linear: () => "1",
};

const text = (value) => decimal(value, 4);
const factor = (value) => (text(value).startsWith("−") ? `(${text(value)})` : text(value));
const range = (count) => Array.from({ length: count }, (_, n) => n);

const WRITERS = {
  product({ l, i, k }, { name, weight, result }) {
    const [w, h] = [weight(l, i, k), result.values[l][k]];
    const product = `${name.weight(l, i, k)} ${name.value(l, k)}`;
    return `${product} = ${text(w)} × ${factor(h)} = ${text(w * h)}`;
  },

  unit({ l, i }, { name, weight, result, sizes, activation }) {
    const z = text(result.pre[l][i]);
    const terms = range(sizes[l]).map((k) => factor(weight(l, i, k) * result.values[l][k]));
    const sum = [text(result.network.biases[l][i]), ...terms].join(" + ");
    const symbols = range(sizes[l]).map((k) => `${name.weight(l, i, k)} ${name.value(l, k)}`);
    const rule = [name.bias(l, i), ...symbols].join(" + ");
    const value = text(result.values[l + 1][i]);
    const applied = `${NAMES[activation]}(${z})`;
    const outcome = `${name.value(l + 1, i)} = ${applied} = ${value}`;
    return `${name.sum(l, i)} = ${rule} = ${sum} = ${z}, so ${outcome}`;
  },

  loss(_, { result, targets, name, depth }) {
    const join = (terms) => (terms.length > 1 ? `(${terms.join(" + ")})` : terms[0]);
    const outputs = Array.from(result.output);
    const rule = join(outputs.map((_y, n) => `(${name.value(depth, n)} − ${name.target(n)})²`));
    const numbers = join(outputs.map((y, n) => `(${text(y)} − ${factor(targets[n])})²`));
    return `L = ½ ${rule} = ½ ${numbers} = ${text(result.loss)}`;
  },

  output({ i }, { result, targets, name, depth }) {
    const [y, t] = [name.value(depth, i), name.target(i)];
    const numbers = `${text(result.output[i])} − ${factor(targets[i])}`;
    return `∂L/∂${y} = ${y} − ${t} = ${numbers} = ${text(result.gradient.signals[depth][i])}`;
  },

  delta({ l, i }, { name, weight, result, sizes, depth, activation }) {
    const { deltas, signals } = result.gradient;
    const value = name.value(l + 1, i);
    const slope = ACTIVATIONS[activation].slope(result.pre[l][i], result.values[l + 1][i]);
    const later = l + 1 < depth ? range(sizes[l + 2]) : [];
    const parts = later.map((r) => factor(weight(l + 1, r, i) * deltas[l + 1][r]));
    const sum = parts.length > 1 ? ` = ${parts.join(" + ")}` : "";
    const start = parts.length ? `∂L/∂${value}${sum} = ${text(signals[l + 1][i])}, so ` : "";
    const rule = `${name.delta(l, i)} = ∂L/∂${value} · ${SLOPES[activation](value)}`;
    const numbers = `${text(signals[l + 1][i])} × ${factor(slope)} = ${text(deltas[l][i])}`;
    return `${start}${rule} = ${numbers}, which is ∂L/∂${name.bias(l, i)} too`;
  },

  edge({ l, i, k }, { name, weight, result }) {
    const [w, h, d] = [weight(l, i, k), result.values[l][k], result.gradient.deltas[l][i]];
    const [weightName, valueName] = [name.weight(l, i, k), name.value(l, k)];
    const rule = `∂L/∂${weightName} = ${name.delta(l, i)} ${valueName}`;
    const first = `${rule} = ${text(d)} × ${factor(h)} = ${text(d * h)}`;
    if (l === 0) return first;
    const numbers = `${text(w)} × ${factor(d)} = ${text(w * d)}`;
    return `${first}; ${valueName} receives ${weightName} ${name.delta(l, i)} = ${numbers}`;
  },
};

export function sentence(step, setting, result) {
  const sizes = sizesOf(setting);
  const { weights } = result.network;
  return WRITERS[step.kind](step, {
    name: namesFor(sizes),
    weight: (l, i, k) => weights[l][i * sizes[l] + k],
    result,
    sizes,
    depth: sizes.length - 1,
    targets: setting.targets,
    activation: setting.activation,
  });
}
