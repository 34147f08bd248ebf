// The points of the data in a chart, and a cursor that is walked with the arrow keys.
import { change, decimal, svg } from "../shared/dom.js";
import { arrow, draggable, positionIn } from "../shared/dragging.js";

const NEAR = 12; // pixels

export class Points {
  // host: add([x, y]), move(n, [x, y]), remove(), walk([x, y]) and settled().
  constructor(chart, host, signal) {
    Object.assign(this, { chart, host, cursor: [0, 0], points: [] });
    this.dots = svg("g", { "aria-hidden": "true" });
    this.line = svg("path", { class: "dld-cursorline" });
    this.cross = svg("path", { class: "dld-cursorcross", d: "M-9 0H9M0 -9V9" });
    const touch = svg("circle", { class: "dld-touch", r: 14 });
    const named = { class: "dld-cursor", tabindex: 0, role: "application" };
    this.handle = svg("g", named, touch, this.cross);
    chart.inside.append(this.dots, this.line);
    chart.surface.append(this.handle);
    chart.surface.removeAttribute("aria-hidden");
    chart.surface.setAttribute("role", "group");
    this.handle.addEventListener("keydown", (event) => this.press(event), { signal });
    this.listen(signal);
  }

  listen(signal) {
    let held = null;
    const start = (event) => {
      const place = positionIn(this.chart.surface, event);
      held = this.near(place);
      const at = this.bounded(this.chart.at(place));
      this.handle.focus({ preventScroll: true });
      if (held === null) this.host.add(at);
      else this.host.walk([...this.points[held]]);
    };
    const move = (event) => {
      if (held === null) return;
      this.host.move(held, this.bounded(this.chart.at(positionIn(this.chart.surface, event))));
    };
    draggable(this.chart.surface, { start, move, end: () => this.host.settled() }, signal);
  }

  press(event) {
    const { x, y } = this.chart.domain;
    const steps = arrow(event);
    if (steps) {
      const sizes = [(x[1] - x[0]) / 100, (y[1] - y[0]) / 100];
      this.host.walk(this.bounded(this.cursor.map((value, i) => value + sizes[i] * steps[i])));
    } else if (event.key === "Enter") this.host.add(this.cursor);
    else if (event.key === "Delete" || event.key === "Backspace") this.host.remove();
    else return;
    event.preventDefault();
  }

  bounded(place) {
    const { x, y } = this.chart.domain;
    const within = (value, [low, high]) => Number(Math.max(low, Math.min(high, value)).toFixed(2));
    return [within(place[0], x), within(place[1], y)];
  }

  // The number of the point at a place in pixels, or null.
  near([left, top]) {
    const far = this.points.map(([x, y]) => Math.hypot(this.chart.x(x) - left, this.chart.y(y) - top));
    const least = Math.min(...far);
    return least <= NEAR ? far.indexOf(least) : null;
  }

  draw(points, cursor) {
    const { chart } = this;
    Object.assign(this, { points, cursor });
    while (this.dots.children.length > points.length) this.dots.lastChild.remove();
    while (this.dots.children.length < points.length) {
      this.dots.append(svg("circle", { class: "dld-dot", r: 4.5 }));
    }
    points.forEach(([x, y], n) => {
      change(this.dots.children[n], { cx: chart.x(x).toFixed(1), cy: chart.y(y).toFixed(1) });
    });
    const [x, y] = [chart.x(cursor[0]), chart.y(cursor[1])].map((value) => value.toFixed(1));
    change(this.line, { d: `M${x} ${chart.y(chart.domain.y[1])}V${chart.y(chart.domain.y[0])}` });
    const name = `Cursor at x = ${decimal(cursor[0])}, y = ${decimal(cursor[1])}`;
    change(this.handle, { transform: `translate(${x} ${y})`, "aria-label": name });
  }
}
