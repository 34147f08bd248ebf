// A chart with linear axes: named curves and areas in a clipped frame, ticks, and a legend.
import { change, decimal, html, svg, uniqueId } from "./dom.js";

const EDGE = { left: 42, right: 10, top: 8, bottom: 32 };
const STRIDES = [1, 2, 5];

// Round numbers from low to high, at most `most` of them.
export function ticks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const stride = power * ([...STRIDES, 10].find((step) => step * power >= rough * (1 - 1e-9)) ?? 10);
  const digits = Math.max(0, -Math.floor(Math.log10(stride * (1 + 1e-9))));
  const first = Math.ceil(low / stride - 1e-9);
  const last = Math.floor(high / stride + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => {
    const value = (first + k) * stride;
    return { value, text: decimal(value, digits) };
  });
}

export class Chart {
  // curves: { name: { text, area } } in the order in which they are drawn; each gets the class
  // dld-line-name and, with a text, an entry of the legend. area: filled down to zero.
  constructor({ x, y, curves }) {
    Object.assign(this, { names: { x, y }, curves, width: 400, height: 240 });
    this.domain = { x: [0, 1], y: [0, 1] };
    const clip = uniqueId("clip");
    this.surface = svg("svg", { class: "dld-chart", "aria-hidden": "true" });
    this.axes = this.surface.appendChild(svg("g"));
    this.clip = this.surface.appendChild(svg("clipPath", { id: clip })).appendChild(svg("rect"));
    this.inside = this.surface.appendChild(svg("g", { "clip-path": `url(#${clip})` }));
    this.paths = Object.fromEntries(
      Object.keys(curves).map((name) => {
        const path = svg("path", { class: `dld-line dld-line-${name}` });
        return [name, this.inside.appendChild(path)];
      }),
    );
    const named = Object.entries(curves).filter(([, { text }]) => text);
    const legend = named.map(([name, { text }]) => Chart.entry(name, text));
    this.box = html("div", {}, html("div", { class: "dld-legend" }, ...legend), this.surface);
  }

  static entry(name, text) {
    const sample = svg("svg", { width: 28, height: 12, "aria-hidden": "true" });
    sample.append(svg("path", { class: `dld-line dld-line-${name}`, d: "M0 6H28" }));
    return html("span", { class: "dld-entry" }, sample, html("span", { text }));
  }

  x(value) {
    const [low, high] = this.domain.x;
    return EDGE.left + ((value - low) / (high - low)) * (this.width - EDGE.left - EDGE.right);
  }

  y(value) {
    const [low, high] = this.domain.y;
    const share = (value - low) / (high - low);
    return this.height - EDGE.bottom - share * (this.height - EDGE.top - EDGE.bottom);
  }

  // The numbers at a place of the surface.
  at([left, top]) {
    const [x, y] = [this.domain.x, this.domain.y];
    const across = (left - EDGE.left) / (this.width - EDGE.left - EDGE.right);
    const up = (this.height - EDGE.bottom - top) / (this.height - EDGE.top - EDGE.bottom);
    return [x[0] + across * (x[1] - x[0]), y[0] + up * (y[1] - y[0])];
  }

  // Sets the size in pixels and what the axes span; whoever calls it draws the curves again.
  layOut({ width = this.width, height = this.height, x = this.domain.x, y = this.domain.y }) {
    const key = JSON.stringify([width, height, x, y]);
    if (key === this.key) return;
    Object.assign(this, { key, width, height, domain: { x, y } });
    change(this.surface, { viewBox: `0 0 ${width} ${height}`, width, height });
    const inner = { width: width - EDGE.left - EDGE.right, height: height - EDGE.top - EDGE.bottom };
    const frame = { x: EDGE.left, y: EDGE.top, ...inner };
    change(this.clip, frame);
    const parts = [svg("rect", { class: "dld-frame", ...frame })];
    for (const { value, text } of ticks(...x, width < 330 ? 5 : 8)) {
      const place = { x: this.x(value), y: height - EDGE.bottom + 14, "text-anchor": "middle" };
      parts.push(svg("text", { class: "dld-tick", ...place, text }));
    }
    for (const { value, text } of ticks(...y, 5)) {
      const place = { x: EDGE.left - 5, y: this.y(value) + 4, "text-anchor": "end" };
      const d = `M${EDGE.left} ${this.y(value).toFixed(1)}h${inner.width}`;
      parts.push(svg("path", { class: "dld-gridline", d }));
      parts.push(svg("text", { class: "dld-tick", ...place, text }));
    }
    const middle = { x: EDGE.left + inner.width / 2, y: height - 3, "text-anchor": "middle" };
    parts.push(svg("text", { class: "dld-tick", ...middle, text: this.names.x }));
    const upright = { transform: `translate(11 ${EDGE.top + inner.height / 2}) rotate(-90)` };
    parts.push(svg("text", { class: "dld-tick", ...upright, "text-anchor": "middle", text: this.names.y }));
    this.axes.replaceChildren(...parts);
  }

  // The curve of a name, through points [x, y]; points that are not finite interrupt it.
  line(name, points) {
    const far = (value) => Math.max(-1e5, Math.min(1e5, value)).toFixed(2);
    let pen = "M";
    let d = "";
    for (const [a, b] of points) {
      if (!Number.isFinite(b)) {
        pen = "M";
        continue;
      }
      d += `${pen}${far(this.x(a))} ${far(this.y(b))}`;
      pen = "L";
    }
    if (this.curves[name].area && points.length) {
      const ground = far(this.y(0));
      d += `L${far(this.x(points.at(-1)[0]))} ${ground}L${far(this.x(points[0][0]))} ${ground}Z`;
    }
    change(this.paths[name], { d });
  }
}
