// Labelled points in the plane, drawn from a seeded generator: { x (2 count), y (count), count }.
// The shapes are those of derived.datasets, moved and stretched to fit the square [-2, 2]^2;
// noise is the standard deviation of what is added to each coordinate. The classes alternate.

const TURN = 2 * Math.PI;

const SETS = {
  moons(label, random) {
    const angle = random.uniform(0, Math.PI);
    const sign = label ? -1 : 1;
    return [sign * (Math.cos(angle) - 0.5), sign * (Math.sin(angle) - 0.25)];
  },
  rings(label, random) {
    const angle = random.uniform(0, TURN);
    const radius = label ? 1.5 : 0.75;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  spirals(label, random) {
    const radius = Math.sqrt(random.uniform(0.01, 1));
    const angle = TURN * (1.25 * radius + label / 2);
    return [1.7 * radius * Math.cos(angle), 1.7 * radius * Math.sin(angle)];
  },
  blobs(label, random) {
    const centre = label ? 0.8 : -0.8;
    return [centre + 0.4 * random.normal(), centre + 0.4 * random.normal()];
  },
  xor(label, random) {
    const [a, b] = [random.uniform(0.1, 1.6), random.uniform(0.1, 1.6)];
    const sign = random.below(2) ? 1 : -1;
    return [sign * a, (label ? -sign : sign) * b];
  },
};

export const SET_NAMES = {
  moons: "Two moons",
  rings: "Rings",
  spirals: "Spirals",
  blobs: "Blobs",
  xor: "XOR",
};

export function sample(name, count, noise, random) {
  const x = new Float64Array(2 * count);
  const y = new Float64Array(count);
  for (let n = 0; n < count; n += 1) {
    y[n] = n % 2;
    const [first, second] = SETS[name](y[n], random);
    x[2 * n] = first + noise * random.normal();
    x[2 * n + 1] = second + noise * random.normal();
  }
  return { x, y, count };
}
