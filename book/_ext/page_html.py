"""Sphinx extension: corrections of the HTML that other packages write, for accessibility."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

# (what is written, what it becomes), why.
FIXES: list[tuple[str, str]] = [
    # docutils: deprecated, and wrong inside role="list".
    ('role="doc-biblioentry"', 'role="listitem"'),
    # MyST-NB gives every summary the same name, which hides its visible text.
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
    # pandas: an empty corner is no header.
    ("<th></th>", "<td></td>"),
]


def corrected(body: str) -> str:
    """Return the body of a page with all corrections."""
    for written, better in FIXES:
        body = body.replace(written, better)
    # sphinx-exercise puts the space into the link, which then underlines it.
    body = re.sub(r"(Solution to)(<a [^>]*>)\s+", r"\1 \2", body)
    # A paragraph inside <summary> is invalid HTML.
    return re.sub(
        r"<summary>\s*<p class=\"(collapsed|expanded) admonition-title\">(.*?)</p>\s*"
        r"<p class=\"(collapsed|expanded) admonition-title\">(.*?)</p>\s*</summary>",
        r'<summary><span class="\1 admonition-title">\2</span>'
        r'<span class="\3 admonition-title">\4</span></summary>',
        body,
        flags=re.DOTALL,
    )


def name_chevrons(tree: str) -> str:
    """Name the buttons in the table of contents, which show a chevron only."""
    return re.sub(
        r'(<a class="[^"]*\breference internal[^"]*"[^>]*>)(.*?)(</a><details[^>]*><summary)>',
        r'\1\2\3 aria-label="Pages below \2">',
        tree,
    )


def correct_page(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Correct one page, and the table of contents beside it."""
    if context.get("body"):
        context["body"] = corrected(context["body"])
    if make_tree := context.get("generate_toctree_html"):

        def named_tree(*arguments: Any, **options: Any) -> str:
            return name_chevrons(str(make_tree(*arguments, **options)))

        context["generate_toctree_html"] = named_tree


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the correction."""
    app.connect("html-page-context", correct_page, priority=940)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
