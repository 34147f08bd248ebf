"""Formulas of a submission as MathML: a page needs no script and no other host to show them.

MathJax would run in the reader's browser on whatever a student typed, and it has commands that make
links, styles and elements (``\\href``, ``\\style``, ``\\class``). The converter used here knows
none of them: an unknown command is an error, and the formula is then shown as its source.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape

from math_core import LatexError, LatexToMathML

__all__ = ["MOST_COMMANDS", "formula"]

#: Commands and braces of one formula. The converter is recursive: some 5000 of them, one inside the
#: other, overflow its stack and end the process.
MOST_COMMANDS = 1500

_NUMBERED = ("equation", "align", "gather", "multline", "eqnarray")
_DEFINITION = re.compile(r"\\(?:(?:re)?newcommand|providecommand|def|let|Declare)")
# What students write and the converter does not know, or makes a link of.
_REWRITTEN = [
    (re.compile(r"\\label\{[^{}\\$]*\}"), ""),
    (re.compile(r"\\(?:eq)?ref\{([^{}\\$]*)\}"), r"\\text{(\1)}"),
    (re.compile(r"\\[mh]box\b"), r"\\text"),
    (re.compile(r"\\(begin|end)\{split\}"), r"\\\1{aligned}"),
    (re.compile(r"\\text\{([^{}$]*)\$([^{}$]*)\$([^{}$]*)\}"), r"\\text{\1}\2\\text{\3}"),
]
_ELEMENTS = (
    "b|i|math|menclose|mfrac|mi|mmultiscripts|mn|mo|mover|mpadded|mphantom|mprescripts|mroot|"
    "mrow|ms|mspace|msqrt|mstyle|msub|msubsup|msup|mtable|mtd|mtext|mtr|munder|munderover|none"
)
# Lengths below ten units: a formula must not be able to cover what stands beside it.
_LENGTH = (
    r"(?:lspace|rspace|width|height|depth|minsize|maxsize)=\"-?\d?(?:\.\d+)?(?:em|ex|pt|mu)?\""
)
_KEYWORD = (
    r"(?:accent|accentunder|display|displaystyle|scriptlevel|stretchy|form|fence|separator|"
    r"largeop|movablelimits|mathvariant|linethickness|columnalign|symmetric|notation|class)="
    r"\"[\w. -]*\""
)
_STYLE = r"style=\"(?![^\"]*(?:position|margin|transform|float))[\w :;.%#-]*\""
_SAFE_TAG = re.compile(rf"</?(?:{_ELEMENTS})(?: (?:{_LENGTH}|{_KEYWORD}|{_STYLE}))*/?>")


@cache
def _converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False, max_expansions=100)


def formula(source: str, display: bool) -> str:
    """Return a formula as HTML.

    source : the TeX between the dollar signs, or a whole ``\\begin…\\end`` environment.
    display : whether it stands on a line of its own.

    Returns ``<math>…</math>``, or ``<code class="tex">`` with the escaped source where the TeX is
    wrong, too long, defines a command, uses one that is not known, or moves what is around it.
    """
    commands = sum(source.count(mark) for mark in "\\{[^_")
    if commands > MOST_COMMANDS or _DEFINITION.search(source):
        return _as_source(source, display)
    prepared = source.strip()
    for pattern, replacement in _REWRITTEN:
        prepared = pattern.sub(replacement, prepared)
    environment = re.match(r"\\begin\{(\w+)\*?\}", prepared)
    if "\\tag" in prepared and not (environment and environment[1] in _NUMBERED):
        prepared = f"\\begin{{equation}}{prepared}\\end{{equation}}"
    try:
        mathml = str(_converter().convert_with_local_state(prepared, displaystyle=display))
    except (LatexError, UnicodeEncodeError):
        return _as_source(source, display)
    return _boxed(mathml) if _is_harmless(mathml) else _as_source(source, display)


def _is_harmless(mathml: str) -> bool:
    """Say whether each tag is one of MathML's, with no attribute but those listed above."""
    return "<" not in _SAFE_TAG.sub("", mathml)


def _boxed(mathml: str) -> str:
    """Return a formula with its boxes as browsers draw them: they know no ``<menclose>``."""
    box = '<mrow style="border:1px solid;padding:.2em">'
    mathml = mathml.replace('<menclose notation="box">', box)
    return re.sub(r"<menclose[^>]*>", "<mrow>", mathml).replace("</menclose>", "</mrow>")


def _as_source(source: str, display: bool) -> str:
    mark = "" if source.lstrip().startswith("\\begin") else "$$" if display else "$"
    return f'<code class="tex">{escape(mark + source + mark)}</code>'
