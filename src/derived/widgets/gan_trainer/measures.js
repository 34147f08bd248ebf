// What the figure says about the two networks, without sampling: expectations over z by the
// trapezoid rule, and the generator's density by a change of variables.
import { backward, forward } from "../shared/network.js";
import { DATA } from "./game.js";

const REACH = 4; // of the grid over z, in deviations
const INTERVALS = 400;
export const LOW = -6;
export const HIGH = 6;
export const CELLS = 240;
export const WIDTH = (HIGH - LOW) / CELLS;

export const NODES = Float64Array.from(
  { length: INTERVALS + 1 },
  (_, i) => REACH * ((2 * i) / INTERVALS - 1),
);
const BELL = NODES.map((z) => Math.exp((-z * z) / 2));
const TOTAL = BELL.reduce((sum, value) => sum + value, 0);
const SHARES = BELL.map((value) => value / TOTAL);
export const MIDDLES = Float64Array.from({ length: CELLS }, (_, k) => LOW + (k + 0.5) * WIDTH);

const softplus = (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
const sigmoid = (a) => 1 / (1 + Math.exp(-a));
const dot = (shares, values) => shares.reduce((sum, share, i) => sum + share * values[i], 0);

// The mass of the data in each cell: the density in its middle times its width.
function dataMasses(modes) {
  const bell = (x, [mean, deviation]) =>
    Math.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * Math.sqrt(2 * Math.PI));
  return MIDDLES.map(
    (x) => (WIDTH * modes.reduce((sum, mode) => sum + bell(x, mode), 0)) / modes.length,
  );
}

// The mass that x = G(z) carries into each cell. Between two nodes of z the map is taken as a
// straight line, so that the mass of the interval lies evenly over the part of x that it covers:
// p(z) dz = p_g(x) dx, added over all branches where G turns back. Two numbers more hold what lies
// below LOW and above HIGH.
export function generatedMasses(places) {
  const masses = new Float64Array(CELLS);
  const beyond = [0, 0];
  for (let i = 0; i < INTERVALS; i += 1) {
    const mass = (SHARES[i] + SHARES[i + 1]) / 2 / (1 - (SHARES[0] + SHARES[INTERVALS]) / 2);
    const [from, to] = [Math.min(places[i], places[i + 1]), Math.max(places[i], places[i + 1])];
    const length = Math.max(to - from, 1e-9);
    beyond[0] += mass * Math.max(0, Math.min(1, (LOW - from) / length));
    beyond[1] += mass * Math.max(0, Math.min(1, (from + length - HIGH) / length));
    const first = Math.max(0, Math.floor((from - LOW) / WIDTH));
    const last = Math.min(CELLS - 1, Math.floor((from + length - LOW) / WIDTH));
    for (let k = first; k <= last; k += 1) {
      const left = LOW + k * WIDTH;
      const part = Math.min(from + length, left + WIDTH) - Math.max(from, left);
      masses[k] += (mass * Math.max(0, part)) / length;
    }
  }
  return { masses, beyond };
}

// Jensen-Shannon divergence of two lists of masses, in nats.
export function jensenShannon(p, q) {
  const part = (own, middle) => (own > 0 ? own * Math.log(own / middle) : 0);
  let sum = 0;
  p.forEach((mass, k) => {
    const middle = (mass + q[k]) / 2;
    sum += part(mass, middle) / 2 + part(q[k], middle) / 2;
  });
  return sum;
}

// The share of the generator's mass within two deviations of each mode.
function modeShares(modes, masses) {
  return modes.map(([mean, deviation]) =>
    masses.reduce((sum, mass, k) => sum + (Math.abs(MIDDLES[k] - mean) < 2 * deviation ? mass : 0), 0),
  );
}

// The mean length of the pull dL/dx that a generated sample feels.
function meanPull({ discriminator, configuration }, judged) {
  const ones = new Float64Array(NODES.length).fill(1);
  const slopes = backward(discriminator, judged, ones, NODES.length).signals[0];
  const minimax = configuration.loss === "minimax";
  const pull = (a, i) => Math.abs(slopes[i]) * (minimax ? sigmoid(a) : sigmoid(-a));
  return dot(SHARES, judged.output.map(pull));
}

export function measure(game) {
  const { generator, discriminator, configuration } = game;
  const modes = DATA[configuration.data];
  const data = dataMasses(modes);
  const places = forward(generator, NODES, NODES.length).output;
  const { masses, beyond } = generatedMasses(places);
  const logits = forward(discriminator, MIDDLES, CELLS).output;
  const judged = forward(discriminator, places, NODES.length);
  const real = dot(data, logits.map((a) => -softplus(-a)));
  const fake = dot(SHARES, judged.output.map((a) => -softplus(a)));
  const divergence = jensenShannon([...data, 0, 0], [...masses, ...beyond]);
  const persuaded = dot(SHARES, judged.output.map((a) => softplus(-a)));
  return {
    places,
    data: data.map((mass) => mass / WIDTH),
    model: masses.map((mass) => mass / WIDTH),
    discriminator: logits.map(sigmoid),
    optimal: data.map((mass, k) => (mass + masses[k] > 1e-5 ? mass / (mass + masses[k]) : NaN)),
    value: real + fake,
    best: 2 * divergence - Math.log(4),
    generatorLoss: configuration.loss === "minimax" ? fake : persuaded,
    divergence,
    shares: modeShares(modes, masses),
    pull: meanPull(game, judged),
  };
}

// Where `count` equally probable parts of z have their middles: every one stands for the same mass.
export function quantiles(count) {
  const found = [];
  let sum = 0;
  for (let i = 0; i < INTERVALS && found.length < count; i += 1) {
    const mass = (SHARES[i] + SHARES[i + 1]) / 2;
    while (found.length < count && sum + mass >= (found.length + 0.5) / count) {
      const part = ((found.length + 0.5) / count - sum) / mass;
      found.push(NODES[i] + part * (NODES[i + 1] - NODES[i]));
    }
    sum += mass;
  }
  return found;
}
