"""The directives ``{errata}`` and ``{errata-classes}``: the lectures' faults, and their fate."""

from __future__ import annotations

from docutils import nodes
from equations import anchor

from . import errata_entries, lecture_rows
from .directive import RecordDirective, count
from .errata_entries import Erratum, Refutation
from .tables import Content, TableRow, joined, table

COLUMNS = {"Erratum": 10, "Class": 14, "What is printed, and what holds": 54, "Where": 22}


def row_anchor(erratum: str) -> str:
    """Return the anchor of an erratum's row: "erratum-e-03"."""
    return nodes.make_id(f"erratum-{erratum}")


class ErrataClasses(RecordDirective):
    """Explains the classes, with how many errata each has."""

    def build(self) -> list[nodes.Node]:
        """Return the table of classes."""
        classes, errata = errata_entries.load(self.root)
        numbers = {name: sum(e.kind == name for e in errata) for name in classes}
        rows = [TableRow([n, meaning, str(numbers[n])]) for n, meaning in classes.items()]
        columns = {"Class": 25, "Meaning": 60, "Number": 15}
        return [table("classes-of-errata", "The classes of errata", columns, rows)]


class Errata(RecordDirective):
    """Lists every erratum by lecture, then the artefacts of the text extraction."""

    def build(self) -> list[nodes.Node]:
        """Return the totals and the tables."""
        _, self.errata = errata_entries.load(self.root)
        self.book = lecture_rows.load(self.root)
        self.refuted = errata_entries.refutations(self.root)
        sections: list[nodes.Node] = [self._totals()]
        for key, lecture in self.book.lectures.items():
            mine = [e for e in self.errata if e.lecture == key and not e.is_artefact]
            sections.append(self._section(lecture.title, key, mine))
        artefacts = [e for e in self.errata if e.is_artefact]
        sections.append(self._section("Artefacts of the text extraction", "", artefacts))
        return sections

    def _totals(self) -> nodes.paragraph:
        refuted = sum(e.id in self.refuted for e in self.errata)
        discussed = sum(bool(e.discussed) and e.id not in self.refuted for e in self.errata)
        text = (
            f"{count(len(self.errata), 'entry', 'entries')}: {refuted} refuted on numbers, "
            f"{discussed} put right in words, {len(self.errata) - refuted - discussed} waiting "
            "for their chapter."
        )
        return nodes.paragraph("", text, classes=["records-total"])

    def _section(self, title: str, lecture: str, errata: list[Erratum]) -> nodes.section:
        rows = [self._row(erratum, lecture) for erratum in errata]
        identifier = nodes.make_id(f"errata-of-{title}")
        caption = f"Errata: {title}" if lecture else title
        return self.section(title, table(identifier, caption, COLUMNS, rows))

    def _row(self, erratum: Erratum, lecture: str) -> TableRow:
        kind = f"{erratum.kind} ({erratum.scope})" if erratum.scope else erratum.kind
        slides = self.slides(self.book.lectures, erratum.slides, skip=lecture)
        printed = [*slides, nodes.Text(": "), *self.markdown(erratum.printed)]
        holds = [nodes.strong("", "Instead:"), nodes.Text(" "), *self.markdown(erratum.correct)]
        both = [nodes.paragraph("", "", *printed), nodes.paragraph("", "", *holds)]
        return TableRow(
            [erratum.id, kind, both, self._where(erratum)], anchor=row_anchor(erratum.id)
        )

    def _where(self, erratum: Erratum) -> Content:
        places: list[Content] = [
            [nodes.Text("refuted: "), self._place(place)]
            for place in self.refuted.get(erratum.id, [])
        ]
        if erratum.discussed:
            page, target = erratum.discussed["page"], erratum.discussed["anchor"]
            link = self.link(self.page(page).place(target), page, target)
            places.append([nodes.Text("discussed: "), link])
        if not places:
            return f"waits for: {self.book.chapters.get(erratum.chapter, erratum.chapter)}"
        return joined(places, "; ")

    def _place(self, place: Refutation) -> nodes.reference:
        page = self.page(place.page)
        target = anchor(place.equation) if place.equation in page.equations else place.section
        return self.link(page.place(target), page.name, target)
