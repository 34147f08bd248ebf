// A labelled slider that says its value beside its name.
import { change, html } from "./dom.js";

// action(value, settled) is called while the slider moves (settled false) and when it is let go.
// text(value) is the value as the reader sees it.
export function slider(label, { min, max, step, value, text = String }, action) {
  const input = html("input", { type: "range", class: "dld-slider", min, max, step });
  const shown = html("span", { class: "dld-slidervalue" });
  const name = html("span", {}, html("span", { text: `${label} ` }), shown);
  const box = html("label", { class: "dld-field dld-sliderfield" }, name, input);
  const show = (now) => {
    if (Number(input.value) !== now) input.value = String(now);
    change(shown, { text: text(now) });
    change(input, { "aria-valuetext": text(now) });
  };
  input.addEventListener("input", () => action(Number(input.value), false));
  input.addEventListener("change", () => action(Number(input.value), true));
  show(value);
  return { box, input, show };
}
