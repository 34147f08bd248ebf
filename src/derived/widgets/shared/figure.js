// The frame of every figure: its box, its life (one AbortController), its theme, its host.
import { html, statusLine, uniqueId } from "./dom.js";
import { followTheme } from "./theme.js";

// Returns { root, scope, status, cleanup, start }. Everything that listens uses scope.signal, so that one
// cleanup ends it all, whether the host aborts its signal or calls the returned function.
export function createFigure({ el, signal }, name, label, hint) {
  const scope = new AbortController(), status = statusLine();
  const hintId = uniqueId("hint");
  const root = html("div", { class: `dld dld-${name}`, role: "group", "aria-label": label,
    "aria-describedby": hintId });
  const caption = html("p", { class: "dld-hint", id: hintId, text: hint });
  const cleanup = () => {
    scope.abort();
    status.stop();
    root.remove();
  };
  if (signal) signal.addEventListener("abort", cleanup, { once: true });
  // Called once all parts are there: attaches the figure and follows the page's theme.
  const start = (parts, redraw) => {
    root.append(...parts, status.box, caption);
    el.append(root);
    followTheme(root, redraw, scope.signal);
    redraw();
  };
  return { root, scope, status, cleanup, start };
}

// Writes traits of the model without being told about its own change.
export function writer(model) {
  let writing = false;
  return {
    write(values) {
      writing = true;
      try {
        for (const [name, value] of Object.entries(values)) model.set(name, value);
        model.save_changes();
      } finally {
        writing = false;
      }
    },
    // Calls action when one of the traits is changed from outside (Python, a linked widget).
    watch(names, action, scope) {
      const heard = () => { if (!writing) action(); };
      for (const name of names) model.on(`change:${name}`, heard);
      scope.signal.addEventListener("abort", () => {
        for (const name of names) model.off(`change:${name}`, heard);
      });
    },
  };
}
