"""The page contract holds on every page, and every rule of it is seen to fail."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.contract import code_rules, notebook_rules
from tools.notebooks.normalise import as_text, normalise, read

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LABS = sorted((ROOT / "labs").glob("*.ipynb"))
PAGES = NOTEBOOKS + LABS + sorted((ROOT / "book").glob("*.ipynb"))
CODE = sorted(
    path
    for folder in ("src", "tools", "tests", "benchmarks", "book/_ext")
    for path in (ROOT / folder).rglob("*.py")
)
CASES = [(p, r) for p in PAGES for r in notebook_rules.EVERY_PAGE]
CASES += [(p, r) for p in NOTEBOOKS for r in notebook_rules.DERIVATION]
CASES += [(p, r) for p in LABS for r in notebook_rules.LAB]


def name(value):
    return value.__name__ if callable(value) else f"{value.parent.name}-{value.stem}"


@pytest.mark.parametrize(("path", "rule"), CASES, ids=name)
def test_page_keeps_the_rule(path, rule):
    wrong = rule(nbformat.read(path, as_version=4))
    assert not wrong, f"{path.relative_to(ROOT)}:\n  " + "\n  ".join(wrong)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_page_is_in_its_committed_form(path):
    assert path.read_text("utf8") == as_text(normalise(read(path), path)), (
        f"run: python -m tools.notebooks normalise {path.relative_to(ROOT)}"
    )


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_page_is_not_heavy(path):
    assert path.stat().st_size < 2_500_000, f"{path.relative_to(ROOT)} is over 2.5 MB"


def test_every_chapter_has_its_notebook_and_its_lab():
    assert [p.stem for p in NOTEBOOKS] == [p.stem for p in LABS]
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_keeps_the_rules(path):
    assert not code_rules.module_rules(path)


def test_no_definition_stands_in_two_pages():
    assert not code_rules.definitions_twice(PAGES)


# --- every rule is seen to fail ---------------------------------------------------------------


def markdown(text):
    return nbformat.v4.new_markdown_cell(text)


def code(text, *outputs, tags=()):
    cell = nbformat.v4.new_code_cell(text, execution_count=1, outputs=list(outputs))
    cell.metadata["tags"] = list(tags)
    return cell


def shown(data, metadata=None):
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata or {})


def page(*cells, **metadata):
    return nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)


GOOD_PICTURE = shown({"image/png": "x"}, {"image/png": {"alt": "a" * 20, "caption": "Figure 1."}})
CHECKED = shown({notebook_rules.CHECK_MIME: {"kind": "check", "equation": "1.1"}})
RECORD = {"floor": 0.9, "published": {"value": 1.0}}
OLD_FIGURE = {"_anywidget_id": "derived.widgets.backprop_graph.widget.BackpropGraph", "old": 1}
OLD_STATE = {"state": {"1": {"model_name": "AnyModel", "state": OLD_FIGURE}}}
FAILING = [
    (
        notebook_rules.figure_code,
        page(widgets={"application/vnd.jupyter.widget-state+json": OLD_STATE}),
        "execute it again",
    ),
    (notebook_rules.cell_length, page(code("x = 1\n" * 26)), "cell 1 has 26 lines"),
    (notebook_rules.cell_length, page(code("x = 1\n" * 9)), "the median cell has 9"),
    (notebook_rules.prose_density, page(markdown("too few words"), code("x = 1")), "words"),
    (notebook_rules.heading_order, page(markdown("# T\n## Setup\n## Summary")), "is missing"),
    (
        notebook_rules.heading_order,
        page(markdown("# T"), *[markdown(f"## {t}") for t in reversed(notebook_rules.ORDER)]),
        "wrong order",
    ),
    (notebook_rules.heading_order, page(markdown("## T")), "exactly one title"),
    (notebook_rules.opening, page(markdown("# T")), "lacks **Time**"),
    (notebook_rules.heading_text, page(markdown("## A\n## a")), "stands twice"),
    (notebook_rules.heading_text, page(markdown("## The $x$")), "holds mathematics"),
    (notebook_rules.equations, page(markdown(r"$$x \tag{1.1}$$")), "(1.1) has no check"),
    (notebook_rules.equations, page(code("c", CHECKED), markdown(r"$$x \tag{1.1}$$")), "no check"),
    (notebook_rules.equations, page(code("c", CHECKED)), "which the page does not have"),
    (notebook_rules.equations, page(*[markdown(r"$$x \tag{1.1}$$")] * 2), "numbered twice"),
    (notebook_rules.figures, page(code("x", shown({"image/png": "x"}))), "cell 1: a picture with"),
    (notebook_rules.figures, page(markdown("![](a.png)")), "without alternative text"),
    (notebook_rules.figures, page(markdown('<img src="a.png">')), "without alternative text"),
    (notebook_rules.figures, page(code("plt.show()")), "derived.plotting.show"),
    (
        notebook_rules.outputs,
        page(nbformat.v4.new_code_cell("x")),
        "cell 1 was not executed",
    ),
    (
        notebook_rules.outputs,
        page(code("x", nbformat.v4.new_output("error", ename="E", evalue="", traceback=[]))),
        "shows an error: E",
    ),
    (
        notebook_rules.outputs,
        page(code("x", shown({"text/plain": "<object at 0x7f3a>"}))),
        "address or repr",
    ),
    (notebook_rules.imports, page(code("import scipy.stats")), "imports scipy.stats"),
    (notebook_rules.imports, page(code("from torch import nn")), "imports torch"),
    (notebook_rules.randomness, page(code("np.random.rand(3)")), "hidden random state"),
    (notebook_rules.exercises, page(markdown("")), "0 exercises (at least 8)"),
    (
        notebook_rules.exercises,
        page(markdown(":::{exercise}\n:label: a\n:::")),
        "exercise a has no solution",
    ),
    (
        notebook_rules.exercises,
        page(
            markdown(":::{solution-start} a\n:::"),
            code("x = 1"),
            markdown(":::{solution-end}\n:::"),
        ),
        "solution a asserts nothing",
    ),
    (notebook_rules.explorable, page(code("x")), "no explorable figure"),
    (
        notebook_rules.explorable,
        page(code("x", shown({notebook_rules.VIEW_MIME: {"model_id": "7"}}))),
        "7 has no saved state",
    ),
    (notebook_rules.lab, page(code("x")), "not tagged 'parameters'"),
    (notebook_rules.lab, page(code("x", tags=["parameters"])), "does not set PROFILE"),
    (notebook_rules.lab, page(code("PROFILE, SEED", tags=["parameters"])), "records no result"),
    (
        notebook_rules.lab,
        page(code("x", shown({notebook_rules.RESULT_MIME: {**RECORD, "floor": None}}))),
        "has a floor",
    ),
    (
        notebook_rules.lab,
        page(code("x", shown({notebook_rules.RESULT_MIME: {**RECORD, "published": None}}))),
        "beside a published value",
    ),
]


@pytest.mark.parametrize(
    ("rule", "notebook", "message"), FAILING, ids=lambda v: v.__name__ if callable(v) else ""
)
def test_every_rule_is_seen_to_fail(rule, notebook, message):
    assert any(message in line for line in rule(notebook)), rule(notebook)


def test_every_rule_has_a_failing_case():
    tested = {rule for rule, _, _ in FAILING}
    rules = {*notebook_rules.EVERY_PAGE, *notebook_rules.DERIVATION, *notebook_rules.LAB}
    assert tested == rules


def test_a_good_picture_and_an_excused_equation_pass():
    assert not notebook_rules.figures(page(code("x", GOOD_PICTURE)))
    assert not notebook_rules.equations(page(markdown(r"$$x \tag{1.1}$$"), code("check", CHECKED)))
    assert not notebook_rules.equations(
        page(markdown("$$x \\tag{1.1}$$\n\n(1.1) is a definition."))
    )


def test_code_rules_are_seen_to_fail(tmp_path):
    long = tmp_path / "long.py"
    long.write_text("def f():\n" + "    x = 1\n" * 400)
    assert [line.split(": ")[1] for line in code_rules.module_rules(long)] == [
        "401 lines (at most 400)",
        "f has 401 lines",
    ]
    vague = tmp_path / "utils.py"
    vague.write_text("")
    assert "the name says nothing" in code_rules.module_rules(vague)[0]
    for stem in ("a", "b"):
        path = tmp_path / f"{stem}.ipynb"
        path.write_text(as_text(page(code("def f(x):\n    return x"))))
    assert code_rules.definitions_twice([tmp_path / "a.ipynb", tmp_path / "b.ipynb"])
