// What each number of a latent code does to the decoded picture, the others held.
import { decode } from "../shared/decoder.js";

export const VALUES = [-3, -2, -1, 0, 1, 2, 3];

// For every number of the code: its decoded pictures at VALUES, and its effect, the root mean
// square change of a pixel between -1 and 1.
export function effects(network, code) {
  return code.map((_, dimension) => {
    const points = VALUES.map((value) => code.map((own, i) => (i === dimension ? value : own)));
    const pictures = decode(network, points);
    const [low, high] = [pictures[VALUES.indexOf(-1)], pictures[VALUES.indexOf(1)]];
    const sum = low.reduce((total, value, k) => total + (high[k] - value) ** 2, 0);
    return { pictures, effect: Math.sqrt(sum / low.length) };
  });
}
