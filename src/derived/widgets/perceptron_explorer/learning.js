// The perceptron learning rule on points [x1, x2, label], label 0 or 1.
// Conventions: weights (b, w1, w2) start at zero, step 1, output 0 where the weighted sum is 0,
// the bias is the weight of a constant input 1, points are visited in the order listed.

export const weightedSum = (weights, point) =>
  weights[0] + weights[1] * point[0] + weights[2] * point[1];

export const output = (weights, point) => (weightedSum(weights, point) > 0 ? 1 : 0);

// The first point that is misclassified when visiting from `position` on:
// { index, visits } (visits counts it), or null if one whole round finds none.
export function nextMistake(points, weights, position) {
  for (let visits = 1; visits <= points.length; visits += 1) {
    const index = (position + visits - 1) % points.length;
    if (output(weights, points[index]) !== points[index][2]) return { index, visits };
  }
  return null;
}

// w + (t - y) x, for a point on which output and label differ.
export function corrected(weights, point) {
  const sign = point[2] - output(weights, point);
  return [weights[0] + sign, weights[1] + sign * point[0], weights[2] + sign * point[1]];
}

// Weights are sums of coordinates; nine decimals tell them apart and forgive round-off.
const signature = (weights, position) =>
  `${position}:${weights.map((weight) => (weight + 0).toFixed(9)).join()}`;

// A run: the weights, the next point to visit, visits and updates so far, and the log of updates.
export function newRun(weights = [0, 0, 0]) {
  const seen = new Map([[signature(weights, 0), 0]]);
  return { weights, position: 0, visits: 0, updates: 0, log: [], seen, cycle: null };
}

const LOG_LENGTH = 2000;

// Goes on to the next mistake and corrects it; returns false if there is none.
// `cycle` becomes the number of updates after which the same state has returned: then the run
// repeats itself for ever.
export function step(run, points) {
  const mistake = nextMistake(points, run.weights, run.position);
  if (!mistake) return false;
  const before = run.weights;
  run.weights = corrected(before, points[mistake.index]);
  run.visits += mistake.visits;
  run.position = (mistake.index + 1) % points.length;
  run.updates += 1;
  const epoch = Math.ceil(run.visits / points.length);
  const entry = { update: run.updates, epoch, index: mistake.index, before, after: run.weights };
  if (run.log.length < LOG_LENGTH) run.log.push(entry);
  if (run.cycle === null) {
    const key = signature(run.weights, run.position);
    if (run.seen.has(key)) run.cycle = run.updates - run.seen.get(key);
    else if (run.seen.size < 20000) run.seen.set(key, run.updates);
  }
  return true;
}

// How many updates the rule makes from zero weights until no mistake is left;
// null if it has not ended after `limit` updates.
export function updatesNeeded(points, limit) {
  let weights = [0, 0, 0],
    position = 0,
    updates = 0;
  for (;;) {
    const mistake = nextMistake(points, weights, position);
    if (!mistake) return updates;
    if (updates === limit) return null;
    weights = corrected(weights, points[mistake.index]);
    position = (mistake.index + 1) % points.length;
    updates += 1;
  }
}
