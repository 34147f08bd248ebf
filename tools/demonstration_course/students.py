"""Thirty synthetic students of the first assignment, and what each of them deserves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbformat import NotebookNode

from derived.grading.authoring import Variant

from . import ingredients as do
from .assignment import NUMPY_TASKS
from .ingredients import Ingredient

Kind = Literal["honest", "wrong", "broken", "hostile"]


@dataclass(frozen=True)
class Student:
    """One row of the roster with a submission.

    loses : grade ids of the answers whose tests must lose points, and no others may;
        None if the submission cannot be graded.
    """

    id: str
    first_name: str
    last_name: str
    kind: Kind
    story: str
    make: Ingredient
    loses: tuple[str, ...] | None = ()


# Answers that no other answer calls, so that a wrong one costs its own points only.
ALONE = ("threshold_unit", "margin", "softplus", "parity_network", "dense_backward")


def _honest() -> list[Student]:
    rows = [
        ("Anna", "Müller", "all right", do.as_it_is),
        ("Boris", "Шевченко", "prints and warns", do.chatty),
        ("Chen", "陈", "a helper below its use", do.helper_below),
        ("Dana", "O'Neill, Jr.", "cells in another order", do.other_order),
        ("Emil", '"Emmy"', "a copy of an answer as a backup", do.backup),
        ("=SUM(A1)", "Formula", "scratch cells that raise", do.scratch),
        ("Farah", "فرح", "an import added to the set-up cell", do.own_import),
        ("Gina", "-Rossi", "ids lost on the way through Colab", do.lost_ids),
        ("Hugo", "Álvarez", "file named 01_perceptron (1).ipynb", do.as_it_is),
        ("Inga", "Ångström", "a test deleted by accident", do.deleted_test),
        ("Jonas", "Žižka", "handed in through Canvas", do.as_it_is),
        ("Kim", "김", "handed in through Canvas", do.as_it_is),
    ]
    return [
        Student(f"s{n:02}", first, last, "honest", story, make)
        for n, (first, last, story, make) in enumerate(rows, start=1)
    ]


def _wrong(released: NotebookNode, variants: list[Variant]) -> list[Student]:
    chosen = [next(v for v in variants if v.cell_id == name) for name in ALONE]
    rows = [
        (v.cell_id, f"{v.cell_id}: {v.why}",
         do.wrong(v.cell_id, do.cell_of(v.notebook, v.cell_id).source), (v.cell_id,))
        for v in chosen
    ]  # fmt: skip
    late = ("dense_forward", "dense_backward")
    rows.append(("late", "the last tasks left out", do.half_done(released), late))
    rows.append(("nothing", "handed in as released", do.nothing_done(released), NUMPY_TASKS))
    return [
        Student(f"s{n:02}", "Wrong", name, "wrong", story, make, loses)
        for n, (name, story, make, loses) in enumerate(rows, start=13)
    ]


def _broken() -> list[Student]:
    rows = [
        ("half a file", do.not_json),
        ("an empty file", do.empty),
        ("notebook format 3", do.old_format),
        ("another notebook", do.another_notebook),
    ]
    return [
        Student(f"s{n:02}", "Broken", f"File {n}", "broken", story, make, None)
        for n, (story, make) in enumerate(rows, start=20)
    ]


def _hostile() -> list[Student]:
    liar = do.LIAR + "def softplus(z):\n    return np.zeros(1).view(Agreeable)"
    loop = "def softplus(z):\n    while True:\n        pass"
    leaves = "import os\n\ndef softplus(z):\n    os._exit(0)"
    patched = do.PATCH + "\ndef softplus(z):\n    return z"
    rows = [
        ("patches numpy.testing", do.with_code("softplus", patched), ("softplus",)),
        ("an array that agrees with everything", do.with_code("softplus", liar), ("softplus",)),
        ("a loop without end", do.with_code("softplus", loop), ("softplus",)),
        ("ends the kernel in a call", do.with_code("softplus", leaves), ("softplus",)),
        ("looks for the gradebook and a network", do.beside(do.REACH), ()),
        ("forks without end", do.beside(do.FORKS), ()),
        ("scripts in text and outputs", do.script_in_text, ()),
    ]
    return [
        Student(f"s{n:02}", "Mallory", f"<b>{n}</b>", "hostile", story, make, loses)
        for n, (story, make, loses) in enumerate(rows, start=24)
    ]


def thirty(released: NotebookNode, variants: list[Variant]) -> list[Student]:
    """Return the students: 12 honest, 7 wrong, 4 broken, 7 hostile.

    released : the notebook that they got.
    variants : the wrong solutions that the author wrote beside the right ones.
    """
    return [*_honest(), *_wrong(released, variants), *_broken(), *_hostile()]
