// The frame of every figure: its box, its life, its theme, its status line, its host.
import { html, statusLine, uniqueId } from "./dom.js";
import { followTheme } from "./theme.js";

// A figure extends this class, builds its parts in its constructor, then calls attach(...parts).
// Everything that listens uses this.signal, so that one cleanup ends it all, whether the host
// aborts its own signal or calls the function that render returned.
export class Figure {
  constructor({ model, el, signal }, { name, label, hint }) {
    this.model = model;
    this.host = el;
    this.scope = new AbortController();
    this.signal = this.scope.signal;
    this.status = statusLine();
    this.writing = false;
    const hintId = uniqueId("hint");
    this.hint = html("p", { class: "dld-hint", id: hintId, text: hint });
    const described = { role: "group", "aria-label": label, "aria-describedby": hintId };
    this.root = html("div", { class: `dld dld-${name}`, ...described });
    this.cleanup = () => {
      this.scope.abort();
      this.root.remove();
    };
    this.signal.addEventListener("abort", () => this.status.stop());
    if (signal) signal.addEventListener("abort", this.cleanup, { once: true });
  }

  // Every figure redraws itself from its state.
  draw() {
    throw new Error("a figure must say how it is drawn");
  }

  attach(...parts) {
    this.root.append(...parts, this.status.box, this.hint);
    this.host.append(this.root);
    followTheme(this.root, () => this.draw(), this.signal);
    this.draw();
  }

  say(text) {
    this.status.say(text);
  }

  // Calls action with the width of a part, in whole pixels between two bounds, and draws; now and
  // whenever it changes.
  onResize(part, low, high, action) {
    let known = 0;
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.round(Math.max(low, Math.min(high, entry.contentRect.width)));
      if (width === known) return;
      known = width;
      action(width);
      this.draw();
    });
    observer.observe(part);
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  // Writes traits of the model without hearing of its own change.
  write(values) {
    this.writing = true;
    try {
      for (const [name, value] of Object.entries(values)) this.model.set(name, value);
      this.model.save_changes();
    } finally {
      this.writing = false;
    }
  }

  // Reads the traits and draws, when one of them is changed from outside.
  follow(names) {
    this.watch(names, () => {
      this.load();
      this.draw();
    });
  }

  // Calls action when one of the traits is changed from outside: by Python, by a linked widget.
  watch(names, action) {
    const heard = () => {
      if (!this.writing) action();
    };
    for (const name of names) this.model.on(`change:${name}`, heard);
    this.signal.addEventListener("abort", () => {
      for (const name of names) this.model.off(`change:${name}`, heard);
    });
  }
}
