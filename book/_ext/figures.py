"""Sphinx extension: figures that say in words what they show, and records that stay silent.

``derived.plotting.show`` leaves an output whose metadata holds alternative text, caption and size.
Here it becomes one ``<figure>``; the caption that it prints for JupyterLab and Colab is dropped.
JSON records (``application/vnd.derived.*+json``) are data for other pages and show nothing.
Every image gets its width and height, so that nothing moves while a page loads; an image without
alternative text is a warning.
"""

from __future__ import annotations

import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from docutils import nodes
from myst_nb.core import render
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.images import get_image_size

logger = logging.getLogger(__name__)

RECORD = re.compile(r"application/vnd\.derived\.[\w.-]+\+json")
NUMBER = re.compile(r"Figure ([A-Z]?\d+(?:\.\d+)*)")
VERDICT = re.compile(r"[✓✗] ?\(")
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
RAW_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
RAW_ALT = re.compile(r"""\balt\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)


class captioned_figure(nodes.General, nodes.Element):
    """A figure of a notebook: an image, then its caption."""


class figure_caption(nodes.General, nodes.TextElement):
    """The caption of a :class:`captioned_figure`."""


class NotebookOutputs:
    """A MyST-NB plugin for the outputs that the book's own library leaves."""

    mime_priority_overrides: ClassVar[tuple[tuple[str, str, int | None], ...]] = ()

    @staticmethod
    def handle_mime(
        renderer: render.NbElementRenderer, data: render.MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        """Return the nodes of an output, or None where MyST-NB shall do it."""
        if RECORD.fullmatch(data.mime_type):
            return []
        if data.mime_type == "text/markdown" and data.output_metadata.get("derived") == "caption":
            return []
        about = data.output_metadata.get(data.mime_type, {})
        if data.mime_type.startswith("image/") and "caption" in about:
            return [_figure(renderer, data, about)]
        if data.mime_type == "text/plain" and VERDICT.match(data.string):
            (block,) = renderer.render_text_plain(data)
            block["classes"].append("verdict")
            return [block]
        return [_explorable(renderer, data)] if data.mime_type == VIEW else None


def _explorable(renderer: render.NbElementRenderer, data: render.MimeData) -> nodes.raw:
    """Return a frame around a widget, which says what is missing where no script runs.

    The frame names the figure, so that the style sheet can keep room for it until it is drawn.
    """
    (view,) = renderer.render_widget_view(data)
    stored = renderer.renderer.nb_client.nb_metadata.get("widgets", {}).get(STATE, {})
    model = stored.get("state", {}).get(dict(data.content).get("model_id"), {})
    name = model.get("state", {}).get("_anywidget_id", "").rsplit(".", 1)[-1]
    return nodes.raw(
        text=f'<div class="explorable" data-figure="{escape(name)}">{view.astext()}<noscript>'
        "This figure computes in the page; it needs JavaScript.</noscript></div>",
        format="html",
    )


def _figure(
    renderer: render.NbElementRenderer, data: render.MimeData, about: dict[str, Any]
) -> captioned_figure:
    """Return one figure: the image with its alternative text, and the caption with its math."""
    (image,) = renderer.render_image(data)
    image["alt"] = about.get("alt", "")
    image["classes"].append("invertible" if about.get("invert", True) else "photograph")
    for name in ("width", "height"):
        image.attributes.pop(name, None)
        if name in about:
            image[f"pixel_{name}"] = int(about[name])
    text = render.MimeData("text/markdown", about["caption"], line=data.line)
    caption = figure_caption()
    caption.extend(renderer._render_markdown_base(text, fmt="myst", inline=True))
    if numbered := NUMBER.match(about["caption"]):
        caption.insert(0, _without_number(caption, numbered[0]))
    figure = captioned_figure("", image, caption)
    if numbered:
        figure["ids"].append("fig-" + numbered[1].lower().replace(".", "-"))
    return figure


def _without_number(caption: figure_caption, number: str) -> nodes.strong:
    """Take ``Figure 1.3.`` off the start of the caption and return it, to be set in bold."""
    first = next(iter(caption.findall(nodes.Text)))
    rest = first.astext().removeprefix(number)
    dot = "." if rest.startswith(".") else ""
    first.parent.replace(first, nodes.Text(rest.removeprefix(dot)))
    return nodes.strong("", number + dot)


def visit_figure(translator: Any, node: captioned_figure) -> None:
    """Open a figure."""
    translator.body.append(translator.starttag(node, "figure", CLASS="book-figure"))


def depart_figure(translator: Any, node: captioned_figure) -> None:
    """Close a figure."""
    translator.body.append("</figure>\n")


def visit_caption(translator: Any, node: figure_caption) -> None:
    """Open a caption."""
    translator.body.append("<figcaption>")


def depart_caption(translator: Any, node: figure_caption) -> None:
    """Close a caption."""
    translator.body.append("</figcaption>\n")


def _size(translator: Any, node: nodes.image, source: str) -> tuple[int, int] | None:
    """Return width and height in CSS pixels: what the figure says, else what its file says."""
    if "pixel_width" in node and "pixel_height" in node:
        return node["pixel_width"], node["pixel_height"]
    path = Path(translator.builder.srcdir) / source.lstrip("/")
    return get_image_size(str(path)) if path.exists() else None


def visit_image(translator: Any, node: nodes.image) -> None:
    """Write an image with its size; all but the first of a page are loaded when they come near."""
    source, builder = node["uri"], translator.builder
    if source in builder.images:
        node["uri"] = posixpath.join(builder.imgpath, quote(builder.images[source]))
    attributes = {"src": node["uri"], "alt": node.get("alt", ""), "decoding": "async"}
    size = _size(translator, node, source)
    if size:
        attributes |= {"width": str(size[0]), "height": str(size[1])}
    if "width" in node:  # asked for in the page
        width = node["width"] + ("px" if node["width"].isdigit() else "")
        attributes["style"] = f"width: {width}"
    if builder.current_docname in translator.builder.app.image_pages:
        attributes["loading"] = "lazy"
    translator.builder.app.image_pages.add(builder.current_docname)
    classes = [*node["classes"], *([f"align-{node['align']}"] if "align" in node else [])]
    if classes:
        attributes["class"] = " ".join(classes)
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    image = f"<img {written} />"
    if size and isinstance(node.parent, captioned_figure):  # the style sheet: where to scroll
        image = f'<div class="drawing" style="--width: {size[0]}px">{image}</div>'
    translator.body.append(image)
    if not isinstance(node.parent, nodes.TextElement):
        translator.body.append("\n")


def depart_image(translator: Any, node: nodes.image) -> None:
    """Nothing remains to be written."""


def demand_alternative_text(app: Sphinx, doctree: nodes.document) -> None:
    """Warn about every image of a page that says nothing to a reader who cannot see it."""
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            logger.warning(
                "image without alternative text: %s",
                image["uri"][-60:],
                location=image if image.line else app.env.docname,
                type="figures",
                subtype="alt",
            )
    for raw in doctree.findall(nodes.raw):
        for tag in RAW_IMAGE.findall(raw.astext()):
            if not RAW_ALT.search(tag):
                logger.warning(
                    "image without alternative text: %s",
                    tag[:80],
                    location=raw if raw.line else app.env.docname,
                    type="figures",
                    subtype="alt",
                )


def start(app: Sphinx) -> None:
    """Prepare a build: no page has had its first image."""
    app.image_pages = set()  # type: ignore[attr-defined]


def register_outputs() -> None:
    """Add the plugin to those that MyST-NB finds as entry points of installed packages.

    The book is built without installing any package of its own, so it has no entry points.
    """
    found = render.load_mime_renders()
    if NotebookOutputs not in found:
        found.append(NotebookOutputs)  # the list is cached by MyST-NB for the whole process


def setup(app: Sphinx) -> dict[str, Any]:
    """Register nodes, plugin and checks."""
    register_outputs()
    app.add_node(captioned_figure, html=(visit_figure, depart_figure))
    app.add_node(figure_caption, html=(visit_caption, depart_caption))
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    app.connect("builder-inited", start)
    app.connect("doctree-read", demand_alternative_text)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
