// Jacobians of one step of a recurrent cell, their products from the end, and spectral norms.
// A matrix is a flat Float64Array, row by row, with its number of columns beside it.
import { GATES } from "../shared/recurrent.js";

// a (rows, inner) times b (inner, columns).
export function multiply(a, b, inner, columns) {
  const rows = a.length / inner;
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i += 1) {
    for (let k = 0; k < inner; k += 1) {
      const factor = a[i * inner + k];
      for (let j = 0; j < columns; j += 1) product[i * columns + j] += factor * b[k * columns + j];
    }
  }
  return product;
}

export function identity(size) {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) matrix[i * size + i] = 1;
  return matrix;
}

// The largest singular value: columns are turned in pairs until all are orthogonal (one-sided
// Jacobi), then the longest one is as long as the largest singular value.
export function spectralNorm(matrix, columns) {
  const rows = matrix.length / columns;
  const scale = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(scale > 0)) return 0;
  const a = matrix.map((value) => value / scale);
  for (let sweep = 0, turned = true; turned && sweep < 40; sweep += 1) {
    turned = false;
    for (let p = 0; p < columns; p += 1) {
      for (let q = p + 1; q < columns; q += 1) turned = turn(a, rows, columns, p, q) || turned;
    }
  }
  const lengths = Array.from({ length: columns }, (_, q) => Math.sqrt(dot(a, rows, columns, q, q)));
  return scale * Math.max(...lengths);
}

function dot(a, rows, columns, p, q) {
  let sum = 0;
  for (let row = 0; row < rows; row += 1) sum += a[row * columns + p] * a[row * columns + q];
  return sum;
}

// Turns two columns so that they become orthogonal; false if they were.
function turn(a, rows, columns, p, q) {
  const [pp, qq, pq] = [
    dot(a, rows, columns, p, p),
    dot(a, rows, columns, q, q),
    dot(a, rows, columns, p, q),
  ];
  if (Math.abs(pq) <= 1e-15 * Math.sqrt(pp * qq) || pq === 0) return false;
  const ratio = (qq - pp) / (2 * pq);
  const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = cosine * tangent;
  for (let row = 0; row < rows; row += 1) {
    const [left, right] = [a[row * columns + p], a[row * columns + q]];
    a[row * columns + p] = cosine * left - sine * right;
    a[row * columns + q] = sine * left + cosine * right;
  }
  return true;
}

// The largest |eigenvalue| of a square matrix, as lim |W^k|^(1/k) (Gelfand), with k doubled by
// each squaring; the scale is taken out every time and kept as a logarithm.
export function spectralRadius(matrix, size) {
  let power = matrix;
  let logarithm = 0;
  for (let exponent = 1; exponent < 2 ** 48; exponent *= 2) {
    const length = Math.sqrt(power.reduce((sum, value) => sum + value * value, 0));
    if (!(length > 0)) return 0;
    logarithm += Math.log(length) / exponent;
    const scaled = power.map((value) => value / length);
    power = multiply(scaled, scaled, size, size);
  }
  return Math.exp(logarithm);
}

// d h_t / d h_(t-1) of a cell without memory cell: rows of U, each with the slope before it.
function plainJacobian({ kind, weightHidden, hidden }, { h }) {
  if (kind === "linear") return Float64Array.from(weightHidden);
  return weightHidden.map((weight, index) => weight * (1 - h[Math.floor(index / hidden)] ** 2));
}

// h = z h' + (1 - z) n with n = tanh(... + r (U_n h' + d)), by the product rule.
function gruJacobian({ weightHidden, hidden }, { r, z, n, recalled }, before) {
  const matrix = new Float64Array(hidden * hidden);
  const weight = (gate, i, k) => weightHidden[(gate * hidden + i) * hidden + k];
  for (let i = 0; i < hidden; i += 1) {
    const slope = (1 - z[i]) * (1 - n[i] ** 2);
    const bySlopes = [
      slope * recalled[i] * r[i] * (1 - r[i]),
      (before.h[i] - n[i]) * z[i] * (1 - z[i]),
      slope * r[i],
    ];
    for (let k = 0; k < hidden; k += 1) {
      const paths = bySlopes.reduce((sum, factor, gate) => sum + factor * weight(gate, i, k), 0);
      matrix[i * hidden + k] = paths + (i === k ? z[i] : 0);
    }
  }
  return matrix;
}

// d (h_t, c_t) / d (h_(t-1), c_(t-1)), 2 hidden rows and columns.
function lstmJacobian({ weightHidden, hidden }, { i, f, o, g, c }, before) {
  const size = 2 * hidden;
  const matrix = new Float64Array(size * size);
  const weight = (gate, row, k) => weightHidden[(gate * hidden + row) * hidden + k];
  for (let row = 0; row < hidden; row += 1) {
    const squashed = Math.tanh(c[row]);
    const passes = o[row] * (1 - squashed ** 2); // d h / d c
    for (let k = 0; k < hidden; k += 1) {
      const cell =
        before.c[row] * f[row] * (1 - f[row]) * weight(1, row, k) +
        g[row] * i[row] * (1 - i[row]) * weight(0, row, k) +
        i[row] * (1 - g[row] ** 2) * weight(3, row, k);
      const output = squashed * o[row] * (1 - o[row]) * weight(2, row, k);
      matrix[row * size + k] = passes * cell + output;
      matrix[(hidden + row) * size + k] = cell;
    }
    matrix[row * size + hidden + row] = passes * f[row];
    matrix[(hidden + row) * size + hidden + row] = f[row];
  }
  return matrix;
}

// The Jacobian of one step: now is what `step` returned, before the state it started from.
export function stepJacobian(layer, now, before) {
  if (layer.kind === "lstm") return lstmJacobian(layer, now, before);
  if (layer.kind === "gru") return gruJacobian(layer, now, before);
  return plainJacobian(layer, now);
}

function columnsOf(matrix, width, from, to) {
  const rows = matrix.length / width;
  const part = new Float64Array(rows * (to - from));
  for (let row = 0; row < rows; row += 1) {
    part.set(matrix.subarray(row * width + from, row * width + to), row * (to - from));
  }
  return part;
}

// For t = 0 ... T: norms[t] = |d h_T / d h_t|, and cellNorms[t] = |d h_T / d c_t| for the LSTM.
// states[0] is the start, states[t] what `step` returned for step t.
export function gradientNorms(layer, states) {
  const { hidden } = layer;
  const last = states.length - 1;
  const width = GATES[layer.kind] === 4 ? 2 * hidden : hidden;
  const norms = new Array(last + 1);
  const cellNorms = width > hidden ? new Array(last + 1) : [];
  let product = identity(width).slice(0, hidden * width);
  for (let t = last; t >= 0; t -= 1) {
    norms[t] = spectralNorm(columnsOf(product, width, 0, hidden), hidden);
    if (width > hidden) {
      cellNorms[t] = spectralNorm(columnsOf(product, width, hidden, width), hidden);
    }
    if (t === 0) break;
    product = multiply(product, stepJacobian(layer, states[t], states[t - 1]), width, width);
  }
  return { norms, cellNorms };
}
