// Adam (Kingma and Ba 2015, algorithm 1) on the parameters of a network of network.js.
// derived.nn.Adam is the NumPy twin; a test compares the two.
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

export class Adam {
  constructor(network, learningRate) {
    Object.assign(this, { network, learningRate, steps: 0 });
    const zeros = (arrays) => arrays.map((array) => new Float64Array(array.length));
    const both = () => ({ weights: zeros(network.weights), biases: zeros(network.biases) });
    this.mean = both();
    this.square = both();
  }

  // gradients: { weights, biases }, one array a layer.
  step(gradients) {
    this.steps += 1;
    const rate = this.learningRate / (1 - BETA1 ** this.steps);
    const correction = 1 / (1 - BETA2 ** this.steps);
    for (const kind of ["weights", "biases"]) {
      this.network[kind].forEach((array, l) => {
        const [g, m, v] = [gradients[kind][l], this.mean[kind][l], this.square[kind][l]];
        for (let i = 0; i < array.length; i += 1) {
          m[i] = BETA1 * m[i] + (1 - BETA1) * g[i];
          v[i] = BETA2 * v[i] + (1 - BETA2) * g[i] * g[i];
          array[i] -= (rate * m[i]) / (Math.sqrt(v[i] * correction) + EPSILON);
        }
      });
    }
  }
}
