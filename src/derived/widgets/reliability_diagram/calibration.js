// Calibration of a classifier: softmax at a temperature, bins of confidence, proper scores.

// Little-endian float32 in base64 -> one Float64Array of logits an example.
export function unpack(text, classes) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const count = bytes.length / 4 / classes;
  return Array.from({ length: count }, (_, n) =>
    Float64Array.from({ length: classes }, (_, k) => view.getFloat32(4 * (n * classes + k), true)),
  );
}

// log softmax(logits / temperature) of one example.
export function logProbabilities(logits, temperature) {
  const scaled = Array.from(logits, (z) => z / temperature);
  const top = Math.max(...scaled);
  const logSum = top + Math.log(scaled.reduce((sum, z) => sum + Math.exp(z - top), 0));
  return scaled.map((z) => z - logSum);
}

// The mean negative log-likelihood in nats.
export const likelihoodLoss = (rows, labels, temperature) =>
  rows.reduce((sum, row, n) => sum - logProbabilities(row, temperature)[labels[n]], 0) / rows.length;

// Bins of equal width over the confidence (0, 1]; a bin holds its upper edge. Each bin has the number
// of its examples, their mean confidence and their accuracy.
export function measure(rows, labels, temperature, bins) {
  const found = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, accuracy: 0 }));
  let [loss, brier, right] = [0, 0, 0];
  rows.forEach((row, n) => {
    const logs = logProbabilities(row, temperature);
    const probabilities = logs.map(Math.exp);
    const confidence = Math.max(...probabilities);
    const hit = probabilities.indexOf(confidence) === labels[n] ? 1 : 0;
    const place = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins - 1e-9) - 1));
    found[place].count += 1;
    found[place].confidence += confidence;
    found[place].accuracy += hit;
    loss -= logs[labels[n]];
    right += hit;
    brier += probabilities.reduce((sum, p, k) => sum + (p - (k === labels[n] ? 1 : 0)) ** 2, 0);
  });
  const shared = found.map(({ count, confidence, accuracy }) =>
    count ? { count, confidence: confidence / count, accuracy: accuracy / count } : { count },
  );
  const error = shared.reduce(
    (sum, { count, confidence, accuracy }) => (count ? sum + count * Math.abs(accuracy - confidence) : sum),
    0,
  );
  const size = rows.length;
  const mean = shared.reduce((sum, bin) => (bin.count ? sum + bin.count * bin.confidence : sum), 0);
  return {
    bins: shared,
    error: error / size,
    loss: loss / size,
    brier: brier / size,
    accuracy: right / size,
    confidence: mean / size,
  };
}

// The temperature from 0.05 to 20 with the least negative log-likelihood. It is convex in
// 1 / temperature, so that a golden section there finds the one minimum.
export function bestTemperature(rows, labels) {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [1 / 20, 1 / 0.05];
  for (let n = 0; n < 80; n += 1) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (likelihoodLoss(rows, labels, 1 / a) < likelihoodLoss(rows, labels, 1 / b)) high = b;
    else low = a;
  }
  return 2 / (low + high);
}
