// The most probable next characters as bars; each is a button that writes its character.
import { change, html } from "../shared/dom.js";

const ROWS = 10;
const SIGNS = { " ": ["␣", "space"], "\n": ["⏎", "new line"], "\t": ["⇥", "tab"] };

export const percent = (p) => `${(100 * p).toFixed(p > 0.9995 || p === 0 ? 0 : 1)} %`;

// A character as a reader sees it, and as it is said.
export const sign = (character) => SIGNS[character]?.[0] ?? character;
export const spoken = (character) => SIGNS[character]?.[1] ?? `“${character}”`;

export class Bars {
  // take(number): the reader chose a character.
  constructor(take) {
    this.rows = Array.from({ length: ROWS }, () => this.row(take));
    const attributes = { class: "dld-bars", role: "group", "aria-label": "The next character" };
    this.box = html("div", attributes, ...this.rows.map(({ node }) => node));
  }

  row(take) {
    const character = html("span", { class: "dld-glyph" });
    const bar = html("span", { class: "dld-barfill" });
    const value = html("span", { class: "dld-barvalue" });
    const track = html("span", { class: "dld-track" }, bar);
    const parts = { class: "dld-barparts", "aria-hidden": "true" };
    const shown = html("span", parts, character, track, value);
    const name = html("span", { class: "dld-spoken" });
    const node = html("button", { type: "button", class: "dld-barrow" }, shown, name);
    const row = { node, name, character, bar, value, number: 0 };
    node.addEventListener("click", () => take(row.number));
    return row;
  }

  draw(probabilities, characters) {
    const order = probabilities.map((p, number) => ({ p, number }));
    order.sort((a, b) => b.p - a.p || a.number - b.number);
    this.rows.forEach((row, n) => {
      const entry = order[n];
      change(row.node, { hidden: !entry });
      if (!entry) return;
      row.number = entry.number;
      const character = characters[entry.number];
      change(row.character, { text: sign(character) });
      change(row.value, { text: percent(entry.p) });
      row.bar.style.width = `${(100 * entry.p).toFixed(2)}%`;
      change(row.name, { text: `Write ${spoken(character)}, probability ${percent(entry.p)}` });
    });
  }
}
