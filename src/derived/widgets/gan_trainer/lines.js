// Below the chart: lines from equally probable places of z to G(z). Where they crowd, p_g is large.
import { change, svg, uniqueId } from "../shared/dom.js";

const HEIGHT = 92;
const TOP = 4;
const BOTTOM = HEIGHT - 30;

export class Lines {
  constructor(count) {
    const clip = uniqueId("clip");
    this.surface = svg("svg", { class: "dld-lines", "aria-hidden": "true" });
    this.axes = this.surface.appendChild(svg("g"));
    this.clip = this.surface.appendChild(svg("clipPath", { id: clip })).appendChild(svg("rect"));
    const inside = this.surface.appendChild(svg("g", { "clip-path": `url(#${clip})` }));
    this.paths = Array.from({ length: count }, () =>
      inside.appendChild(svg("path", { class: "dld-pull" })),
    );
  }

  // chart: whose x axis stands above; reach: z from -reach to reach.
  layOut(chart, reach) {
    const [low, high] = chart.domain.x;
    const [left, right] = [chart.x(low), chart.x(high)];
    const { width } = chart;
    this.z = (z) => left + ((z + reach) / (2 * reach)) * (right - left);
    change(this.surface, { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT });
    change(this.clip, { x: left, y: 0, width: right - left, height: BOTTOM });
    const rails = `M${left} ${TOP}H${right}M${left} ${BOTTOM}H${right}`;
    const parts = [svg("path", { class: "dld-axisline", d: rails })];
    for (let z = Math.ceil(-reach); z <= reach; z += 1) {
      const place = { x: this.z(z), y: BOTTOM + 13, "text-anchor": "middle" };
      parts.push(svg("text", { class: "dld-tick", ...place, text: String(z).replace("-", "−") }));
    }
    const middle = { x: (left + right) / 2, y: HEIGHT - 3, "text-anchor": "middle" };
    parts.push(svg("text", { class: "dld-tick", ...middle, text: "noise z" }));
    const beside = { x: left - 8, y: TOP + 8, "text-anchor": "end" };
    parts.push(svg("text", { class: "dld-tick", ...beside, text: "G(z)" }));
    this.axes.replaceChildren(...parts);
  }

  draw(chart, pairs) {
    pairs.forEach(([z, x], n) => {
      const d = `M${this.z(z).toFixed(1)} ${BOTTOM}L${chart.x(x).toFixed(1)} ${TOP}`;
      change(this.paths[n], { d });
    });
  }
}
