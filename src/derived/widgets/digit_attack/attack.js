// Attacks on a picture within |change| <= epsilon a pixel, with the exact gradient of the loss.
import { crossEntropy } from "../shared/losses.js";
import { backward, forward, softmax } from "../shared/network.js";
import { Random } from "../shared/random.js";

const OVERSHOOT = 2.5; // steps of 2.5 epsilon / count reach the border from anywhere inside

export const largest = (values) => values.indexOf(Math.max(...values));

// picture -> { logits, probabilities, best }.
export function predict(network, picture) {
  const logits = [...forward(network, picture, 1).output];
  const probabilities = softmax(logits);
  return { logits, probabilities, best: largest(probabilities) };
}

export const lossOf = (network, picture, label) =>
  crossEntropy(forward(network, picture, 1).output, [label]).loss;

// The gradient of -log p(label | picture) with respect to the pixels.
export function inputGradient(network, picture, label) {
  const pass = forward(network, picture, 1);
  const { gradient } = crossEntropy(pass.output, [label]);
  return backward(network, pass, gradient, 1).signals[0];
}

// Into the box around the picture, and into 0 ... 1.
function bounded(values, picture, epsilon) {
  return values.map((value, k) => {
    const near = Math.max(picture[k] - epsilon, Math.min(picture[k] + epsilon, value));
    return Math.max(0, Math.min(1, near));
  });
}

// Uphill on the loss of the label, or, with a target, downhill on the loss of the target.
function climb(network, picture, { label, target, epsilon, count }) {
  const [goal, sign] = target === null ? [label, 1] : [target, -1];
  const size = count === 1 ? epsilon : (OVERSHOOT * epsilon) / count;
  let now = Float64Array.from(picture);
  for (let n = 0; n < count; n += 1) {
    const gradient = inputGradient(network, now, goal);
    const moved = now.map((value, k) => value + sign * size * Math.sign(gradient[k]));
    now = bounded(moved, picture, epsilon);
  }
  return now;
}

// As large a change as the attacks make, without the gradient: plus or minus epsilon by chance.
function shake(picture, epsilon) {
  const random = new Random(0);
  const moved = picture.map((value) => value + (random.below(2) ? epsilon : -epsilon));
  return bounded(moved, picture, epsilon);
}

// options: { method: "one step" | "projected" | "chance", label, target (or null), epsilon, steps }.
export function attacked(network, picture, options) {
  if (options.method === "chance") return shake(picture, options.epsilon);
  const count = options.method === "one step" ? 1 : options.steps;
  return climb(network, picture, { ...options, count });
}

export function succeeded(answer, { label, target }) {
  return target === null ? answer !== label : answer === target;
}

// The smallest of the given bounds at which the attack succeeds, or null.
export function smallest(network, picture, options, bounds) {
  const works = (epsilon) => {
    const moved = attacked(network, picture, { ...options, epsilon });
    return succeeded(predict(network, moved).best, options);
  };
  return bounds.find(works) ?? null;
}
