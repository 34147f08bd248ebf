"""Every gate of the browser tests is seen to fail on a page that is broken on purpose."""

from __future__ import annotations

import re

import pytest

from tests.site.inspection import new_context, visit, weight
from tests.site.links import broken_links
from tests.site.server import serve

# The same policy as on the site, where a case does not want the browser to step in.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'self\' data:; '
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'\">"
)
PICTURE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'%3E%3C/svg%3E"
)
GOOD_BODY = f"""
<h1>A page</h1><p>Text with <a href="#here">a link</a>.</p><p id="here">Here.</p>
<article class="bd-article"><img src="{PICTURE}" alt="a dot" width="9" height="9"></article>
<span class="math"><mjx-container><mjx-assistive-mml><math><mi>x</mi></math></mjx-assistive-mml>
</mjx-container></span>
<div class="explorable drawn" style="min-height: 60px">
<div class="widget-view"><p>drawn</p></div></div>
"""


def html(body: str, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,">{head}</head><body><main>{body}</main></body></html>'
    )


# name → (page, the question to ask, what the answer must say)
BROKEN = {
    "outside-image": (
        html(GOOD_BODY + '<img src="https://example.org/x.png" alt="a picture">'),
        "outside",
        "https://example.org/x.png",
    ),
    "outside-script": (
        html(GOOD_BODY, '<script src="//example.org/x.js"></script>'),
        "outside",
        "example.org/x.js",
    ),
    "outside-fetch": (
        html(GOOD_BODY + '<script>fetch("https://example.org/data").catch(() => 0)</script>'),
        "outside",
        "https://example.org/data",
    ),
    "outside-refused-by-policy": (
        html(GOOD_BODY + '<img src="https://example.org/x.png" alt="a picture">', POLICY),
        "errors",
        "policy: img-src: https://example.org/x.png",
    ),
    "console-error": (
        html(GOOD_BODY + '<script>console.error("lost")</script>'),
        "errors",
        "console: lost",
    ),
    "page-error": (
        html(GOOD_BODY + '<script>throw new Error("broken")</script>'),
        "errors",
        "error: broken",
    ),
    "missing-file": (
        html(GOOD_BODY + '<script src="gone.js"></script>'),
        "errors",
        "404: .*gone.js",
    ),
    "figure-too-small": (
        html(
            f'{GOOD_BODY}<figure class="book-figure" style="width: 400px"><img src="{PICTURE}" '
            'alt="a dot" width="900" height="90" style="max-width: 100%"></figure>'
        ),
        "small_figures",
        "a figure at 0.5.*a dot",
    ),
    "sideways": (
        html(GOOD_BODY + '<div id="plank" style="width: 900px">wide</div>'),
        "sideways",
        "900 px|plank",
    ),
    "no-alternative-text": (
        html(GOOD_BODY + f'<img src="{PICTURE}">'),
        "unnamed_images",
        "no alternative text",
    ),
    "empty-alternative-text": (
        html(GOOD_BODY + f'<img src="{PICTURE}" alt="">'),
        "unnamed_images",
        "empty alternative text",
    ),
    "no-size": (
        html(GOOD_BODY + f'<article class="bd-article"><img src="{PICTURE}" alt="x"></article>'),
        "unnamed_images",
        "no width and height",
    ),
    "math-not-typeset": (
        html(GOOD_BODY + '<span class="math">x^2</span>'),
        "untypeset_math",
        r"not typeset: x\^2",
    ),
    "math-without-mathml": (
        html(GOOD_BODY + '<span class="math"><mjx-container>x</mjx-container></span>'),
        "untypeset_math",
        "no MathML",
    ),
    "figure-not-drawn": (
        html(GOOD_BODY + '<div class="explorable"></div>'),
        "missing_figures",
        "was not drawn",
    ),
    "figure-without-its-room": (
        html(
            GOOD_BODY + '<div class="explorable drawn" data-figure="3">'
            '<div class="widget-view"><p style="height: 200px">drawn</p></div></div>',
            "<style>.explorable:not(.drawn) { min-height: 400px; }</style>",
        ),
        "wrong_rooms",
        "3 is 2.. px high, kept were 400",
    ),
    "figure-failed": (
        html(
            GOOD_BODY + '<div class="explorable"><div class="widget-view">'
            "<p>This figure could not be drawn: no</p></div></div>"
        ),
        "missing_figures",
        "could not be drawn",
    ),
    "code-that-is-cut": (
        html(
            GOOD_BODY + '<div class="cell_input"><pre style="width: 9em; overflow: auto">'
            "a_name_that_is_longer_than_the_page_is_wide = 1</pre></div>"
        ),
        "cut_code",
        "px of code in",
    ),
    "low-contrast": (
        html(GOOD_BODY + '<p style="color: #aaa; background: #fff">pale</p>'),
        "axe",
        "color-contrast",
    ),
    "low-contrast-among-many": (
        html(GOOD_BODY + "<p>black</p>" * 9 + '<p style="color: #aaa">pale</p>'),
        "axe",
        "color-contrast",
    ),
    "low-contrast-on-another-ground": (
        html(GOOD_BODY + "<p>black</p>" * 9 + '<div style="background: #333"><p>black</p></div>'),
        "axe",
        "color-contrast",
    ),
    "button-without-name": (html(GOOD_BODY + "<button></button>"), "axe", "button-name"),
    "inside-a-closed-box": (
        html(
            GOOD_BODY + "<details><summary>more</summary>"
            '<p style="color: #bbb; background: #fff">pale</p></details>'
        ),
        "axe",
        "color-contrast",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("broken")


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder) as url:
        yield url


@pytest.fixture(scope="module")
def context(browser):
    made = new_context(browser)
    yield made
    made.close()


def test_what_is_pale_in_the_dark_alone_is_found(context, folder, address):
    style = "<style>html[data-theme=dark] b { color: #333; background: #000 }</style>"
    body = GOOD_BODY + style + "<p>one <b>word</b></p>" * 9
    (folder / "dark.html").write_text(html(body), "utf8")
    seen = visit(context, address, "dark")
    light, dark = seen.axe("light"), seen.axe("dark")
    seen.page.close()
    assert not light and any("color-contrast" in fault for fault in dark), dark


def ask(context, base, page, question):
    seen = visit(context, base, page)
    seen.open_everything()
    answer = seen.axe("light") if question == "axe" else getattr(seen, question)()
    seen.page.close()
    return answer


@pytest.mark.parametrize("case", BROKEN)
def test_gate_is_seen_to_fail(case, context, folder, address):
    text, question, message = BROKEN[case]
    (folder / f"{case}.html").write_text(text, "utf8")
    faults = ask(context, address, case, question)
    assert any(re.search(message, fault) for fault in faults), faults


@pytest.mark.parametrize("question", sorted({question for _, question, _ in BROKEN.values()}))
def test_gate_lets_a_good_page_pass(question, context, folder, address):
    (folder / "good.html").write_text(html(GOOD_BODY, POLICY), "utf8")
    assert not ask(context, address, "good", question)


def test_movement_is_measured(context, folder, address):
    # Only what moves after the first paint counts, and a busy machine paints late.
    late = (
        "<script>new PerformanceObserver(() => setTimeout(() => "
        "document.getElementById('late').style.height = '400px', 80))"
        ".observe({ type: 'paint', buffered: true })</script>"
    )
    body = f'<div id="late"></div><p>{"moved by the box above " * 60}</p>{late}'
    (folder / "moving.html").write_text(html(body), "utf8")
    seen = visit(context, address, "moving")
    for _ in range(50):
        if seen.shift() > 0.1:
            break
        seen.page.wait_for_timeout(100)
    assert seen.shift() > 0.1
    seen.page.close()


def test_broken_links_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        html('<a href="b.html#there">1</a><a href="b.html#gone">2</a><a href="c.html">3</a>')
    )
    (tmp_path / "b.html").write_text(
        html('<p id="there"></p><img src="x.png"><a href="#no">1</a><a href="https://e.org">2</a>')
    )
    assert broken_links(tmp_path, ["a", "b"]) == [
        "a: b.html#gone: there is no such anchor",
        "a: c.html: there is no such file",
        "b: x.png: there is no such file",
        "b: #no: there is no such anchor",
    ]


def test_weight_counts_what_was_loaded_compressed(tmp_path):
    (tmp_path / "a.css").write_bytes(b"a" * 100_000)
    (tmp_path / "b.woff2").write_bytes(b"b" * 1000)
    urls = ["http://x/a.css", "http://x/b.woff2?v=1", "http://x/a.css", "http://x/gone.js"]
    assert 1000 < weight(tmp_path, "http://x", urls) < 1400
