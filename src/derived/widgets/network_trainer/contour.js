// Where a function on a grid crosses zero (marching squares).

// values: side x side numbers, row by row -> line segments [x0, y0, x1, y1] in grid units,
// x along a row, y from row to row.
export function zeroContour(values, side) {
  const segments = [];
  const cut = (a, b) => a / (a - b);
  for (let i = 0; i + 1 < side; i += 1) {
    for (let j = 0; j + 1 < side; j += 1) {
      const [a, b] = [values[i * side + j], values[i * side + j + 1]];
      const [d, c] = [values[(i + 1) * side + j], values[(i + 1) * side + j + 1]];
      const cuts = [];
      if (a > 0 !== b > 0) cuts.push([j + cut(a, b), i]);
      if (b > 0 !== c > 0) cuts.push([j + 1, i + cut(b, c)]);
      if (d > 0 !== c > 0) cuts.push([j + cut(d, c), i + 1]);
      if (a > 0 !== d > 0) cuts.push([j, i + cut(a, d)]);
      for (let k = 0; k + 1 < cuts.length; k += 2) segments.push([...cuts[k], ...cuts[k + 1]]);
    }
  }
  return segments;
}
