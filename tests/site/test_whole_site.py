"""The site as a whole: its build, its links, search, themes, buttons, widgets, paper."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.site.built_site import ROOT, toc_pages
from tests.site.inspection import new_context
from tests.site.links import broken_links, read

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
REPOSITORY = CONFIG["repository"]["url"].removeprefix("https://github.com/")
BRANCH = CONFIG["repository"]["branch"]
NOTEBOOKS = [name for name in toc_pages() if (ROOT / f"{name}.ipynb").exists()]
SETTLE = 300  # milliseconds: longer than any transition


@pytest.fixture
def page(browser):
    context = new_context(browser)
    yield context.new_page()
    context.close()


def test_build_has_no_warning(site):
    warnings = [line for line in site.log.splitlines() if re.search("WARNING|ERROR", line)]
    assert site.returncode == 0, "\n".join(warnings) or site.log[-3000:]
    assert not warnings, "\n".join(warnings)


def test_every_page_is_in_the_tests(site):
    assert set(site.pages()) == {*toc_pages(), "genindex", "search", "index"}


def test_the_first_address_leads_to_the_first_page(page, base):
    page.goto(f"{base}/")
    page.wait_for_url(f"{base}/{toc_pages()[0]}.html")


def test_no_link_is_broken(site):
    broken = broken_links(site.html, site.pages())
    assert not broken, "\n  ".join(["", *broken])


def test_no_page_shows_a_traceback(site):
    for name in site.pages():
        text = (site.html / f"{name}.html").read_text("utf8")
        assert "Traceback (most recent call last)" not in text, name


def test_no_record_is_shown(site):
    for name in site.pages():
        text = (site.html / f"{name}.html").read_text("utf8")
        shown = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
        assert "vnd.derived" not in shown, name


def test_every_page_has_a_description_and_a_policy(site):
    for name in toc_pages():
        text = (site.html / f"{name}.html").read_text("utf8")
        assert len(re.findall('<meta name="description" content="[^"]{20,}', text)) == 1, name
        assert "default-src 'self'" in text, name


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name.startswith("notebooks/")])
def test_every_tagged_equation_has_its_anchor(site, name):
    cells = json.loads((ROOT / f"{name}.ipynb").read_text("utf8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    wanted = {"eq-" + tag.replace(".", "-") for tag in re.findall(r"\\tag\{([^}]+)\}", text)}
    assert wanted, f"{name} has no numbered equation"
    assert not wanted - read(site.html / f"{name}.html").anchors


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_figure_is_one_figure_with_a_caption(site, name):
    cells = json.loads((ROOT / f"{name}.ipynb").read_text("utf8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    captions = [o for o in outputs if o.get("metadata", {}).get("derived") == "caption"]
    text = (site.html / f"{name}.html").read_text("utf8")
    assert len(re.findall('<figure class="book-figure"', text)) == len(captions)
    sounds = sum("derived-sound" in str(o.get("data", {}).get("text/html")) for o in outputs)
    assert len(re.findall('<figure class="derived-sound"', text)) == sounds
    assert len(re.findall("<figcaption>", text)) == len(captions) + sounds


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_colab_and_download_point_to_the_file(site, name):
    links = read(site.html / f"{name}.html").links
    address = f"https://colab.research.google.com/github/{REPOSITORY}/blob/{BRANCH}/{name}.ipynb"
    assert {link for link in links if "colab.research.google.com" in link} == {address}
    stored = site.html / f"_sources/{name}.ipynb"
    downloads = [(site.html / name).parent / link for link in links if link.endswith(".ipynb")]
    assert stored.resolve() in [path.resolve() for path in downloads if path.is_file()]
    assert stored.read_bytes() == (ROOT / f"{name}.ipynb").read_bytes()


def test_search_finds_a_page_by_keyboard(page, base):
    page.goto(f"{base}/{toc_pages()[1]}.html")
    page.wait_for_timeout(SETTLE)
    page.keyboard.press("Control+k")
    page.wait_for_timeout(SETTLE)
    page.keyboard.type("perceptron")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    links = [a.get_attribute("href") for a in page.locator("#search-results li a").all()]
    assert any("notebooks/01_perceptron.html" in (link or "") for link in links), links


def brightness(page):
    color = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    return sum(map(int, re.findall(r"\d+", color)[:3])) / 3


def test_dark_mode_is_switched_and_kept(page, base):
    page.goto(f"{base}/book/index.html")
    theme = "() => document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "light"
    light = brightness(page)
    for _ in range(3):  # light, dark, as the system has it
        if page.evaluate(theme) == "dark":
            break
        page.locator(".theme-switch-button").first.click()
        page.wait_for_timeout(SETTLE)
    assert page.evaluate(theme) == "dark"
    assert light > 200
    assert brightness(page) < 60
    page.goto(f"{base}/{toc_pages()[1]}.html")
    assert page.evaluate(theme) == "dark"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_first_visit_has_colors_before_the_page_is_read(browser, base, scheme):
    context = new_context(browser, color_scheme=scheme)
    page = context.new_page()
    page.route("**/pydata-sphinx-theme.js*", lambda route: route.abort())  # which comes last
    page.goto(f"{base}/book/index.html")
    theme, seen = page.evaluate("() => document.documentElement.dataset.theme"), brightness(page)
    context.close()
    assert theme == scheme
    assert seen > 200 if scheme == "light" else seen < 60


def test_figures_melt_into_the_dark_page(page, base):
    page.goto(f"{base}/labs/01_perceptron.html")
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    image = page.locator("img.invertible").first
    image.scroll_into_view_if_needed()
    page.wait_for_timeout(SETTLE)
    picture = image.screenshot()
    corner, around = corner_color(page, picture), brightness(page)
    assert abs(sum(corner) / 3 - around) < 12, (corner, around)


def corner_color(page, picture):
    """Return red, green and blue of the pixel in the upper left corner of a PNG."""
    data = list(picture)
    return page.evaluate(
        """async (bytes) => {
          const blob = new Blob([new Uint8Array(bytes)], { type: "image/png" });
          const bitmap = await createImageBitmap(blob);
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
          const context = canvas.getContext("2d");
          context.drawImage(bitmap, 0, 0);
          return [...context.getImageData(3, 3, 1, 1).data].slice(0, 3);
        }""",
        data,
    )


def test_wide_things_scroll_in_a_named_box_that_takes_the_keyboard(page, base):
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(f"{base}/notebooks/02_backprop.html")
    page.wait_for_timeout(SETTLE)
    boxes = page.locator("div.highlight > pre[data-scrolls], div.formula[data-scrolls]")
    assert boxes.count() > 0
    box = boxes.first
    assert box.get_attribute("aria-label")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(SETTLE)
    assert box.evaluate("box => box.scrollLeft") > 0


def test_paper_cuts_nothing_off(page, base):
    page.goto(f"{base}/labs/02_backprop.html")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})
    page.wait_for_timeout(SETTLE)
    cut = page.evaluate(
        """() => [...document.querySelectorAll("div.highlight > pre")]
          .filter((pre) => pre.scrollWidth > pre.clientWidth + 1)
          .map((pre) => pre.textContent.slice(0, 60))"""
    )
    assert not cut


def test_page_says_what_is_missing_without_scripts(browser, base):
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}/notebooks/01_perceptron.html")
    text = page.locator("article").inner_text()
    formulas = page.locator("mjx-container").count()
    context.close()
    assert "it needs JavaScript" in text
    assert formulas > 0  # mathematics needs none
