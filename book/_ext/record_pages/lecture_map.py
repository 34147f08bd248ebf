"""The directives ``{lecture-progress}`` and ``{lecture-map}``: every item, and where it is."""

from __future__ import annotations

from docutils import nodes

from . import lecture_rows
from .directive import RecordDirective, count
from .lecture_rows import Row
from .tables import Content, TableRow, table

STATES = ("covered", "context", "waiting")
COLUMNS = {"Item": 10, "Slide": 26, "What it is": 38, "Where": 26}


def tally(rows: list[Row]) -> dict[str, int]:
    """Return how many rows are covered, mere context, and waiting."""
    return {state: sum(row.state == state for row in rows) for state in STATES}


class LectureProgress(RecordDirective):
    """Says how many items of each lecture the book has."""

    def build(self) -> list[nodes.Node]:
        """Return a sentence and the table of totals."""
        book = lecture_rows.load(self.root)
        numbers = tally(list(book.rows))
        text = (
            f"{count(len(book.rows), 'item')}: {numbers['covered']} covered, "
            f"{numbers['context']} with nothing to compute, {numbers['waiting']} waiting for "
            "their chapter."
        )
        rows = [
            self._row(lecture.title, [row for row in book.rows if row.lecture == key])
            for key, lecture in book.lectures.items()
        ]
        rows.append(self._row("All five", list(book.rows)))
        columns = {"Lecture": 40, "Items": 15, "Covered": 15, "Context": 15, "Waiting": 15}
        total = nodes.paragraph("", text, classes=["records-total"])
        return [total, table("lecture-progress", "Progress by lecture", columns, rows)]

    def _row(self, name: str, rows: list[Row]) -> TableRow:
        numbers = tally(rows)
        return TableRow([name, str(len(rows)), *(str(numbers[state]) for state in STATES)])


class LectureMap(RecordDirective):
    """Lists every item by lecture, with a link to where it is covered."""

    def build(self) -> list[nodes.Node]:
        """Return one section for each lecture."""
        self.book = lecture_rows.load(self.root)
        return [self._section(key) for key in self.book.lectures]

    def _section(self, key: str) -> nodes.section:
        lecture = self.book.lectures[key]
        mine = [row for row in self.book.rows if row.lecture == key]
        about = self.paragraph(f"{lecture.about} {{cite}}`{lecture.cite}`.")
        identifier = nodes.make_id(f"items-of-{key}")
        rows = [self._row(row) for row in mine]
        body = table(identifier, f"Items of {lecture.title}", COLUMNS, rows)
        return self.section(lecture.title, about, body)

    def _row(self, row: Row) -> TableRow:
        slides = self.slides(self.book.lectures, row.slides, skip=row.lecture)
        return TableRow([row.id, slides, row.title, self._where(row)])

    def _where(self, row: Row) -> Content:
        if row.waits:
            return f"waits for: {self.book.chapters.get(row.waits, row.waits)}"
        link = self.link(self.page(row.page).place(row.anchor), row.page, row.anchor)
        return [link, nodes.Text(f". {row.context}")] if row.context else link
