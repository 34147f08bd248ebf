// A dense decoder from its packed weights: a point of the latent plane -> ink from 0 to 1.
import { forward } from "../shared/network.js";

// Little-endian float32 in base64 -> Float64Array.
function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 4 }, (_, k) => view.getFloat32(4 * k, true));
}

// { sizes, activations, weights } as the traits hold them -> a network of shared/network.js.
export function assemble({ sizes, activations, weights }) {
  const all = unpack(weights);
  const network = { weights: [], biases: [], activations };
  let from = 0;
  for (let l = 0; l + 1 < sizes.length; l += 1) {
    const middle = from + sizes[l] * sizes[l + 1];
    network.weights.push(all.slice(from, middle));
    from = middle + sizes[l + 1];
    network.biases.push(all.slice(middle, from));
  }
  return network;
}

// points: [[z1, z2], ...] -> one Float64Array of ink a point, cut to 0 ... 1.
export function decode(network, points) {
  const { output } = forward(network, Float64Array.from(points.flat()), points.length);
  const pixels = output.length / points.length;
  const ink = output.map((value) => Math.max(0, Math.min(1, value)));
  return points.map((_, n) => ink.slice(n * pixels, (n + 1) * pixels));
}

// The square that holds all codes and a border, as { low: [a, b], size }.
export function frame(codes) {
  const sides = [0, 1].map((i) => {
    const values = codes.map((code) => code[i]);
    return [Math.min(...values), Math.max(...values)];
  });
  const size = 1.12 * Math.max(1e-3, ...sides.map(([low, high]) => high - low));
  return { low: sides.map(([low, high]) => (low + high - size) / 2), size };
}

// The number of the code that lies nearest to a point, and its distance.
export function nearest(codes, [a, b]) {
  let best = 0;
  const distance = (k) => Math.hypot(codes[k][0] - a, codes[k][1] - b);
  for (let k = 1; k < codes.length; k += 1) if (distance(k) < distance(best)) best = k;
  return { number: best, distance: distance(best) };
}

// label -> mean code, in the order of the labels.
export function centers(codes, labels) {
  const found = new Map();
  labels.forEach((label, k) => {
    const sum = found.get(label) ?? [0, 0, 0];
    found.set(label, [sum[0] + codes[k][0], sum[1] + codes[k][1], sum[2] + 1]);
  });
  const names = [...found.keys()].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return new Map(
    names.map((label) => {
      const [a, b, count] = found.get(label);
      return [label, [a / count, b / count]];
    }),
  );
}
