// A kernel on a picture: the output, and where one number of it comes from.
import { convolve, paddingOf, turned } from "../shared/convolution.js";

// The layer's settings for a square kernel.
export const settingsOf = ({ size, stride, padding }) => ({
  window: [size, size],
  stride: [stride, stride],
  ...paddingOf(padding, size),
});

const rowsOf = (flat, columns) =>
  Array.from({ length: flat.length / columns }, (_, row) => [
    ...flat.slice(row * columns, (row + 1) * columns),
  ]);

// The kernel as it lies on the picture: turned by 180 degrees in a convolution.
export const lying = (kernel, operation) =>
  operation === "convolution" ? turned(kernel) : kernel.map((row) => [...row]);

// setting: { picture, kernel (rows), stride, padding, operation } -> output as rows of numbers.
export function slide({ picture, kernel, stride, padding, operation }) {
  const settings = settingsOf({ size: kernel.length, stride, padding });
  const shape = [1, picture.length, picture[0].length];
  const weight = lying(kernel, operation).flat();
  const { values, shape: made } = convolve(picture.flat(), shape, weight, [0], settings);
  return made[1] && made[2] ? rowsOf(values, made[2]) : [];
}

// The place [row, column] of the output -> { top, left, patch, kernel, products, sum }; top and
// left are those of the window on the picture, and negative in the padding.
export function arithmetic({ picture, kernel, stride, padding, operation }, place) {
  const { before } = settingsOf({ size: kernel.length, stride, padding });
  const [top, left] = place.map((step, axis) => step * stride - before[axis]);
  const laid = lying(kernel, operation);
  const patch = laid.map((row, a) => row.map((_, b) => picture[top + a]?.[left + b] ?? 0));
  const products = laid.map((row, a) => row.map((weight, b) => weight * patch[a][b]));
  const sum = products.flat().reduce((total, product) => total + product, 0);
  return { top, left, patch, kernel: laid, products, sum };
}
