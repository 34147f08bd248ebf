// Losses: each returns { loss, gradient }, the gradient with respect to its first argument,
// both averaged over the batch.
import { softmax } from "./network.js";

// logits (count), targets (count) in {0, 1}: log(1 + exp(z)) - t z, written without overflow.
export function binaryCrossEntropy(logits, targets) {
  const count = logits.length,
    gradient = new Float64Array(count);
  let loss = 0;
  for (let n = 0; n < count; n += 1) {
    const z = logits[n],
      decay = Math.exp(-Math.abs(z));
    loss += Math.max(z, 0) - z * targets[n] + Math.log1p(decay);
    const p = z >= 0 ? 1 / (1 + decay) : decay / (1 + decay);
    gradient[n] = (p - targets[n]) / count;
  }
  return { loss: loss / count, gradient };
}

// logits (count, classes), labels (count) integers: -log softmax(logits)[label].
export function crossEntropy(logits, labels) {
  const count = labels.length,
    classes = logits.length / count;
  const gradient = new Float64Array(logits.length);
  let loss = 0;
  for (let n = 0; n < count; n += 1) {
    const row = logits.slice(n * classes, (n + 1) * classes),
      top = Math.max(...row);
    const total = row.reduce((sum, z) => sum + Math.exp(z - top), 0);
    loss += top + Math.log(total) - row[labels[n]];
    softmax(row).forEach((p, k) => {
      gradient[n * classes + k] = (p - (k === labels[n] ? 1 : 0)) / count;
    });
  }
  return { loss: loss / count, gradient };
}

// One example, outputs y and targets t of equal length: L = (1/2) sum (y - t)^2.
export function halfSquaredError(outputs, targets) {
  const gradient = Float64Array.from(outputs, (y, i) => y - targets[i]);
  return { loss: gradient.reduce((sum, d) => sum + d * d, 0) / 2, gradient };
}
