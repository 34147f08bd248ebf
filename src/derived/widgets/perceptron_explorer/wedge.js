// Novikoff's proof as a picture: on logarithmic axes |w| after k mistakes lies between the
// lines gamma k and R sqrt(k), which meet where k = (R / gamma)^2.
import { change, count, svg } from "../shared/dom.js";

const WIDTH = 280, HEIGHT = 170, LEFT = 34, RIGHT = 10, TOP = 12, BOTTOM = 30;

export function createWedge() {
  const surface = svg("svg", { class: "dld-wedge", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const body = surface.appendChild(svg("g"));

  function draw({ best, lengths, pure }) {
    body.replaceChildren();
    if (!best) {
      body.append(svg("text", { class: "dld-note", x: WIDTH / 2, y: HEIGHT / 2 - 6, "text-anchor": "middle",
        text: "No line separates the classes:" }),
      svg("text", { class: "dld-note", x: WIDTH / 2, y: HEIGHT / 2 + 14, "text-anchor": "middle",
        text: "γ does not exist, and there is no bound." }));
      change(surface, { "aria-label": "The classes are not linearly separable, so there is no bound to draw." });
      return;
    }
    const { margin, radius, bound } = best, last = Math.max(2, bound) * 1.6;
    const low = Math.min(margin, radius), high = radius * Math.sqrt(last);
    const toX = (k) => LEFT + Math.log(k) / Math.log(last) * (WIDTH - LEFT - RIGHT);
    const toY = (length) => HEIGHT - BOTTOM
      - (Math.log(length) - Math.log(low)) / (Math.log(high) - Math.log(low)) * (HEIGHT - TOP - BOTTOM);
    const meet = [toX(bound), toY(radius * Math.sqrt(bound))], start = [toX(1), toY(radius), toY(margin)];
    body.append(
      svg("path", { class: "dld-axisline", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }),
      svg("path", { class: "dld-wedge-area", d: `M${start[0]} ${start[1]}L${meet[0]} ${meet[1]}L${start[0]} ${start[2]}Z` }),
      svg("path", { class: "dld-upper", d: `M${start[0]} ${start[1]}L${meet[0]} ${meet[1]}` }),
      svg("path", { class: "dld-lower", d: `M${start[0]} ${start[2]}L${meet[0]} ${meet[1]}` }),
      svg("path", { class: "dld-drop", d: `M${meet[0]} ${meet[1]}V${HEIGHT - BOTTOM}` }),
      svg("text", { class: "dld-tick", x: LEFT, y: HEIGHT - BOTTOM + 14, "text-anchor": "middle", text: "1" }),
      svg("text", { class: "dld-tick", x: Math.min(meet[0], WIDTH - 30), y: HEIGHT - BOTTOM + 14,
        "text-anchor": "middle", text: `(R/γ)² = ${count(bound)}` }),
      svg("text", { class: "dld-tick", x: LEFT - 6, y: TOP + 8, "text-anchor": "end", text: "‖w‖" }),
      svg("text", { class: "dld-tick", x: (start[0] + meet[0]) / 2 - 8, y: (start[1] + meet[1]) / 2 - 6,
        "text-anchor": "end", text: "R√k" }),
      svg("text", { class: "dld-tick", x: (start[0] + meet[0]) / 2 + 10, y: (start[2] + meet[1]) / 2 + 12, text: "γk" }));
    const path = pure ? lengths.map((length, i) => [toX(i + 1), toY(Math.max(length, low))]) : [];
    if (path.length) {
      const end = path[path.length - 1];
      body.append(svg("path", { class: "dld-run", d: `M${path.map((p) => p.join(" ")).join("L")}` }),
        svg("circle", { class: "dld-run-end", cx: end[0], cy: end[1], r: 4 }));
    }
    change(surface, { "aria-label": `Length of w against the number of mistakes k, logarithmic axes: it lies between `
      + `gamma k and R root k, which meet at ${count(bound)} mistakes.${path.length ? ` This run has made ${path.length}.` : ""}` });
  }
  return { surface, draw };
}
