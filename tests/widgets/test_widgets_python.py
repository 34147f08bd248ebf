"""The Python side: what a figure stores, and how its module is put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from derived.widgets import (
    BackpropGraph,
    PerceptronExplorer,
    bundler,
)
from derived.widgets.network_trainer import widget as trainer
from derived.widgets.perceptron_explorer import widget as explorer
from tests.widgets.conftest import JavaScript


def test_arrays_are_accepted_and_stored_as_lists() -> None:
    x, y = np.array([[0, 1], [2.5, 3]]), np.array([0, 1])
    assert PerceptronExplorer(points=x, labels=y).points == [[0, 1, 0], [2.5, 3, 1]]
    graph = BackpropGraph(np.array([1.0]), [0.0], [np.array([[2.0]])], [np.zeros(1)])
    assert graph.weights == [[[2.0]]] and graph.biases == [[0.0]]


def test_python_and_javascript_know_the_same_names(javascript: JavaScript) -> None:
    for preset in explorer.PRESETS:
        points = javascript.call("preset", preset)
        assert PerceptronExplorer(points=points).points == points
    base = {"dataset": "moons", "hidden": [], "activation": "tanh"}
    for dataset in trainer.DATASETS:
        made = javascript.call("fromHash", "n", f"#n=dataset:{dataset}", base)
        assert made["dataset"] == dataset
    for activation in trainer.ACTIVATIONS:
        made = javascript.call("fromHash", "n", f"#n=activation:{activation}", base)
        assert made["activation"] == activation


# ---- the bundler


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "entry.js"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundler, "ROOT", tmp_path)
    return tmp_path


def run(text: str, folder: Path, javascript: JavaScript) -> Any:
    assert "import" not in text
    path = folder / "bundle.mjs"
    path.write_text(text)
    return javascript.call("importDefault", path.as_uri())


def test_a_bundle_runs_as_one_module(folder: Path, javascript: JavaScript) -> None:
    entry = write(
        folder,
        one="const secret = 1;\nexport const a = secret;\nexport function f() { return 10; }\n",
        two='import { a } from "./one.js";\n'
        "const secret = 2;\nexport class C { v = a + secret; }\n",
        entry='// text\nimport { C } from "./two.js";\n'
        'import {\n  a as first,\n  f,\n} from "./one.js";\n'
        "export default { sum: new C().v + first + f() };\n",
    )
    assert run(bundler.bundle(entry), folder, javascript) == {"sum": 14}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import x from "./one.js";\nexport default {};\n', "not in the bundler's subset"),
        ('import * as one from "./one.js";\nexport default {};\n', "not in the bundler's subset"),
        ('export * from "./one.js";\nexport default {};\n', "not in the bundler's subset"),
        ('const m = await import("./one.js");\nexport default {};\n', "subset"),
        ('import { a } from "./none.js";\nexport default {};\n', "names no file"),
        ('import { b } from "./one.js";\nexport default {};\n', "one.js does not export b"),
        ('import { z } from "./two.js";\nexport default {};\n', "two.js does not export z"),
        ("export const a = 1;\n", "needs one `export default`"),
        ('import { b } from "./circle.js";\nexport default {};\n', "circle"),
    ],
)
def test_what_the_bundler_cannot_do_it_says(folder: Path, text: str, message: str) -> None:
    write(
        folder,
        one="export const a = 1;\n",
        two="export const y = 1, z = 2;\n",
        circle='import { c } from "./back.js";\nexport const b = c;\n',
        back='import { b } from "./circle.js";\nexport const c = b;\n',
    )
    with pytest.raises(ValueError, match=message):
        bundler.bundle(write(folder, entry=text))
