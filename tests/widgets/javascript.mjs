// Runs functions of the figures' modules for the Python tests: one JSON request a line on stdin,
// { name, arguments }, one JSON answer a line on stdout.
import { createInterface } from "node:readline";
import * as computation from "../../src/derived/widgets/backprop_graph/computation.js";
import * as layout from "../../src/derived/widgets/backprop_graph/layout.js";
import { sentence } from "../../src/derived/widgets/backprop_graph/sentences.js";
import { pick } from "../../src/derived/widgets/character_writer/language_model.js";
import { Writing } from "../../src/derived/widgets/character_writer/writing.js";
import * as attacks from "../../src/derived/widgets/digit_attack/attack.js";
import * as ink from "../../src/derived/widgets/shared/ink.js";
import * as layered from "../../src/derived/widgets/digit_through_layers/network.js";
import * as dropout from "../../src/derived/widgets/dropout_ensemble/ensemble.js";
import * as regression from "../../src/derived/widgets/dropout_regression/regression.js";
import * as bound from "../../src/derived/widgets/elbo_terms/bound.js";
import * as game from "../../src/derived/widgets/gan_trainer/game.js";
import * as measures from "../../src/derived/widgets/gan_trainer/measures.js";
import { PRESETS as KERNELS } from "../../src/derived/widgets/kernel_editor/presets.js";
import * as sliding from "../../src/derived/widgets/kernel_editor/sliding.js";
import * as latent from "../../src/derived/widgets/latent_map/codes.js";
import { effects } from "../../src/derived/widgets/latent_sliders/effects.js";
import * as cell from "../../src/derived/widgets/lstm_stepper/cell.js";
import * as configuration from "../../src/derived/widgets/network_trainer/configuration.js";
import { zeroContour } from "../../src/derived/widgets/network_trainer/contour.js";
import { sample } from "../../src/derived/widgets/network_trainer/samples.js";
import * as training from "../../src/derived/widgets/network_trainer/training.js";
import * as quadratic from "../../src/derived/widgets/penalty_contours/quadratic.js";
import * as geometry from "../../src/derived/widgets/perceptron_explorer/geometry.js";
import * as learning from "../../src/derived/widgets/perceptron_explorer/learning.js";
import { largestMargin } from "../../src/derived/widgets/perceptron_explorer/margin.js";
import { PRESETS } from "../../src/derived/widgets/perceptron_explorer/presets.js";
import * as calibration from "../../src/derived/widgets/reliability_diagram/calibration.js";
import * as chart from "../../src/derived/widgets/shared/chart.js";
import * as convolution from "../../src/derived/widgets/shared/convolution.js";
import * as decoder from "../../src/derived/widgets/shared/decoder.js";
import * as dom from "../../src/derived/widgets/shared/dom.js";
import * as losses from "../../src/derived/widgets/shared/losses.js";
import * as network from "../../src/derived/widgets/shared/network.js";
import * as powers from "../../src/derived/widgets/shared/powers.js";
import { Random } from "../../src/derived/widgets/shared/random.js";
import * as recurrent from "../../src/derived/widgets/shared/recurrent.js";
import { measure } from "../../src/derived/widgets/unrolled_gradient/experiment.js";
import * as jacobian from "../../src/derived/widgets/unrolled_gradient/jacobian.js";

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
    const start = network.parameterLists(state.network);
    for (let n = 0; n < epochs; n += 1) training.trainEpoch(state);
    const end = network.parameterLists(state.network);
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
  recurrent(layer, inputs, state) {
    const parts = Object.entries(layer).map(([key, v]) => [key, Array.isArray(v) ? flat(v) : v]);
    const start = state && Object.fromEntries(Object.entries(state).map(([k, v]) => [k, flat(v)]));
    return recurrent.run(Object.fromEntries(parts), inputs, start ?? undefined);
  },
  measure,
  spectralNorm: (matrix, columns) => jacobian.spectralNorm(flat(matrix), columns),
  spectralRadius: (matrix, size) => jacobian.spectralRadius(flat(matrix), size),
  cellSentences(setting) {
    const states = cell.compute(setting);
    const last = cell.STAGES.length * setting.inputs.length;
    return times(last + 1, (_, step) => cell.sentence(setting, states, step));
  },
  pick,
  writeText(traits, { prompt, seed, temperature }, count) {
    const author = new Writing(traits);
    author.begin(prompt, seed, temperature);
    const before = author.probabilities;
    for (let n = 0; n < count; n += 1) author.write(temperature);
    return { text: author.text, before, after: author.probabilities };
  },
  magnitude: powers.magnitude,
  decades: powers.decades,
  powerTicks: powers.powerTicks,
  convolve: (x, shape, weight, bias, settings) =>
    convolution.convolve(flat(x), shape, flat(weight), flat(bias), settings),
  pool: (kind, x, shape, settings) => convolution.pool(kind, flat(x), shape, settings),
  paddingOf: convolution.paddingOf,
  kernels: () => KERNELS,
  slide: sliding.slide,
  arithmetic: sliding.arithmetic,
  runNetwork: (layers, weights, picture, side) =>
    layered.run(layered.assemble(layers, weights), flat(picture), side),
  rasterize: ink.rasterize,
  fitted: ink.fitted,
  quadratic: (name, ...values) => quadratic[name](...values),
  ensemble: (net, keep) => ({
    ...dropout.ensemble(net, keep),
    members: dropout.thinned(net, keep),
    units: dropout.droppable(net),
  }),
  maskNumber: (mask) => dropout.numberOf(mask),
  importDefault: async (address) => (await import(address)).default,
  decodeLatent: (traits, points) => decoder.decode(decoder.assemble(traits), points),
  bound: (name, ...values) => bound[name](...values),
  ticks: chart.ticks,
  calibration: (name, rows, ...values) => calibration[name](rows.map(flat), ...values),
  unpackLogits: calibration.unpack,
  effects: (traits, code) => effects(decoder.assemble(traits), code),
  latent: (name, ...values) => {
    const result = latent[name](...values);
    return result instanceof Map ? Object.fromEntries(result) : result;
  },
  attack: (name, traits, picture, ...values) =>
    attacks[name](decoder.assemble(traits), flat(picture), ...values),
  discriminatorGradients: (parameters, real, fake) =>
    game.discriminatorGradients(net(parameters), flat(real), flat(fake)),
  generatorGradients: ({ generator, discriminator, configuration }, noise) =>
    game.generatorGradients(
      { generator: net(generator), discriminator: net(discriminator), configuration },
      flat(noise),
    ),
  play(configuration, steps) {
    const match = game.createGame(configuration);
    const lists = () => ({
      generator: network.parameterLists(match.generator),
      discriminator: network.parameterLists(match.discriminator),
    });
    const start = lists();
    for (let n = 0; n < steps; n += 1) game.takeStep(match);
    return { start, end: lists(), found: measures.measure(match) };
  },
  generatedMasses: (places) => measures.generatedMasses(flat(places)),
  nodes: () => measures.NODES,
  gan: (name, ...values) => measures[name](...values),
  dropoutObjective: (parameters, { x, y, masks, alpha }) =>
    regression.objective(net(parameters), { x: flat(x), y: flat(y), masks: masks.map(flat), alpha }),
  dropoutPasses(parameters, x, masks) {
    const found = regression.passes(net(parameters), flat(x), masks.map(flat));
    return { found, ...regression.moments(found) };
  },
  passMasks: regression.passMasks,
  fitDropout(configuration, points, steps) {
    const fit = regression.createFit(configuration);
    const start = network.parameterLists(fit.network);
    for (let n = 0; n < steps; n += 1) regression.takeStep(fit, points, configuration);
    return { start, end: network.parameterLists(fit.network) };
  },
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
