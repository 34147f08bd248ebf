"""The build warns, and so fails, where a page would break a promise; the message names the page.

A tiny book goes through the same settings and extensions as the real one.
"""

from __future__ import annotations

import base64
import re

import nbformat
import pytest
import yaml

from tests.site.built_site import ROOT, jupyter_book
from tests.site.links import read

DOT = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
        "0000000049454e44ae426082"
    )
).decode()
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="460.8pt" height="345.6pt"></svg>'
ABOUT = {"alt": "One grey dot, alone.", "caption": "Figure 3.1. A dot at $x_1$, alone."}
SIZE = {"width": 640, "height": 480}

CLEAN = {
    "book/index.md": (
        "# A small book\n\nThis small book has a formula $x^2$, a picture and some links.\n\n"
        "$$ x = \\alpha \\tag{3.1} $$\n\n"
        "$$\n\\begin{aligned} a &= b \\\\ &= c \\end{aligned} \\tag{3.2}\n$$\n\n"
        "See [(3.1)](#eq-3-1), [the page](page.ipynb#eq-3-7) and [its figure](page.ipynb).\n\n"
        "![A dot in the middle](dot.png)\n"
    )
}
# What is written into a page of its own → what the build must say about that page.
FAULTY = {
    "no-alt": ("![](dot.png)", "image without alternative text"),
    "raw-no-alt": ('<img src="dot.png">', "image without alternative text"),
    "outside-image": (
        '<img alt="x" src="https://example.org/x.png">',
        "external resource https://",
    ),
    "outside-script": ('<script src="//example.org/x.js"></script>', "external resource //example"),
    "tex": (r"A formula $\frac{1$ that is broken.", "Missing close brace"),
    "display-tex": ("$$ \\notacommand{x \\tag{3.9} $$", "TeX of"),
    "missing-page": ("[gone](gone.md)", "cross-reference target not found|not found"),
    "missing-anchor": ("[gone](#gone)", "target not found"),
    "missing-equation": ("[(9.9)](index.md#eq-9-9)", "eq-9-9"),
    "missing-citation": ("{cite}`nobody1900`", "nobody1900"),
    "same-number": ("$$a \\tag{3.8}$$\n\n$$b \\tag{3.8}$$", "eq-3-8"),
    "unknown-directive": (":::{nothing}\n:::", "Unknown directive"),
}


def output(data, **metadata):
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def notebook(*outputs):
    cells = [
        nbformat.v4.new_markdown_cell("# A page\n\nIt has a figure.\n\n$$ y = 1 \\tag{3.7} $$"),
        nbformat.v4.new_code_cell("show()", outputs=list(outputs), execution_count=1),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    language = {"name": "python", "file_extension": ".py"}
    return nbformat.writes(
        nbformat.v4.new_notebook(cells=cells, metadata={"language_info": language})
    )


CAPTION = output({"text/markdown": ABOUT["caption"]}, derived="caption")
GOOD_OUTPUTS = [
    output({"image/svg+xml": SVG, "text/plain": "dot"}, **{"image/svg+xml": {**ABOUT, **SIZE}}),
    CAPTION,
    output({"image/png": DOT}, **{"image/png": {**ABOUT, "invert": False, "caption": "A photo."}}),
    output(
        {
            "text/plain": "✓ (3.7) y = 1 · exact",
            "application/vnd.derived.check+json": {"kind": "check", "secret": "never shown"},
        }
    ),
    output({"application/vnd.derived.result+json": {"secret": "never shown"}}),
]
BAD_OUTPUTS = [output({"image/png": DOT})]


def write_book(folder, pages):
    """Write a book with the real settings and extensions, and these pages."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    config["sphinx"]["local_extensions"] = {"offline_book": "book/_ext"}
    (folder / "book").mkdir()
    for name in ("_ext", "_static"):
        (folder / "book" / name).symlink_to(ROOT / "book" / name)
    (folder / "book/references.bib").write_text("")
    (folder / "book/dot.png").write_bytes(base64.b64decode(DOT))
    names = [name.rsplit(".", 1)[0] for name in pages]
    toc = {"format": "jb-book", "root": names[0], "chapters": [{"file": n} for n in names[1:]]}
    (folder / "_config.yml").write_text(yaml.safe_dump(config, sort_keys=False), "utf8")
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc, sort_keys=False), "utf8")
    for name, text in pages.items():
        (folder / name).write_text(text, "utf8")
    return jupyter_book(folder, folder / "out")


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    pages = {**CLEAN, "book/page.ipynb": notebook(*GOOD_OUTPUTS)}
    return write_book(tmp_path_factory.mktemp("clean"), pages)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    pages = {"book/index.md": "# A small book\n\nThis book is full of faults.\n"}
    for name, (text, _) in FAULTY.items():
        pages[f"book/{name}.md"] = f"# Page {name}\n\nSome text.\n\n{text}\n"
    pages["book/no-alt-output.ipynb"] = notebook(*BAD_OUTPUTS)
    return write_book(tmp_path_factory.mktemp("faulty"), pages)


def test_a_clean_book_is_built_without_a_warning(clean):
    assert clean.returncode == 0, clean.log


def test_a_warning_fails_the_build(faulty):
    assert faulty.returncode != 0


@pytest.mark.parametrize("name", [*FAULTY, "no-alt-output"])
def test_each_fault_is_named_with_its_page(faulty, name):
    message = FAULTY.get(name, ("", "image without alternative text"))[1]
    about = [line for line in faulty.log.splitlines() if re.search(rf"\b{name}\.", line)]
    about += [line for line in faulty.log.splitlines() if re.search(rf"book/{name}: ", line)]
    assert any(re.search(message, line) for line in about), faulty.log


def test_figure_has_image_text_caption_and_size(clean):
    text = (clean.html / "book/page.html").read_text("utf8")
    (figure,) = re.findall(
        r'<figure class="book-figure" id="fig-3-1">.*?</figure>', text, re.DOTALL
    )
    (image,) = re.findall("<img [^>]*>", figure)
    assert f'<div class="drawing" style="--width: 640px">{image}</div>' in figure
    for part in ('alt="One grey dot, alone."', 'width="640"', 'height="480"', "invertible"):
        assert part in image
    caption = re.search("<figcaption>(.*?)</figcaption>", figure, re.DOTALL)[1]
    assert caption.startswith("<strong>Figure 3.1.</strong> A dot at")
    assert "mjx-container" in caption and caption.rstrip().endswith(", alone.")
    assert text.count(", alone.</") == 1  # the copy for JupyterLab and Colab is dropped


def test_photograph_is_not_inverted_and_comes_later(clean):
    text = (clean.html / "book/page.html").read_text("utf8")
    first, second = re.findall(r'<img [^>]*src="\.\./_images[^>]*>', text)
    assert "photograph" in second and "invertible" not in second
    assert 'loading="lazy"' in second and "loading" not in first
    assert 'width="1"' in second  # read from the file


def test_records_are_never_shown(clean):
    text = (clean.html / "book/page.html").read_text("utf8")
    assert "never shown" not in text
    assert "✓ (3.7) y = 1 · exact" in text and "verdict" in text


def test_equations_have_anchors_and_numbers(clean):
    page = clean.html / "book/index.html"
    assert {"eq-3-1", "eq-3-2"} <= read(page).anchors
    assert {"#eq-3-1", "page.html#eq-3-7"} <= set(read(page).links)
    assert 'aria-label="Link to equation (3.1)">(3.1)</a>' in page.read_text("utf8")


def test_math_is_typeset_at_build_time(clean):
    text = (clean.html / "book/index.html").read_text("utf8")
    assert text.count("<mjx-container") == text.count("<mjx-assistive-mml") == 3
    assert "MathJax" not in "".join(re.findall(r"<script.*?</script>", text, re.DOTALL))
    assert (clean.html / "_static/typeset.css").stat().st_size > 1000


def test_download_is_the_stored_notebook(clean):
    stored = (clean.html / "_sources/book/page.ipynb").read_text("utf8")
    assert stored == notebook(*GOOD_OUTPUTS)


def test_a_light_page_has_no_heavy_scripts(clean):
    text = (clean.html / "book/index.html").read_text("utf8")
    for heavy in ("require.js", "embed-amd", "fontawesome.js", "thebe"):
        assert heavy not in text, heavy
