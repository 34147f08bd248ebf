// The small random network that the figure measures.
import { GATES, run, zeroState } from "../shared/recurrent.js";
import { Random } from "../shared/random.js";
import { gradientNorms, spectralRadius } from "./jacobian.js";

export const FEATURES = 3;
const STREAMS = { hidden: 1, input: 2, sequence: 3 };
const KEEPING = { lstm: 1, gru: 1 }; // the block of the gate that keeps: f, and z

const normals = (random, count, scale) =>
  Float64Array.from({ length: count }, () => scale * random.normal());

// A normal matrix scaled to the spectral radius.
function recurrentBlock(random, size, radius) {
  const block = normals(random, size * size, 1);
  const factor = radius / spectralRadius(block, size);
  return block.map((value) => factor * value);
}

// { cell, radius, gateBias, hidden, seed } to a layer of shared/recurrent.js.
export function createLayer({ cell, radius, gateBias, hidden, seed }) {
  const kind = cell === "tanh" ? "rnn" : cell;
  const gates = GATES[kind];
  const random = new Random(seed, STREAMS.hidden);
  const weightHidden = new Float64Array(gates * hidden * hidden);
  for (let gate = 0; gate < gates; gate += 1) {
    weightHidden.set(recurrentBlock(random, hidden, radius), gate * hidden * hidden);
  }
  const bias = new Float64Array(gates * hidden);
  if (kind in KEEPING) {
    bias.fill(gateBias, KEEPING[kind] * hidden, (KEEPING[kind] + 1) * hidden);
  }
  const inputs = new Random(seed, STREAMS.input);
  return {
    kind,
    features: FEATURES,
    hidden,
    weightInput: normals(inputs, gates * hidden * FEATURES, 1 / Math.sqrt(FEATURES)),
    weightHidden,
    bias,
    biasCandidate: new Float64Array(hidden),
  };
}

// T inputs; a longer sequence begins like a shorter one.
export function createInputs({ steps, inputScale, seed }) {
  const random = new Random(seed, STREAMS.sequence);
  return Array.from({ length: steps }, () => normals(random, FEATURES, inputScale));
}

// Everything that the figure shows of a setting.
export function measure(setting) {
  const layer = createLayer(setting);
  const inputs = createInputs(setting);
  const states = [zeroState(layer), ...run(layer, inputs)];
  return { layer, inputs, states, ...gradientNorms(layer, states) };
}
