"""What of a submission's HTML, Markdown and formulas gets onto a page."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from bs4 import BeautifulSoup

from derived.grading.feedback.mathematics import MOST_COMMANDS, formula
from derived.grading.feedback.safe_html import (
    LONGEST_TEXT,
    clean_html,
    is_picture,
    render_markdown,
)

from .graded_course import png
from .hostile import MARKDOWN


def attributes(html: str) -> set[str]:
    """Return the names of all attributes that a browser would see."""
    return {name for tag in BeautifulSoup(html, "html.parser").find_all() for name in tag.attrs}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# A *b*", "<h1>A <em>b</em></h1>"),
        ("- [x] done\n- [ ] open", "<li>☑ done</li>"),
        ("a | b\n--|--:\n1 | 2", '<td style="text-align:right;">2</td>'),
        ("```python\nx = 1\n```", '<span class="n">x</span>'),
        ("~~gone~~ `code` **bold**", "<del>gone</del> <code>code</code> <strong>bold</strong>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>"),
        ("<details><summary>more</summary>text</details>", "<details><summary>more</summary>"),
        ("[site](https://a.org/b?c=1&d=2)", 'href="https://a.org/b?c=1&amp;d=2"'),
        ("x < y & z", "x &lt; y &amp; z"),
        ("$x^2$", "<math><msup><mi>x</mi><mn>2</mn></msup></math>"),
        ("$$\\frac12$$", '<math display="block"><mfrac>'),
        ("\\begin{align}a&=b\\\\c&=d\\end{align}", "<mtr>"),
        ("`$x$` costs", "<code>$x$</code>"),
        ("![photo](my%20photo.jpg)", '<img src="my%20photo.jpg" alt="photo">'),
        (f"![p](data:image/png;base64,{png()})", 'src="data:image/png;base64,'),
    ],
)
def test_what_people_write_is_shown(source, expected):
    assert expected in render_markdown(source)


@pytest.mark.parametrize(
    "source",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,hi)",
        "[x](vbscript:x)",
        "[x](files/evil.html)",
        "[x](/formgrader/manage_students/x)",
        "[x](//evil.org/x)",
        "<a href=' javascript:alert(1)'>x</a>",
        "<a href='java&#10;script:alert(1)'>x</a>",
    ],
)
def test_a_link_leads_only_to_a_web_or_mail_address(source):
    assert "href" not in render_markdown(source)


@pytest.mark.parametrize(
    "source",
    [
        "![x](https://tracker.org/a.png)",
        "![x](//tracker.org/a.png)",
        "![x](../../other/a.png)",
        "![x](/api/contents/a.png)",
        "![x](a.svg)",
        "![x](attachment:missing.png)",
        "<img src='data:image/svg+xml;base64,AAAA'>",
        "<img src='data:image/png;base64,PHN2Zz4='>",
        "<img src=x onerror=alert(1)>",
    ],
)
def test_other_pictures_are_replaced_by_their_description(source):
    html = render_markdown(source)
    assert "<img" not in html and "[picture left out: " in html


def test_of_attachments_only_real_pictures_are_used():
    good = {"a.png": {"image/svg+xml": "PHN2Zz4=", "image/png": png()}}
    assert f"data:image/png;base64,{png()}" in render_markdown(
        "![a](attachment:a.png)", attachments=good
    )
    assert not is_picture("image/png", png()[4:])
    assert not is_picture("image/svg+xml", png())
    assert not is_picture("image/png", '" onerror="alert(1)')
    assert not is_picture("image/png", None)


def test_tags_that_are_not_allowed_are_shown_as_text():
    html = render_markdown(MARKDOWN)
    for tag in ("script", "svg", "iframe", "form", "button", "style"):
        assert f"<{tag}" not in html and f"&lt;{tag}" in html
    assert attributes(html) <= {"class", "href", "rel", "display", "open", "src", "alt"}
    pictures = BeautifulSoup(html, "html.parser").find_all("img")
    assert [picture["src"] for picture in pictures] == ["no.png"]  # a file beside the notebook


def test_a_formula_cannot_leave_an_attribute():
    # Formulas are put in last: a place for one inside an attribute would break its quotes.
    payload = '$\\text{" onerror=alert(1) x="}$'
    for source in (
        f"![{payload}](a.png)",
        f"[x](https://a.org '{payload}')",
        f"<img src='a.png' alt='{payload}'>",
        f"![\ue0000\ue001](a.png) {payload}",
        f'<b title="\ue0000\ue001">x</b> {payload}',
    ):
        html = render_markdown(source)
        assert attributes(html) <= {"class", "src", "alt", "href", "rel", "title"}


def test_links_can_be_made_text():
    html = render_markdown("[here](https://a.org '\"><img src=x onerror=alert(1)>')", links=False)
    assert '<u title="https://a.org">here</u>' in html
    assert "<a" not in html and "<img" not in html


def test_mathjax_passes_by_what_it_could_turn_into_links():
    for html in (
        render_markdown("<b>$\\href{javascript:x}{y}$</b>"),
        render_markdown("x" * 30_000),
    ):
        assert html.startswith(('<div class="tex2jax_ignore">', '<pre class="tex2jax_ignore">'))
    assert "tex2jax_process" not in render_markdown('<p class="tex2jax_process">$x$</p>')


def test_html_outputs_keep_their_tables():
    frame = (
        '<div><style scoped>.dataframe td { top: 0 }</style><table border="1" class="dataframe">'
        '<tr style="text-align: right;" onclick="x()"><th colspan="2">a</th></tr></table></div>'
    )
    html = clean_html(frame)
    assert html == (
        '<div><table class="dataframe"><tbody><tr><th colspan="2">a</th></tr></tbody></table></div>'
    )
    assert clean_html("<script>alert(1)</script><b>x") == "<b>x</b>"


@pytest.mark.parametrize(
    "attack",
    [
        "[" * 15_000,
        "<div>" * 1900,
        "$a " * 6000,
        "\n\n- a" * 3500,
        "\\begin{a}" * 2200,
        "> " * 9000,
    ],
)
def test_no_text_keeps_the_page_waiting(attack):
    start = time.process_time()
    render_markdown(attack)
    assert time.process_time() - start < 15


def test_longer_text_is_shown_as_it_is():
    html = render_markdown("*a* <b>" * LONGEST_TEXT)
    assert html.startswith("<pre") and "*a* &lt;b&gt;" in html


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{\partial L}{\partial w_{ij}} = \sum_{n=1}^{N} (y_n - t_n) x_{nj}",
        r"\begin{aligned} a &= b \\ &= c \end{aligned} \tag{1.2}",
        r"\begin{split} a &= b \\ &= c \end{split}",
        r"\begin{align*} a &= b \\ &= c \end{align*}",
        r"\delta^{(l)} = (W^{(l+1)})^\top \delta^{(l+1)} \odot \sigma'(z^{(l)})",
        r"\operatorname{softmax}(z)_k = \frac{e^{z_k}}{\sum_j e^{z_j}}",
        r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \in \mathbb{R}^{2 \times 2}",
        r"f(x) = \begin{cases} x & \text{if $x > 0$} \\ 0 & \text{otherwise} \end{cases}",
        r"\left\lVert \mathbf{w} \right\rVert_2^2, \quad \boldsymbol{\theta}, \hat y, \mathcal{L}",
        r"\left.\frac{\partial f}{\partial x}\right|_{x=0} \Rightarrow \boxed{x^\star = \bar x}",
        r"\underset{w}{\arg\min}\; E(w) \stackrel{!}{=} 0 \label{eq:a}",
    ],
)
def test_typical_derivations_become_mathml(tex):
    assert formula(tex, True).startswith('<math display="block">')


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\class{a}{x}",
        r"\style{position:fixed}{x}",
        r"\cssId{a}{x}",
        r"\unicode{60}",
        r"\require{action}",
        r"\html{<b>}",
        r"\includegraphics{x}",
        r"\hspace{-50em} x",
        r"\kern-20em x",
        r"\frac{1}{",
        r"\newcommand{\x}{\x}\x",
        r"\def\x{\x}\x",
        "{" * (MOST_COMMANDS + 1),
    ],
)
def test_what_is_wrong_or_dangerous_is_shown_as_its_source(tex):
    html = formula(tex, False)
    assert html.startswith('<code class="tex">$') and html.count("<") == 2


def test_a_box_is_one_that_browsers_draw():
    assert formula(r"\boxed{x}", False) == (
        '<math><mrow style="border:1px solid;padding:.2em"><mi>x</mi></mrow></math>'
    )
    assert "menclose>" not in formula(r"\cancel{x}", False)


def test_references_are_text_and_not_links():
    html = formula(r"\eqref{javascript:alert(1)} \text{<img src=x>}", False)
    assert "href" not in html and "<img" not in html and "(javascript:alert(1))" in html


def test_deep_formulas_do_not_end_the_process():
    """The converter is recursive and native: too deep a formula would end the whole process."""
    nested = [
        "{",
        r"\sqrt",
        r"\frac1",
        "x_{",
        r"\left(",
        r"\begin{matrix}",
        r"\overset x",
        r"\sqrt[",
    ]
    deep = [n * (MOST_COMMANDS // sum(n.count(mark) for mark in "\\{[^_")) for n in nested]
    deep += [n * 20_000 for n in nested]
    program = (
        "import sys; from derived.grading.feedback.mathematics import formula\n"
        "for text in sys.stdin.read().split(): print(formula(text, True)[:5])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="\n".join(text.replace(" ", "{}") for text in deep),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert len(done.stdout.split()) == len(deep)
