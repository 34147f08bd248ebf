"""The directive ``{results}``: what the labs reached, from the stored outputs."""

from __future__ import annotations

from typing import Any

from docutils import nodes

from .directive import RecordDirective, count
from .records import Page, SourceError, chapter_pages
from .tables import Content, TableRow, table

COLUMNS = {
    "Task": 22,
    "Measured": 12,
    "Reached": 10,
    "Published": 24,
    "Seconds": 8,
    "Profile": 8,
    "Hardware": 16,
}
NEEDED = {"task", "metric", "value", "unit", "seconds", "profile", "hardware"}


def number(value: float, unit: str) -> str:
    """Return a value with its unit, with as many digits as a reader can use."""
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{digits} {unit}".strip()


class Results(RecordDirective):
    """Lists the results of every lab beside the published values."""

    def build(self) -> list[nodes.Node]:
        """Return the totals, and one section for each lab with a result."""
        labs = [page for page in map(self.page, chapter_pages(self.root)) if page.results]
        results = [record for page in labs for record in page.results]
        return [self._totals(results), *(self._section(page) for page in labs)]

    def _totals(self, results: list[dict[str, Any]]) -> nodes.paragraph:
        if not results:
            text = "No lab has recorded a result yet."
            return nodes.paragraph("", text, classes=["records-total"])
        beside = [record for record in results if record.get("published")]
        reached = sum(bool(record.get("reproduced")) for record in beside)
        text = (
            f"{count(len(results), 'result')}, {len(beside)} beside a published value: "
            f"{reached} reached, {len(beside) - reached} not reproduced."
        )
        if not any(record.get("profile") == "gpu" for record in results):
            text += " No result was measured on a GPU yet, so none is claimed."
        return nodes.paragraph("", text, classes=["records-total"])

    def _section(self, page: Page) -> nodes.section:
        rows = [self._row(page, record) for record in page.results]
        identifier = nodes.make_id(f"results-{page.name}")
        body = table(identifier, f"Results of {page.heading}", COLUMNS, rows)
        return self.section(page.heading, self._see(page), body)

    def _see(self, page: Page) -> nodes.paragraph:
        link = self.link("the lab", page.name)
        return nodes.paragraph(
            "", "", nodes.Text("From the stored outputs of "), link, nodes.Text(".")
        )

    def _row(self, page: Page, record: dict[str, Any]) -> TableRow:
        missing = NEEDED - set(record)
        if missing:
            raise SourceError(f"{page.name}.ipynb: a result record lacks {sorted(missing)}")
        cells: list[Content] = [
            record["task"],
            record["metric"],
            number(record["value"], record["unit"]),
            self._published(record),
            f"{record['seconds']:.3g}",
            record["profile"],
            record["hardware"],
        ]
        return TableRow(cells)

    def _published(self, record: dict[str, Any]) -> Content:
        published = record.get("published")
        if not published:
            return "—"
        about = [published[name] for name in ("hardware", "note") if published.get(name)]
        verdict = "reached" if record.get("reproduced") else "not reproduced"
        text = f"{number(published['value'], record['unit'])} "
        tail = "".join(f"; {part}" for part in about) + f": {verdict}"
        cite = self.markdown(f"{{cite}}`{published['citation_key']}`")
        return [nodes.Text(text), *cite, nodes.Text(tail)]
