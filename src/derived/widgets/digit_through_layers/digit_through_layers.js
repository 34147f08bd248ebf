// DigitThroughLayers: a digit is drawn, and every layer of a trained network shows what it makes.
import { change, decimal, html } from "../shared/dom.js";
import { SKETCHED, Sketch } from "../shared/sketch.js";
import { Maps } from "./maps.js";
import { assemble, rowsOf, run } from "./network.js";

const HINT =
  "Draw on the pad, or take a sample. Keys on the pad: the arrows move, Space puts the pen down " +
  "and lifts it. Click a map, or use the arrow keys in its row, to see it in large. Orange is " +
  "positive, blue negative, the background zero; each row has its own scale.";

class DigitThroughLayers extends Sketch {
  constructor(host) {
    const frame = { name: "digit-through-layers", label: "A digit through the layers", hint: HINT };
    super(host, { ...frame, fit: "scale and center what I draw" });
    this.maps = new Maps((row, channel) => this.choose(row, channel));
    this.chosen = [1, 0];
    this.build();
    this.load();
    this.attach(this.title, this.columns);
    this.follow(["layers", "weights", ...SKETCHED]);
  }

  build() {
    this.bars = html("div", { class: "dld-probabilities" });
    this.sketch.append(this.bars);
    const right = html("div", { class: "dld-network" }, this.maps.box, this.maps.detail);
    this.columns = html("div", { class: "dld-split" }, this.sketch, right);
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    this.loadSketch("A convolutional network");
    this.layers = assemble(read("layers"), read("weights"));
    this.rows = rowsOf(this.layers);
    this.buildBars();
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

  save() {
    const { logits, probabilities } = this.result;
    this.write({ drawing: this.square(this.picture), logits, probabilities });
  }

  // ---- what the reader does

  choose(row, channel) {
    this.chosen = [row, channel];
    this.draw();
  }

  // ---- drawing

  draw() {
    const { root, side, rows, result, chosen } = this;
    this.drawSketch();
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
