// Minibatch gradient descent on the binary cross entropy of one logit, with every random choice
// taken from the seed: stream 1 draws the training points, 2 the test points, 3 the weights,
// 4 the order of the examples. Changing the network therefore does not change the data.
import { binaryCrossEntropy } from "../shared/losses.js";
import { backward, createNetwork, descend, forward } from "../shared/network.js";
import { Random } from "../shared/random.js";
import { sample } from "./samples.js";

export const SAMPLES = 200;

export function createTraining(configuration) {
  const { seed, dataset, noise, hidden, activation } = configuration;
  const draw = (stream) => sample(dataset, SAMPLES, noise, new Random(seed, stream));
  const sizes = [2, ...hidden, 1];
  const training = {
    configuration,
    train: draw(1),
    test: draw(2),
    epoch: 0,
    history: [],
    network: createNetwork(sizes, activation, "linear", new Random(seed, 3)),
    order: new Random(seed, 4),
  };
  training.history.push(measure(training));
  return training;
}

// Mean loss and share of right answers on { x, y, count }.
export function evaluate(network, { x, y, count }) {
  const logits = forward(network, x, count).output;
  const right = logits.reduce((sum, z, n) => sum + ((z > 0 ? 1 : 0) === y[n] ? 1 : 0), 0);
  return { loss: binaryCrossEntropy(logits, y).loss, accuracy: right / count };
}

const measure = ({ network, train, test }) => ({
  train: evaluate(network, train),
  test: evaluate(network, test),
});

// Loss and parameter gradients on one batch.
export function batchGradients(network, x, y) {
  const pass = forward(network, x, y.length);
  const { loss, gradient } = binaryCrossEntropy(pass.output, y);
  return { loss, ...backward(network, pass, gradient, y.length) };
}

// One pass over the training points in a fresh random order; the last batch may be smaller.
export function trainEpoch(training) {
  const {
    train,
    network,
    configuration: { batchSize, learningRate },
  } = training;
  const order = training.order.permutation(train.count);
  for (let first = 0; first < train.count; first += batchSize) {
    const rows = order.slice(first, first + batchSize);
    const x = Float64Array.from(rows.flatMap((n) => [train.x[2 * n], train.x[2 * n + 1]]));
    const y = Float64Array.from(rows, (n) => train.y[n]);
    descend(network, batchGradients(network, x, y), learningRate);
  }
  training.epoch += 1;
  training.history.push(measure(training));
}

export const diverged = ({ history }) => !Number.isFinite(history[history.length - 1].train.loss);

// The network on a side x side grid over [-2, 2]^2, row by row from the top: logits, and for each
// hidden layer the values of its units, (side * side, units).
export function surface(network, side) {
  const grid = new Float64Array(2 * side * side);
  for (let i = 0; i < side; i += 1) {
    for (let j = 0; j < side; j += 1) {
      grid[2 * (i * side + j)] = -2 + (4 * (j + 0.5)) / side;
      grid[2 * (i * side + j) + 1] = 2 - (4 * (i + 0.5)) / side;
    }
  }
  const { values, output } = forward(network, grid, side * side);
  return { side, logits: output, hidden: values.slice(1, -1) };
}
