// Dense networks on flat Float64Arrays, with the book's conventions: rows are examples, a weight
// has shape (outputs, inputs), loss gradients are means over the batch.
// derived.nn holds the NumPy twin; the tests compare the two on random inputs.

const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

// value(z) and slope(z, h) with h = value(z).
export const ACTIVATIONS = {
  linear: { value: (z) => z, slope: () => 1 },
  relu: { value: (z) => (z > 0 ? z : 0), slope: (z) => (z > 0 ? 1 : 0) },
  sigmoid: { value: sigmoid, slope: (z, h) => h * (1 - h) },
  tanh: { value: Math.tanh, slope: (z, h) => 1 - h * h },
};

// One row (length classes) of logits to probabilities; the largest logit is subtracted first.
export function softmax(logits) {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (z) => Math.exp(z - top));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

// x (count, inputs), weight (outputs, inputs), bias (outputs) -> (count, outputs).
export function denseForward(x, count, weight, bias) {
  const outputs = bias.length,
    inputs = weight.length / outputs;
  const z = new Float64Array(count * outputs);
  for (let n = 0; n < count; n += 1) {
    for (let i = 0; i < outputs; i += 1) {
      let sum = bias[i];
      for (let k = 0; k < inputs; k += 1) sum += weight[i * inputs + k] * x[n * inputs + k];
      z[n * outputs + i] = sum;
    }
  }
  return z;
}

// delta (count, outputs) = dL/dz of this layer -> dL/dweight, dL/dbias, dL/dinput.
export function denseBackward(delta, x, count, weight, outputs) {
  const inputs = weight.length / outputs;
  const gradWeight = new Float64Array(weight.length),
    gradBias = new Float64Array(outputs);
  const gradInput = new Float64Array(count * inputs);
  for (let n = 0; n < count; n += 1) {
    for (let i = 0; i < outputs; i += 1) {
      const d = delta[n * outputs + i];
      gradBias[i] += d;
      for (let k = 0; k < inputs; k += 1) {
        gradWeight[i * inputs + k] += d * x[n * inputs + k];
        gradInput[n * inputs + k] += d * weight[i * inputs + k];
      }
    }
  }
  return { weight: gradWeight, bias: gradBias, input: gradInput };
}

// A network is { weights: [Float64Array], biases: [Float64Array], activations: [name] },
// one entry a layer. Glorot (uniform) for saturating units, He (uniform) for ReLU; biases 0.
export function createNetwork(sizes, hidden, output, random) {
  const network = { weights: [], biases: [], activations: [] };
  for (let l = 0; l + 1 < sizes.length; l += 1) {
    const [inputs, outputs] = [sizes[l], sizes[l + 1]];
    const last = l + 2 === sizes.length,
      activation = last ? output : hidden;
    const limit = Math.sqrt(6 / (activation === "relu" ? inputs : inputs + outputs));
    const weight = new Float64Array(inputs * outputs);
    for (let i = 0; i < weight.length; i += 1) weight[i] = random.uniform(-limit, limit);
    network.weights.push(weight);
    network.biases.push(new Float64Array(outputs));
    network.activations.push(activation);
  }
  return network;
}

// x (count, inputs) -> every pre-activation z and every value h; values[0] is x itself.
export function forward(network, x, count) {
  const values = [x],
    pre = [];
  network.weights.forEach((weight, l) => {
    const z = denseForward(values[l], count, weight, network.biases[l]);
    pre.push(z);
    values.push(z.map(ACTIVATIONS[network.activations[l]].value));
  });
  return { pre, values, output: values[values.length - 1] };
}

// gradOutput = dL/doutput -> gradients of all parameters, and the error signals:
// deltas[l] = dL/dz of layer l, signals[l] = dL/dvalues[l] (signals[0] belongs to the input).
export function backward(network, pass, gradOutput, count) {
  const depth = network.weights.length;
  const result = { weights: [], biases: [], deltas: [], signals: [] };
  let signal = gradOutput;
  result.signals[depth] = signal;
  for (let l = depth - 1; l >= 0; l -= 1) {
    const { slope } = ACTIVATIONS[network.activations[l]];
    const [z, h, outer] = [pass.pre[l], pass.values[l + 1], signal];
    const delta = z.map((value, i) => outer[i] * slope(value, h[i]));
    const outputs = network.biases[l].length;
    const gradient = denseBackward(delta, pass.values[l], count, network.weights[l], outputs);
    result.weights[l] = gradient.weight;
    result.biases[l] = gradient.bias;
    result.deltas[l] = delta;
    result.signals[l] = signal = gradient.input;
  }
  return result;
}

// parameters -= learningRate * gradients, in place.
export function descend(network, gradients, learningRate) {
  for (const kind of ["weights", "biases"]) {
    network[kind].forEach((array, l) => {
      const gradient = gradients[kind][l];
      for (let i = 0; i < array.length; i += 1) array[i] -= learningRate * gradient[i];
    });
  }
}

// Parameters as nested lists, one { weight (outputs, inputs), bias (outputs) } a layer.
export function parameterLists({ weights, biases }) {
  return weights.map((weight, l) => {
    const outputs = biases[l].length,
      inputs = weight.length / outputs;
    const rows = Array.from({ length: outputs }, (_, i) =>
      Array.from(weight.slice(i * inputs, (i + 1) * inputs)),
    );
    return { weight: rows, bias: Array.from(biases[l]) };
  });
}
