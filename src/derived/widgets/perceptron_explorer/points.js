// The points. One tab stop: arrow keys move a point, Page Up and Page Down go to its neighbors.
import { change, decimal, svg } from "../shared/dom.js";
import { arrow, draggable, positionIn } from "../shared/dragging.js";
import { output } from "./learning.js";

const KEY_STEP = 0.05;

// Class 0 is a circle, class 1 a square, as in the book's other figures.
function shape(label) {
  return label
    ? svg("rect", { x: -8, y: -8, width: 16, height: 16, rx: 2.5, class: "dld-mark dld-mark-1" })
    : svg("circle", { r: 8.8, class: "dld-mark dld-mark-0" });
}

export class Points {
  constructor(surface, layer, actions, signal) {
    Object.assign(this, { surface, layer, actions, signal });
  }

  focus(index) {
    const node = this.layer.children[index];
    if (node) node.focus();
  }

  moveTo(index, point) {
    const [x, y] = this.square.inside(point).map((value) => Number(value.toFixed(2)));
    this.actions.movePoint(index, [x, y]);
  }

  create(index) {
    const { actions, signal } = this;
    const node = svg("g", { class: "dld-point", role: "button", tabindex: -1 });
    const start = () => {
      actions.select(index);
      node.focus({ preventScroll: true });
    };
    const move = (event) => this.moveTo(index, this.square.point(positionIn(this.surface, event)));
    draggable(node, { start, move, end: () => actions.settled() }, signal);
    node.addEventListener("focus", () => actions.select(index), { signal });
    node.addEventListener("dblclick", () => actions.flip(), { signal });
    node.addEventListener("keydown", (event) => this.press(event, index), { signal });
    return node;
  }

  press(event, index) {
    const count = this.points.length;
    const steps = arrow(event);
    const targets = { PageDown: index + 1, PageUp: index + count - 1, Home: 0, End: count - 1 };
    if (steps) {
      const [x, y] = this.points[index];
      this.moveTo(index, [x + KEY_STEP * steps[0], y + KEY_STEP * steps[1]]);
      this.actions.settled();
    } else if (event.key in targets) this.focus(targets[event.key] % count);
    else if (event.key === "Enter" || event.key === " ") this.actions.flip();
    else if (event.key === "Delete" || event.key === "Backspace") this.actions.remove();
    else return;
    event.preventDefault();
  }

  draw({ points, run, selected, next }, square) {
    Object.assign(this, { points, square });
    const { layer } = this;
    while (layer.children.length > points.length) layer.lastChild.remove();
    while (layer.children.length < points.length) layer.append(this.create(layer.children.length));
    points.forEach((point, i) => {
      const wrong = output(run.weights, point) !== point[2];
      this.drawOne(layer.children[i], i, point, { wrong, next: i === next, here: i === selected });
    });
  }

  drawOne(node, index, point, { wrong, next, here }) {
    const [x, y, label] = point;
    if (node.dataset.label !== String(label)) {
      node.dataset.label = String(label);
      const order = { class: "dld-order", y: 3.6, "text-anchor": "middle", text: index + 1 };
      const touch = svg("circle", { r: 18, class: "dld-touch" });
      const ring = svg("circle", { r: 14, class: "dld-ring" });
      node.replaceChildren(touch, ring, shape(label), svg("text", order));
    }
    const classes = ["dld-point", wrong && "dld-wrong", next && "dld-next"].filter(Boolean);
    change(node, {
      class: classes.join(" "),
      tabindex: here ? 0 : -1,
      transform: `translate(${this.square.x(x).toFixed(2)} ${this.square.y(y).toFixed(2)})`,
      "aria-label":
        `Point ${index + 1} of ${this.points.length}, class ${label}, at (${decimal(x)}, ` +
        `${decimal(y)}), ${wrong ? "misclassified" : "right"}` +
        `${next ? ", next to be corrected" : ""}`,
    });
  }
}
