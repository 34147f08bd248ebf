// Convolution and pooling layers on flat arrays: a picture is (channels, rows, columns), a weight
// (outputs, channels, rows, columns); the operation is cross-correlation, as in derived.nn.Conv2d.
// Settings: { window, stride, before, after }, each [rows, columns]; before and after are padding.
// derived.nn holds the NumPy twin; the tests compare the two on random inputs.

// How many places a window has along each axis of a picture.
export function outputSize([rows, columns], { window, stride, before, after }) {
  return [rows, columns].map((length, axis) => {
    const room = length + before[axis] + after[axis] - window[axis];
    return room < 0 ? 0 : Math.floor(room / stride[axis]) + 1;
  });
}

// Calls visit(index in the window, index in the channel) for all of a window that lies inside.
function overWindow(place, [rows, columns], { window, stride, before }, visit) {
  const top = place[0] * stride[0] - before[0];
  const left = place[1] * stride[1] - before[1];
  for (let a = Math.max(0, -top); a < window[0] && top + a < rows; a += 1) {
    for (let b = Math.max(0, -left); b < window[1] && left + b < columns; b += 1) {
      visit(a * window[1] + b, (top + a) * columns + left + b);
    }
  }
}

// x with shape [channels, rows, columns] -> { values, shape }.
export function convolve(x, [channels, rows, columns], weight, bias, settings) {
  const [high, wide] = outputSize([rows, columns], settings);
  const size = settings.window[0] * settings.window[1];
  const values = new Float64Array(bias.length * high * wide);
  for (let o = 0; o < bias.length; o += 1) {
    for (let i = 0; i < high; i += 1) {
      for (let j = 0; j < wide; j += 1) {
        let sum = bias[o];
        overWindow([i, j], [rows, columns], settings, (inside, at) => {
          for (let c = 0; c < channels; c += 1) {
            sum += weight[(o * channels + c) * size + inside] * x[c * rows * columns + at];
          }
        });
        values[(o * high + i) * wide + j] = sum;
      }
    }
  }
  return { values, shape: [bias.length, high, wide] };
}

// kind "max-pool": padding never wins; "average-pool": zeros of the padding count.
export function pool(kind, x, [channels, rows, columns], settings) {
  const [high, wide] = outputSize([rows, columns], settings);
  const size = settings.window[0] * settings.window[1];
  const values = new Float64Array(channels * high * wide);
  for (let c = 0; c < channels; c += 1) {
    for (let i = 0; i < high; i += 1) {
      for (let j = 0; j < wide; j += 1) {
        let largest = -Infinity,
          sum = 0;
        overWindow([i, j], [rows, columns], settings, (_, at) => {
          const value = x[c * rows * columns + at];
          largest = Math.max(largest, value);
          sum += value;
        });
        values[(c * high + i) * wide + j] = kind === "max-pool" ? largest : sum / size;
      }
    }
  }
  return { values, shape: [channels, high, wide] };
}

// A square kernel, rows of numbers, turned by 180 degrees.
export const turned = (kernel) => [...kernel].reverse().map((row) => [...row].reverse());

// The padding of a window of k x k: { before, after }, as derived.nn names it.
export function paddingOf(name, k) {
  if (name === "valid") return { before: [0, 0], after: [0, 0] };
  if (name === "full") return { before: [k - 1, k - 1], after: [k - 1, k - 1] };
  const first = Math.floor((k - 1) / 2);
  return { before: [first, first], after: [k - 1 - first, k - 1 - first] };
}
