"""The directive ``{equation-ledger}``: every check of the book, from the stored outputs."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from equations import anchor

from .directive import RecordDirective, count
from .records import Page, chapter_pages
from .tables import Content, TableRow, table

COLUMNS = {"Equation": 10, "Statement": 46, "How it is held": 28, "Lecture": 16}
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def scientific(value: float) -> str:
    """Return a tolerance as a reader writes it: 1e-09 becomes 10⁻⁹, 0 becomes 0."""
    digits, _, exponent = f"{value:g}".partition("e")
    if not exponent:
        return digits
    power = f"10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return power if digits == "1" else f"{digits} · {power}"


def held(record: dict[str, Any]) -> str:
    """Say in words what a record shows."""
    tolerance = record.get("tolerance")
    if tolerance is None:
        bound = ""
    elif tolerance == 0:
        bound = "exact"
    else:
        bound = f"relative error ≤ {scientific(tolerance)}"
    if record["kind"] == "check":
        return f"checked: {bound}"
    failure = record["failure"]
    failure = f"is {failure}" if failure.startswith("off by") else failure
    printed = f"{record['erratum']} refuted: the printed formula {failure}"
    return f"{printed}; corrected: {bound}" if bound else printed


def ordered(page: Page) -> list[tuple[str, dict[str, Any] | None]]:
    """Return (number, record) in the order of the page; an equation without a check has None."""
    place = {tag: index for index, tag in enumerate(page.equations)}
    rows: list[tuple[str, dict[str, Any] | None]] = [
        (record.get("equation", ""), record) for record in page.checks
    ]
    checked = {tag for tag, _ in rows}
    rows += [(tag, None) for tag in page.equations if tag not in checked]
    return sorted(rows, key=lambda row: place.get(row[0], len(place)))  # stable: ties keep order


class EquationLedger(RecordDirective):
    """Lists every numbered equation, grouped by page, with what holds it."""

    def build(self) -> list[nodes.Node]:
        """Return the totals, and one section for each notebook or lab with an equation."""
        pages = [self.page(name) for name in chapter_pages(self.root)]
        pages = [page for page in pages if page.checks or page.equations]
        total = nodes.paragraph("", self._totals(pages), classes=["records-total"])
        return [total, *(self._section(page) for page in pages)]

    def _totals(self, pages: list[Page]) -> str:
        checks = [record for page in pages for record in page.checks]
        refuted = {r["erratum"] for r in checks if r["kind"] == "refute"}
        plain = sum(record["kind"] == "check" for record in checks)
        equations = sum(len(page.equations) for page in pages)
        excused = sum(len(set(page.excuses) & set(page.equations)) for page in pages)
        text = (
            f"On {count(len(pages), 'page')}: {count(equations, 'numbered equation')}, "
            f"{count(plain, 'check')} passed, {count(len(refuted), 'misprint')} refuted."
        )
        if excused:
            text += f" Without a check, for the reason in its row: {count(excused, 'equation')}."
        return text

    def _section(self, page: Page) -> nodes.section:
        rows = [self._row(page, tag, record) for tag, record in ordered(page)]
        identifier = nodes.make_id(f"ledger-{page.name}")
        caption = f"Equations of {page.heading}"
        return self.section(page.heading, table(identifier, caption, COLUMNS, rows))

    def _row(self, page: Page, tag: str, record: dict[str, Any] | None) -> TableRow:
        where: Content = "—"
        if tag in page.equations:
            where = self.link(f"({tag})", page.name, anchor(tag))
        elif record:
            name = tag or record.get("erratum", "—")
            where = self.link(name, page.name, record["section"])
        if record is None:
            reason = page.excuses.get(tag, "no check is stored").removeprefix("needs no check: ")
            return TableRow([where, "—", self.markdown(reason.removeprefix("is ")), "—"])
        return TableRow([where, record["statement"], held(record), record.get("source", "—")])
