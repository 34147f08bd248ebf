// The plane: points, the two half-planes, the boundary with its two handles.
import { change, decimal, svg, uniqueId } from "../shared/dom.js";
import { arrow, draggable, positionIn } from "../shared/dragging.js";
import { output, weightedSum } from "./learning.js";

const PAD = { left: 30, right: 8, top: 8, bottom: 26 };
const round = (value, digits = 2) => Number(value.toFixed(digits));

// The part of the square [low, high]^2 where sign * (weighted sum) >= 0, as corners in order.
export function halfPlane(weights, sign, [low, high]) {
  const square = [[low, low], [high, low], [high, high], [low, high]], kept = [];
  square.forEach((corner, i) => {
    const next = square[(i + 1) % 4];
    const [a, b] = [sign * weightedSum(weights, corner), sign * weightedSum(weights, next)];
    if (a >= 0) kept.push(corner);
    if ((a > 0 && b < 0) || (a < 0 && b > 0)) {
      const part = a / (a - b);
      kept.push([corner[0] + part * (next[0] - corner[0]), corner[1] + part * (next[1] - corner[1])]);
    }
  });
  return kept;
}

// Where the boundary crosses the edge of the square: two points, or none.
export function visibleLine(weights, [low, high]) {
  const corners = halfPlane(weights, 1, [low, high]);
  const scale = Math.hypot(weights[1], weights[2]) * (high - low);
  const ends = corners.filter((corner) => Math.abs(weightedSum(weights, corner)) <= 1e-9 * scale);
  return scale > 0 && ends.length === 2 ? ends : [];
}

function marker(label, radius) {
  const side = radius * 1.75;
  return label
    ? svg("rect", { x: -side / 2, y: -side / 2, width: side, height: side, rx: 2,
      class: "dld-mark dld-mark-1" })
    : svg("circle", { r: radius, class: "dld-mark dld-mark-0" });
}

export function createPlot(actions, signal) {
  const surface = svg("svg", { class: "dld-plot", role: "group" });
  const layer = (name) => surface.appendChild(svg("g", { class: `dld-layer-${name}` }));
  const clipId = uniqueId("clip"), clipArea = svg("rect");
  surface.append(svg("defs", {}, svg("clipPath", { id: clipId }, clipArea)));
  const regions = layer("regions"), grid = layer("grid"), lines = layer("lines");
  const names = layer("names"), marks = layer("points"), grips = layer("grips");
  regions.setAttribute("aria-hidden", "true");
  grid.setAttribute("aria-hidden", "true");
  lines.setAttribute("aria-hidden", "true");
  names.setAttribute("aria-hidden", "true");
  lines.setAttribute("clip-path", `url(#${clipId})`);
  const view = { size: 400, state: null, anchor: null, side: 1 };

  const span = () => view.size - PAD.left - PAD.right;
  const toX = (value) => PAD.left + (value - view.state.domain[0])
    / (view.state.domain[1] - view.state.domain[0]) * span();
  const toY = (value) => view.size - PAD.bottom - (value - view.state.domain[0])
    / (view.state.domain[1] - view.state.domain[0]) * (view.size - PAD.top - PAD.bottom);
  const inside = (value) => Math.min(view.state.domain[1], Math.max(view.state.domain[0], value));
  const fromEvent = (event) => {
    const [x, y] = positionIn(surface, event), [low, high] = view.state.domain;
    return [inside(low + (x - PAD.left) / span() * (high - low)),
      inside(low + (view.size - PAD.bottom - y) / (view.size - PAD.top - PAD.bottom) * (high - low))];
  };
  const path = (corners) => (corners.length
    ? `M${corners.map(([x, y]) => `${toX(x).toFixed(2)} ${toY(y).toFixed(2)}`).join("L")}Z` : "");

  const one = regions.appendChild(svg("path", { class: "dld-region-1" }));
  const zero = regions.appendChild(svg("path", { class: "dld-region-0" }));
  const widest = lines.appendChild(svg("path", { class: "dld-widest" }));
  const boundary = lines.appendChild(svg("path", { class: "dld-boundary" }));
  const normal = lines.appendChild(svg("path", { class: "dld-normal" }));
  const nameOne = names.appendChild(svg("text", { class: "dld-region-name", text: "output 1" }));
  const nameZero = names.appendChild(svg("text", { class: "dld-region-name", text: "output 0" }));

  function drawGrid() {
    const [low, high] = view.state.domain, step = high - low > 3 ? 1 : 0.5;
    grid.replaceChildren(svg("rect", { x: PAD.left, y: PAD.top, width: span(),
      height: view.size - PAD.top - PAD.bottom, class: "dld-frame" }));
    for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) {
      const x = toX(tick), y = toY(tick), text = decimal(tick, step < 1 ? 1 : 0);
      grid.append(
        svg("path", { class: "dld-gridline",
          d: `M${x} ${PAD.top}V${view.size - PAD.bottom}M${PAD.left} ${y}H${view.size - PAD.right}` }),
        svg("text", { class: "dld-tick", x, y: view.size - PAD.bottom + 15, "text-anchor": "middle", text }),
        svg("text", { class: "dld-tick", x: PAD.left - 5, y: y + 4, "text-anchor": "end", text }),
      );
    }
    grid.append(
      svg("text", { class: "dld-axis", x: view.size - PAD.right - 4, y: view.size - PAD.bottom - 6,
        "text-anchor": "end", text: "x₁" }),
      svg("text", { class: "dld-axis", x: PAD.left + 6, y: PAD.top + 15, text: "x₂" }));
    for (const [name, value] of [["x", PAD.left], ["y", PAD.top], ["width", span()],
      ["height", view.size - PAD.top - PAD.bottom]]) clipArea.setAttribute(name, value);
  }

  // ---- the boundary and its handles
  const direction = () => {
    const [, w1, w2] = view.state.run.weights, length = Math.hypot(w1, w2);
    return [-w2 / length, w1 / length];
  };
  const centre = () => {
    const middle = (view.state.domain[0] + view.state.domain[1]) / 2;
    const [x, y] = view.anchor || [middle, middle], weights = view.state.run.weights;
    const off = weightedSum(weights, [x, y]) / (weights[1] ** 2 + weights[2] ** 2);
    const foot = [x - off * weights[1], y - off * weights[2]];
    if (inside(foot[0]) === foot[0] && inside(foot[1]) === foot[1]) return foot;
    const ends = visibleLine(weights, view.state.domain);
    return ends.length ? [(ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2]
      : foot.map(inside);
  };
  const turnAt = () => {
    const [x, y] = centre(), [dx, dy] = direction();
    const reach = 0.3 * (view.state.domain[1] - view.state.domain[0]);
    const at = (side) => [x + side * reach * dx, y + side * reach * dy];
    const fits = (p) => inside(p[0]) === p[0] && inside(p[1]) === p[1];
    if (!view.turning && !fits(at(view.side)) && fits(at(-view.side))) view.side = -view.side;
    return at(view.side).map(inside);
  };
  // The line through `point` along `along`, with the same |(w1, w2)| and the same side as before.
  const lineThrough = (point, along) => {
    const [, w1, w2] = view.state.run.weights, length = Math.hypot(w1, w2);
    const normalised = Math.hypot(...along);
    const v1 = round(length * along[1] / normalised, 4), v2 = round(-length * along[0] / normalised, 4);
    actions.setLine([round(-v1 * point[0] - v2 * point[1], 4), v1, v2]);
  };
  const backwards = () => direction().map((value) => -value);

  function grip(name, label, move, key) {
    const shape = name === "move"
      ? svg("rect", { x: -8, y: -8, width: 16, height: 16, rx: 3, class: "dld-grip" })
      : svg("circle", { r: 8, class: "dld-grip" });
    const node = svg("g", { class: `dld-handle dld-handle-${name}`, tabindex: 0, role: "slider",
      "aria-label": label }, svg("circle", { r: 20, class: "dld-touch" }), shape,
    svg("path", { class: "dld-grip-sign", d: name === "move"
      ? "M-4 0H4M0 -4V4" : "M-3.5 2A4 4 0 1 1 3.5 2M3.5 2l1.5 -3.4M3.5 2l-3.4 -1" }));
    draggable(node, {
      start: () => { node.focus({ preventScroll: true }); view.turning = name === "turn"; },
      move: (event) => move(fromEvent(event)),
      end: () => { view.turning = false; actions.settled(); },
    }, signal);
    node.addEventListener("keydown", (event) => {
      const step = arrow(event);
      if (!step) return;
      event.preventDefault();
      key(step);
      actions.settled();
    }, { signal });
    return grips.appendChild(node);
  }
  const moveGrip = grip("move", "Move the boundary", (p) => { view.anchor = p; lineThrough(p, backwards()); },
    ([dx, dy]) => {
      const unit = (view.state.domain[1] - view.state.domain[0]) / 80, [x, y] = centre();
      view.anchor = [inside(x + dx * unit), inside(y + dy * unit)];
      lineThrough(view.anchor, backwards());
    });
  const turnGrip = grip("turn", "Turn the boundary", (p) => {
    const [x, y] = view.anchor = centre(), along = [view.side * (x - p[0]), view.side * (y - p[1])];
    if (Math.hypot(...along) > 1e-6) lineThrough([x, y], along);
  }, ([dx, dy]) => {
    const [x, y] = view.anchor = centre(), angle = (dy - dx) * Math.PI / 90, [ex, ey] = backwards();
    lineThrough([x, y], [ex * Math.cos(angle) - ey * Math.sin(angle), ex * Math.sin(angle) + ey * Math.cos(angle)]);
  });

  function drawBoundary() {
    const { run: { weights }, domain, best } = view.state;
    const tilted = weights[1] !== 0 || weights[2] !== 0;
    one.setAttribute("d", tilted || weights[0] > 0 ? path(halfPlane(weights, 1, domain)) : "");
    zero.setAttribute("d", tilted || weights[0] <= 0 ? path(halfPlane(weights, -1, domain)) : "");
    const ends = visibleLine(weights, domain);
    boundary.setAttribute("d", ends.length ? path(ends) : "");
    const bestEnds = view.state.showWidest && best ? visibleLine(best.direction, domain) : [];
    widest.setAttribute("d", path(bestEnds));
    change(grips, { visibility: tilted ? null : "hidden" });
    change(normal, { visibility: tilted && ends.length ? null : "hidden" });
    const corners = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([i, j]) => [domain[i], domain[j]]);
    const ranked = corners.map((corner) => [weightedSum(weights, corner), corner])
      .sort((a, b) => b[0] - a[0]);
    placeName(nameOne, ranked[0][0] > 0 ? ranked[0][1] : null);
    placeName(nameZero, ranked[3][0] <= 0 ? ranked[3][1] : null);
    if (!tilted) return;
    const at = centre(), turn = turnAt(), length = Math.hypot(weights[1], weights[2]);
    const [x, y] = [toX(at[0]), toY(at[1])];
    const [ux, uy] = [weights[1] / length, -weights[2] / length], tip = [x + 42 * ux, y + 42 * uy];
    normal.setAttribute("d", `M${x} ${y}L${tip[0]} ${tip[1]}M${tip[0]} ${tip[1]}`
      + `l${-9 * ux - 5 * uy} ${-9 * uy + 5 * ux}M${tip[0]} ${tip[1]}l${-9 * ux + 5 * uy} ${-9 * uy - 5 * ux}`);
    const degrees = Math.round(Math.atan2(weights[2], weights[1]) * 180 / Math.PI);
    change(moveGrip, { transform: `translate(${x} ${y})`, "aria-valuenow": round(weights[0]),
      "aria-valuetext": `through (${decimal(at[0])}, ${decimal(at[1])})` });
    change(turnGrip, { transform: `translate(${toX(turn[0])} ${toY(turn[1])})`, "aria-valuenow": degrees,
      "aria-valuemin": -180, "aria-valuemax": 180,
      "aria-valuetext": `w points ${decimal(degrees, 0)} degrees from the x1 axis` });
  }

  function placeName(node, corner) {
    change(node, { visibility: corner ? null : "hidden" });
    if (!corner) return;
    const right = corner[0] === view.state.domain[1], top = corner[1] === view.state.domain[1];
    change(node, { x: right ? view.size - PAD.right - 8 : PAD.left + 8,
      y: top ? PAD.top + (right ? 18 : 34) : view.size - PAD.bottom - (right ? 24 : 9),
      "text-anchor": right ? "end" : "start" });
  }

  // ---- the points: one tab stop, arrows move, Page Up and Page Down go to the next one
  function createPoint(index) {
    const node = svg("g", { class: "dld-point", role: "button", tabindex: -1 });
    draggable(node, {
      start: () => { actions.select(index); node.focus({ preventScroll: true }); },
      move: (event) => actions.movePoint(index, fromEvent(event).map((value) => round(value))),
      end: () => actions.settled(),
    }, signal);
    node.addEventListener("focus", () => actions.select(index), { signal });
    node.addEventListener("dblclick", () => actions.flip(), { signal });
    node.addEventListener("keydown", (event) => {
      const step = arrow(event), count = view.state.points.length;
      const jump = { PageDown: (index + 1) % count, PageUp: (index + count - 1) % count, Home: 0,
        End: count - 1 }[event.key];
      if (step) {
        const [x, y] = view.state.points[index];
        actions.movePoint(index, [round(inside(x + step[0] * 0.05)), round(inside(y + step[1] * 0.05))]);
        actions.settled();
      } else if (jump !== undefined) marks.children[jump].focus();
      else if (event.key === "Enter" || event.key === " ") actions.flip();
      else if (event.key === "Delete" || event.key === "Backspace") actions.remove();
      else return;
      event.preventDefault();
    }, { signal });
    return node;
  }

  function drawPoints() {
    const { points, run, selected, next } = view.state;
    while (marks.children.length > points.length) marks.lastChild.remove();
    while (marks.children.length < points.length) marks.append(createPoint(marks.children.length));
    points.forEach((point, i) => {
      const node = marks.children[i], wrong = output(run.weights, point) !== point[2];
      const kind = `${point[2]}`, classes = ["dld-point"];
      if (wrong) classes.push("dld-wrong");
      if (i === next) classes.push("dld-next");
      if (i === selected) classes.push("dld-selected");
      if (node.dataset.kind !== kind) {
        node.dataset.kind = kind;
        node.replaceChildren(svg("circle", { r: 18, class: "dld-touch" }), svg("circle", { r: 14, class: "dld-ring" }),
          marker(point[2], 8.5), svg("text", { class: "dld-order", y: 3.6, "text-anchor": "middle", text: i + 1 }));
      }
      change(node, { class: classes.join(" "), tabindex: i === selected ? 0 : -1,
        transform: `translate(${toX(point[0]).toFixed(2)} ${toY(point[1]).toFixed(2)})`,
        "aria-label": `Point ${i + 1} of ${points.length}, class ${point[2]}, at (${decimal(point[0])}, `
          + `${decimal(point[1])}), ${wrong ? "misclassified" : "right"}${i === next ? ", next to be corrected" : ""}` });
    });
  }

  return {
    surface,
    fromEvent,
    focusPoint: (index) => marks.children[index] && marks.children[index].focus(),
    forgetAnchor: () => { view.anchor = null; },
    resize(size) {
      view.size = size;
      change(surface, { viewBox: `0 0 ${size} ${size}`, width: size, height: size });
    },
    draw(state) {
      view.state = state;
      change(surface, { "aria-label": `Plane with ${state.points.length} points and the boundary` });
      drawGrid();
      drawBoundary();
      drawPoints();
    },
  };
}
