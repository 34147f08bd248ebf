// Two small networks against each other on a line: x = G(z) with z ~ N(0, 1), and the logit a(x) of
// D(x) = sigmoid(a). Plain gradient descent on minibatches, every random choice from the seed:
// stream 1 draws G's weights, 2 D's, 3 the batches.
import { binaryCrossEntropy } from "../shared/losses.js";
import { backward, createNetwork, descend, forward } from "../shared/network.js";
import { Random } from "../shared/random.js";

export const BATCH = 64;
export const UNITS = 16; // tanh units in the one hidden layer of each network
const NARROW = 0.5; // G's last weights are made smaller, so that it begins as one bump

// The data: Gaussians of equal weight, [mean, deviation].
export const DATA = {
  one: [[1.5, 0.7]],
  two: [
    [-2, 0.5],
    [2, 0.5],
  ],
};

const filled = (count, value) => new Float64Array(count).fill(value);

// configuration: { data, loss, k, generatorRate, discriminatorRate, start, seed }.
export function createGame(configuration) {
  const { seed, start } = configuration;
  const make = (stream) => createNetwork([1, UNITS, 1], "tanh", "linear", new Random(seed, stream));
  const [generator, discriminator] = [make(1), make(2)];
  generator.weights[1] = generator.weights[1].map((weight) => NARROW * weight);
  generator.biases[1][0] = start;
  return { configuration, generator, discriminator, random: new Random(seed, 3), step: 0 };
}

function drawData(random, modes) {
  return Float64Array.from({ length: BATCH }, () => {
    const [mean, deviation] = modes[modes.length > 1 ? random.below(modes.length) : 0];
    return mean + deviation * random.normal();
  });
}

const drawNoise = (random) => Float64Array.from({ length: BATCH }, () => random.normal());

// L_D = -mean log D(x) - mean log(1 - D(G(z))) and its gradient; G is held fixed.
export function discriminatorGradients(discriminator, real, fake) {
  const x = Float64Array.from([...real, ...fake]);
  const targets = Float64Array.from(x, (_, n) => (n < real.length ? 1 : 0));
  const pass = forward(discriminator, x, x.length);
  const { loss, gradient } = binaryCrossEntropy(pass.output, targets);
  const twice = gradient.map((value) => 2 * value); // a sum of two means, each over half of x
  return { loss: 2 * loss, ...backward(discriminator, pass, twice, x.length) };
}

// L_G = mean log(1 - D(G(z))), "minimax", or -mean log D(G(z)), "non-saturating"; D is held fixed.
export function generatorGradients({ generator, discriminator, configuration }, noise) {
  const pass = forward(generator, noise, noise.length);
  const judged = forward(discriminator, pass.output, noise.length);
  const minimax = configuration.loss === "minimax";
  const sign = minimax ? -1 : 1;
  const targets = filled(noise.length, minimax ? 0 : 1);
  const { loss, gradient } = binaryCrossEntropy(judged.output, targets);
  const down = gradient.map((value) => sign * value);
  const signal = backward(discriminator, judged, down, noise.length).signals[0];
  return { loss: sign * loss, ...backward(generator, pass, signal, noise.length) };
}

// k steps of D, then one of G, each on fresh batches (Algorithm 1 of Goodfellow et al.).
export function takeStep(game) {
  const { generator, discriminator, random, configuration } = game;
  for (let n = 0; n < configuration.k; n += 1) {
    const real = drawData(random, DATA[configuration.data]);
    const fake = forward(generator, drawNoise(random), BATCH).output;
    const gradients = discriminatorGradients(discriminator, real, fake);
    descend(discriminator, gradients, configuration.discriminatorRate);
  }
  descend(generator, generatorGradients(game, drawNoise(random)), configuration.generatorRate);
  game.step += 1;
}
