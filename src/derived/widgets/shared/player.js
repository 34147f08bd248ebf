// A button that starts and stops a training; it runs frame by frame while the figure is in sight.
import { button, change, reducedMotion } from "./dom.js";

export class Player {
  // figure: the Figure that it belongs to. start, stop: what the button says.
  // step(): one step of the training. pace(): { most, time }, steps and milliseconds of a frame.
  // over(): no step is left. shown(): called after each frame. settled(): after the last one.
  constructor(figure, { start, stop, step, pace, over, shown, settled }) {
    Object.assign(this, { texts: { start, stop }, step, pace, over, shown, settled });
    this.visible = true;
    this.playing = false;
    this.button = button(start, () => this.toggle(), { class: "dld-button dld-primary" });
    const sight = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
    });
    sight.observe(figure.root);
    figure.signal.addEventListener("abort", () => {
      this.pause();
      sight.disconnect();
    });
  }

  toggle() {
    if (this.playing) {
      this.pause();
      this.shown();
      this.settled();
    } else {
      this.playing = true;
      change(this.button, { text: this.texts.stop });
      this.schedule();
    }
  }

  pause() {
    cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
    this.playing = false;
    change(this.button, { text: this.texts.start });
  }

  // With reduced motion the picture changes a little more than once in a second.
  schedule() {
    const next = () => {
      this.request = requestAnimationFrame(() => this.frame());
    };
    if (reducedMotion()) this.timer = setTimeout(next, 800);
    else next();
  }

  frame() {
    if (this.visible) {
      const { most, time } = this.pace();
      const until = performance.now() + time;
      for (let n = 0; n < most && !this.over(); n += 1) {
        this.step();
        if (performance.now() > until) break;
      }
      if (this.over()) this.pause();
      this.shown();
    }
    if (this.playing) this.schedule();
    else this.settled();
  }
}
