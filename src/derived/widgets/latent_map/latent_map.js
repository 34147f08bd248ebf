// LatentMap: the plane of two latent numbers, each point of which a decoder turns into a picture.
import { assemble, decode } from "../shared/decoder.js";
import { button, change, choice, decimal, html } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { NumberList } from "../shared/numbers.js";
import { paint } from "../shared/pixels.js";
import { centers, frame, nearest } from "./codes.js";
import { Plane } from "./plane.js";

const HINT =
  "Press or drag anywhere in the map, or move the focused cross with the arrow keys (with Shift " +
  "ten times as far). The map shows the code of each example as its label, or what the decoder " +
  "makes of every place.";
const MODEL = ["sizes", "activations", "weights", "codes", "labels", "title"];

class LatentMap extends Figure {
  constructor(host) {
    super(host, { name: "latent-map", label: "Latent map", hint: HINT });
    this.view = "codes";
    const move = (point) => this.walk(point, false);
    this.plane = new Plane({ move, settled: () => this.save() }, this.signal);
    this.buildControls();
    this.buildReadouts();
    this.load();
    this.attach(this.title, this.bar, this.columns);
    this.onResize(this.left, 240, 430, (width) => this.plane.resize(width));
    this.follow(MODEL);
    this.watch(["point"], () => this.walk(this.model.get("point"), false));
  }

  buildControls() {
    this.title = html("p", { class: "dld-title" });
    const views = [
      ["codes", "codes of examples"],
      ["tiles", "decoded pictures"],
    ];
    this.views = choice("Map of", views, "codes", (view) => {
      this.view = view;
      this.drawMap();
    });
    this.goal = choice("Go to the mean code of", [], "", (label) => {
      if (this.centers.has(label)) this.walk([...this.centers.get(label)], true);
    });
    const example = button("Next example", () => {
      this.example = (this.example + 1) % this.codes.length;
      this.walk([...this.codes[this.example]], true);
    });
    const reset = button("Reset", () => this.walk([...this.first], true));
    this.bar = html("div", { class: "dld-bar" }, this.views.box, this.goal.box, example, reset);
  }

  buildReadouts() {
    const names = { first: "z₁", second: "z₂", label: "Nearest code", distance: "Its distance" };
    this.numbers = new NumberList(names);
    this.canvas = html("canvas", { class: "dld-decoded", role: "img", "data-gray": true });
    const caption = html("p", { class: "dld-caption", text: "The point, decoded: x = g(z)" });
    this.left = html("div", { class: "dld-main" }, this.plane.box);
    const right = html("div", { class: "dld-side" }, caption, this.canvas, this.numbers.box);
    this.columns = html("div", { class: "dld-columns" }, this.left, right);
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    this.network = assemble(Object.fromEntries(MODEL.map((name) => [name, read(name)])));
    this.side = Math.round(Math.sqrt(read("sizes").at(-1)));
    Object.assign(this, { codes: read("codes"), labels: read("labels"), example: -1 });
    this.centers = centers(this.codes, this.labels);
    const options = ["", ...this.centers.keys()].map((label) =>
      html("option", { value: label, text: label || "…" }),
    );
    this.goal.input.replaceChildren(...options);
    change(this.title, { text: read("title"), hidden: !read("title") });
    this.plane.show(frame(this.codes), this.codes, this.labels);
    this.plane.resize(this.plane.size);
    this.first = this.plane.bounded(read("point"));
    this.compute(this.first);
    this.drawMap();
  }

  compute(point) {
    this.point = point;
    [this.picture] = decode(this.network, [point]);
    this.near = nearest(this.codes, point);
  }

  walk(point, settled) {
    this.compute(this.plane.bounded(point));
    this.draw();
    if (settled) this.save();
  }

  save() {
    this.write({ point: this.point, picture: [...this.picture] });
  }

  // ---- drawing

  drawMap() {
    const tiles = this.view === "tiles" ? decode(this.network, this.plane.middles()) : null;
    this.plane.tile(tiles, this.side);
  }

  draw() {
    const { point, near, picture, side } = this;
    this.plane.draw(point, near.number);
    paint(this.canvas, side, side, (k) => [0, 1, 2].map(() => 255 * picture[k]));
    const label = this.labels[near.number];
    change(this.canvas, { "aria-label": `Decoded picture, near a code of ${label}` });
    const texts = { first: decimal(point[0], 3), second: decimal(point[1], 3) };
    Object.assign(texts, { label, distance: decimal(near.distance, 3) });
    this.numbers.show(texts);
    const center = this.centers.get(this.goal.input.value);
    const there = center && this.plane.bounded(center).every((value, i) => value === point[i]);
    if (!there) this.goal.input.value = "";
    this.say(this.sentence());
  }

  sentence() {
    const { point, near, picture } = this;
    const ink = picture.reduce((sum, value) => sum + value, 0) / picture.length;
    const place = `(${decimal(point[0])}, ${decimal(point[1])})`;
    return (
      `At z = ${place} the decoder gives a picture with ${decimal(100 * ink, 0)} % ink; the nearest ` +
      `code is of ${this.labels[near.number]}, ${decimal(near.distance)} away.`
    );
  }
}

const render = (host) => new LatentMap(host).cleanup;

export default { render };
