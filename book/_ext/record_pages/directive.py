"""What the directives share: dependencies on the sources, links, sections, Markdown in cells."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from . import errata_entries, lecture_rows
from .records import Page, SourceError, chapter_pages, page_path, read_page


def fingerprint(root: Path) -> list[str]:
    """Return what exists now; a page made from records is outdated when this changes."""
    return chapter_pages(root)


class RecordDirective(SphinxDirective):
    """A directive whose content is made of stored records and YAML entries.

    The page is rebuilt when one of these files changes, and when a notebook comes or goes.
    """

    def run(self) -> list[nodes.Node]:
        """Build the content; a source that cannot be read is an error of the page."""
        self.root = Path(self.env.srcdir)
        self._depend_on([lecture_rows.FILE, errata_entries.FILE])
        self._depend_on([f"{name}.ipynb" for name in chapter_pages(self.root)])
        self.env.record_pages[self.env.docname] = fingerprint(self.root)  # type: ignore[attr-defined]
        try:
            return self.build()
        except SourceError as error:
            raise self.error(str(error)) from error

    def build(self) -> list[nodes.Node]:
        """Return the nodes of the page."""
        raise NotImplementedError

    def _depend_on(self, files: Iterable[str]) -> None:
        for file in files:
            self.env.note_dependency(str(self.root / file))

    def page(self, name: str) -> Page:
        """Read a page that this one speaks of, and depend on it."""
        path = page_path(self.root, name)
        if path is not None:
            self._depend_on([str(path.relative_to(self.root))])
        return read_page(self.root, name)

    def link(self, text: str, page: str, anchor: str = "") -> nodes.reference:
        """Return a link to a page of the site, or to a place in it."""
        target = self.env.app.builder.get_relative_uri(self.env.docname, page)
        if anchor:
            target += f"#{anchor}"
        return nodes.reference("", text, refuri=target, internal=True)

    def markdown(self, text: str) -> list[nodes.Node]:
        """Parse a line of Markdown with its mathematics and citations."""
        parsed, _ = self.state.inline_text(text, self.lineno)
        return list(parsed)

    def paragraph(self, text: str) -> nodes.paragraph:
        """Parse a line of Markdown into a paragraph."""
        return nodes.paragraph("", "", *self.markdown(text))

    def section(self, title: str, *children: nodes.Node) -> nodes.section:
        """Return a section with an anchor, as the heading in a source would make it."""
        section = nodes.section("", nodes.title("", title), *children)
        section["names"].append(nodes.fully_normalize_name(title))
        self.state.document.note_implicit_target(section, section)
        return section

    def slides(
        self, lectures: dict[str, lecture_rows.Lecture], slides: dict[str, str], skip: str = ""
    ) -> list[nodes.Node]:
        """Return "MIT 6.S191 2019, *heading*; …"; the lecture ``skip`` goes without its name."""
        parts: list[nodes.Node] = []
        for lecture, heading in slides.items():
            name = "" if lecture == skip else f"{lectures[lecture].title}, "
            before = ("; " if parts else "") + name
            parts += [nodes.Text(before)] if before else []
            parts.append(nodes.emphasis("", heading))
        return parts


def count(number: int, one: str, many: str = "") -> str:
    """Return "1 check" or "2 checks"."""
    return f"{number} {one if number == 1 else many or one + 's'}"
