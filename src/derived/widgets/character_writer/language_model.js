// The character model: unpacked weights, reading one character, and the choice of the next.
import { denseForward, softmax } from "../shared/network.js";
import { GATES, step, zeroState } from "../shared/recurrent.js";

// The float32 numbers of a base64 text, little endian, one after the other on demand.
function unpacker(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  let place = 0;
  return (count) => {
    const values = new Float64Array(count);
    for (let n = 0; n < count; n += 1) values[n] = view.getFloat32(4 * (place + n), true);
    place += count;
    return values;
  };
}

// { vocabulary, layers: [{ kind, features, hidden }], embedded, weights } as the traits hold them.
export function unpack({ vocabulary, layers, embedded, weights }) {
  const take = unpacker(weights);
  const characters = [...vocabulary];
  const size = characters.length;
  const width = layers[0].features;
  const embedding = embedded ? take(size * width) : null;
  const stack = layers.map(({ kind, features, hidden }) => {
    const rows = GATES[kind] * hidden;
    const layer = { kind, features, hidden };
    layer.weightInput = take(rows * features);
    layer.weightHidden = take(rows * hidden);
    layer.bias = take(rows);
    if (kind === "gru") layer.biasCandidate = take(hidden);
    return layer;
  });
  const output = { weight: take(size * layers.at(-1).hidden), bias: take(size) };
  const index = new Map(characters.map((character, n) => [character, n]));
  return { characters, index, embedding, width, stack, output };
}

export const startStates = ({ stack }) => stack.map(zeroState);

// The states after one more character, given by its number.
export function read({ embedding, width, stack }, states, number) {
  let x = embedding ? embedding.subarray(number * width, (number + 1) * width) : number;
  return stack.map((layer, l) => {
    const state = step(layer, x, states[l]);
    x = state.h;
    return state;
  });
}

export const logits = ({ output }, states) =>
  denseForward(states.at(-1).h, 1, output.weight, output.bias);

// softmax(logits / temperature); at temperature 0 its limit, all on the first of the largest.
export function distribution(scores, temperature) {
  if (temperature > 0) return softmax(scores.map((score) => score / temperature));
  const best = scores.indexOf(Math.max(...scores));
  return Array.from(scores, (_, n) => (n === best ? 1 : 0));
}

// The number of the character at which the sum of the probabilities passes u, in (0, 1).
export function pick(probabilities, u) {
  let sum = 0;
  for (let n = 0; n < probabilities.length; n += 1) {
    sum += probabilities[n];
    if (u < sum) return n;
  }
  return probabilities.lastIndexOf(Math.max(...probabilities)); // rounding left the sum below u
}

export const entropy = (probabilities) =>
  probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
