// The decision surface with its points, what each hidden unit sees, and the loss curve.
import { change, html, svg } from "../shared/dom.js";
import { rgb } from "../shared/theme.js";

// Line segments [x0, y0, x1, y1] in grid units where the values cross zero (marching squares).
export function zeroContour(values, side) {
  const segments = [];
  const cross = (a, b) => a / (a - b);
  for (let i = 0; i + 1 < side; i += 1) {
    for (let j = 0; j + 1 < side; j += 1) {
      const a = values[i * side + j], b = values[i * side + j + 1];
      const c = values[(i + 1) * side + j + 1], d = values[(i + 1) * side + j];
      const cuts = [];
      if (a > 0 !== b > 0) cuts.push([j + cross(a, b), i]);
      if (b > 0 !== c > 0) cuts.push([j + 1, i + cross(b, c)]);
      if (d > 0 !== c > 0) cuts.push([j + cross(d, c), i + 1]);
      if (a > 0 !== d > 0) cuts.push([j, i + cross(a, d)]);
      for (let k = 0; k + 1 < cuts.length; k += 2) segments.push([...cuts[k], ...cuts[k + 1]]);
    }
  }
  return segments;
}

// A canvas of `side` x `side` CSS pixels that is sharp on every screen.
function prepare(canvas, side) {
  const pixels = Math.round(side * (window.devicePixelRatio || 1));
  if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
  canvas.style.width = canvas.style.height = `${side}px`;
  const context = canvas.getContext("2d");
  context.setTransform(pixels / side, 0, 0, pixels / side, 0, 0);
  return context;
}

// share(k) in [-1, 1]: -1 is class 0, +1 is class 1; returns a small canvas of side x side pixels.
function heatMap(side, share, colors) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d"), image = context.createImageData(side, side);
  for (let k = 0; k < side * side; k += 1) {
    const value = Math.max(-1, Math.min(1, share(k))), weight = 0.62 * Math.abs(value);
    const tint = value > 0 ? colors.one : colors.zero;
    for (let c = 0; c < 3; c += 1) {
      image.data[4 * k + c] = colors.background[c] + weight * (tint[c] - colors.background[c]);
    }
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function drawPoints(context, { x, y, count }, size, filled, colors) {
  const css = (color) => `rgb(${color.join()})`;
  for (let n = 0; n < count; n += 1) {
    const px = (x[2 * n] + 2) / 4 * size, py = (2 - x[2 * n + 1]) / 4 * size;
    context.beginPath();
    if (y[n]) context.rect(px - 3.2, py - 3.2, 6.4, 6.4);
    else context.arc(px, py, 3.7, 0, 7);
    context.lineWidth = filled ? 1 : 1.6;
    context.fillStyle = css(filled ? (y[n] ? colors.one : colors.zero) : colors.background);
    context.strokeStyle = css(filled ? colors.background : (y[n] ? colors.one : colors.zero));
    context.fill();
    context.stroke();
  }
}

export function createSurface() {
  const canvas = html("canvas", { class: "dld-surface", role: "img" });
  return {
    canvas,
    draw({ side, logits }, { train, test }, { size, showTest, label, colors }) {
      const context = prepare(canvas, size), unit = size / side;
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = "high";
      context.drawImage(heatMap(side, (k) => Math.tanh(logits[k] / 2), colors), 0, 0, size, size);
      context.beginPath();
      for (const [x0, y0, x1, y1] of zeroContour(logits, side)) {
        context.moveTo((x0 + 0.5) * unit, (y0 + 0.5) * unit);
        context.lineTo((x1 + 0.5) * unit, (y1 + 0.5) * unit);
      }
      context.lineWidth = 2.2;
      context.lineCap = "round";
      context.strokeStyle = `rgb(${colors.text.join()})`;
      context.stroke();
      if (showTest) drawPoints(context, test, size, false, colors);
      drawPoints(context, train, size, true, colors);
      change(canvas, { "aria-label": label });
    },
  };
}

export const colorsOf = (root) => ({ background: rgb(root, "--dld-background"),
  text: rgb(root, "--dld-text"), one: rgb(root, "--dld-one"), zero: rgb(root, "--dld-zero") });

// One small map for each hidden unit, layer by layer: how strongly it answers where.
export function createUnits() {
  const box = html("div", { class: "dld-units", role: "img" });
  return {
    box,
    draw({ side, hidden }, colors) {
      hidden.forEach((values, l) => {
        const units = values.length / (side * side);
        const row = box.children[l] || box.appendChild(html("div", { class: "dld-unitrow" }));
        while (row.children.length > units) row.lastChild.remove();
        for (let u = 0; u < units; u += 1) {
          const canvas = row.children[u] || row.appendChild(html("canvas", { class: "dld-unit" }));
          let most = 1e-9;
          for (let k = u; k < values.length; k += units) most = Math.max(most, Math.abs(values[k]));
          const coarse = Math.floor(side / 2), context = prepare(canvas, 36);
          const at = (k) => (2 * Math.floor(k / coarse)) * side + 2 * (k % coarse);
          context.drawImage(heatMap(coarse, (k) => values[at(k) * units + u] / most, colors), 0, 0, 36, 36);
        }
      });
      while (box.children.length > hidden.length) box.lastChild.remove();
      const widths = hidden.map((values) => values.length / (side * side));
      change(box, { "aria-label": widths.length
        ? `Answers of the hidden units over the plane: ${widths.join(", then ")} units.` : "No hidden units." });
    },
  };
}

const WIDTH = 300, HEIGHT = 170, LEFT = 38, RIGHT = 40, TOP = 10, BOTTOM = 26;

// The loss on logarithmic axes' vertical scale against the epoch; training solid, test dashed.
export function createCurve() {
  const surface = svg("svg", { class: "dld-curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const body = surface.appendChild(svg("g"));
  return {
    surface,
    draw(history, label) {
      const finite = history.flatMap(({ train, test }) => [train.loss, test.loss])
        .filter((loss) => Number.isFinite(loss) && loss > 0);
      const high = Math.min(100, Math.max(1, ...finite.slice(-4000))), low = Math.max(1e-6, Math.min(0.2, ...finite.slice(-4000)) * 0.8);
      const last = Math.max(50, history.length - 1);
      const toX = (epoch) => LEFT + epoch / last * (WIDTH - LEFT - RIGHT);
      const toY = (loss) => TOP + (Math.log(high) - Math.log(Math.max(low, Math.min(high, loss))))
        / (Math.log(high) - Math.log(low)) * (HEIGHT - TOP - BOTTOM);
      body.replaceChildren(svg("path", { class: "dld-axisline", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }));
      let previous = Infinity;
      for (let power = 2; power >= -6; power -= 1) {
        for (const digit of [5, 2, 1]) {
          const tick = digit * 10 ** power, y = toY(tick);
          if (tick > high || tick < low || previous - 0 < 0) continue;
          if (previous !== Infinity && y - previous < 18) continue;
          previous = y;
          body.append(svg("path", { class: "dld-gridline", d: `M${LEFT} ${y}H${WIDTH - RIGHT}` }),
            svg("text", { class: "dld-tick", x: LEFT - 5, y: y + 4, "text-anchor": "end", text: String(Number(tick.toPrecision(1))) }));
        }
      }
      for (const epoch of [0, last]) {
        body.append(svg("text", { class: "dld-tick", x: toX(epoch), y: HEIGHT - BOTTOM + 14,
          "text-anchor": "middle", text: epoch }));
      }
      body.append(svg("text", { class: "dld-tick", x: toX(last / 2), y: HEIGHT - BOTTOM + 14, "text-anchor": "middle", text: "epoch" }));
      const stride = Math.max(1, Math.floor(history.length / 300));
      const kept = history.map((entry, epoch) => [epoch, entry]).filter(([epoch]) => epoch % stride === 0 || epoch === history.length - 1)
        .filter(([, { train, test }]) => Number.isFinite(train.loss) && Number.isFinite(test.loss));
      const ends = {};
      for (const part of ["test", "train"]) {
        const points = kept.map(([epoch, entry]) => [toX(epoch), toY(entry[part].loss)]);
        if (!points.length) continue;
        body.append(svg("path", { class: `dld-line-${part}`, d: `M${points.map((p) => p.map((v) => v.toFixed(1)).join(" ")).join("L")}` }));
        ends[part] = points[points.length - 1];
      }
      if (ends.train) {
        const apart = ends.test[1] - ends.train[1], push = Math.abs(apart) < 13 ? (13 - Math.abs(apart)) / 2 : 0;
        const sign = apart < 0 ? -1 : 1;
        body.append(
          svg("text", { class: "dld-tick dld-name-train", x: ends.train[0] + 5, y: ends.train[1] + 4 - sign * push, text: "train" }),
          svg("text", { class: "dld-tick dld-name-test", x: ends.test[0] + 5, y: ends.test[1] + 4 + sign * push, text: "test" }));
      }
      change(surface, { "aria-label": label });
    },
  };
}
