// ReliabilityDiagram: accuracy against confidence, and what one temperature does to both.
import { Chart } from "../shared/chart.js";
import { button, change, count, decimal, html, numberField, svg } from "../shared/dom.js";
import { Figure } from "../shared/figure.js";
import { NumberList } from "../shared/numbers.js";
import { slider } from "../shared/sliders.js";
import { bestTemperature, measure, unpack } from "./calibration.js";

const HINT =
  "Each bar holds the answers of one range of confidence; its height is how many of them were right, " +
  "its shade how many there are; the heavy line is their mean confidence. The frame between the two " +
  "is what is missing (solid) or is right beyond what was said (dashed). The temperature divides all logits: it changes how sure the answers are, never which they are.";
const TRAITS = ["logits", "classes", "labels", "temperature", "bins", "title"];
const CURVES = { even: { text: "accuracy = confidence" } };
const LOG = { min: Math.log(0.05), max: Math.log(20) };

class ReliabilityDiagram extends Figure {
  constructor(host) {
    super(host, { name: "reliability", label: "Reliability diagram", hint: HINT });
    this.chart = new Chart({ x: "confidence", y: "accuracy", curves: CURVES });
    this.bars = svg("g");
    this.chart.inside.prepend(this.bars);
    this.title = html("p", { class: "dld-title" });
    this.buildControls();
    this.buildReadouts();
    this.load();
    this.attach(this.title, this.bar, this.columns);
    this.onResize(this.left, 230, 420, (width) => {
      this.chart.layOut({ width, height: Math.round(0.86 * width) });
    });
    this.follow(TRAITS);
  }

  buildControls() {
    const heat = (value, settled) => this.configure({ temperature: Math.exp(value) }, settled);
    const text = (value) => decimal(Math.exp(value), 2);
    this.heat = slider("Temperature T", { ...LOG, step: 0.005, value: 0, text }, heat);
    const fields = { min: 2, max: 25, step: 1, value: 10 };
    this.field = numberField("Bins", fields, (bins) => this.configure({ bins: Math.round(bins) }, true));
    const best = () => this.configure({ temperature: bestTemperature(this.rows, this.labels) }, true);
    const buttons = [
      button("Best likelihood", best, { class: "dld-button dld-primary" }),
      button("T = 1", () => this.configure({ temperature: 1 }, true)),
    ];
    this.bar = html("div", { class: "dld-bar" }, this.heat.box, this.field.box, ...buttons);
  }

  buildReadouts() {
    this.numbers = new NumberList({
      accuracy: "Accuracy",
      confidence: "Mean confidence",
      error: "Expected calibration error",
      loss: "Negative log-likelihood, nats",
      brier: "Brier score",
    });
    this.table = html("table", { class: "dld-table" });
    const summary = html("summary", { text: "The bins as a table" });
    const scroll = html("div", { class: "dld-scroll", tabindex: 0 }, this.table);
    const details = html("details", { class: "dld-details" }, summary, scroll);
    this.left = html("div", { class: "dld-main" }, this.chart.box);
    this.columns = html("div", { class: "dld-columns" }, this.left, html("div", { class: "dld-side" }, this.numbers.box, details));
  }

  // ---- state

  load() {
    const read = (name) => this.model.get(name);
    this.rows = unpack(read("logits"), read("classes"));
    this.labels = read("labels");
    this.state = { temperature: read("temperature"), bins: read("bins") };
    change(this.title, { text: read("title"), hidden: !read("title") });
    this.compute();
  }

  compute() {
    const { temperature, bins } = this.state;
    this.found = measure(this.rows, this.labels, temperature, bins);
  }

  configure(changes, settled) {
    const temperature = Math.max(0.05, Math.min(20, changes.temperature ?? this.state.temperature));
    this.state = { ...this.state, ...changes, temperature };
    this.compute();
    this.draw();
    if (settled) this.save();
  }

  save() {
    const { error, loss, brier } = this.found;
    this.write({ ...this.state, error, loss, brier });
  }

  // ---- drawing

  draw() {
    const { chart, found, state } = this;
    chart.layOut({ x: [0, 1], y: [0, 1] });
    chart.line("even", [
      [0, 0],
      [1, 1],
    ]);
    this.bars.replaceChildren(...found.bins.flatMap((bin, k) => this.barOf(bin, k)));
    this.heat.show(Math.log(state.temperature));
    if (this.field.input.value !== String(state.bins)) this.field.input.value = state.bins;
    this.numbers.showDecimals(found, 4);
    this.drawTable();
    this.say(this.sentence());
  }

  barOf({ count: size, confidence, accuracy }, k) {
    if (!size) return [];
    const { chart, state } = this;
    const [left, right] = [chart.x(k / state.bins) + 1, chart.x((k + 1) / state.bins) - 1];
    const box = (low, high) => ({ x: left, width: right - left, y: chart.y(high), height: chart.y(low) - chart.y(high) });
    const most = Math.max(...this.found.bins.map((bin) => bin.count));
    const shade = 0.25 + 0.75 * Math.sqrt(size / most);
    const [low, high] = [Math.min(accuracy, confidence), Math.max(accuracy, confidence)];
    const y = chart.y(confidence);
    return [
      svg("rect", { class: "dld-share", ...box(0, accuracy), "fill-opacity": shade.toFixed(3) }),
      svg("rect", { class: accuracy < confidence ? "dld-gap" : "dld-surplus", ...box(low, high) }),
      svg("path", { class: "dld-mean", d: `M${left} ${y}H${right}` }),
    ];
  }

  drawTable() {
    const heads = ["confidence", "answers", "mean", "right"];
    const head = html("tr", {}, ...heads.map((text) => html("th", { text })));
    const rows = this.found.bins.map((bin, k) => {
      const range = `${decimal(k / this.state.bins)} to ${decimal((k + 1) / this.state.bins)}`;
      const cells = [count(bin.count), decimal(bin.confidence, 3), decimal(bin.accuracy, 3)];
      return html("tr", {}, html("th", { text: range }), ...cells.map((text) => html("td", { text })));
    });
    this.table.replaceChildren(html("thead", {}, head), html("tbody", {}, ...rows));
  }

  sentence() {
    const { accuracy, confidence, error, loss } = this.found;
    const gap = confidence - accuracy;
    const how = Math.abs(gap) < 0.005 ? "as sure as it is right" : gap > 0 ? "surer than it is right" : "less sure than it is right";
    return (
      `At T = ${decimal(this.state.temperature)} the classifier is ${how}: confidence ` +
      `${decimal(confidence, 3)}, accuracy ${decimal(accuracy, 3)}, calibration error ${decimal(error, 3)}, ` +
      `${decimal(loss, 3)} nats.`
    );
  }
}

const render = (host) => new ReliabilityDiagram(host).cleanup;

export default { render };
