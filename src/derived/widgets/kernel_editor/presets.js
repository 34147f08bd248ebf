// Kernels by name: whole numbers and what they are divided by. The numbers of the lecture's figure
// are lost; these are the customary ones.
const three = (name, numbers, divisor = 1) => ({ name, numbers, divisor, size: 3 });
const five = (name, numbers, divisor = 1) => ({ name, numbers, divisor, size: 5 });

export const PRESETS = {
  identity: three("Identity", [0, 0, 0, 0, 1, 0, 0, 0, 0]),
  average: three("Average", [1, 1, 1, 1, 1, 1, 1, 1, 1], 9),
  gaussian: three("Gaussian", [1, 2, 1, 2, 4, 2, 1, 2, 1], 16),
  "prewitt-vertical": three("Prewitt, vertical edges", [-1, 0, 1, -1, 0, 1, -1, 0, 1]),
  "prewitt-horizontal": three("Prewitt, horizontal edges", [-1, -1, -1, 0, 0, 0, 1, 1, 1]),
  "sobel-vertical": three("Sobel, vertical edges", [-1, 0, 1, -2, 0, 2, -1, 0, 1]),
  "sobel-horizontal": three("Sobel, horizontal edges", [-1, -2, -1, 0, 0, 0, 1, 2, 1]),
  "high-pass": three("High-pass", [-1, -1, -1, -1, 8, -1, -1, -1, -1]),
  sharpen: three("Sharpen", [0, -1, 0, -1, 5, -1, 0, -1, 0]),
  "sharpen-low": three("Sharpen, low", [-1, -1, -1, -1, 16, -1, -1, -1, -1], 8),
  emboss: three("Emboss", [-2, -1, 0, -1, 1, 1, 0, 1, 2]),
  "average-5": five("Average, 5 × 5", Array(25).fill(1), 25),
  "gaussian-5": five(
    "Gaussian, 5 × 5",
    [1, 4, 6, 4, 1, 4, 16, 24, 16, 4, 6, 24, 36, 24, 6, 4, 16, 24, 16, 4, 1, 4, 6, 4, 1],
    256,
  ),
  "laplacian-of-gaussian-5": five(
    "Laplacian of Gaussian, 5 × 5",
    [0, 0, -1, 0, 0, 0, -1, -2, -1, 0, -1, -2, 16, -2, -1, 0, -1, -2, -1, 0, 0, 0, -1, 0, 0],
  ),
};
