// CharacterWriter: a trained character model writes in the page, one character after the other.
import { button, change, decimal, html, numberField, reducedMotion } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { slider } from "../shared/sliders.js";
import { Bars, percent, spoken } from "./bars.js";
import { entropy } from "./language_model.js";
import { Writing } from "./writing.js";

const HINT =
  "The bars show the probabilities of the next character; press one to write that character " +
  "yourself. Low temperatures take what is probable, at 0 always the most probable; high ones " +
  "take more risks. The same prompt, temperature and seed write the same text.";
const MODEL = ["vocabulary", "layers", "embedded", "weights"];
const TRAITS = ["prompt", "temperature", "seed"];
const MOST_SEED = 9999;
const MOST_PROMPT = 200;
const MOST_TEXT = 3000;
const PACE = { full: [55, 1], reduced: [900, 12] }; // milliseconds, characters at once

class CharacterWriter extends Figure {
  constructor(host) {
    super(host, { name: "writer", label: "Character writer", hint: HINT });
    this.visible = true;
    this.bars = new Bars((number) => this.once(number));
    this.buildControls();
    this.buildText();
    this.load();
    this.attach(this.promptBox, this.bar, this.columns);
    this.listen();
  }

  buildControls() {
    const primary = { class: "dld-button dld-primary" };
    this.playButton = button("Write", () => this.play(), primary);
    this.onceButton = button("One character", () => this.once());
    const again = button("Start again", () => this.configure({}));
    const limits = { min: 0, max: MOST_SEED, step: 1, value: 0 };
    this.seed = numberField("Seed", limits, (value) => this.configure({ seed: Math.round(value) }));
    const range = { min: 0, max: 2, step: 0.05, value: 1, text: (value) => decimal(value, 2) };
    this.heat = slider("Temperature τ", range, (value, settled) => this.warm(value, settled));
    const buttons = [this.playButton, this.onceButton, again];
    this.bar = html("div", { class: "dld-bar" }, ...buttons, this.heat.box, this.seed.box);
    const attributes = { class: "dld-input", rows: 2, maxlength: MOST_PROMPT };
    this.prompt = html("textarea", { ...attributes, autocomplete: "off", spellcheck: "false" });
    this.prompt.addEventListener("input", () => this.configure({ prompt: this.prompt.value }));
    const label = html("span", { text: "Prompt, read before the first character is written" });
    this.promptBox = html("label", { class: "dld-field dld-prompt" }, label, this.prompt);
  }

  buildText() {
    this.given = html("span", { class: "dld-given" });
    this.written = html("span", {});
    const attributes = { class: "dld-paper", tabindex: 0, role: "group", "aria-label": "The text" };
    this.paper = html("div", attributes, this.given, this.written);
    const caption = html("p", { class: "dld-caption", text: "The next character:" });
    const side = html("div", { class: "dld-side" }, caption, this.bars.box);
    const main = html("div", { class: "dld-main" }, this.paper);
    this.columns = html("div", { class: "dld-columns" }, main, side);
  }

  listen() {
    const sight = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
    });
    sight.observe(this.root);
    this.signal.addEventListener("abort", () => {
      this.pause();
      sight.disconnect();
    });
    this.follow([...MODEL, ...TRAITS]);
  }

  // ---- state

  load() {
    const values = (names) => Object.fromEntries(names.map((name) => [name, this.model.get(name)]));
    this.author = new Writing(values(MODEL));
    this.setting = values(TRAITS);
    this.prompt.value = this.setting.prompt;
    this.begin();
  }

  begin() {
    this.pause();
    const { prompt, seed, temperature } = this.setting;
    const all = [...prompt];
    this.unknown = all.find((character) => !this.author.knows(character));
    this.known = all.filter((character) => this.author.knows(character)).join("");
    this.author.begin(this.known, seed, temperature);
  }

  configure(changes) {
    this.setting = { ...this.setting, ...changes };
    this.begin();
    this.draw();
    this.save();
  }

  warm(temperature, settled) {
    this.setting.temperature = temperature;
    this.author.look(temperature);
    this.draw();
    if (settled) this.save();
  }

  save() {
    const { seed, temperature } = this.setting;
    const { text, probabilities } = this.author;
    this.write({ prompt: this.known, seed, temperature, text, probabilities });
  }

  // ---- writing

  full() {
    return this.author.text.length >= MOST_TEXT;
  }

  once(number) {
    this.pause();
    if (!this.full()) this.author.write(this.setting.temperature, number);
    this.draw();
    this.save();
  }

  play() {
    if (this.timer) {
      this.pause();
      this.draw();
      this.save();
      return;
    }
    change(this.playButton, { text: "Stop" });
    this.tick();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = 0;
    change(this.playButton, { text: "Write" });
  }

  tick() {
    const [wait, most] = reducedMotion() ? PACE.reduced : PACE.full;
    this.timer = setTimeout(() => this.tick(), wait);
    if (!this.visible) return;
    for (let n = 0; n < most && !this.full(); n += 1) this.author.write(this.setting.temperature);
    if (this.full()) {
      this.pause();
      this.save();
    }
    this.draw();
  }

  // ---- drawing

  draw() {
    const { author, setting } = this;
    change(this.given, { text: this.known });
    change(this.written, { text: author.text });
    this.paper.scrollTop = this.paper.scrollHeight;
    this.bars.draw(author.probabilities, author.model.characters);
    this.heat.show(setting.temperature);
    if (this.seed.input.value !== String(setting.seed)) this.seed.input.value = setting.seed;
    for (const node of [this.playButton, this.onceButton]) change(node, { disabled: this.full() });
    this.say(this.sentence());
  }

  sentence() {
    const { author, unknown } = this;
    const { text, probabilities, last, model } = author;
    const length = [...text].length;
    const top = probabilities.indexOf(Math.max(...probabilities));
    const favorite = spoken(model.characters[top]);
    const next = `next, ${favorite} is most probable (${percent(probabilities[top])})`;
    const bits = `entropy ${decimal(entropy(probabilities), 2)} bits`;
    if (unknown !== undefined) {
      return `The model does not know ${spoken(unknown)}: it was left out. Now ${next}, ${bits}.`;
    }
    const done = length
      ? `${length} written, the last ${spoken(last.character)} (${percent(last.p)})`
      : `${[...this.known].length} characters read`;
    return `${done}; ${next}, ${bits}.`;
  }
}

const render = (host) => new CharacterWriter(host).cleanup;

export default { render };
