// The codes of examples in the latent plane: their frame, the nearest one, their means.

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
