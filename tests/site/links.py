"""Finds broken links in the files of a site, without a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PLACES = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src"}


@dataclass
class _Page(HTMLParser):
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where an element points, and where links may point to."""
        values = dict(attrs)
        for name in ("id", "name"):
            if value := values.get(name):
                self.anchors.add(value)
        if (target := values.get(_PLACES.get(tag, ""))) is not None:
            self.links.append(target)


@cache
def read(path: Path) -> _Page:
    """Parse one page, once: it takes seconds for a long one, and a built site does not change."""
    page = _Page()
    page.feed(path.read_text("utf8"))
    return page


def broken_links(site: Path, pages: list[str]) -> list[str]:
    """Return every link inside the site to a file or an anchor that is not there."""
    broken = []
    for name in pages:
        path = site / f"{name}.html"
        for link in dict.fromkeys(read(path).links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target = target / "index.html"
            anchor = unquote(parts.fragment)
            if not target.is_file():
                broken.append(f"{name}: {link}: there is no such file")
            elif anchor and target.suffix == ".html" and anchor not in read(target).anchors:
                broken.append(f"{name}: {link}: there is no such anchor")
    return broken
