// Runs functions of the figures' modules for the Python tests: one JSON request a line on stdin,
// { name, arguments }, one JSON answer a line on stdout.
import { createInterface } from "node:readline";
import * as computation from "../../src/derived/widgets/backprop_graph/computation.js";
import * as layout from "../../src/derived/widgets/backprop_graph/layout.js";
import { sentence } from "../../src/derived/widgets/backprop_graph/sentences.js";
import * as configuration from "../../src/derived/widgets/network_trainer/configuration.js";
import { zeroContour } from "../../src/derived/widgets/network_trainer/contour.js";
import { sample } from "../../src/derived/widgets/network_trainer/samples.js";
import * as training from "../../src/derived/widgets/network_trainer/training.js";
import * as geometry from "../../src/derived/widgets/perceptron_explorer/geometry.js";
import * as learning from "../../src/derived/widgets/perceptron_explorer/learning.js";
import { largestMargin } from "../../src/derived/widgets/perceptron_explorer/margin.js";
import { PRESETS } from "../../src/derived/widgets/perceptron_explorer/presets.js";
import * as dom from "../../src/derived/widgets/shared/dom.js";
import * as losses from "../../src/derived/widgets/shared/losses.js";
import * as network from "../../src/derived/widgets/shared/network.js";
import { Random } from "../../src/derived/widgets/shared/random.js";

const times = (count, action) => Array.from({ length: count }, action);
const flat = (values) => Float64Array.from(values);
const net = ({ weights, biases, activations }) => ({
  weights: weights.map(flat),
  biases: biases.map(flat),
  activations,
});

const CALLS = {
  draws(seed, stream, count) {
    const random = new Random(seed, stream);
    return times(count, () => random.uint32());
  },
  below: (seed, bound, count) => {
    const random = new Random(seed);
    return times(count, () => random.below(bound));
  },
  normals: (seed, count) => {
    const random = new Random(seed);
    return times(count, () => random.normal());
  },
  uniforms: (seed, count) => {
    const random = new Random(seed);
    return times(count, () => random.uniform());
  },
  permutation: (seed, stream, count) => new Random(seed, stream).permutation(count),
  softmax: network.softmax,
  loss: (name, first, second) => losses[name](flat(first), second),
  forward: (parameters, x, count) => network.forward(net(parameters), flat(x), count),
  gradients: (parameters, x, y) => training.batchGradients(net(parameters), flat(x), flat(y)),
  create: (sizes, hidden, seed) => network.createNetwork(sizes, hidden, "linear", new Random(seed)),
  sample: (name, count, noise, seed) => sample(name, count, noise, new Random(seed)),
  train(settings, epochs) {
    const state = training.createTraining(settings);
    const start = training.parameterLists(state.network);
    for (let n = 0; n < epochs; n += 1) training.trainEpoch(state);
    const end = training.parameterLists(state.network);
    return { start, end, history: state.history, train: state.train, test: state.test };
  },
  surface: (parameters, side) => training.surface(net(parameters), side),
  contour: zeroContour,
  toHash: configuration.toHash,
  fromHash: configuration.fromHash,
  run(points, limit) {
    const run = learning.newRun();
    while (run.updates < limit && run.cycle === null && learning.step(run, points));
    return { ...run, seen: null, needed: learning.updatesNeeded(points, limit) };
  },
  largestMargin,
  preset: (name) => PRESETS[name].points,
  halfPlane: (weights, sign, domain) =>
    geometry.halfPlane(weights, sign, new geometry.Square(domain, 400)),
  visibleLine: (weights, domain) => geometry.visibleLine(weights, new geometry.Square(domain, 400)),
  lineThrough: geometry.lineThrough,
  compute: computation.compute,
  steps: computation.listSteps,
  sentences: (setting) => {
    const result = computation.compute(setting);
    const steps = computation.listSteps(computation.sizesOf(setting));
    return steps.map((step) => sentence(step, setting, result));
  },
  arrange: (sizes, width) => ({ ...layout.arrange(sizes, width), pill: layout.PILL }),
  importDefault: async (address) => (await import(address)).default,
  decimal: dom.decimal,
  count: dom.count,
};

const plain = (_key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);

for await (const line of createInterface({ input: process.stdin })) {
  const { name, arguments: values } = JSON.parse(line);
  let answer;
  try {
    answer = { result: await CALLS[name](...values) };
  } catch (error) {
    answer = { error: String(error.stack) };
  }
  process.stdout.write(`${JSON.stringify(answer, plain)}\n`);
}
