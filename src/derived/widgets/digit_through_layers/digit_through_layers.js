// DigitThroughLayers: a digit is drawn, and every layer of a trained network shows what it makes.
import { button, change, decimal, html } from "../shared/dom.js";
import { Drawing } from "../shared/drawing.js";
import { Figure } from "../shared/figure.js";
import { Pad } from "../shared/pad.js";
import { Samples, unpackSamples } from "../shared/samples.js";
import { Maps } from "./maps.js";
import { assemble, rowsOf, run } from "./network.js";

const HINT =
  "Draw on the pad, or take a sample. Keys on the pad: the arrows move, Space puts the pen down " +
  "and lifts it. Click a map, or use the arrow keys in its row, to see it in large. Orange is " +
  "positive, blue negative, the background zero; each row has its own scale.";

class DigitThroughLayers extends Figure {
  constructor(host) {
    super(host, { name: "digit-through-layers", label: "A digit through the layers", hint: HINT });
    this.drawing = new Drawing();
    const begin = (point) => this.trace(() => this.drawing.begin(point));
    const extend = (point) => this.trace(() => this.drawing.extend(point));
    this.pad = new Pad({ begin, extend, settled: () => this.save() }, this.signal);
    this.maps = new Maps((row, channel) => this.choose(row, channel));
    this.samples = new Samples((sample) => this.redraw(() => this.drawing.take(sample)));
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
    const check = html("input", { type: "checkbox", checked: true });
    check.addEventListener("change", () => {
      this.drawing.fit = check.checked;
      this.update();
    });
    const words = html("span", { text: "scale and center what I draw" });
    const fit = html("label", { class: "dld-check" }, check, words);
    const buttons = [
      button("Clear", () => this.redraw(() => this.drawing.clear())),
      button("Undo", () => this.redraw(() => this.drawing.undo())),
    ];
    this.undoButton = buttons[1];
    const bar = html("div", { class: "dld-bar dld-padtools" }, ...buttons);
    this.bars = html("div", { class: "dld-probabilities" });
    const left = [this.pad.area, bar, fit, this.samples.box, this.bars];
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
    const pictures = unpackSamples(read("samples"), this.side);
    change(this.title, { text: read("title") || "A convolutional network" });
    this.samples.load(pictures, this.side);
    this.buildBars();
    this.drawing.load(this, pictures);
    this.compute();
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
    this.picture = this.drawing.picture();
    this.result = run(this.layers, this.picture, this.side);
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

  // While the pen moves.
  trace(action) {
    action();
    this.compute();
    this.draw();
  }

  redraw(action) {
    action();
    this.pad.lift();
    this.update();
  }

  choose(row, channel) {
    this.chosen = [row, channel];
    this.draw();
  }

  // ---- drawing

  draw() {
    const { root, drawing, side, rows, result, chosen } = this;
    this.pad.draw(root, drawing);
    this.samples.draw(root, drawing.sample);
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
    change(this.undoButton, { disabled: !drawing.strokes.length });
    this.say(this.sentence(best));
  }

  sentence(best) {
    const { probabilities } = this.result;
    const order = probabilities.map((p, k) => [p, k]).sort((a, b) => b[0] - a[0]);
    const second = `, then ${this.classes[order[1][1]]} with ${decimal(order[1][0], 4)}`;
    const name = this.classes[best];
    return `${this.drawing.name}: class ${name} with probability ${decimal(probabilities[best], 4)}${second}. ${this.maps.note.textContent}.`;
  }
}

const render = (host) => new DigitThroughLayers(host).cleanup;

export default { render };
