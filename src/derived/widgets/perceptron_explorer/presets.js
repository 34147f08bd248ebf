// Ready-made points [x1, x2, label], in the order in which the rule visits them.
const gate = (values) =>
  [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ].map(([a, b], i) => [a, b, values[i]]);

const CLOUDS = [
  [0.1, 0.5, 0],
  [3.1, 3, 1],
  [0.6, 1.6, 0],
  [2.2, 2.7, 1],
  [0.9, 0.7, 0],
  [2.6, 1.3, 1],
  [0.5, 1.1, 0],
  [2.5, 1.9, 1],
  [1.1, 1.2, 0],
  [3.5, 2, 1],
  [1.3, 0.2, 0],
  [2.9, 2, 1],
  [0.2, 1.7, 0],
  [3, 2.4, 1],
];

const NARROW = [
  [0.3, 0.5, 0],
  [1.9, 2, 1],
  [0.7, 0.8, 0],
  [1.6, 2.7, 1],
  [1.1, 1.6, 0],
  [1.9, 1.5, 1],
  [1.9, 1.1, 0],
  [2.3, 1.7, 1],
  [1.3, 0.7, 0],
  [2.1, 2.5, 1],
  [1.8, 0.5, 0],
  [2.6, 1.9, 1],
  [0.7, 2.1, 0],
  [2.8, 1.3, 1],
];

const OVERLAPPING = [
  [-0.9, 0.2, 0],
  [0.6, 1.2, 1],
  [-0.3, -0.7, 0],
  [1.2, 0.5, 1],
  [0.5, 0.6, 0],
  [0.3, 0.9, 1],
  [0.5, -0.9, 0],
  [-0.4, 0.1, 1],
  [-0.5, 0.8, 0],
  [0.9, -0.1, 1],
];

export const PRESETS = {
  clouds: { name: "Two clouds", points: CLOUDS },
  narrow: { name: "Two clouds, narrow gap", points: NARROW },
  and: { name: "AND", points: gate([0, 0, 0, 1]) },
  or: { name: "OR", points: gate([0, 1, 1, 1]) },
  xor: { name: "XOR", points: gate([0, 1, 1, 0]) },
  overlapping: { name: "Overlapping clouds", points: OVERLAPPING },
};

// The square that shows all points with room to drag: [low, high] for both axes, in steps of 1/2.
export function domain(points) {
  const values = points.flatMap(([x1, x2]) => [x1, x2]);
  if (values.length === 0) return [-2, 2];
  const low = Math.min(...values),
    high = Math.max(...values);
  const room = Math.max(0.5, 0.12 * (high - low));
  return [Math.floor((low - room) * 2) / 2, Math.ceil((high + room) * 2) / 2];
}
