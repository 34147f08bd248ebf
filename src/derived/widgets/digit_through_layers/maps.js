// The rows of feature maps, one row a layer, and the chosen map in large with its kernels.
import { change, decimal, html } from "../shared/dom.js";
import { arrow } from "../shared/dragging.js";
import { paint, signedColors } from "../shared/pixels.js";

const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const sizeOf = (shape) => (shape.length === 3 ? shape.join(" × ") : `${shape[0]} numbers`);

// Output { values, shape } as one list of numbers a channel or unit.
function channels({ values, shape }) {
  const size = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, c) => values.slice(c * size, (c + 1) * size));
}

export class Maps {
  // choose(row, channel) is called with the map that the reader points at or moves to.
  constructor(choose) {
    this.choose = choose;
    this.rows = [];
    this.box = html("div", { class: "dld-layers" });
    this.canvas = html("canvas", { class: "dld-large", "aria-hidden": "true" });
    this.note = html("p", { class: "dld-note-text" });
    this.kernels = html("div", { class: "dld-kernels", "aria-hidden": "true" });
    this.kernelNote = html("p", { class: "dld-caption" });
    const words = html("div", {}, this.note, this.kernelNote, this.kernels);
    this.detail = html("div", { class: "dld-detail" }, this.canvas, words);
  }

  // names: one a row; outputs: { values, shape } of each row.
  build(names, outputs) {
    if (this.rows.length === names.length) return;
    this.rows = names.map((name, r) => this.row(name, outputs[r].shape, r));
    this.box.replaceChildren(...this.rows.map(({ box }) => box));
  }

  row(name, shape, r) {
    const many = shape[0] > 32 ? " dld-many" : "";
    const kind = shape.length === 3 ? "dld-maps" : `dld-maps dld-numbersrow${many}`;
    const cells = Array.from({ length: shape[0] }, (_, c) => {
      const cell = html("span", { class: "dld-map" }, html("canvas"));
      cell.addEventListener("click", () => this.choose(r, c));
      return cell;
    });
    const title = `${name}: ${sizeOf(shape)}`;
    const role = { role: "slider", tabindex: 0, "aria-label": title };
    const limits = { "aria-valuemin": 1, "aria-valuemax": shape[0] };
    const strip = html("div", { class: kind, ...role, ...limits }, ...cells);
    strip.addEventListener("keydown", (event) => {
      const steps = arrow(event);
      const now = this.chosen[0] === r ? this.chosen[1] : -1;
      const ends = { Home: 0, End: shape[0] - 1 };
      const next = ends[event.key] ?? (steps ? now + steps[0] - steps[1] : null);
      if (next === null) return;
      this.choose(r, Math.max(0, Math.min(shape[0] - 1, next)));
      event.preventDefault();
    });
    const heading = html("p", { class: "dld-layername", text: title });
    return { box: html("div", { class: "dld-layer" }, heading, strip), strip, cells, name };
  }

  draw(root, { names, outputs, rows, chosen }) {
    this.chosen = chosen;
    this.build(names, outputs);
    const color = signedColors(root);
    outputs.forEach((output, r) => {
      const most = largest(output.values);
      const [high, wide] = output.shape.length === 3 ? output.shape.slice(1) : [1, 1];
      const { cells, strip } = this.rows[r];
      channels(output).forEach((values, c) => {
        paint(cells[c].firstChild, high, wide, (k) => color(values[k], most));
        cells[c].classList.toggle("dld-chosen", chosen[0] === r && chosen[1] === c);
      });
      const now = chosen[0] === r ? chosen[1] : 0;
      change(strip, { "aria-valuenow": now + 1, "aria-valuetext": `number ${now + 1}` });
    });
    this.drawDetail(color, { outputs, rows, chosen });
  }

  drawDetail(color, { outputs, rows, chosen: [r, c] }) {
    const output = outputs[r];
    const values = channels(output)[c];
    const picture = output.shape.length === 3;
    const [high, wide] = picture ? output.shape.slice(1) : [1, 1];
    paint(this.canvas, high, wide, (k) => color(values[k], largest(output.values)));
    const [low, top] = [Math.min(...values), Math.max(...values)];
    const place = `${this.rows[r].name}, ${picture ? "map" : "unit"} ${c + 1} of ${output.shape[0]}`;
    const range = picture
      ? `from ${decimal(low, 3)} to ${decimal(top, 3)}`
      : `value ${decimal(values[0], 4)}`;
    change(this.note, { text: `${place}: ${range}` });
    this.drawKernels(color, rows[r], c);
    return place;
  }

  // The kernels that made a map of a convolution, one for each map below; a dense unit has none
  // that could be shown as a picture.
  drawKernels(color, row, c) {
    const layer = row?.layer;
    const [high, wide] = layer?.kind === "convolution" ? layer.window : [0, 0];
    const count = high ? layer.weight.length / layer.bias.length / (high * wide) : 0;
    while (this.kernels.children.length > count) this.kernels.lastChild.remove();
    while (this.kernels.children.length < count) this.kernels.append(html("canvas"));
    if (count) {
      const from = c * count * high * wide;
      const own = layer.weight.slice(from, from + count * high * wide);
      const most = largest(own);
      [...this.kernels.children].forEach((canvas, k) => {
        paint(canvas, high, wide, (at) => color(own[k * high * wide + at], most));
      });
    }
    const many = count === 1 ? "Its kernel" : `Its ${count} kernels, one for each map below`;
    const bias = count ? `, bias ${decimal(layer.bias[c], 3)}:` : "";
    const none = row ? "No kernel of its own." : "What the network sees.";
    change(this.kernelNote, { text: count ? many + bias : none });
  }
}
