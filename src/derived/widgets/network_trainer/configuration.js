// What the reader chooses, its limits, and its form in the page's address:
// #network=dataset:moons,noise:0.2,hidden:4-4,activation:tanh,rate:0.1,batch:16,seed:0
import { ACTIVATIONS } from "../shared/network.js";
import { SET_NAMES } from "./samples.js";

export const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];
export const BATCHES = [1, 4, 16, 64, 200];
export const ACTIVATION_NAMES = {
  tanh: "tanh",
  relu: "ReLU",
  sigmoid: "sigmoid",
  linear: "linear",
};
export const MOST_LAYERS = 4;
export const MOST_UNITS = 8;
export const MOST_NOISE = 0.5;
export const MOST_SEED = 9999;
export const DEFAULTS = {
  dataset: "moons",
  noise: 0.2,
  hidden: [4, 4],
  activation: "tanh",
  learningRate: 0.1,
  batchSize: 16,
  seed: 0,
};

const whole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;
const VALID = {
  dataset: (value) => Object.hasOwn(SET_NAMES, value),
  noise: (value) => value >= 0 && value <= MOST_NOISE,
  hidden: (value) =>
    value.length <= MOST_LAYERS && value.every((units) => whole(units, 1, MOST_UNITS)),
  activation: (value) => Object.hasOwn(ACTIVATIONS, value),
  learningRate: (value) => value > 0 && value <= 10,
  batchSize: (value) => whole(value, 1, 200),
  seed: (value) => whole(value, 0, MOST_SEED),
};

// An address comes from anywhere: what is not valid falls back to `base`, entry by entry.
export function valid(wanted, base = DEFAULTS) {
  const result = { ...base, hidden: [...base.hidden] };
  for (const [name, test] of Object.entries(VALID)) {
    const value = wanted[name];
    if (value !== undefined && value !== null && test(value)) result[name] = value;
  }
  return result;
}

const SHORT = {
  dataset: "dataset",
  noise: "noise",
  hidden: "hidden",
  activation: "activation",
  learningRate: "rate",
  batchSize: "batch",
  seed: "seed",
};

export function toHash(key, configuration) {
  const parts = Object.entries(SHORT).map(([name, short]) => {
    const value = configuration[name];
    return `${short}:${Array.isArray(value) ? value.join("-") || "none" : value}`;
  });
  return `#${key}=${parts.join(",")}`;
}

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
};

// The configuration in an address, or null if the address does not speak of this figure.
export function fromHash(key, hash, base) {
  if (!hash.startsWith(`#${key}=`)) return null;
  const read = Object.fromEntries(
    decoded(hash.slice(key.length + 2))
      .split(",")
      .map((part) => part.split(":")),
  );
  const number = (text) => (text === undefined || text === "" ? undefined : Number(text));
  const hidden =
    read.hidden === undefined
      ? undefined
      : read.hidden === "none"
        ? []
        : read.hidden.split("-").map(Number);
  return valid(
    {
      dataset: read.dataset,
      noise: number(read.noise),
      hidden,
      activation: read.activation,
      learningRate: number(read.rate),
      batchSize: number(read.batch),
      seed: number(read.seed),
    },
    base,
  );
}
