// DigitThroughLayers: a digit is drawn, and every layer of a trained network shows what it makes.
import { button, change, decimal, html } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { paint } from "../shared/pixels.js";
import { rgb } from "../shared/theme.js";
import { fitted, rasterize } from "./ink.js";
import { Maps } from "./maps.js";
import { assemble, rowsOf, run, unpackInk } from "./network.js";
import { Pad } from "./pad.js";

const HINT =
  "Draw on the pad, or take a sample. Keys on the pad: the arrows move, Space puts the pen down " +
  "and lifts it. Click a map, or use the arrow keys in its row, to see it in large. Orange is " +
  "positive, blue negative, the background zero; each row has its own scale.";

class DigitThroughLayers extends Figure {
  constructor(host) {
    super(host, { name: "digit-through-layers", label: "A digit through the layers", hint: HINT });
    const begin = (point) => this.begin(point);
    const extend = (point) => this.extend(point);
    this.pad = new Pad({ begin, extend, settled: () => this.save() }, this.signal);
    this.maps = new Maps((row, channel) => this.choose(row, channel));
    this.fit = true;
    this.chosen = [1, 0];
    this.build();
    this.load();
    this.attach(this.title, this.columns);
    const traits = ["side", "layers", "weights", "samples", "classes", "margin", "pen", "title"];
    this.watch(traits, () => {
      this.load();
      this.draw();
    });
  }

  build() {
    this.title = html("p", { class: "dld-title" });
    this.samples = html("div", { class: "dld-samples", role: "group", "aria-label": "Samples" });
    const check = html("input", { type: "checkbox", checked: true });
    check.addEventListener("change", () => {
      this.fit = check.checked;
      this.update();
    });
    const words = html("span", { text: "scale and center what I draw" });
    const fit = html("label", { class: "dld-check" }, check, words);
    const buttons = [button("Clear", () => this.clear()), button("Undo", () => this.undo())];
    this.undoButton = buttons[1];
    const bar = html("div", { class: "dld-bar dld-tools" }, ...buttons);
    this.bars = html("div", { class: "dld-probabilities" });
    const left = [this.pad.area, bar, fit, this.samples, this.bars];
    const pad = html("div", { class: "dld-drawing" }, ...left);
    const right = html("div", { class: "dld-network" }, this.maps.box, this.maps.detail);
    this.columns = html("div", { class: "dld-split" }, pad, right);
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    for (const name of ["side", "classes", "margin", "pen"]) this[name] = read(name);
    this.layers = assemble(read("layers"), read("weights"));
    this.rows = rowsOf(this.layers);
    const ink = unpackInk(read("samples"));
    const size = this.side ** 2;
    this.pictures = Array.from({ length: ink.length / size }, (_, s) =>
      ink.slice(s * size, (s + 1) * size),
    );
    change(this.title, { text: read("title") || "A convolutional network" });
    this.buildSamples();
    this.buildBars();
    Object.assign(this, { base: this.pictures[0], sample: 0, strokes: [] });
    this.compute();
  }

  buildSamples() {
    const one = (_, s) => {
      const node = html("button", { type: "button", class: "dld-sample" }, html("canvas"));
      change(node, { "aria-label": `Sample ${s + 1}` });
      node.addEventListener("click", () => this.take(s));
      return node;
    };
    this.samples.replaceChildren(...this.pictures.map(one));
  }

  buildBars() {
    const row = (name) => {
      const track = html("span", { class: "dld-track", "aria-hidden": "true" }, html("span"));
      const number = html("span", { class: "dld-share" });
      return html("div", { class: "dld-row" }, html("span", { text: name }), track, number);
    };
    this.bars.replaceChildren(...this.classes.map(row));
  }

  compute() {
    const { base, strokes, side, pen, margin } = this;
    const lines = this.fit && !base ? fitted(strokes, side, pen, margin) : strokes;
    const ink = rasterize(lines, side, pen);
    this.picture = base ? ink.map((value, k) => Math.max(value, base[k])) : ink;
    this.result = run(this.layers, this.picture, side);
  }

  update() {
    this.compute();
    this.draw();
    this.save();
  }

  save() {
    const { side, picture, result } = this;
    const row = (_, a) => [...picture.slice(a * side, (a + 1) * side)];
    const { logits, probabilities } = result;
    this.write({ drawing: Array.from({ length: side }, row), logits, probabilities });
  }

  // ---- what the reader does

  begin(point) {
    // A new drawing takes the place of an untouched sample.
    if (this.base && !this.strokes.length) Object.assign(this, { base: null, sample: null });
    this.strokes.push([point]);
    this.compute();
    this.draw();
  }

  extend(point) {
    const stroke = this.strokes[this.strokes.length - 1];
    if (!stroke) return this.begin(point);
    stroke.push(point);
    this.compute();
    return this.draw();
  }

  take(sample) {
    Object.assign(this, { base: this.pictures[sample], sample, strokes: [] });
    this.pad.lift();
    this.update();
  }

  clear() {
    Object.assign(this, { base: null, sample: null, strokes: [] });
    this.pad.lift();
    this.update();
  }

  undo() {
    this.strokes.pop();
    this.pad.lift();
    this.update();
  }

  choose(row, channel) {
    this.chosen = [row, channel];
    this.draw();
  }

  // ---- drawing

  draw() {
    const { root, base, strokes, side, pen, rows, result, chosen } = this;
    this.pad.draw(root, { base, strokes, side, pen });
    this.drawSamples();
    const input = { values: this.picture, shape: [1, side, side] };
    const outputs = [input, ...rows.map(({ output }) => result.outputs[output])];
    const names = ["input", ...rows.map(({ name }) => name)];
    this.maps.draw(root, { names, outputs, rows: [null, ...rows], chosen });
    const best = result.probabilities.indexOf(Math.max(...result.probabilities));
    result.probabilities.forEach((p, k) => {
      const [, track, number] = this.bars.children[k].children;
      track.firstChild.style.width = `${(100 * p).toFixed(2)}%`;
      change(number, { text: decimal(p, 4) });
      this.bars.children[k].classList.toggle("dld-best", k === best);
    });
    change(this.undoButton, { disabled: !strokes.length });
    this.say(this.sentence(best));
  }

  drawSamples() {
    const [paper, ink] = ["--dld-background", "--dld-text"].map((name) => rgb(this.root, name));
    this.pictures.forEach((picture, s) => {
      const node = this.samples.children[s];
      change(node, { "aria-pressed": String(this.sample === s) });
      paint(node.firstChild, this.side, this.side, (k) =>
        paper.map((from, c) => from + picture[k] * (ink[c] - from)),
      );
    });
  }

  sentence(best) {
    const { probabilities } = this.result;
    const order = probabilities.map((p, k) => [p, k]).sort((a, b) => b[0] - a[0]);
    const what = this.sample !== null ? `Sample ${this.sample + 1}` : this.strokes.length ? "Your drawing" : "An empty picture";
    const second = `, then ${this.classes[order[1][1]]} with ${decimal(order[1][0], 4)}`;
    const name = this.classes[best];
    return `${what}: class ${name} with probability ${decimal(probabilities[best], 4)}${second}. ${this.maps.note.textContent}.`;
  }
}

const render = (host) => new DigitThroughLayers(host).cleanup;

export default { render };
