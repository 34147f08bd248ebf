// Strokes of a pen, and the picture of side x side pixels that they leave: ink from 0 to 1.
// A stroke is a list of points [x, y] from 0 to 1, y downward.
const SAMPLES = 4; // along each side of a pixel

function distance([px, py], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const share = length ? ((px - ax) * dx + (py - ay) * dy) / length : 0;
  const t = Math.max(0, Math.min(1, share));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

// pen: its width in pixels. Each pixel gets the share of its samples that the pen covers.
export function rasterize(strokes, side, pen) {
  const fine = side * SAMPLES;
  const covered = new Uint8Array(fine * fine);
  const radius = (pen / 2) * SAMPLES;
  for (const stroke of strokes) {
    const points = stroke.map((point) => point.map((value) => value * fine));
    points.forEach((end, k) => {
      const begin = points[Math.max(0, k - 1)];
      const range = (axis) => {
        const low = Math.min(begin[axis], end[axis]) - radius;
        const high = Math.max(begin[axis], end[axis]) + radius;
        return [Math.max(0, Math.floor(low)), Math.min(fine - 1, Math.ceil(high))];
      };
      const [[left, right], [top, bottom]] = [range(0), range(1)];
      for (let y = top; y <= bottom; y += 1) {
        for (let x = left; x <= right; x += 1) {
          if (distance([x + 0.5, y + 0.5], begin, end) <= radius) covered[y * fine + x] = 1;
        }
      }
    });
  }
  const ink = new Float64Array(side * side);
  covered.forEach((value, at) => {
    const [y, x] = [Math.floor(at / fine / SAMPLES), Math.floor((at % fine) / SAMPLES)];
    ink[y * side + x] += value / SAMPLES ** 2;
  });
  return ink;
}

// The strokes, scaled and centered so that they with the width of the pen fill a box that stays
// `margin` pixels away from the border. A dot is only centered.
export function fitted(strokes, side, pen, margin) {
  const points = strokes.flat();
  if (!points.length) return strokes;
  const bounds = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  });
  const extent = Math.max(...bounds.map(([low, high]) => high - low));
  const room = (side - 2 * margin - pen) / side;
  const scale = extent > 0.08 ? room / extent : 1;
  const move = (value, axis) => 0.5 + (value - (bounds[axis][0] + bounds[axis][1]) / 2) * scale;
  return strokes.map((stroke) => stroke.map((point) => point.map(move)));
}
