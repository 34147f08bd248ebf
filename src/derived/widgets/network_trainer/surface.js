// The decision surface with its points, and small maps of what each hidden unit answers.
import { change, html } from "../shared/dom.js";
import { rgb } from "../shared/theme.js";
import { zeroContour } from "./contour.js";

const UNIT = 40; // CSS pixels of a hidden unit's map, at most

export const colorsOf = (root) => ({
  background: rgb(root, "--dld-background"),
  text: rgb(root, "--dld-text"),
  one: rgb(root, "--dld-one"),
  zero: rgb(root, "--dld-zero"),
});

const css = (color) => `rgb(${color.join()})`;

// A drawing context of side x side CSS pixels, sharp on every screen.
function prepare(canvas, side) {
  const pixels = Math.round(side * (window.devicePixelRatio || 1));
  if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
  const context = canvas.getContext("2d");
  context.setTransform(pixels / side, 0, 0, pixels / side, 0, 0);
  context.imageSmoothingQuality = "high";
  return context;
}

// share(k) in [-1, 1]: -1 is class 0, +1 is class 1; returns a canvas of side x side pixels.
function heatMap(side, share, colors) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  for (let k = 0; k < side * side; k += 1) {
    const value = Math.max(-1, Math.min(1, share(k)));
    const weight = 0.55 * Math.abs(value);
    const tint = value > 0 ? colors.one : colors.zero;
    for (let c = 0; c < 3; c += 1) {
      image.data[4 * k + c] = colors.background[c] + weight * (tint[c] - colors.background[c]);
    }
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Circles for class 0, squares for class 1; training points filled, test points hollow.
function drawPoints(context, { x, y, count }, size, filled, colors) {
  context.lineWidth = filled ? 1 : 1.7;
  for (let n = 0; n < count; n += 1) {
    const px = ((x[2 * n] + 2) / 4) * size;
    const py = ((2 - x[2 * n + 1]) / 4) * size;
    const color = css(y[n] ? colors.one : colors.zero);
    context.beginPath();
    if (y[n]) context.rect(px - 3.3, py - 3.3, 6.6, 6.6);
    else context.arc(px, py, 3.8, 0, 2 * Math.PI);
    context.fillStyle = filled ? color : css(colors.background);
    context.strokeStyle = filled ? css(colors.background) : color;
    context.fill();
    context.stroke();
  }
}

export class Surface {
  constructor() {
    this.canvas = html("canvas", { class: "dld-surface", role: "img" });
  }

  // grid: { side, logits }; data: { train, test }; size in CSS pixels.
  draw({ side, logits }, { train, test }, { size, showTest, label, colors }) {
    const context = prepare(this.canvas, size);
    this.canvas.style.width = this.canvas.style.height = `${size}px`;
    const map = heatMap(side, (k) => Math.tanh(logits[k] / 2), colors);
    context.drawImage(map, 0, 0, size, size);
    const unit = size / side;
    context.beginPath();
    for (const [x0, y0, x1, y1] of zeroContour(logits, side)) {
      context.moveTo((x0 + 0.5) * unit, (y0 + 0.5) * unit);
      context.lineTo((x1 + 0.5) * unit, (y1 + 0.5) * unit);
    }
    context.lineWidth = 2.2;
    context.lineCap = "round";
    context.strokeStyle = css(colors.text);
    context.stroke();
    if (showTest) drawPoints(context, test, size, false, colors);
    drawPoints(context, train, size, true, colors);
    change(this.canvas, { "aria-label": label });
  }
}

export class Units {
  constructor() {
    this.box = html("div", { class: "dld-units", role: "img" });
  }

  // grid: { side, hidden }, hidden[l] the values of layer l, (side * side, units).
  draw({ side, hidden }, colors) {
    const widths = hidden.map((values) => values.length / (side * side));
    while (this.box.children.length > hidden.length) this.box.lastChild.remove();
    hidden.forEach((values, l) => {
      const row =
        this.box.children[l] || this.box.appendChild(html("div", { class: "dld-unitrow" }));
      while (row.children.length > widths[l]) row.lastChild.remove();
      for (let u = 0; u < widths[l]; u += 1) {
        const canvas = row.children[u] || row.appendChild(html("canvas", { class: "dld-unit" }));
        this.drawUnit(canvas, { side, values, units: widths[l], u }, colors);
      }
    });
    const list = widths.map((width, l) => `layer ${l + 1}: ${width}`).join(", ");
    const label = widths.length ? `Maps of the hidden units' answers, ${list}.` : "No hidden unit.";
    change(this.box, { "aria-label": label });
  }

  drawUnit(canvas, { side, values, units, u }, colors) {
    let most = 1e-9;
    for (let k = u; k < values.length; k += units) most = Math.max(most, Math.abs(values[k]));
    const coarse = side / 2;
    const at = (k) => 2 * Math.floor(k / coarse) * side + 2 * (k % coarse);
    const map = heatMap(coarse, (k) => values[at(k) * units + u] / most, colors);
    prepare(canvas, UNIT).drawImage(map, 0, 0, UNIT, UNIT);
  }
}
