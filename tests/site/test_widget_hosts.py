"""Saved widgets on a static page: anywidgets in our small host, everything else in the manager."""

from __future__ import annotations

import json

import anywidget
import ipywidgets
import nbformat
import pytest
import traitlets
from ipywidgets.embed import dependency_state

from tests.site.inspection import new_context, visit
from tests.site.server import serve
from tests.site.test_build import write_book

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


class Counter(anywidget.AnyWidget):
    """Counts clicks, shows a byte of its data, and breaks if it is told to."""

    _esm = """
    function render({ model, el }) {
      if (model.get("broken")) throw new Error("told to break");
      const button = document.createElement("button");
      const show = () => {
        button.textContent = `${model.get("value")} ${model.get("data").getUint8(1)}`;
      };
      button.onclick = () => { model.set("value", model.get("value") + 1); model.save_changes(); };
      model.on("change:value", show);
      show();
      el.append(button);
    }
    export default { render };
    """
    _css = "button { color: rgb(1, 2, 3); }"
    value = traitlets.Int(0).tag(sync=True)
    data = traitlets.Bytes(b"\x07\x2a").tag(sync=True)
    broken = traitlets.Bool(False).tag(sync=True)


def saved(widgets):
    """Return the whole state of some widgets and all that they need."""
    return dependency_state(widgets, drop_defaults=False)


def page(*views):
    """Return a notebook that shows these widgets, with their state as it is saved."""
    output = [
        nbformat.v4.new_output("display_data", data={VIEW: {"model_id": view.model_id}})
        for view in views
    ]
    cells = [
        nbformat.v4.new_markdown_cell("# Widgets\n\nThis page holds saved widgets, and text."),
        nbformat.v4.new_code_cell("show()", outputs=output, execution_count=1),
    ]
    state = {"version_major": 2, "version_minor": 0, "state": saved(views)}
    metadata = {"widgets": {STATE: state}, "language_info": {"name": "python"}}
    # Through JSON, as a stored notebook comes.
    return json.dumps(nbformat.v4.new_notebook(cells=cells, metadata=metadata), default=str)


def linked(first, second):
    """Return a page of two widgets whose values are linked in the browser."""
    link = ipywidgets.jslink((first, "value"), (second, "value"))
    notebook = json.loads(page(first, second))
    models = notebook["metadata"]["widgets"][STATE]["state"]
    models.update(json.loads(json.dumps(saved([link]), default=str)))
    return json.dumps(notebook)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    pages = {
        "book/index.md": "# Widgets\n\nA book with pages that hold saved widgets of two kinds.\n",
        "book/light.ipynb": linked(Counter(value=3), Counter()),
        "book/broken.ipynb": page(Counter(broken=True)),
        "book/heavy.ipynb": linked(
            ipywidgets.IntSlider(3, 0, 10, description="k"),
            ipywidgets.IntText(0, description="copy"),
        ),
    }
    built = write_book(tmp_path_factory.mktemp("widgets"), pages)
    assert built.returncode == 0, built.log
    return built.html


@pytest.fixture(params=["served", "from disk"])
def base(request, book):
    if request.param == "from disk":
        yield book.as_uri()
    else:
        with serve(book) as url:
            yield url


@pytest.fixture
def context(browser):
    made = new_context(browser)
    yield made
    made.close()


def test_anywidgets_run_in_the_small_host(context, base):
    seen = visit(context, base, "book/light")
    buttons = seen.page.locator(".widget-view button")
    assert buttons.all_inner_texts() == ["3 42", "3 42"]  # the link was honored from the start
    buttons.first.click()
    assert buttons.all_inner_texts() == ["4 42", "4 42"]
    buttons.last.click()
    assert buttons.all_inner_texts() == ["5 42", "5 42"]
    color = buttons.first.evaluate("button => getComputedStyle(button).color")
    assert color == "rgb(1, 2, 3)"
    assert not seen.outside() + seen.errors()
    assert not [u for u in seen.requests if "require.js" in u or "embed-amd" in u]


def test_a_figure_that_fails_says_so(context, base):
    seen = visit(context, base, "book/broken")
    assert seen.missing_figures() == ["This figure could not be drawn: Error: told to break"]
    assert any("told to break" in error for error in seen.errors())


def test_other_widgets_run_in_the_manager_without_another_host(context, base):
    seen = visit(context, base, "book/heavy")
    seen.page.wait_for_selector(".explorable.drawn .noUi-handle")
    number = seen.page.locator("input[type=number]").last
    handle = seen.page.locator(".noUi-handle").first
    assert number.input_value() == "3"
    handle.focus()
    seen.page.keyboard.press("ArrowRight")
    assert number.input_value() == "4"
    seen.page.wait_for_timeout(500)  # icon fonts come late
    assert not seen.outside() + seen.errors()
    assert not seen.missing_figures()
    assert any("embed-amd" in url for url in seen.requests)
    assert not seen.axe("light") + seen.axe("dark")


def test_a_page_without_widgets_has_no_host(book):
    text = (book / "book/index.html").read_text("utf8")
    assert "widget_host" not in text and "embed-amd" not in text
