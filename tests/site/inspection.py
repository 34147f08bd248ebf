"""What is asked of a page in the browser: each question returns a list of faults in words."""

from __future__ import annotations

import functools
import gzip
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / ".cache/browser/run/axe.min.js"
PHONE = {"width": 375, "height": 700}
DESKTOP = {"width": 1280, "height": 900}

# Runs before any script of the page: what the policy refused, and what moved while it loaded.
_WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refused.push(`${event.violatedDirective}: ${event.blockedURI}`));
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

_OPEN = """() => {
  for (const box of document.querySelectorAll("details")) box.open = true;
  for (const button of document.querySelectorAll("button.toggle-button")) {
    if (button.closest(".toggle-hidden")) button.click();
  }
}"""

_SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= width) return [];
  const scrolls = (e) => e && e !== document.body && (
    /auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const wide = [...document.body.querySelectorAll("*")].filter((e) =>
    e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement)
    && getComputedStyle(e).position !== "fixed");
  const names = wide.slice(0, 5).map((e) => e.outerHTML.slice(0, 120));
  return [`the page is ${document.scrollingElement.scrollWidth} px wide on a screen of ${width}`,
          ...names];
}"""

# Code in an exercise's box has less room, and scrolls.
_CUT_CODE = """() => [...document.querySelectorAll("div.cell_input pre")]
  .filter((pre) => !pre.closest(".admonition, details") && pre.scrollWidth > pre.clientWidth + 1)
  .map((pre) => `${pre.scrollWidth} px of code in ${pre.clientWidth}: `
    + pre.textContent.slice(0, 80))
"""

_IMAGES = """() => [...document.images].flatMap((image) => {
  const place = (image.getAttribute("src") || "").slice(0, 100);
  const faults = [];
  const decorative = image.closest("[aria-hidden=true], a[aria-label], .navbar-brand, .btn, "
    + ".dropdown-item, [role=presentation]");
  if (!image.hasAttribute("alt")) faults.push(`${place}: no alternative text`);
  else if (!image.alt.trim() && !decorative) faults.push(`${place}: empty alternative text`);
  const inPage = image.closest("article.bd-article");
  if (inPage && !(image.getAttribute("width") && image.getAttribute("height")))
    faults.push(`${place}: no width and height, so the page moves when it comes`);
  if (image.complete && image.naturalWidth === 0) faults.push(`${place}: broken`);
  return faults;
})"""

# The letters in a figure have the size of the text's; much smaller they cannot be read. What is
# wider than the column of a large screen is shrunk there, too, and drawn with that in mind.
_SMALL = """() => [...document.querySelectorAll("figure.book-figure img")].flatMap((image) => {
  const scale = image.offsetWidth / Math.min(760, Number(image.getAttribute("width")));
  if (scale > 0.69 || !image.offsetWidth) return [];
  return [`a figure at ${scale.toFixed(2)} of its size: ${image.alt.slice(0, 80)}`];
})"""

_MATH = """() => [...document.querySelectorAll(".math")].flatMap((box) => {
  const source = box.textContent.slice(0, 80);
  const formula = box.querySelector("mjx-container");
  if (!formula) return [`not typeset: ${source}`];
  const faults = [];
  if (formula.querySelector("mjx-merror")) faults.push(`TeX error: ${source}`);
  if (!formula.querySelector("mjx-assistive-mml math")) faults.push(`no MathML: ${source}`);
  return faults;
})"""

_FIGURES = """() => [...document.querySelectorAll(".explorable")].flatMap((frame) => {
  const view = frame.querySelector(".widget-view, .jupyter-widgets, .widget-subarea");
  if (!view || !view.children.length) return ["an explorable figure was not drawn"];
  return view.textContent.includes("could not be drawn") ? [view.textContent] : [];
})"""

# Before it is drawn a figure keeps the room that --room in book.css gives it at this width.
_ROOMS = """() => [...document.querySelectorAll(".explorable.drawn")].flatMap((frame) => {
  const drawn = frame.offsetHeight;
  frame.classList.remove("drawn");
  const kept = parseFloat(getComputedStyle(frame).minHeight);
  frame.classList.add("drawn");
  if (Math.abs(drawn - kept) < 0.15 * drawn) return [];
  return [`set --room in book.css: ${frame.dataset.figure} is ${drawn} px high, kept were ${kept}`];
})"""

# What is painted below an element, and how faint it and all around it are.
_GROUND = """
  const ground = (element) => {
    let below = "", faint = "";
    for (let each = element; each; each = each.parentElement) {
      const { opacity, backgroundColor, backgroundImage } = getComputedStyle(each);
      if (opacity !== "1") faint += `${opacity} `;
      const color = `${backgroundColor} ${backgroundImage}`;
      if (!below && color !== "rgba(0, 0, 0, 0) none") below = color;
    }
    return below + faint;
  };
"""

# axe-core reads every element of a page several times. What is the same a hundred times over is
# taken out first: the glyphs of formulas, which are hidden from assistive technology anyway (it
# reads their MathML); the parts of that MathML, for which axe-core has no rule; then formulas,
# buttons that copy a cell, and words of code in a color and on a ground, seen three times.
_THIN = (
    "() => {"
    + _GROUND
    + """
  for (const glyphs of document.querySelectorAll("mjx-math")) glyphs.replaceChildren("x");
  for (const formula of document.querySelectorAll("mjx-assistive-mml math"))
    formula.replaceChildren(formula.textContent);
  const times = {};
  for (const formula of document.querySelectorAll("mjx-container")) {
    const { localName, className } = formula.parentElement.parentElement;
    const place = `${localName} ${className}`;
    times[place] = (times[place] || 0) + 1;
    if (times[place] > 3) formula.replaceWith("x");
  }
  for (const button of [...document.querySelectorAll("button.copybtn")].slice(3)) button.remove();
  const seen = new Map();
  for (const pre of document.querySelectorAll("div.highlight > pre")) {
    const below = ground(pre);
    for (const word of pre.querySelectorAll("span:not(:has(*))")) {
      const kind = `${word.className} on ${below}`;
      seen.set(kind, (seen.get(kind) || 0) + 1);
      if (seen.get(kind) > 3) word.replaceWith(word.textContent);
    }
    pre.normalize();
  }
}"""
)

# Contrast is asked of three texts of each kind: alike in colors, ground, size, weight and place.
# A long page has thousands, axe-core looks at what lies below each, and pages are much alike:
# ``asked`` says how many of each kind earlier pages had.
_MARK_KINDS = (
    "(asked) => {"
    + _GROUND
    + """
  const kinds = new Map(Object.entries(asked));
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!text && !element.matches("input, select, textarea")) continue;
    const style = getComputedStyle(element);
    const around = element.parentElement;
    const kind = [style.color, ground(element), style.fontSize, style.fontWeight,
      style.textDecorationLine, getComputedStyle(around).color,
      element.localName, element.className, around.localName, around.className].join("|");
    kinds.set(kind, (kinds.get(kind) || 0) + 1);
    if (kinds.get(kind) <= 3) element.setAttribute("data-kind", "");
  }
  return Object.fromEntries(kinds);
}"""
)

_PRUNE = """() => {
  for (const element of document.body.querySelectorAll("*"))
    if (element.isConnected && !element.closest("[data-kind]")
        && !element.querySelector("[data-kind]")) element.remove();
}"""

_AXE = """(options) => axe.run(document, { resultTypes: ["violations"], ...options })
  .then((result) => result.violations.flatMap((rule) => rule.nodes.slice(0, 6).map((node) =>
  `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.replace(/\\s+/g, " ")}`)))"""

_COLORS = ["color-contrast", "link-in-text-block"]
_ASK_COLORS = {"runOnly": {"type": "rule", "values": _COLORS}}
# A theme changes colors and nothing else: the rest is asked once.
_ASK_REST = {"rules": {rule: {"enabled": False} for rule in _COLORS}}


@dataclass
class Visit:
    """One page in the browser, and what was noticed while it loaded.

    texts : how many of each kind of text were asked about their contrast, on earlier pages too.
    """

    page: Page
    base: str
    texts: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def watch(self) -> None:
        """Note every request and every error of the page."""
        self.page.on("request", self._request)
        self.page.on("response", self._response)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on(
            "requestfailed",
            lambda request: self.problems.append(f"failed: {request.url} {request.failure}"),
        )

    def outside(self) -> list[str]:
        """Return the requests to anything but the site."""
        return [u for u in self.requests if not u.startswith((self.base, "data:", "blob:"))]

    def errors(self) -> list[str]:
        """Return console errors, page errors, failed requests and what the policy refused."""
        refused = self.page.evaluate("() => window.refused")
        return [*self.problems, *(f"policy: {each}" for each in refused)]

    def ask(self, question: str) -> list[str]:
        """Return the faults that a script finds in the page."""
        answer: list[str] = self.page.evaluate(question)
        return answer

    def sideways(self) -> list[str]:
        """Return what is wider than a phone's screen; the page keeps that width."""
        if self.page.viewport_size != PHONE:
            self.page.set_viewport_size(PHONE)
            self.page.wait_for_timeout(60)
        return self.ask(_SIDEWAYS)

    def cut_code(self) -> list[str]:
        """Return cells whose code is wider than the page beside its contents."""
        return self.ask(_CUT_CODE)

    def unnamed_images(self) -> list[str]:
        """Return images without alternative text, without a size, or broken."""
        return self.ask(_IMAGES)

    def small_figures(self) -> list[str]:
        """Return figures that are too small for their letters to be read."""
        return self.ask(_SMALL)

    def untypeset_math(self) -> list[str]:
        """Return formulas that are not typeset, wrong, or silent to a screen reader."""
        return self.ask(_MATH)

    def missing_figures(self) -> list[str]:
        """Return explorable figures that were not drawn."""
        return self.ask(_FIGURES)

    def wrong_rooms(self) -> list[str]:
        """Return explorable figures that are higher or lower than the room kept for them."""
        return self.ask(_ROOMS)

    def open_everything(self) -> None:
        """Open every box that can be opened."""
        self.page.evaluate(_OPEN)
        self.page.wait_for_timeout(100)

    def shift(self) -> float:
        """Return by how much the page moved while it loaded (cumulative layout shift)."""
        return float(self.page.evaluate("() => window.shift"))

    def _switch(self, theme: str) -> None:
        self.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        self.page.wait_for_timeout(50)

    def axe(self, theme: str) -> list[str]:
        """Return the violations that axe-core finds in a theme's colors; the first time, in all.

        The page is of little use afterwards: what looks like the rest was taken out.
        """
        if not AXE.exists():
            raise FileNotFoundError("axe-core is missing: python -m tools.vendor --development")
        faults: list[str] = []
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_THIN)
            self.page.evaluate(AXE.read_text("utf8"))
            faults += self.page.evaluate(_AXE, _ASK_REST)
            for each in ("dark", "light"):
                self._switch(each)
                self.texts.update(self.page.evaluate(_MARK_KINDS, self.texts))
            self.page.evaluate(_PRUNE)
        self._switch(theme)
        faults += self.page.evaluate(_AXE, _ASK_COLORS)
        return faults


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a browser context without animations, in which the watching script runs first."""
    # The policy is the page's own: only axe-core needs to come past it, and `evaluate` does.
    options = {"viewport": DESKTOP, "reduced_motion": "reduce", **options}
    context = browser.new_context(**options)
    context.add_init_script(_WATCH)
    context.set_default_timeout(20_000)
    return context


def visit(
    context: BrowserContext, base: str, page: str, texts: dict[str, int] | None = None
) -> Visit:
    """Load a page (a path without ``.html``) and wait until its figures are drawn.

    texts : shared by visits of one site; see Visit.
    """
    noticed = Visit(context.new_page(), base, {} if texts is None else texts)
    noticed.watch()
    noticed.page.goto(f"{base}/{page}.html", wait_until="load")
    noticed.page.evaluate("() => document.fonts.ready.then(() => null)")
    if noticed.page.locator("script[src*='widget_host']").count():
        waiting = noticed.page.locator(".explorable:not(.drawn)")
        deadline = (
            time.monotonic() + 30
        )  # a page's policy may forbid the `eval` of wait_for_function
        while waiting.count() and time.monotonic() < deadline:
            noticed.page.wait_for_timeout(20)
    noticed.page.wait_for_timeout(150)  # whatever starts late may fail late
    return noticed


def weight(html: Path, base: str, requests: Iterable[str]) -> int:
    """Return the bytes of everything a page loaded, compressed where a web host would."""
    total = 0
    for url in dict.fromkeys(requests):
        if url.startswith(base):
            path = html / unquote(urlparse(url.removeprefix(base)).path).lstrip("/")
            if path.is_file():
                total += _packed_size(path)
    return total


@functools.cache
def _packed_size(path: Path) -> int:
    data = path.read_bytes()
    packed = path.suffix in {".woff", ".woff2", ".png", ".jpg", ".ico"}
    return len(data) if packed else len(gzip.compress(data, 6))
