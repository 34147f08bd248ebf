"""A notebook has one committed form: stable, small, and the same after every execution."""

import json

import nbformat
import pytest

from derived.widgets import PerceptronExplorer
from tools.notebooks.__main__ import main
from tools.notebooks.normalise import as_text, normalise, read
from tools.notebooks.setup_cell import repository_url
from tools.notebooks.widget_state import STATE_MIME, VIEW_MIME


def notebook_with_widgets(figure="f" * 32, layout="a" * 32, bar="b" * 32):
    cells = [
        nbformat.v4.new_markdown_cell("# Title   \n\ntext"),
        nbformat.v4.new_code_cell("figure", execution_count=7),
        nbformat.v4.new_code_cell("bar", execution_count=9),
        nbformat.v4.new_markdown_cell("  "),
    ]
    for cell, model in zip(cells[1:3], (figure, bar), strict=True):
        data = {VIEW_MIME: {"model_id": model, "version_major": 2}, "text/plain": "x"}
        cell.outputs = [
            nbformat.v4.new_output("stream", name="stderr", text="100%|###| 3/3 [00:00<00:00]"),
            nbformat.v4.new_output("display_data", data=data),
        ]
    cells[1].metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00"}
    state = {
        bar: {"model_name": "HBoxModel", "state": {}},
        figure: {"model_name": "AnyModel", "state": {"layout": f"IPY_MODEL_{layout}"}},
        layout: {"model_name": "LayoutModel", "state": {}},
    }
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["widgets"] = {STATE_MIME: {"state": state, "version_major": 2}}
    notebook.metadata["kernelspec"] = {"name": "venv", "display_name": "my machine"}
    return notebook


def test_two_executions_give_the_same_bytes(tmp_path):
    path = tmp_path / "notebooks" / "a.ipynb"
    first = as_text(normalise(notebook_with_widgets(), path))
    second = as_text(normalise(notebook_with_widgets("1" * 32, "2" * 32, "3" * 32), path))
    assert first == second
    assert as_text(normalise(nbformat.reads(first, 4), path)) == first


def test_progress_bars_times_and_machine_names_are_dropped(tmp_path):
    notebook = normalise(notebook_with_widgets(), tmp_path / "notebooks" / "a.ipynb")
    text = as_text(notebook)
    for gone in ("100%", "2026-01-01", "my machine", "HBoxModel", "# Title   "):
        assert gone not in text
    state = notebook.metadata["widgets"][STATE_MIME]["state"]
    assert [model["model_name"] for model in state.values()] == ["AnyModel", "LayoutModel"]
    figure, layout = state
    assert state[figure]["state"]["layout"] == f"IPY_MODEL_{layout}"
    assert notebook.cells[2].outputs[0]["data"][VIEW_MIME]["model_id"] == figure
    assert [c.execution_count for c in notebook.cells if c.cell_type == "code"] == [None, 2, 3]


def test_a_stored_figure_gets_the_code_of_today(tmp_path):
    notebook = notebook_with_widgets()
    state = notebook.metadata["widgets"][STATE_MIME]["state"]["f" * 32]["state"]
    state["_anywidget_id"] = "derived.widgets.perceptron_explorer.widget.PerceptronExplorer"
    state["_esm"] = "export default { yesterday }"
    kept = normalise(notebook, tmp_path / "notebooks" / "a.ipynb").metadata["widgets"]
    figure = next(iter(kept[STATE_MIME]["state"].values()))["state"]
    assert figure["_esm"] == str(PerceptronExplorer()._esm)
    assert "yesterday" not in figure["_esm"]


def test_the_setup_cell_stands_first_and_once(tmp_path):
    path = tmp_path / "labs" / "a.ipynb"
    notebook = normalise(normalise(notebook_with_widgets(), path), path)
    tagged = [i for i, c in enumerate(notebook.cells) if "colab" in c.metadata.get("tags", [])]
    assert tagged == [1]
    source = notebook.cells[1].source
    assert repository_url() in source
    assert "deep-learning-derived[labs]" in source
    compile(source, "setup", "exec")


def test_a_printout_that_the_kernel_flushed_in_pieces_becomes_one(tmp_path):
    cell = nbformat.v4.new_code_cell("print")
    cell.outputs = [
        nbformat.v4.new_output("stream", name=name, text=f"{name}\n")
        for name in ("stdout", "stderr", "stdout")
    ]
    notebook = normalise(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "labs" / "a.ipynb")
    assert [output.text for output in notebook.cells[-1].outputs] == ["stdout\nstdout\n"]


def test_an_edit_changes_one_cell_id_only(tmp_path):
    path = tmp_path / "notebooks" / "a.ipynb"
    before = [c["id"] for c in normalise(notebook_with_widgets(), path).cells]
    edited = notebook_with_widgets()
    edited.cells[0].source = "# Another title"
    after = [c["id"] for c in normalise(edited, path).cells]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, True, True]
    assert len(set(after)) == len(after)


def test_check_changes_nothing_and_names_the_command(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook_with_widgets()))
    before = path.read_bytes()
    assert main(["normalise", "--check", str(path)]) == 1
    assert f"python -m tools.notebooks normalise {path}" in capsys.readouterr().out
    assert path.read_bytes() == before
    assert main(["normalise", str(path)]) == 1
    assert main(["normalise", "--check", str(path)]) == 0


@pytest.mark.parametrize("text", ["", "{", '{"cells": 3}'])
def test_a_broken_file_gets_one_clear_line(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"broken\.ipynb is not a readable notebook"):
        read(path)


def test_execute_runs_in_place_and_a_failing_cell_leaves_the_file_alone(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(as_text(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])))
    assert main(["execute", str(path)]) == 0
    assert read(path).cells[1].outputs[0]["data"]["text/plain"] == "2"
    path.write_text(as_text(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])))
    before = path.read_bytes()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        main(["execute", str(path)])
    assert path.read_bytes() == before
