// KernelEditor: a kernel over a picture, its output live, and the arithmetic of one place.
import { button, change, choice, decimal, html, numberField } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { gray, signedColors } from "../shared/pixels.js";
import { rgb } from "../shared/theme.js";
import { Pane } from "./pane.js";
import { PRESETS } from "./presets.js";
import { arithmetic, settingsOf, slide } from "./sliding.js";
import { KernelGrid, Matrix, short } from "./tables.js";

const HINT =
  "Write numbers into the kernel, or choose one. Point at the picture or at the output, or give " +
  "one of them the focus and use the arrow keys (with Shift ten places), to see where a number of " +
  "the output comes from. The kernel's numbers are divided by the number below them.";
const OPERATIONS = { "cross-correlation": "Cross-correlation", convolution: "Convolution" };
const PADDINGS = { valid: "valid (none)", same: "same", full: "full" };
const whole = (value) => decimal(value, 0);
const clamp = (value, most) => Math.max(0, Math.min(most, value));

class KernelEditor extends Figure {
  constructor(host) {
    super(host, { name: "kernel-editor", label: "Kernel editor", hint: HINT });
    this.place = [0, 0];
    this.buildControls();
    this.buildPanes();
    this.load();
    this.attach(this.bar, this.panes, this.work);
    this.follow(["picture", "preset", "kernel", "stride", "padding", "operation"]);
  }

  buildControls() {
    const names = Object.entries(PRESETS).map(([key, { name }]) => [key, name]);
    const set = (name) => (value) => this.configure({ [name]: value });
    this.fields = {
      preset: choice("Kernel", [...names, ["custom", "Your own"]], "identity", (value) =>
        this.choose(value),
      ),
      size: choice("Size", [["3", "3 × 3"], ["5", "5 × 5"]], "3", (v) => this.resize(Number(v))),
      stride: choice("Stride", ["1", "2", "3", "4"].map((s) => [s, s]), "1", (value) =>
        this.configure({ stride: Number(value) }),
      ),
      padding: choice("Padding", Object.entries(PADDINGS), "valid", set("padding")),
      operation: choice("Operation", Object.entries(OPERATIONS), "convolution", set("operation")),
    };
    const boxes = Object.values(this.fields).map(({ box }) => box);
    const turn = button("Turn by 180°", () => this.edit([...this.numbers].reverse()));
    const reset = button("Reset", () => this.reset());
    this.bar = html("div", { class: "dld-bar" }, ...boxes, turn, reset);
  }

  buildPanes() {
    const settled = () => this.savePlace();
    const half = () => (this.size - 1) / 2;
    const onPicture = ([row, column]) => {
      const { before } = this.settings();
      const window = [row, column].map((at, axis) => {
        const inside = Math.floor(at) - (this.margin[axis] - before[axis]);
        return Math.round((inside - half()) / this.setting.stride);
      });
      this.moveTo(window);
    };
    const onOutput = (at) => this.moveTo(at.map(Math.floor));
    const step = (by) => this.moveTo(this.place.map((at, axis) => at + by[axis]));
    const act = (point) => ({ point, step, settled });
    const keys = "arrow keys move the window";
    this.input = new Pane("Picture", `Picture; ${keys}`, act(onPicture), this.signal);
    this.result = new Pane("Output", `Output; ${keys}`, act(onOutput), this.signal);
    this.grid = new KernelGrid((k, value) =>
      this.edit(this.numbers.map((old, at) => (at === k ? value : old))),
    );
    const divisor = { min: 0.01, max: 1000, step: "any", value: 1 };
    this.divisorField = numberField("divided by", divisor, (value) => {
      this.divisor = value;
      this.edit(this.numbers);
    });
    this.sumNote = html("p", { class: "dld-caption" });
    const title = html("p", { class: "dld-paneltitle", text: "Kernel" });
    const editor = [title, this.grid.box, this.divisorField.box, this.sumNote];
    const middle = html("div", { class: "dld-pane dld-editor" }, ...editor);
    this.panes = html("div", { class: "dld-panes" }, this.input.box, middle, this.result.box);
    this.matrices = [new Matrix("Patch"), new Matrix("Kernel on it"), new Matrix("Products")];
    const sign = (text) => html("span", { class: "dld-sign", "aria-hidden": "true", text });
    const [patch, kernel, products] = this.matrices.map(({ box }) => box);
    this.sum = html("span", { class: "dld-sum" });
    const total = html("p", { class: "dld-total" }, html("span", { text: "sum" }), this.sum);
    const parts = [patch, sign("∘"), kernel, sign("="), products, sign("→"), total];
    this.work = html("div", { class: "dld-work" }, ...parts);
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    this.picture = read("picture");
    this.setting = Object.fromEntries(
      ["stride", "padding", "operation"].map((name) => [name, read(name)]),
    );
    this.preset = Object.hasOwn(PRESETS, read("preset")) ? read("preset") : "custom";
    const own = read("kernel");
    if (this.preset === "custom" && own.length) {
      Object.assign(this, { size: own.length, numbers: own.flat(), divisor: 1 });
    } else this.take(this.preset === "custom" ? "identity" : this.preset);
    this.own ??= this.preset === "custom" ? own : null;
    const kept = [this.preset, [...this.numbers], this.size, this.divisor];
    this.first ??= [...kept, { ...this.setting }];
    this.compute();
    if (!this.placed) this.moveToMiddle();
  }

  take(preset) {
    const { numbers, size, divisor } = PRESETS[preset];
    Object.assign(this, { numbers: [...numbers], size, divisor });
  }

  settings() {
    return settingsOf({ size: this.size, ...this.setting });
  }

  compute() {
    const row = (a) => this.numbers.slice(a * this.size, (a + 1) * this.size);
    const scaled = (a) => row(a).map((value) => value / this.divisor);
    this.kernel = Array.from({ length: this.size }, (_, a) => scaled(a));
    this.problem = { picture: this.picture, kernel: this.kernel, ...this.setting };
    this.output = slide(this.problem);
    this.place = this.place.map((at, axis) => clamp(at, this.places()[axis] - 1));
  }

  places() {
    return [this.output.length, this.output[0].length];
  }

  moveToMiddle() {
    this.placed = true;
    const largest = [0, 0];
    this.output.forEach((row, i) => {
      row.forEach((value, j) => {
        const best = this.output[largest[0]][largest[1]];
        if (Math.abs(value) > Math.abs(best)) largest.splice(0, 2, i, j);
      });
    });
    this.place = largest;
  }

  save() {
    const { kernel, preset, output, place, setting } = this;
    this.write({ preset, kernel, output, place: [...place], ...setting });
  }

  savePlace() {
    this.write({ place: [...this.place] });
  }

  // ---- what the reader does

  update() {
    this.compute();
    this.draw();
    this.save();
  }

  choose(preset) {
    this.preset = preset;
    if (preset !== "custom") this.take(preset);
    this.update();
  }

  configure(changes) {
    Object.assign(this.setting, changes);
    this.update();
  }

  edit(numbers) {
    this.numbers = numbers;
    this.preset = "custom";
    this.update();
  }

  // A smaller or larger kernel with the same middle.
  resize(size) {
    const shift = (size - this.size) / 2;
    const old = (a, b) =>
      a < 0 || b < 0 || a >= this.size || b >= this.size ? 0 : this.numbers[a * this.size + b];
    const all = Array.from({ length: size * size }, (_, k) =>
      old(Math.floor(k / size) - shift, (k % size) - shift),
    );
    this.size = size;
    this.edit(all);
  }

  reset() {
    const [preset, numbers, size, divisor, setting] = this.first;
    Object.assign(this, { preset, numbers: [...numbers], size, divisor });
    this.setting = { ...setting };
    this.compute();
    this.moveToMiddle();
    this.draw();
    this.save();
  }

  moveTo(place) {
    const next = place.map((at, axis) => clamp(at, this.places()[axis] - 1));
    if (next.every((at, axis) => at === this.place[axis])) return;
    this.place = next;
    this.drawPlace();
  }

  // ---- drawing

  draw() {
    const { preset, size, setting } = this;
    const shown = { preset, size, ...setting };
    for (const [name, { input }] of Object.entries(this.fields)) input.value = String(shown[name]);
    this.grid.draw(this.numbers, size);
    if (this.divisorField.input !== document.activeElement) {
      this.divisorField.input.value = String(Number(this.divisor.toFixed(4)));
    }
    const total = this.kernel.flat().reduce((sum, value) => sum + value, 0);
    const effect = Math.abs(total - 1) < 1e-9 ? "keeps flat areas" : Math.abs(total) < 1e-9 ? "flat areas give 0" : "scales flat areas";
    change(this.sumNote, { text: `Its sum is ${short(total)}: ${effect}.` });
    this.drawInput();
    this.drawOutput();
    this.drawPlace();
  }

  drawInput() {
    const { picture } = this;
    const [rows, columns] = [picture.length, picture[0].length];
    const { before, after } = this.settings();
    this.margin = before;
    const all = picture.flat();
    const [low, high] = [Math.min(0, ...all), Math.max(...all)];
    const pad = rgb(this.root, "--dld-padding");
    const wide = columns + before[1] + after[1];
    this.input.draw(rows + before[0] + after[0], wide, (k) => {
      const value = picture[Math.floor(k / wide) - before[0]]?.[(k % wide) - before[1]];
      return value === undefined ? pad : gray(value, low, high);
    });
    const border = before[0] ? `, padding ${before[0]} of zeros (tinted)` : "";
    this.input.say("Picture", `${rows} × ${columns}, black ${short(low)}, white ${short(high)}${border}`);
  }

  drawOutput() {
    const [rows, columns] = this.places();
    const all = this.output.flat();
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const most = Math.max(-low, high);
    const signed = signedColors(this.root);
    const color = low < -1e-9 ? (k) => signed(all[k], most) : (k) => gray(all[k], Math.min(0, low), high);
    this.result.draw(rows, columns, color);
    const range = low < -1e-9 ? `blue ${short(low)}, orange ${short(high)}` : `black ${short(Math.min(0, low))}, white ${short(high)}`;
    this.result.say("Output", `${rows} × ${columns}, ${range}`);
  }

  drawPlace() {
    const found = arithmetic(this.problem, this.place);
    const [rows, columns] = [this.picture.length, this.picture[0].length];
    const outside = (a, b) => {
      const [row, column] = [found.top + a, found.left + b];
      return row < 0 || column < 0 || row >= rows || column >= columns ? "dld-outside" : "";
    };
    this.matrices[0].draw(found.patch, outside);
    this.matrices[1].draw(found.kernel);
    this.matrices[2].draw(found.products, (a, b) => {
      const value = found.products[a][b];
      return value > 0 ? "dld-plus" : value < 0 ? "dld-minus" : "";
    });
    change(this.sum, { text: short(found.sum) });
    const { before } = this.settings();
    this.input.mark(found.top + before[0], found.left + before[1], this.size);
    this.result.mark(this.place[0], this.place[1], 1);
    const [i, j] = this.place;
    const turnedText = this.setting.operation === "convolution" ? ", kernel turned by 180°" : "";
    this.say(
      `Output (${i}, ${j}) = ${short(found.sum)}: the sum of ${this.size ** 2} products over rows ` +
        `${whole(found.top)} to ${found.top + this.size - 1} and columns ${whole(found.left)} to ` +
        `${found.left + this.size - 1} of the picture${turnedText}.`,
    );
  }
}

const render = (host) => new KernelEditor(host).cleanup;

export default { render };
