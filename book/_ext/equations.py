r"""Sphinx extension: a displayed equation with ``\tag{2.7}`` has the anchor ``eq-2-7``.

Pages link to it with ``[(2.7)](#eq-2-7)``, other pages with
``[(2.7)](../notebooks/02_backprop.ipynb#eq-2-7)``.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

TAG = re.compile(r"\\tag\{([^{}]+)\}")


def anchor(tag: str) -> str:
    """Return the anchor of the equation with this number: ``eq-2-7`` for ``2.7``."""
    return "eq-" + nodes.make_id("x" + tag).removeprefix("x")


class EquationAnchors(SphinxTransform):
    """Gives every tagged equation its anchor, as a target that links are checked against."""

    default_priority = 200  # before MyST resolves the links inside the page

    def apply(self, **kwargs: Any) -> None:
        """Name the equations of one page."""
        for block in list(self.document.findall(nodes.math_block)):
            for index, tag in enumerate(TAG.findall(block.astext())):
                target = block if index == 0 else nodes.target()
                name = anchor(tag)
                target["ids"].append(name)
                target["names"].append(name)
                self.document.note_explicit_target(target, block)
                if target is not block:  # several numbers in one block: the others stand before it
                    block.parent.insert(block.parent.index(block), target)


def publish(app: Sphinx, doctree: nodes.document) -> None:
    """Let links from other pages find the anchors, beside those of the headings."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for block in doctree.findall(nodes.math_block):
        for tag in TAG.findall(block.astext()):
            slugs[anchor(tag)] = (block.line or 0, anchor(tag), f"({tag})")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(EquationAnchors)
    app.connect("doctree-read", publish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
