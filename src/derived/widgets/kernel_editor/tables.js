// The numbers of one place: patch, kernel, products; and the grid in which the kernel is edited.
import { change, decimal, html } from "../shared/dom.js";

// Up to three digits after the point, without zeros at the end: 0.25, −1, 0.111.
export function short(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = decimal(value, digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export class Matrix {
  constructor(name) {
    this.table = html("table", { class: "dld-matrix" });
    this.caption = html("p", { class: "dld-matrixname", text: name });
    this.box = html("div", { class: "dld-matrixbox" }, this.caption, this.table);
    this.name = name;
  }

  // kind(a, b) is a class name for the cell.
  draw(rows, kind = () => "") {
    if (this.table.rows.length !== rows.length) {
      const row = (values) => html("tr", {}, ...values.map(() => html("td")));
      this.table.replaceChildren(html("tbody", {}, ...rows.map(row)));
      change(this.table, { "aria-label": this.name, "data-size": rows.length });
    }
    rows.forEach((values, a) => {
      values.forEach((value, b) => {
        change(this.table.rows[a].cells[b], { text: short(value), class: kind(a, b) });
      });
    });
  }
}

export class KernelGrid {
  // edit(index, number) is called with every finite number that the reader writes.
  constructor(edit) {
    this.edit = edit;
    this.box = html("div", { class: "dld-kernelgrid", role: "group", "aria-label": "Kernel" });
  }

  build(size) {
    const cells = Array.from({ length: size * size }, (_, k) => this.cell(k, size));
    this.box.replaceChildren(...cells);
    change(this.box, { "data-size": size });
  }

  cell(k, size) {
    const label = `Kernel, row ${Math.floor(k / size) + 1}, column ${(k % size) + 1}`;
    const type = { type: "number", step: 1, min: -100, max: 100 };
    const input = html("input", { class: "dld-input", ...type, "aria-label": label });
    input.addEventListener("input", () => {
      const value = input.valueAsNumber;
      if (Number.isFinite(value) && Math.abs(value) <= 100) this.edit(k, value);
    });
    return input;
  }

  draw(numbers, size) {
    if (this.box.children.length !== size * size) this.build(size);
    numbers.forEach((value, k) => {
      const input = this.box.children[k];
      if (input === document.activeElement && input.valueAsNumber === value) return;
      input.value = String(Number(value.toFixed(4)));
    });
  }
}
