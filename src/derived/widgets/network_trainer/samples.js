// Labelled points in the plane, drawn from a seeded generator: { x (2 count), y (count) }.
// All sets fit into the square [-2, 2]^2; noise is the standard deviation of what is added to
// each coordinate. Classes alternate, so that both are equally frequent.

const turn = 2 * Math.PI;

const SETS = {
  moons(label, random) {
    const angle = random.uniform(0, Math.PI);
    return label
      ? [0.5 - Math.cos(angle), 0.25 - Math.sin(angle)]
      : [Math.cos(angle) - 0.5, Math.sin(angle) - 0.25];
  },
  rings(label, random) {
    const angle = random.uniform(0, turn), radius = label ? 0.6 : 1.4;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  spirals(label, random) {
    const part = Math.sqrt(random.uniform(0.01, 1)), angle = 1.5 * turn * part + label * Math.PI;
    return [1.7 * part * Math.cos(angle), 1.7 * part * Math.sin(angle)];
  },
  blobs(label, random) {
    const centre = label ? 0.8 : -0.8;
    return [centre + 0.3 * random.normal(), centre / 2 + 0.3 * random.normal()];
  },
  xor(label, random) {
    const a = random.uniform(0.1, 1.5), b = random.uniform(0.1, 1.5);
    const sign = random.below(2) ? 1 : -1;
    return [sign * a, (label ? -sign : sign) * b];
  },
};

export const SET_NAMES = { moons: "Two moons", rings: "Rings", spirals: "Spirals", blobs: "Blobs",
  xor: "XOR" };

export function sample(name, count, noise, random) {
  const x = new Float64Array(2 * count), y = new Float64Array(count);
  for (let n = 0; n < count; n += 1) {
    y[n] = n % 2;
    const [first, second] = SETS[name](y[n], random);
    x[2 * n] = first + noise * random.normal();
    x[2 * n + 1] = second + noise * random.normal();
  }
  return { x, y, count };
}
