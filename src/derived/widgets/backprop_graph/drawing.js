// The graph as SVG: cards for units, lines and pills for weights; every editable number is a slider.
import { change, decimal, svg } from "../shared/dom.js";
import { arrow, draggable } from "../shared/dragging.js";
import { namesFor, stepKey } from "./computation.js";
import { CARD, PILL, arrange } from "./layout.js";

const LIMIT = 5;
const round = (value) => Number(Math.max(-LIMIT, Math.min(LIMIT, value)).toFixed(4));

export function createDrawing(actions, signal) {
  const surface = svg("svg", { class: "dld-graph", role: "group", "aria-label": "Computation graph" });
  let built = "", plan = null, parts = null;

  // An editable number: drag sideways, arrow keys, or click to edit it below.
  function knob(entry, shape, className) {
    const node = svg("g", { class: `dld-knob ${className}`, tabindex: 0, role: "slider",
      "aria-valuemin": -LIMIT, "aria-valuemax": LIMIT }, ...shape);
    let from = 0, base = 0;
    draggable(node, {
      start: (event) => {
        [from, base] = [event.clientX, actions.read(entry)];
        node.focus({ preventScroll: true });
        actions.select(entry);
      },
      move: (event) => actions.write(entry, round(base + Math.round(event.clientX - from) * 0.01)),
      end: () => actions.settled(),
    }, signal);
    node.addEventListener("focus", () => actions.select(entry), { signal });
    node.addEventListener("keydown", (event) => {
      const step = arrow(event);
      if (step) {
        actions.write(entry, round(actions.read(entry) + 0.05 * (step[0] + step[1])));
        actions.settled();
      } else if (event.key === "Enter") actions.edit();
      else return;
      event.preventDefault();
    }, { signal });
    return node;
  }

  const text = (x, y, className, anchor = "start") => svg("text", { x, y, class: className, "text-anchor": anchor });

  function card([x, y], name, rows) {
    const [w, h] = [CARD.width, CARD.height], top = rows.length === 1 ? -16 : -h / 2;
    const lines = rows.map(([label, className], r) => ({
      label: svg("text", { x: -w / 2 + 8, y: top + 19 + r * 21, class: `dld-name ${className}`, text: label }),
      value: text(w / 2 - 8, top + 19 + r * 21, `dld-value ${className}`, "end"),
    }));
    const box = svg("rect", { x: -w / 2, y: top, width: w, height: rows.length === 1 ? 32 : h, rx: 7, class: "dld-card" });
    const node = svg("g", { transform: `translate(${x} ${y})`, class: `dld-unit ${name}` }, box,
      ...lines.flatMap(({ label, value }) => [label, value]));
    return { node, box, values: lines.map(({ value }) => value) };
  }

  function build(setting, sizes, width) {
    plan = arrange(sizes, width);
    const names = namesFor(sizes), depth = sizes.length - 1;
    parts = { edges: [], units: [], inputs: [], biases: [], targets: [] };
    surface.replaceChildren();
    change(surface, { viewBox: `0 0 ${plan.width} ${plan.height}`, width: plan.width, height: plan.height });
    const lines = surface.appendChild(svg("g", { "aria-hidden": "true" }));
    const lossLines = plan.cards[depth].map(([x, y]) => lines.appendChild(svg("path", { class: "dld-edge",
      d: `M${x} ${y + CARD.height / 2}L${plan.loss[0]} ${plan.loss[1] - 27}` })));
    const targetLines = plan.targets.map(([x, y]) => lines.appendChild(svg("path", { class: "dld-edge",
      d: `M${x} ${y}L${plan.loss[0]} ${plan.loss[1]}` })));
    plan.cards[0].forEach((at, i) => {
      const shape = card(at, "dld-input-unit", [[names.value(0, i), ""]]);
      const node = knob({ kind: "input", i }, [shape.node], "dld-knob-card");
      parts.inputs.push({ node, value: shape.values[0], name: `input ${names.value(0, i)}` });
      surface.append(node);
    });
    for (let l = 0; l < depth; l += 1) {
      for (const edge of plan.edges.filter((other) => other.l === l)) {
        const { start, end, at } = edge;
        const line = lines.appendChild(svg("path", { class: "dld-edge", d: `M${start.join(" ")}L${end.join(" ")}` }));
        const value = text(0, -3, "dld-value", "middle"), gradient = text(0, 12, "dld-value dld-back", "middle");
        const box = svg("rect", { x: -PILL.width / 2, y: -PILL.height / 2, width: PILL.width, height: PILL.height, rx: 7, class: "dld-pill" });
        const node = knob({ kind: "weight", l, i: edge.i, k: edge.k }, [box, value, gradient], "dld-knob-weight");
        node.setAttribute("transform", `translate(${at.join(" ")})`);
        parts.edges.push({ ...edge, node, line, value, gradient, name: `weight ${names.weight(l, edge.i, edge.k)}` });
        surface.append(node);
      }
      parts.units.push(plan.cards[l + 1].map((at, i) => {
        const unit = card(at, "", [[names.value(l + 1, i), "dld-fore"], ["δ", "dld-back"], ["b", ""]]);
        const h = CARD.height / 2;
        unit.values[2].remove();
        unit.node.lastChild.remove();
        const value = text(CARD.width / 2 - 8, h - 8, "dld-value", "end");
        const bias = knob({ kind: "bias", l, i }, [
          svg("rect", { x: -CARD.width / 2 + 3, y: h - 23, width: CARD.width - 6, height: 20, rx: 5, class: "dld-pill" }),
          svg("text", { x: -CARD.width / 2 + 8, y: h - 8, class: "dld-name", text: names.bias(l, i) }), value], "dld-knob-bias");
        unit.node.append(bias);
        surface.append(unit.node);
        parts.biases.push({ l, i, node: bias, value, name: `bias ${names.bias(l, i)}` });
        return unit;
      }));
    }
    const loss = card(plan.loss, "dld-loss", [["L", "dld-fore"], ["", "dld-back"]]);
    change(loss.box, { y: -27, height: 54 });
    loss.values.forEach((value, r) => change(value, { y: r ? 17 : -5 }));
    change(loss.node.children[1], { y: -5 });
    surface.append(loss.node);
    parts.loss = { ...loss, lines: lossLines };
    plan.targets.forEach((at, i) => {
      const value = text(20, 5, "dld-value", "end");
      const box = svg("rect", { x: -46, y: -13, width: 92, height: 26, rx: 7, class: "dld-pill" });
      change(value, { x: 38 });
      const node = knob({ kind: "target", i }, [box, svg("text", { x: -38, y: 5, class: "dld-name", text: names.target(i) }), value], "dld-knob-target");
      node.setAttribute("transform", `translate(${at.join(" ")})`);
      parts.targets.push({ node, value, line: targetLines[i], name: `target ${names.target(i)}` });
      surface.append(node);
    });
  }

  const short = (value) => decimal(value, Math.abs(value * 100 - Math.round(value * 100)) < 1e-9 ? 2 : 4);

  function show({ setting, sizes, result, known, step, width, selected, current }) {
    const signature = `${sizes.join()}@${width}`;
    if (signature !== built) {
      build(setting, sizes, width);
      built = signature;
    }
    const reached = (kind, l, i, k) => known.get(stepKey({ kind, l, i, k })) <= step;
    const now = current ? stepKey(current) : "";
    const at = (kind, l, i, k) => now === stepKey({ kind, l, i, k });
    const reading = (kind, l, i, k) => JSON.stringify(selected) === JSON.stringify({ kind, ...(l === undefined ? {} : { l }), i, ...(k === undefined ? {} : { k }) });
    const knobState = (part, value, kind, l, i, k, extra = "") => {
      change(part.value, { text: short(value) });
      change(part.node, { "aria-label": part.name, "aria-valuenow": value, "aria-valuetext": short(value) + extra });
      part.node.classList.toggle("dld-chosen", reading(kind, l, i, k));
    };
    parts.inputs.forEach((part, i) => knobState(part, setting.inputs[i], "input", undefined, i));
    parts.targets.forEach((part, i) => {
      knobState(part, setting.targets[i], "target", undefined, i);
      part.line.classList.toggle("dld-lit", reached("loss"));
    });
    for (const edge of parts.edges) {
      const { l, i, k } = edge, column = i * sizes[l] + k, weight = result.network.weights[l][column];
      const back = reached("edge", l, i, k), gradient = result.gradient.weights[l][column];
      knobState(edge, weight, "weight", l, i, k, back ? `, gradient ${decimal(gradient, 4)}` : "");
      change(edge.gradient, { text: back ? `∂ ${decimal(gradient, 4)}` : "" });
      change(edge.line, { "stroke-width": (1 + 1.6 * Math.min(2, Math.abs(weight))).toFixed(2), "stroke-dasharray": weight < 0 ? "7 4" : null });
      change(edge.line, { class: `dld-edge${back ? " dld-returned" : reached("product", l, i, k) ? " dld-lit" : ""}`
        + `${at("product", l, i, k) || at("edge", l, i, k) ? " dld-now" : ""}` });
      edge.node.classList.toggle("dld-now", at("product", l, i, k) || at("edge", l, i, k));
    }
    parts.units.forEach((units, l) => units.forEach((unit, i) => {
      change(unit.values[0], { text: reached("unit", l, i) ? decimal(result.values[l + 1][i], 4) : "·" });
      change(unit.values[1], { text: reached("delta", l, i) ? decimal(result.gradient.deltas[l][i], 4) : "·" });
      unit.node.classList.toggle("dld-now", at("unit", l, i) || at("delta", l, i) || (l + 2 === sizes.length && at("output", undefined, i)));
    }));
    for (const bias of parts.biases) knobState(bias, result.network.biases[bias.l][bias.i], "bias", bias.l, bias.i);
    change(parts.loss.values[0], { text: reached("loss") ? decimal(result.loss, 4) : "·" });
    const slopes = Array.from(result.gradient.signals[sizes.length - 1], (value, i) => (reached("output", undefined, i) ? decimal(value, sizes.at(-1) > 1 ? 2 : 4) : "·"));
    change(parts.loss.node.children[3], { text: sizes.at(-1) > 1 ? "" : "∂L/∂y", x: -CARD.width / 2 + 8, y: 17 });
    change(parts.loss.values[1], { text: slopes.join("  ") });
    parts.loss.node.classList.toggle("dld-now", at("loss"));
    parts.loss.lines.forEach((line, i) => {
      line.classList.toggle("dld-lit", reached("loss"));
      line.classList.toggle("dld-returned", reached("output", undefined, i));
    });
  }
  return { surface, show };
}
