// A convolutional network from its description and its packed weights, run layer by layer.
import { convolve, pool } from "../shared/convolution.js";
import { ACTIVATIONS, denseForward, softmax } from "../shared/network.js";

// Little-endian float32 in base64 -> Float64Array.
export function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 4 }, (_, k) => view.getFloat32(4 * k, true));
}

// Gives every layer its own weight and bias, in the order in which they were packed.
export function assemble(layers, packed) {
  const all = unpack(packed);
  let from = 0;
  return layers.map((layer) => {
    if (!layer.weights) return layer;
    const biases = layer.shape[0];
    const middle = from + layer.weights - biases;
    const [weight, bias] = [all.slice(from, middle), all.slice(middle, middle + biases)];
    from = middle + biases;
    return { ...layer, weight, bias };
  });
}

function apply(layer, { values, shape }) {
  if (layer.kind === "convolution") {
    return convolve(values, shape, layer.weight, layer.bias, layer);
  }
  if (layer.kind === "max-pool" || layer.kind === "average-pool") {
    return pool(layer.kind, values, shape, layer);
  }
  if (layer.kind === "dense") {
    return { values: denseForward(values, 1, layer.weight, layer.bias), shape: layer.shape };
  }
  if (layer.kind === "flatten") return { values, shape: layer.shape };
  const leaky = (z) => (z > 0 ? z : layer.slope * z);
  const value = layer.kind === "leaky-relu" ? leaky : ACTIVATIONS[layer.kind].value;
  return { values: values.map(value), shape };
}

// picture (side * side) -> { outputs: one { values, shape } a layer, logits, probabilities }.
export function run(layers, picture, side) {
  const outputs = [];
  let now = { values: Float64Array.from(picture), shape: [1, side, side] };
  for (const layer of layers) {
    now = apply(layer, now);
    outputs.push(now);
  }
  const logits = [...now.values];
  return { outputs, logits, probabilities: softmax(logits) };
}

const NAMES = {
  convolution: "convolution",
  "max-pool": "maximum of",
  "average-pool": "mean of",
  dense: "dense",
  relu: "ReLU",
  "leaky-relu": "leaky ReLU",
  tanh: "tanh",
  sigmoid: "sigmoid",
};

const nameOf = (layer) => {
  const window = layer.window ? ` ${layer.window.join("×")}` : "";
  return NAMES[layer.kind] + window;
};

// What is shown as one row: a layer together with the activation behind it. Each row has its name,
// the number of the layer whose output it shows, and the layer that has the weights, if one has.
export function rowsOf(layers) {
  const rows = [];
  layers.forEach((layer, number) => {
    if (layer.kind === "flatten") return;
    const activation = !layer.weights && !layer.window;
    if (activation && rows.length) {
      const last = rows[rows.length - 1];
      Object.assign(last, { name: `${last.name}, ${nameOf(layer)}`, output: number });
    } else {
      rows.push({ name: nameOf(layer), output: number, layer });
    }
  });
  return rows;
}
