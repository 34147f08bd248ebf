// The largest margin of a linear separation through the origin of (1, x1, x2), exactly.
//
// With s_i = +1 or -1 for the label and z_i = s_i (1, x1, x2), the margin of a unit vector u is
// min_i u . z_i. Its maximum is the distance from the origin to the convex hull of the z_i, and the
// best u points to the nearest point p of the hull. In three dimensions p lies inside the hull of
// at most three affinely independent z_i, so trying all such sets finds it; p is the nearest
// point exactly if z_i . p >= p . p for every i.

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

// Point of least norm in the affine hull of one, two or three vectors, or null if it lies outside
// their convex hull or the vectors are affinely dependent.
function nearest(a, b, c) {
  if (!b) return a;
  const e = minus(b, a),
    ee = dot(e, e),
    ae = dot(a, e);
  if (!c) {
    const s = -ae / ee;
    return s > 0 && s < 1 ? a.map((value, i) => value + s * e[i]) : null;
  }
  const f = minus(c, a),
    ff = dot(f, f),
    ef = dot(e, f),
    af = dot(a, f);
  const area = ee * ff - ef * ef;
  if (!(area > 1e-14 * ee * ff)) return null;
  const s = (ef * af - ff * ae) / area,
    t = (ef * ae - ee * af) / area;
  return s > 0 && t > 0 && s + t < 1 ? a.map((value, i) => value + s * e[i] + t * f[i]) : null;
}

// The length of the longest (1, x1, x2).
export const radiusOf = (points) => Math.max(0, ...points.map(([x1, x2]) => Math.hypot(1, x1, x2)));

// points [x1, x2, label] -> { margin, direction (unit vector b, w1, w2), radius, bound }, or null
// if no line separates the classes (a margin below 1e-7 of the radius counts as none).
// radius = max |(1, x1, x2)|; bound = (radius / margin)^2, Novikoff's bound on the mistakes.
export function largestMargin(points) {
  if (points.length === 0) return null;
  const z = points.map(([x1, x2, label]) => (label ? [1, x1, x2] : [-1, -x1, -x2]));
  const radius = radiusOf(points);
  const test = (p) => {
    if (!p) return null;
    const square = dot(p, p),
      length = Math.sqrt(square);
    if (length <= 1e-7 * radius) return null;
    const floor = square - 1e-9 * radius * length;
    if (!z.every((v) => dot(v, p) >= floor)) return null;
    const direction = p.map((value) => value / length);
    const margin = Math.min(...z.map((v) => dot(v, direction)));
    return { margin, direction, radius, bound: (radius / margin) ** 2 };
  };
  for (let i = 0; i < z.length; i += 1) {
    const one = test(nearest(z[i]));
    if (one) return one;
    for (let j = 0; j < i; j += 1) {
      const two = test(nearest(z[i], z[j]));
      if (two) return two;
      for (let k = 0; k < j; k += 1) {
        const three = test(nearest(z[i], z[j], z[k]));
        if (three) return three;
      }
    }
  }
  return null;
}
