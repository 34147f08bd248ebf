// Arrays of numbers as pixels: one canvas pixel a number, enlarged by the style sheet
// (image-rendering: pixelated), so that every pixel is sharp on every screen.
import { rgb } from "./theme.js";

const mix = (from, to, share) => from.map((value, c) => value + share * (to[c] - value));

// The colors of signed numbers: zero is the background, the two signs are the two class colors.
export function signedColors(root) {
  const [ground, minus, plus] = ["--dld-background", "--dld-zero", "--dld-one"].map((name) =>
    rgb(root, name),
  );
  return (value, most) => {
    const share = most > 0 ? Math.max(-1, Math.min(1, value / most)) : 0;
    return mix(ground, share < 0 ? minus : plus, Math.abs(share));
  };
}

// Gray: low is black, high is white, in both themes, as on a photograph.
export function gray(value, low, high) {
  const share = high > low ? Math.max(0, Math.min(1, (value - low) / (high - low))) : 0.5;
  return [255 * share, 255 * share, 255 * share];
}

// color(k) -> [red, green, blue] of pixel k, row by row.
export function paint(canvas, rows, columns, color) {
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let k = 0; k < rows * columns; k += 1) {
    const [red, green, blue] = color(k);
    image.data.set([red, green, blue, 255], 4 * k);
  }
  context.putImageData(image, 0, 0);
}
