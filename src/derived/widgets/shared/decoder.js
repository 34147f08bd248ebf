// A dense decoder from its packed weights: latent points -> ink from 0 to 1.
import { forward } from "./network.js";

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

// points: [[z1, z2, ...], ...] -> one Float64Array of ink a point, cut to 0 ... 1.
export function decode(network, points) {
  const { output } = forward(network, Float64Array.from(points.flat()), points.length);
  const pixels = output.length / points.length;
  const ink = output.map((value) => Math.max(0, Math.min(1, value)));
  return points.map((_, n) => ink.slice(n * pixels, (n + 1) * pixels));
}
