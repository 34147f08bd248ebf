// Buttons and a slider that walk through a computation, and a button that plays it.
import { button, change, html, reducedMotion } from "./dom.js";

export class Stepper {
  // figure: has step, total and go(step), which draws. pause: milliseconds between two steps of
  // Play. leaps: more buttons that lead forward, { text: () => the step that it goes to }.
  constructor(figure, pause, leaps = {}) {
    Object.assign(this, { figure, pause, timer: 0 });
    const to = (text, step, attributes) => button(text, () => this.walk(step()), attributes);
    const primary = { class: "dld-button dld-primary" };
    this.back = [to("Restart", () => 0), to("Back", () => figure.step - 1)];
    this.forward = [
      to("Next", () => figure.step + 1, primary),
      ...Object.entries(leaps).map(([text, step]) => to(text, step)),
      to("Show all", () => figure.total),
    ];
    this.playButton = button("Play", () => this.play());
    const attributes = { type: "range", min: 0, max: 1, step: 1, class: "dld-range" };
    this.slider = html("input", { ...attributes, "aria-label": "Step of the computation" });
    this.slider.addEventListener("input", () => this.walk(Number(this.slider.value)));
    this.position = html("span", { class: "dld-position" });
    const range = html("div", { class: "dld-stepper" }, this.slider, this.position);
    const buttons = [...this.back, ...this.forward, this.playButton];
    this.box = html("div", { class: "dld-bar" }, ...buttons, range);
    figure.signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  walk(step) {
    this.stop();
    this.go(step);
  }

  go(step) {
    this.figure.go(Math.max(0, Math.min(this.figure.total, step)));
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    change(this.playButton, { text: "Play" });
  }

  tick() {
    const { figure, pause } = this;
    this.timer = setTimeout(() => this.tick(), reducedMotion() ? 2 * pause : pause);
    if (figure.step + 1 >= figure.total) this.stop();
    this.go(figure.step + 1);
  }

  play() {
    if (this.timer) {
      this.stop();
      return;
    }
    if (this.figure.step >= this.figure.total) this.go(0);
    change(this.playButton, { text: "Pause" });
    this.timer = setTimeout(() => this.tick(), this.pause / 2);
  }

  show() {
    const { step, total } = this.figure;
    change(this.slider, { max: total, "aria-valuetext": `step ${step} of ${total}` });
    this.slider.value = String(step);
    change(this.position, { text: `${step} of ${total}` });
    for (const node of this.back) change(node, { disabled: step === 0 });
    for (const node of this.forward) change(node, { disabled: step === total });
  }
}
