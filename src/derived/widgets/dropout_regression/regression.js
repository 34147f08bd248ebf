// A network 1-H-H-1 with dropout on its hidden units: training on points, and passes with masks.
// J = mean of ½ (y − f)² + α/2 · Σ‖v‖² over the weights that leave a hidden unit, with
// α = σ² / (n p τ²): equation (10.18) of the book.
import { Adam } from "../shared/adam.js";
import { ACTIVATIONS, createNetwork, denseBackward, denseForward } from "../shared/network.js";
import { Random } from "../shared/random.js";

export const HIDDEN = 32;
const LEARNING_RATE = 0.01;
const KINKS = 3; // the first layer's units turn between −3 and 3
const STREAMS = { training: 3, passes: 5 };

export function createFit({ activation, seed, hidden = HIDDEN }) {
  const random = new Random(seed);
  const network = createNetwork([1, hidden, hidden, 1], activation, "linear", random);
  network.weights[0].forEach((weight, j) => {
    network.biases[0][j] = -weight * random.uniform(-KINKS, KINKS);
  });
  const adam = new Adam(network, LEARNING_RATE);
  return { network, adam, hidden, random: new Random(seed, STREAMS.training), step: 0 };
}

// One mask a hidden layer for each of `count` passes: 1/p with probability p, else 0.
export function drawMasks(random, keep, count, hidden = HIDDEN) {
  const layer = () => Float64Array.from({ length: count * hidden }, () => (random.uniform() < keep ? 1 / keep : 0));
  return [layer(), layer()];
}

export const passMasks = (seed, keep, count, hidden = HIDDEN) =>
  drawMasks(new Random(seed, STREAMS.passes), keep, count, hidden);

// x (count); masks: for each hidden layer one row for each x. values[l] is what enters layer l.
export function maskedForward(network, x, masks) {
  const [values, pre] = [[x], []];
  network.weights.forEach((weight, l) => {
    const z = denseForward(values[l], x.length, weight, network.biases[l]);
    const { value } = ACTIVATIONS[network.activations[l]];
    const mask = masks[l];
    pre.push(z);
    values.push(z.map((entry, i) => value(entry) * (mask ? mask[i] : 1)));
  });
  return { pre, values, output: values.at(-1) };
}

// x, y (count) -> J with these masks and its gradients { weights, biases }.
export function objective(network, { x, y, masks, alpha }) {
  const pass = maskedForward(network, x, masks);
  const misses = pass.output.map((f, n) => f - y[n]);
  let value = misses.reduce((sum, miss) => sum + miss * miss, 0) / (2 * x.length);
  const gradients = { weights: [], biases: [] };
  let signal = misses.map((miss) => miss / x.length);
  for (let l = network.weights.length - 1; l >= 0; l -= 1) {
    const { value: act, slope } = ACTIVATIONS[network.activations[l]];
    const [outer, mask, weight] = [signal, masks[l], network.weights[l]];
    const delta = pass.pre[l].map((z, i) => outer[i] * (mask ? mask[i] : 1) * slope(z, act(z)));
    const found = denseBackward(delta, pass.values[l], x.length, weight, network.biases[l].length);
    if (l > 0) {
      weight.forEach((w, i) => {
        found.weight[i] += alpha * w;
        value += (alpha / 2) * w * w;
      });
    }
    gradients.weights[l] = found.weight;
    gradients.biases[l] = found.bias;
    signal = found.input;
  }
  return { value, gradients };
}

export const penalty = ({ keep, noise, prior }, count) => noise ** 2 / (count * keep * prior ** 2);

// points: [[x, y], …]; a fresh mask for each point.
export function takeStep(fit, points, configuration) {
  const x = Float64Array.from(points, ([first]) => first);
  const y = Float64Array.from(points, ([, second]) => second);
  const masks = drawMasks(fit.random, configuration.keep, x.length, fit.hidden);
  const alpha = penalty(configuration, x.length);
  fit.adam.step(objective(fit.network, { x, y, masks, alpha }).gradients);
  fit.step += 1;
}

// Every pass has one mask for all x: a function. masks: as of passMasks -> one array of f a pass.
export function passes(network, x, masks) {
  const hidden = network.biases[0].length;
  const count = masks[0].length / hidden;
  const value = ACTIVATIONS[network.activations[0]].value;
  const first = denseForward(x, x.length, network.weights[0], network.biases[0]).map(value);
  return Array.from({ length: count }, (_, t) => {
    const [one, two] = masks.map((mask) => mask.subarray(t * hidden, (t + 1) * hidden));
    const thinned = first.map((h, i) => h * one[i % hidden]);
    const second = denseForward(thinned, x.length, network.weights[1], network.biases[1]);
    const left = second.map((z, i) => value(z) * two[i % hidden]);
    return denseForward(left, x.length, network.weights[2], network.biases[2]);
  });
}

// Mean and deviation over the passes at each x: equation (10.20).
export function moments(found) {
  const mean = new Float64Array(found[0].length);
  for (const f of found) f.forEach((value, i) => (mean[i] += value / found.length));
  const variance = new Float64Array(mean.length);
  for (const f of found) f.forEach((value, i) => (variance[i] += (value - mean[i]) ** 2 / found.length));
  return { mean, deviation: variance.map(Math.sqrt) };
}
