"""HTML that a submission may put on a page: text, tables, formulas, PNG and JPEG, nothing active.

The same notebooks are read as feedback pages and in nbgrader's formgrader. There they are shown by
the instructor's own Jupyter server, where a script of a student could run code as the instructor.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html import escape, unescape
from typing import Any
from urllib.parse import unquote

import bleach
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from .mathematics import formula

__all__ = ["LONGEST_TEXT", "clean_html", "is_picture", "markdown2html", "render_markdown"]

#: In characters. A longer Markdown cell is shown as its source.
LONGEST_TEXT = 20_000
_MOST_TAGS = 2000

_OPEN, _CLOSE = "\ue000", "\ue001"  # of the places where formulas go; taken out of all input
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")

_TAGS = frozenset(
    "a b blockquote br caption center code dd del details div dl dt em figcaption figure h1 h2 h3 "
    "h4 h5 h6 hr i img ins kbd li mark ol p pre q s small span strong sub summary sup table tbody "
    "td tfoot th thead tr u ul var".split()
)
_CODE_CLASS = re.compile(r"highlight|dataframe|err|[a-z][a-z0-9]?")  # of Pygments and pandas
_WEB_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s\"<>\\]+", re.IGNORECASE)
_DATA_PICTURE = re.compile(r"data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/=\s]+)")
_PICTURE_FILE = re.compile(r"(?:\w[\w .()-]*/)*\w[\w .()-]*\.(?:png|jpe?g)", re.IGNORECASE)
_NUMBERS = {"width": r"\d{1,4}", "height": r"\d{1,4}", "colspan": r"\d{1,3}", "rowspan": r"\d{1,3}"}
_INVISIBLE = re.compile(r"<(style|script)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def is_picture(mime: str, content: object) -> bool:
    """Say whether base64 text really holds the picture that its type promises (PNG or JPEG)."""
    if mime not in _SIGNATURES or not isinstance(content, str):
        return False
    try:
        start = base64.b64decode("".join(content.split()), validate=True)[:16]
    except (binascii.Error, ValueError):
        return False
    return start.startswith(_SIGNATURES[mime])


def _allow(tag: str, name: str, value: str) -> bool:
    """Say whether a tag may have an attribute; never an id: a page finds its parts by it."""
    if _OPEN in value:
        return False
    if name in _NUMBERS:
        return re.fullmatch(_NUMBERS[name], value) is not None
    if (tag, name) == ("img", "src"):
        if data := _DATA_PICTURE.fullmatch(value):
            return is_picture(data[1], data[2])
        return _PICTURE_FILE.fullmatch(unquote(value)) is not None
    return _allow_words(tag, name, value)


def _allow_words(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return all(_CODE_CLASS.fullmatch(word) for word in value.split())
    if name == "href":
        return tag == "a" and _WEB_ADDRESS.fullmatch(value) is not None
    if name in ("style", "scope"):
        return tag in ("td", "th")
    return name in ("title", "alt", "start", "open")


_CLEANER_OPTIONS: dict[str, Any] = {
    "tags": _TAGS,
    "attributes": _allow,
    "protocols": {"http", "https", "mailto", "data"},
    "css_sanitizer": CSSSanitizer(allowed_css_properties=["text-align"]),
}


class _Finish(Filter):
    """The last step of the cleaning: links and pictures as the page wants them."""

    def __init__(self, source: Any, links: bool, embed: Callable[[str], str | None] | None) -> None:
        super().__init__(source)
        self.links = links
        self.embed = embed

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for token in super().__iter__():
            if token.get("name") == "a":
                self._link(token)
            elif token.get("name") == "img":
                self._picture(token)
            yield token

    def _link(self, token: dict[str, Any]) -> None:
        address = (token.get("data") or {}).get((None, "href"))
        if not self.links:
            token["name"] = "u"
            if token["type"] != "EndTag":
                token["data"] = {(None, "title"): address} if address else {}
        elif address:
            token["data"][(None, "rel")] = "noopener noreferrer nofollow"

    def _picture(self, token: dict[str, Any]) -> None:
        address = token["data"].get((None, "src"), "")
        if self.embed is not None and not address.startswith("data:"):
            address = (self.embed(unescape(unquote(address))) if address else None) or ""
            token["data"][(None, "src")] = address
        if not address:
            alt = token["data"].get((None, "alt"), "")
            token.update(
                type="Characters", data=f"[picture left out: {unescape(alt) or 'no description'}]"
            )
            del token["name"]


def clean_html(
    html: str,
    *,
    show_tags: bool = False,
    links: bool = True,
    embed: Callable[[str], str | None] | None = None,
) -> str:
    """Return HTML without anything active: scripts, handlers, forms, frames, styles, other hosts.

    html : what a submission sent.
    show_tags : show a tag that is not allowed as text, rather than leave it out.
    links : whether links can be clicked; otherwise only their text is left, with a tooltip.
    embed : turns the path of a picture file into a ``data:`` address, or None to leave it out.
        Without it, paths stay as they are.
    """
    if not show_tags:
        html = _INVISIBLE.sub("", html)
    finish = partial(_Finish, links=links, embed=embed)
    return str(
        bleach.Cleaner(strip=not show_tags, filters=[finish], **_CLEANER_OPTIONS).clean(html)
    )


class _Renderer(IPythonRenderer):
    """Markdown to HTML, with each formula kept aside until the HTML around it is clean."""

    def __init__(self, attachments: Mapping[str, Any]) -> None:
        super().__init__(escape=False, attachments=dict(attachments), exclude_anchor_links=True)
        self.formulas: list[tuple[str, bool]] = []

    def _keep(self, source: str, display: bool) -> str:
        self.formulas.append((source, display))
        return f"{_OPEN}{len(self.formulas) - 1}{_CLOSE}"

    def inline_math(self, body: str) -> str:
        return self._keep(body, False)

    def block_math(self, body: str) -> str:
        return self._keep(body, True)

    def latex_environment(self, name: str, body: str) -> str:
        return self._keep(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return f"<h{level}>{text}</h{level}>\n"

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre>{escape(code)}</pre>\n"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        alt = _PLACE.sub(lambda at: self.formulas[int(at[1])][0], unescape(text))
        source = self._attachment(url) if url.startswith("attachment:") else url
        extra = f' title="{escape(title)}"' if title else ""
        return f'<img src="{escape(source)}" alt="{escape(alt)}"{extra}>'

    def _attachment(self, url: str) -> str:
        bundle = self.attachments.get(unquote(url.removeprefix("attachment:")), {})
        for mime, content in bundle.items():
            if is_picture(mime, content):
                return f"data:{mime};base64,{''.join(content.split())}"
        return ""


def render_markdown(
    source: str,
    *,
    attachments: Mapping[str, Any] | None = None,
    links: bool = True,
    embed: Callable[[str], str | None] | None = None,
) -> str:
    """Return Markdown as clean HTML, its formulas as MathML.

    source : of a Markdown cell, or of a comment.
    attachments : the cell's pictures, ``{name: {mime type: base64}}``; only PNG and JPEG are used.
    links : as for :func:`clean_html`.
    embed : as for :func:`clean_html`.

    Text that cannot be rendered is shown as it is.
    """
    source = source.replace(_OPEN, "").replace(_CLOSE, "")
    renderer = _Renderer(attachments or {})
    try:
        if len(source) > LONGEST_TEXT or source.count("<") > _MOST_TAGS:
            raise ValueError("too long")
        html = _check_boxes(MarkdownWithMath(renderer=renderer).render(source))
        html = clean_html(html, show_tags=True, links=links, embed=embed)
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError):
        return f'<pre class="tex2jax_ignore">{escape(source[:LONGEST_TEXT])}</pre>'
    # Only now, and only in text: no attribute that is let through holds a place.
    html = _PLACE.sub(lambda at: formula(*renderer.formulas[int(at[1])]), html)
    # MathJax, where a page loads it, must not typeset what is left: its commands make links.
    return f'<div class="tex2jax_ignore">{html}</div>'


def _check_boxes(html: str) -> str:
    box = '<input class="task-list-item-checkbox" type="checkbox" disabled'
    return html.replace(box + " checked/>", "☑ ").replace(box + "/>", "☐ ")


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Render a cell for nbconvert's templates, in place of the filter of the same name.

    In formgrader links are not clickable: an address of the instructor's own Jupyter server would
    be opened with the instructor's rights.
    """
    cell = context.get("cell") or {}
    in_formgrader = "submission_id" in (context.get("resources") or {})
    return render_markdown(source, attachments=cell.get("attachments", {}), links=not in_formgrader)
