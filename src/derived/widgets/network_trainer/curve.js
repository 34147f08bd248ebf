// Loss against epoch, the loss on a logarithmic scale; training solid, test dashed.
import { change, svg } from "../shared/dom.js";

const WIDTH = 300;
const HEIGHT = 178;
const LEFT = 40;
const RIGHT = WIDTH - 38;
const TOP = 10;
const BOTTOM = HEIGHT - 26;
const GAP = 13; // least distance of the two names at the ends of the lines
const MOST_POINTS = 300;

// At most MOST_POINTS [epoch, entry] pairs of the history, the last one always among them.
function thinned(history) {
  const stride = Math.ceil(history.length / MOST_POINTS);
  const kept = history.map((entry, epoch) => [epoch, entry]);
  return kept
    .filter(([epoch]) => epoch % stride === 0 || epoch === history.length - 1)
    .filter(([, { train, test }]) => Number.isFinite(train.loss) && Number.isFinite(test.loss));
}

export class Curve {
  constructor() {
    const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" };
    this.surface = svg("svg", { class: "dld-curve", ...attributes });
  }

  draw(history, label) {
    const entries = thinned(history);
    const losses = entries.flatMap(([, { train, test }]) => [train.loss, test.loss]);
    this.high = Math.min(100, Math.max(1, ...losses));
    this.low = Math.max(1e-6, Math.min(0.25, ...losses) * 0.8);
    this.last = Math.max(50, history.length - 1);
    this.surface.replaceChildren();
    this.axes();
    const lines = ["test", "train"].map((part) => this.line(entries, part));
    if (entries.length) this.names(lines[1], lines[0]);
    change(this.surface, { "aria-label": label });
  }

  x(epoch) {
    return LEFT + (epoch / this.last) * (RIGHT - LEFT);
  }

  y(loss) {
    const within = Math.max(this.low, Math.min(this.high, loss));
    return TOP + (Math.log(this.high / within) / Math.log(this.high / this.low)) * (BOTTOM - TOP);
  }

  add(tag, attributes) {
    this.surface.append(svg(tag, attributes));
  }

  axes() {
    this.add("path", { class: "dld-axisline", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` });
    let previous = -Infinity;
    for (let power = 2; power >= -6; power -= 1) {
      for (const digit of [5, 2, 1]) {
        const tick = Number(`${digit}e${power}`);
        const y = this.y(tick);
        if (tick > this.high || tick < this.low || y - previous < 20) continue;
        previous = y;
        const place = { x: LEFT - 5, y: y + 4, "text-anchor": "end" };
        this.add("path", { class: "dld-gridline", d: `M${LEFT} ${y}H${RIGHT}` });
        this.add("text", { class: "dld-tick", ...place, text: tick });
      }
    }
    const below = { class: "dld-tick", y: BOTTOM + 16, "text-anchor": "middle" };
    this.add("text", { ...below, x: LEFT, text: 0 });
    this.add("text", { ...below, x: (LEFT + RIGHT) / 2, text: "epoch" });
    this.add("text", { ...below, x: RIGHT, text: this.last });
  }

  line(entries, part) {
    const places = entries.map(([epoch, entry]) => [this.x(epoch), this.y(entry[part].loss)]);
    const d = places.map((place) => place.map((v) => v.toFixed(1)).join(" ")).join("L");
    if (places.length) this.add("path", { class: `dld-line-${part}`, d: `M${d}` });
    return places[places.length - 1];
  }

  // The two names stand at the ends of their lines, pushed apart where the lines meet.
  names(train, test) {
    const push = Math.max(0, GAP - Math.abs(test[1] - train[1])) / 2;
    const sign = test[1] < train[1] ? -1 : 1;
    const put = (part, [x, y], shift) =>
      this.add("text", {
        class: `dld-tick dld-name-${part}`,
        x: x + 5,
        y: Math.min(BOTTOM, Math.max(TOP + 4, y + 4 + shift)),
        text: part,
      });
    put("train", train, -sign * push);
    put("test", test, sign * push);
  }
}
