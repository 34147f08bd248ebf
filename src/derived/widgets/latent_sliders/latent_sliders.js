// LatentSliders: every number of a latent code has a slider, and a strip of what it does.
import { assemble, decode } from "../shared/decoder.js";
import { button, change, decimal, html } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { paint } from "../shared/pixels.js";
import { Random } from "../shared/random.js";
import { slider } from "../shared/sliders.js";
import { VALUES, effects } from "./effects.js";

const HINT =
  "Each slider moves one number of the code; the strip beside it shows the decoded picture at " +
  "−3, −2, … 3 with the others held where they are. The effect is the root mean square change of a " +
  "pixel from −1 to 1. A sample draws every number from the standard normal distribution.";
const MODEL = ["sizes", "activations", "weights", "information", "title"];
const LIMIT = 3;
const sub = (number) => [...String(number)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");

class LatentSliders extends Figure {
  constructor(host) {
    super(host, { name: "latent-sliders", label: "Sliders of a latent code", hint: HINT });
    this.title = html("p", { class: "dld-title" });
    this.buildControls();
    this.buildPicture();
    this.rows = html("div", { class: "dld-rows" });
    this.load();
    const side = html("div", { class: "dld-picture" }, this.caption, this.canvas);
    this.attach(this.title, this.bar, html("div", { class: "dld-split" }, side, this.rows));
    this.follow([...MODEL, "code"]);
  }

  buildControls() {
    const sample = button("New sample", () => this.sample(), { class: "dld-button dld-primary" });
    const zero = button("All zero", () => this.configure(this.code.map(() => 0), true));
    const reset = button("Reset", () => {
      this.random = null;
      this.configure([...this.first], true);
    });
    this.bar = html("div", { class: "dld-bar" }, sample, zero, reset);
  }

  buildPicture() {
    this.canvas = html("canvas", { class: "dld-decoded", role: "img", "data-gray": true });
    this.caption = html("p", { class: "dld-caption", text: "The code, decoded: x = g(z)" });
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    this.network = assemble(Object.fromEntries(MODEL.map((name) => [name, read(name)])));
    this.side = Math.round(Math.sqrt(read("sizes").at(-1)));
    this.information = read("information");
    change(this.title, { text: read("title"), hidden: !read("title") });
    const code = [...read("code")];
    this.first ??= code;
    if (this.controls?.length !== code.length) this.buildRows(code);
    this.compute(code);
  }

  buildRows(code) {
    this.controls = code.map((value, i) => {
      const move = (now, settled) =>
        this.configure(this.code.map((own, k) => (k === i ? now : own)), settled);
      const range = { min: -LIMIT, max: LIMIT, step: 0.05, value, text: (z) => decimal(z, 2) };
      const control = slider(`z${sub(i + 1)}`, range, move);
      const strip = html("canvas", { class: "dld-strip", role: "img", "data-gray": true });
      const effect = html("span", { class: "dld-effect" });
      const row = html("div", { class: "dld-latent" }, control.box, strip, effect);
      return { ...control, strip, effect, row };
    });
    this.rows.replaceChildren(...this.controls.map(({ row }) => row));
  }

  compute(code) {
    this.code = code;
    [this.picture] = decode(this.network, [code]);
    this.effects = effects(this.network, code);
  }

  configure(code, settled) {
    this.compute(code);
    this.draw();
    if (settled) this.save();
  }

  sample() {
    this.random ??= new Random(this.model.get("seed"));
    const draw = () => Math.max(-LIMIT, Math.min(LIMIT, this.random.normal()));
    this.configure(this.code.map(() => Number(draw().toFixed(2))), true);
  }

  save() {
    this.write({ code: this.code, picture: [...this.picture] });
  }

  // ---- drawing

  draw() {
    const { side, picture } = this;
    paint(this.canvas, side, side, (k) => [0, 1, 2].map(() => 255 * picture[k]));
    change(this.canvas, { "aria-label": `Decoded picture, ${this.inkText()}` });
    this.controls.forEach((control, i) => {
      control.show(this.code[i]);
      this.drawStrip(control.strip, this.effects[i].pictures);
      const effect = decimal(this.effects[i].effect, 3);
      change(control.strip, { "aria-label": `z${i + 1} from −3 to 3: effect ${effect}` });
      const known = this.information.length ? `, ${decimal(this.information[i], 2)} nats` : "";
      change(control.effect, { text: `effect ${effect}${known}` });
    });
    this.say(this.sentence());
  }

  drawStrip(canvas, pictures) {
    const { side } = this;
    const pitch = side + 1;
    paint(canvas, side, pitch * VALUES.length - 1, (k) => {
      const width = pitch * VALUES.length - 1;
      const [y, x] = [Math.floor(k / width), k % width];
      if (x % pitch === side) return [70, 90, 110];
      const gray = 255 * pictures[Math.floor(x / pitch)][y * side + (x % pitch)];
      return [gray, gray, gray];
    });
  }

  inkText() {
    const ink = this.picture.reduce((sum, value) => sum + value, 0) / this.picture.length;
    return `${decimal(100 * ink, 0)} % ink`;
  }

  sentence() {
    const strengths = this.effects.map(({ effect }) => effect);
    const [most, least] = [Math.max(...strengths), Math.min(...strengths)];
    const name = (value) => `z${sub(strengths.indexOf(value) + 1)}`;
    return (
      `The picture has ${this.inkText()}. Here ${name(most)} changes it most (effect ` +
      `${decimal(most, 3)}), ${name(least)} least (${decimal(least, 3)}).`
    );
  }
}

const render = (host) => new LatentSliders(host).cleanup;

export default { render };
