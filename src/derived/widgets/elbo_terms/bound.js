// The evidence lower bound of one observation, with one latent number, by quadrature.
// z ~ N(0, 1), x | z ~ N(g(z), noise²), q(z) = N(mean, deviation²).

export const DECODERS = {
  line: { text: "g(z) = z", value: (z) => z },
  fold: { text: "g(z) = z²", value: (z) => z * z },
  step: { text: "g(z) = 2 tanh 2z", value: (z) => 2 * Math.tanh(2 * z) },
};

const REACH = 9; // of the grid over z, in standard deviations of the prior
const CELLS = 7200;
const SPREAD = 8; // of the grid over q, in its standard deviations
const POINTS = 1600;
const HALF_LOG = 0.5 * Math.log(2 * Math.PI);

const logNormal = (x, mean, deviation) =>
  -HALF_LOG - Math.log(deviation) - 0.5 * ((x - mean) / deviation) ** 2;

// log p(x, z)
export const logJoint = ({ decoder, x, noise }, z) =>
  logNormal(z, 0, 1) + logNormal(x, DECODERS[decoder].value(z), noise);

// log p(x) by the trapezoid rule; what lies outside the grid has prior probability 1e-18.
export function logEvidence(model) {
  const width = (2 * REACH) / CELLS;
  const values = Array.from({ length: CELLS + 1 }, (_, k) => logJoint(model, -REACH + k * width));
  const top = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const sum = values.reduce((total, value) => total + Math.exp(value - top), 0);
  return top + Math.log(sum * width);
}

// E_q[log p(x | z)] by the trapezoid rule in t = (z - mean) / deviation, and the KL divergence from
// the prior in closed form; their difference is the bound.
export function terms(model, { mean, deviation }) {
  const { decoder, x, noise } = model;
  const width = (2 * SPREAD) / POINTS;
  let reconstruction = 0;
  for (let k = 0; k <= POINTS; k += 1) {
    const t = -SPREAD + k * width;
    const likelihood = logNormal(x, DECODERS[decoder].value(mean + deviation * t), noise);
    reconstruction += Math.exp(logNormal(t, 0, 1)) * likelihood * width;
  }
  const divergence = 0.5 * (mean * mean + deviation * deviation - 1) - Math.log(deviation);
  return { reconstruction, divergence, bound: reconstruction - divergence };
}

// One step uphill on the bound in (mean, log deviation), by central differences and halving, so
// that it never falls; null when no step helps.
export function climb(model, { mean, deviation }) {
  const at = (m, s) => terms(model, { mean: m, deviation: Math.exp(s) }).bound;
  const [s, h] = [Math.log(deviation), 1e-4];
  const slope = [
    (at(mean + h, s) - at(mean - h, s)) / (2 * h),
    (at(mean, s + h) - at(mean, s - h)) / (2 * h),
  ];
  const norm = Math.hypot(...slope);
  if (norm < 1e-5) return null;
  const before = at(mean, s);
  for (let size = Math.min(0.5, norm); size > 1e-6; size /= 2) {
    const [m, l] = [mean + (size * slope[0]) / norm, s + (size * slope[1]) / norm];
    const inside = Math.abs(m) <= 4 && l >= Math.log(0.03) && l <= Math.log(3);
    if (inside && at(m, l) > before + 1e-10) return { mean: m, deviation: Math.exp(l) };
  }
  return null;
}
