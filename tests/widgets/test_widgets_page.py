"""What holds for every figure in a browser: theme, width, keyboard, accessibility, life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import anywidget
import pytest
from playwright.sync_api import Page

from derived.widgets import (
    BackpropGraph,
    DigitThroughLayers,
    DropoutEnsemble,
    DropoutRegression,
    ElboTerms,
    GanTrainer,
    KernelEditor,
    LstmStepper,
    NetworkTrainer,
    PenaltyContours,
    PerceptronExplorer,
    UnrolledGradient,
)
from tests.widgets.attacked_networks import digit_attack
from tests.widgets.calibration_oracle import reliability_diagram
from tests.widgets.conftest import OpenPage, Pages, wait_until, watched
from tests.widgets.latent_models import latent_map, latent_sliders
from tests.widgets.reader import press
from tests.widgets.recurrent_oracles import character_writer
from tests.widgets.static_page import ROOT

AXE = ROOT / ".cache" / "browser" / "run" / "axe.min.js"
FIGURES: dict[str, Callable[[], anywidget.AnyWidget]] = {
    "perceptron": lambda: PerceptronExplorer("xor"),
    "trainer": NetworkTrainer,
    "graph": BackpropGraph,
    "unrolled": lambda: UnrolledGradient("lstm"),
    "lstm": LstmStepper,
    "writer": character_writer,
    "kernel": lambda: KernelEditor(padding="same"),
    "digit": DigitThroughLayers,
    "penalty": PenaltyContours,
    "dropout": lambda: DropoutEnsemble("hidden"),
    "dropped": DropoutRegression,
    "latent": latent_map,
    "bound": lambda: ElboTerms("fold", x=2),
    "reliability": reliability_diagram,
    "attack": lambda: digit_attack(epsilon=0.15),
    "gan": GanTrainer,
    "sliders": lambda: latent_sliders(information=[0.1, 2, 0, 1, 3]),
}
every_figure = pytest.mark.parametrize("make", FIGURES.values(), ids=FIGURES.keys())
Make = Callable[[], anywidget.AnyWidget]
WIDTH = 760
WIDTHS = (320, 375, 768)

# What each figure is put through before its size and its contrast are looked at.
BUTTONS = {"perceptron": ["Step", "Own line", "Add ● class 0"], "trainer": ["Step", "Add layer"]}
BUTTONS["graph"] = ["Restart", "Next", "Next", "Next"]
BUTTONS["unrolled"] = ["New weights", "Reset"]
BUTTONS["lstm"] = ["Back", "Next", "Time step", "Show all"]
BUTTONS["writer"] = ["One character", "One character", "Start again"]
BUTTONS["kernel"] = ["Turn by 180°", "Reset"]
BUTTONS["digit"] = ["Sample 2", "Clear"]
BUTTONS["penalty"] = ["Set λ = 1/(ητ)", "Diagonal H", "Reset"]
BUTTONS["dropout"] = ["Next", "Back", "Next"]
BUTTONS["dropped"] = ["New masks", "Add point", "Remove point", "New weights", "Reset"]
BUTTONS["bound"] = ["One step", "One step", "Reset"]
BUTTONS["reliability"] = ["Best likelihood", "T = 1"]
BUTTONS["sliders"] = ["New sample", "All zero", "Reset", "New sample"]
BUTTONS["attack"] = ["Sample 4", "Find smallest ε", "Clear"]
BUTTONS["gan"] = ["One step", "New weights", "Set up a collapse", "One step", "Reset"]
BUTTONS["latent"] = ["Next example", "Reset", "Next example"]


def scheme_of(page: Page) -> str | None:
    return page.locator(".dld").first.get_attribute("data-scheme")


def set_theme(page: Page, theme: str) -> None:
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    wait_until(lambda: scheme_of(page) == theme)


def set_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(50)


class Shown(NamedTuple):
    """A figure, and a page that shows it."""

    widget: anywidget.AnyWidget
    page: Page


LOOKS = """(box) => [...box.querySelectorAll('*')].map((node) => {
  const style = getComputedStyle(node);
  return [style.display, style.margin, style.padding, style.fontSize, style.fontWeight,
    style.textAlign, style.minHeight, style.width].join(); })"""
# How each figure looks alone on a page, where it was opened so already.
looks: dict[str, list[str]] = {}


@pytest.fixture(scope="module", params=FIGURES)
def untouched(
    request: pytest.FixtureRequest,
    browser_pages: Pages,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shown]:
    """One page for all tests that leave its figure as it was."""
    widget = FIGURES[request.param]()
    with watched(browser_pages, tmp_path_factory.mktemp("untouched")) as open_one:
        page = open_one(widget, width=WIDTH)
        looks[request.param] = page.locator(".dld").evaluate(LOOKS)
        yield Shown(widget, page)


@every_figure
def test_the_module_stands_alone(make: Make) -> None:
    widget = make()
    for forbidden in ("import ", "import(", "eval(", "new Function", "fetch(", "XMLHttpRequest"):
        assert forbidden not in widget._esm, f"{forbidden!r} in the module of {widget!r}"
    assert widget._esm.count("export default") == 1
    assert widget._esm.count("://") == 1, "the SVG namespace is the only address"
    assert "url(" not in widget._css and "@import" not in widget._css


def test_a_figure_follows_the_theme_without_reload(untouched: Shown) -> None:
    page = untouched.page
    picture = """() => { const box = document.querySelector('.dld');
      const canvas = box.querySelector('canvas:not([data-gray])');  // gray is gray in both
      return [getComputedStyle(box).backgroundColor, getComputedStyle(box).color,
        canvas ? canvas.toDataURL() : ""]; }"""
    light = page.evaluate(picture)
    set_theme(page, "dark")
    dark = page.evaluate(picture)
    assert dark[:2] == ["rgb(18, 18, 18)", "rgb(206, 214, 221)"]
    assert light[0] == "rgb(255, 255, 255)"
    assert (dark[2] == "") or dark[2] != light[2], "the canvas must be drawn again"
    set_theme(page, "light")
    assert page.evaluate(picture) == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_a_theme_of_the_page_the_system_s_scheme_holds(
    open_page: OpenPage, scheme: str
) -> None:
    page = open_page(PerceptronExplorer(), color_scheme=scheme)
    page.evaluate("delete document.documentElement.dataset.theme")
    page.evaluate("document.body.style.background = 'none'")
    page.evaluate("document.documentElement.setAttribute('class', 'plain')")
    wait_until(lambda: scheme_of(page) == scheme)
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    wait_until(lambda: scheme_of(page) == "dark")
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    wait_until(lambda: scheme_of(page) == "light")


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_overflows_and_nothing_shifts(open_page: OpenPage, name: str) -> None:
    page = open_page(FIGURES[name](), width=WIDTHS[0])
    address = page.url
    for width in WIDTHS:
        if width != WIDTHS[0]:
            page.goto("about:blank")  # the trainer keeps its state in the address
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(address)
            wait_until(lambda: page.locator(".dld").count() == 1)
        page.wait_for_timeout(50)
        assert_nothing_overflows_or_shifts(page, name, width)


def assert_nothing_overflows_or_shifts(page: Page, name: str, width: int) -> None:
    box = page.locator(".dld")
    height = box.bounding_box()["height"]  # type: ignore[index]
    for button in BUTTONS[name]:
        press(page, button)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if button != "Add layer":  # the reader asks for one more row
            assert box.bounding_box()["height"] == pytest.approx(height, abs=0.5)  # type: ignore[index]
    inner = page.evaluate(
        """() => { const box = document.querySelector('.dld').getBoundingClientRect();
        return [...document.querySelectorAll('.dld *')].filter((node) => {
          const r = node.getBoundingClientRect();
          const hidden = node.closest(
            '.dld-spoken, .dld-scroll > *, details:not([open]) > :not(summary), clipPath');
          return r.width && !hidden && (r.right > box.right + 1 || r.left < box.left - 1);
        }).map((node) => node.outerHTML.slice(0, 120)); }"""
    )
    assert inner == []


def test_every_control_has_a_name_and_room_for_a_finger(untouched: Shown) -> None:
    page = untouched.page
    set_width(page, 360)
    controls = page.evaluate(
        """() => [...document.querySelectorAll(
          '.dld button, .dld input, .dld select, .dld summary, .dld [tabindex]')]
          .filter((node) => node.checkVisibility() && node.getBoundingClientRect().width)
          .map((node) => { const box = node.getBoundingClientRect();
            return { html: node.outerHTML.slice(0, 160), width: box.width, height: box.height,
              suppress: node.dataset.lmSuppressShortcuts, check: node.type === 'checkbox' }; })"""
    )
    set_width(page, WIDTH)
    assert len(controls) > 4
    for control in controls:
        assert control["suppress"] == "true", f"JupyterLab takes the keys of {control['html']}"
        if not control["check"]:  # its label is the target
            assert min(control["width"], control["height"]) >= 20, control["html"]


def test_focus_is_visible_all_the_way_through(untouched: Shown) -> None:
    page = untouched.page
    appearance = """(node) => [node, ...node.querySelectorAll('*')].map((part) => {
      const style = getComputedStyle(part);
      const outline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
      return [outline, style.stroke, style.strokeWidth];
    }).join()"""
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate_handle("document.activeElement").as_element()
        assert focused is not None
        if not focused.evaluate("(node) => Boolean(node.closest('.dld'))"):
            break
        with_focus = focused.evaluate(appearance)
        focused.evaluate("(node) => node.blur()")
        without = focused.evaluate(appearance)
        assert with_focus != without, focused.evaluate("(node) => node.outerHTML.slice(0, 120)")
        focused.focus()
        seen.append(focused.evaluate("(node) => node.outerHTML"))
    assert 4 <= len(seen) < 60, "Tab enters the figure and leaves it again"


@pytest.mark.parametrize("name", FIGURES)
def test_the_state_is_said_politely_and_axe_finds_nothing(open_page: OpenPage, name: str) -> None:
    page = open_page(FIGURES[name]())
    line = page.get_by_role("status")
    assert line.get_attribute("aria-live") == "polite"
    assert len(page.locator(".dld-status").text_content() or "") > 20
    page.wait_for_timeout(500)
    assert line.text_content() == "", "opening a page announces nothing"
    for button in BUTTONS[name]:
        press(page, button)
    shown = page.locator(".dld-status").text_content()
    wait_until(lambda: line.text_content() == shown)
    assert_axe_finds_nothing(page)


def assert_axe_finds_nothing(page: Page) -> None:
    assert AXE.is_file(), "run: .venv/bin/python -m tools.vendor --development"
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.evaluate(AXE.read_text("utf-8"))
    # A theme changes colors and nothing else.
    for theme, only in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        set_theme(page, theme)
        options = {"resultTypes": ["violations"], **only}
        result: dict[str, Any] = page.evaluate("(options) => axe.run('.dld', options)", options)
        found = [
            (rule["id"], [n["html"][:120] for n in rule["nodes"]]) for rule in result["violations"]
        ]
        assert found == [], theme


def test_a_figure_ends_without_trace(untouched: Shown) -> None:
    """The cleanup that render returns, and the host's signal, take everything away again."""
    counts = untouched.page.evaluate(
        """async () => {
        const model = window.figureModels[0], state = {}, heard = [];
        const spy = { get: (name) => model.get(name), set() {}, save_changes() {},
          on: (name, f) => heard.push([name, f]),
          off: (name, f) => heard.splice(heard.findIndex(([n, g]) => n === name && g === f), 1) };
        const text = model.get('_esm');
        const url = URL.createObjectURL(new Blob([text], { type: 'application/javascript' }));
        const module = await import(url);
        const counts = [];
        for (const way of ['cleanup', 'signal']) {
          const el = document.body.appendChild(document.createElement('div'));
          const scope = new AbortController();
          const host = { model: spy, el, signal: scope.signal, experimental: {} };
          const cleanup = module.default.render(host);
          counts.push(el.children.length, heard.length);
          if (way === 'cleanup') cleanup(); else scope.abort();
          counts.push(el.children.length, heard.length);
        }
        return counts; }"""
    )
    started, heard = counts[:2]
    assert started == 1 and heard > 0
    assert counts == [1, heard, 0, 0] * 2


@every_figure
def test_two_figures_do_not_share_ids(open_page: OpenPage, make: Make) -> None:
    page = open_page(make(), make())
    ids = page.evaluate("[...document.querySelectorAll('.dld [id]')].map((node) => node.id)")
    ids += page.evaluate("[...document.querySelectorAll('.dld[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids)) >= 2
    for described in page.locator(".dld").all():
        target = described.get_attribute("aria-describedby")
        assert target in ids


def test_canvases_are_sharp_on_dense_screens(open_page: OpenPage) -> None:
    page = open_page(NetworkTrainer(), device_scale_factor=2)
    for canvas in page.locator(".dld canvas").all()[:3]:
        pixels = canvas.evaluate("(node) => node.width")
        shown = canvas.bounding_box()["width"]  # type: ignore[index]
        assert pixels >= 1.9 * shown


def test_the_reserved_height_is_the_height(untouched: Shown) -> None:
    widget, page = untouched
    for width, reserved in zip((720, 375), widget.reserved_height, strict=True):
        set_width(page, width)
        height = page.locator(".dld").bounding_box()["height"]  # type: ignore[index]
        assert height == pytest.approx(reserved, abs=60)
    set_width(page, WIDTH)


def test_figures_look_the_same_beside_others(open_page: OpenPage) -> None:
    """Each brings the shared style with it; the last one must not undo the first one's own."""
    for name, make in FIGURES.items():
        if name not in looks:  # its other tests were not chosen, or ran elsewhere
            looks[name] = open_page(make(), width=WIDTH).locator(".dld").evaluate(LOOKS)
    together = open_page(*(make() for make in FIGURES.values()), width=WIDTH)
    boxes = together.locator(".dld").all()
    assert [box.evaluate(LOOKS) for box in boxes] == [looks[name] for name in FIGURES]
