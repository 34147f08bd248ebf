// J(w) = ½ (w − w*)ᵀ H (w − w*) over two weights: penalized minima, and gradient descent.

const dot = (u, v) => u[0] * v[0] + u[1] * v[1];
const times = (h, v) => [dot(h[0], v), dot(h[1], v)];
const minus = (u, v) => [u[0] - v[0], u[1] - v[1]];

// Solves h v = r for a 2 × 2 matrix.
function solve(h, r) {
  const [[a, b], [c, d]] = h;
  const determinant = a * d - b * c;
  return [(d * r[0] - b * r[1]) / determinant, (a * r[1] - c * r[0]) / determinant];
}

// The symmetric matrix with these eigenvalues, the first one's vector at this angle (degrees).
export function hessianOf(values, angle) {
  const turn = (angle * Math.PI) / 180;
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  const off = (values[0] - values[1]) * c * s;
  return [
    [values[0] * c * c + values[1] * s * s, off],
    [off, values[0] * s * s + values[1] * c * c],
  ];
}

// The inverse: eigenvalues from small to large, and the angle of the first vector in [0, 180).
export function spectrum([[a, b], [, d]]) {
  const half = Math.hypot((a - d) / 2, b);
  const middle = (a + d) / 2;
  const turn = half < 1e-12 ? 0 : Math.atan2(2 * b, a - d) / 2 + Math.PI / 2;
  const angle = ((((turn * 180) / Math.PI) % 180) + 180) % 180;
  return { values: [middle - half, middle + half], angle: angle > 180 - 1e-9 ? 0 : angle };
}

export function loss(h, minimum, w) {
  const v = minus(w, minimum);
  return dot(v, times(h, v)) / 2;
}

// argmin J(w) + ½ λ |w|²: (H + λI) w = H w*.
export function ridge(h, minimum, strength) {
  const raised = [
    [h[0][0] + strength, h[0][1]],
    [h[1][0], h[1][1] + strength],
  ];
  return solve(raised, times(h, minimum));
}

// argmin J(w) + λ |w|₁, exactly: the minimum of each of the nine sign patterns, then the best of
// those whose signs are what was assumed.
export function lasso(h, minimum, strength) {
  const pull = times(h, minimum);
  const candidates = [[0, 0]];
  const add = (w, signs) => {
    if (w.every((value, i) => value * signs[i] >= 0)) candidates.push(w);
  };
  for (const first of [-1, 1]) {
    add([(pull[0] - strength * first) / h[0][0], 0], [first, 0]);
    add([0, (pull[1] - strength * first) / h[1][1]], [0, first]);
    for (const second of [-1, 1]) {
      const right = [pull[0] - strength * first, pull[1] - strength * second];
      add(solve(h, right), [first, second]);
    }
  }
  const value = (w) => loss(h, minimum, w) + strength * (Math.abs(w[0]) + Math.abs(w[1]));
  return candidates.reduce((best, w) => (value(w) < value(best) ? w : best));
}

export const penalized = (penalty, h, minimum, strength) =>
  (penalty === "l1" ? lasso : ridge)(h, minimum, strength);

// sign(w*ᵢ) max(|w*ᵢ| − λ / Hᵢᵢ, 0): the minimum under L1 where H is diagonal.
export const softThreshold = (h, minimum, strength) =>
  minimum.map((value, i) => {
    const left = Math.max(Math.abs(value) - strength / h[i][i], 0);
    return left === 0 ? 0 : Math.sign(value) * left;
  });

// w ← w − η H (w − w*), from start; all places, the start first.
export function descent(h, minimum, start, rate, steps) {
  const path = [[...start]];
  for (let step = 0; step < steps; step += 1) {
    const w = path[step];
    const slope = times(h, minus(w, minimum));
    path.push([w[0] - rate * slope[0], w[1] - rate * slope[1]]);
  }
  return path;
}

// What is left of w* along each eigenvector: of L2, and of so many steps from zero.
export const ridgeFactors = (values, strength) => values.map((value) => value / (value + strength));
export const stoppedFactors = (values, rate, steps) =>
  values.map((value) => 1 - (1 - rate * value) ** steps);
