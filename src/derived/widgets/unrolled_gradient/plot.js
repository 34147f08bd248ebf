// Gradient norm against time on a logarithmic axis; the cursor is moved by pointer and keys.
import { change, html, svg } from "../shared/dom.js";
import { arrow, draggable, positionIn } from "../shared/dragging.js";
import { decades, magnitude, powerOfTen, powerTicks } from "../shared/powers.js";

const HEIGHT = 216;
const LEFT = 50;
const TOP = 12;
const BOTTOM = HEIGHT - 30;
const SAMPLES = { norms: "dld-back", cellNorms: "dld-cellpath", guide: "dld-guide" };

export class NormPlot {
  // choose(t) is called with a time that the reader points at.
  constructor(choose, signal) {
    Object.assign(this, { choose, steps: 1, width: 600, chosen: 0 });
    const slider = { role: "slider", tabindex: 0, "aria-label": "Time t", "aria-valuemin": 0 };
    this.surface = svg("svg", { class: "dld-normplot", ...slider });
    const point = (event) => choose(this.timeAt(positionIn(this.surface, event)[0]));
    const start = (event) => {
      this.surface.focus({ preventScroll: true });
      point(event);
    };
    draggable(this.surface, { start, move: point }, signal);
    this.surface.addEventListener("keydown", (event) => this.press(event), { signal });
    this.legend = html("div", { class: "dld-legend" });
    this.box = html("div", {}, this.legend, this.surface);
  }

  press(event) {
    const steps = arrow(event);
    if (event.key === "Home") this.choose(0);
    else if (event.key === "End") this.choose(this.steps);
    else if (steps) this.move(steps[0] + steps[1]);
    else return;
    event.preventDefault();
  }

  move(by) {
    this.choose(Math.max(0, Math.min(this.steps, this.chosen + by)));
  }

  timeAt(x) {
    const share = (x - LEFT) / (this.width - 14 - LEFT);
    return Math.round(Math.max(0, Math.min(1, share)) * this.steps);
  }

  x(t) {
    return LEFT + (t / this.steps) * (this.width - 14 - LEFT);
  }

  y(norm) {
    const [low, high] = this.range;
    return BOTTOM - ((Math.log10(norm) - low) / (high - low)) * (BOTTOM - TOP);
  }

  add(tag, attributes) {
    this.surface.append(svg(tag, attributes));
  }

  // curves: { norms, cellNorms, guide }, lists over t = 0 ... steps; names: a text for each.
  draw({ curves, names, steps, width, chosen }) {
    Object.assign(this, { steps, width, chosen });
    this.range = decades(Object.values(curves).flat());
    this.surface.replaceChildren();
    change(this.surface, { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT });
    this.axes();
    this.add("rect", { class: "dld-touch", x: 0, y: 0, width, height: HEIGHT });
    for (const name of ["guide", "cellNorms", "norms"]) this.line(curves[name], SAMPLES[name]);
    this.cursor(curves);
    const value = `t = ${chosen}, norm ${magnitude(curves.norms[chosen])}`;
    change(this.surface, { "aria-valuemax": steps, "aria-valuenow": chosen });
    change(this.surface, { "aria-valuetext": value });
    this.drawLegend(curves, names);
  }

  axes() {
    const right = this.width - 14;
    const size = { width: right - LEFT, height: BOTTOM - TOP };
    this.add("rect", { class: "dld-frame", x: LEFT, y: TOP, ...size });
    for (const power of powerTicks(this.range)) {
      const y = this.y(10 ** power);
      const d = `M${LEFT} ${y.toFixed(1)}H${right}`;
      this.add("path", { class: power === 0 ? "dld-one" : "dld-gridline", d });
      const place = { x: LEFT - 6, y: y + 4, "text-anchor": "end" };
      this.add("text", { class: "dld-tick", ...place, text: powerOfTen(power) });
    }
    const stride = [1, 2, 5, 10, 20, 25].find((step) => this.steps / step <= 7) ?? 50;
    for (let t = 0; t <= this.steps; t += stride) {
      if (t !== this.steps && this.x(this.steps) - this.x(t) < 22) continue;
      const place = { x: this.x(t), y: BOTTOM + 15, "text-anchor": "middle" };
      this.add("text", { class: "dld-tick", ...place, text: t });
    }
    const place = { x: (LEFT + right) / 2, y: HEIGHT - 2, "text-anchor": "middle" };
    this.add("text", { class: "dld-tick", ...place, text: "time t" });
  }

  line(values, kind) {
    const places = values.map((value, t) => (value > 0 ? [this.x(t), this.y(value)] : null));
    const kept = places.filter(Boolean).map((place) => place.map((v) => v.toFixed(1)).join(" "));
    if (kept.length) this.add("path", { class: `dld-curve ${kind}`, d: `M${kept.join("L")}` });
  }

  cursor({ norms, cellNorms }) {
    const x = this.x(this.chosen);
    this.add("path", { class: "dld-cursor", d: `M${x.toFixed(1)} ${TOP}V${BOTTOM}` });
    const dot = (values, kind) => {
      const value = values[this.chosen];
      if (!(value > 0)) return;
      this.add("circle", { class: `dld-dot ${kind}`, cx: x, cy: this.y(value), r: 5 });
    };
    dot(cellNorms, SAMPLES.cellNorms);
    dot(norms, SAMPLES.norms);
  }

  drawLegend(curves, names) {
    const shown = Object.keys(SAMPLES).filter((name) => curves[name].length);
    const key = shown.map((name) => names[name]).join("|");
    if (key === this.key) return;
    this.key = key;
    const entries = shown.map((name) => {
      const sample = svg("svg", { width: 30, height: 12, "aria-hidden": "true" });
      sample.append(svg("path", { class: `dld-curve ${SAMPLES[name]}`, d: "M0 6H30" }));
      return html("span", { class: "dld-entry" }, sample, html("span", { text: names[name] }));
    });
    this.legend.replaceChildren(...entries);
  }
}
