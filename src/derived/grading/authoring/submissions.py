"""What is handed in for the check: no answer, the reference, and the wrong solutions together.

Several wrong solutions stand in one submission where each has a test of its own that none of the
others can change, which then tells of it alone. A notebook with fifty wrong solutions is graded in
a dozen runs that way.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace

from .cells import Notebook, is_answer, is_manual
from .regions import Variant, reference, stub, variants
from .tasks import Task

__all__ = ["NO_ANSWER", "REFERENCE", "Submission", "apart", "submissions"]

NO_ANSWER = "no answer"
REFERENCE = "reference solution"


@dataclass(frozen=True)
class Submission:
    """A notebook to be graded, as a student would hand it in.

    name : what is tried; wrong : the wrong solutions in it.
    shares_kernel : whether it may run where another attempt ran before, since to import PyTorch
        anew takes longer than everything else; where that leaves a doubt it runs again.
    """

    name: str
    notebook: Notebook = field(repr=False)
    wrong: tuple[Variant, ...] = ()
    shares_kernel: bool = False

    def reaching(self, task: Task) -> tuple[Variant, ...]:
        """Return the wrong solutions on which the task depends."""
        return tuple(one for one in self.wrong if one.cell_id in task.depends)


def submissions(
    notebook: Notebook, planned: list[Task], *, reference_runs: int
) -> list[Submission]:
    """Return all that is to be graded, the reference so many times.

    Raises MarkupError, or CourseError if nbgrader cannot release the notebook.
    """
    released = stub(notebook)
    right = reference(notebook)
    made = [Submission(NO_ANSWER, released, shares_kernel=True)]
    # The first begins a kernel that all the others use after it.
    first = Submission(REFERENCE, _handed_in(released, right), shares_kernel=True)
    made += [first, *[replace(first, shares_kernel=False)] * reference_runs][:reference_runs]
    groups = _groups(variants(notebook), planned)
    return made + [replace(_wrong(released, right, one), shares_kernel=True) for one in groups]


def apart(notebook: Notebook, submission: Submission) -> list[Submission]:
    """Return one submission for each wrong solution of a submission, each with its own kernel."""
    if not submission.wrong:
        return [replace(submission, shares_kernel=False)]
    released, right = stub(notebook), reference(notebook)
    return [_wrong(released, right, [one]) for one in submission.wrong]


def _groups(found: list[Variant], planned: list[Task]) -> list[list[Variant]]:
    """Put each wrong solution into the first group in which all can be told apart."""
    groups: list[list[Variant]] = []
    for variant in found:
        for group in groups:
            if _can_be_told_apart([one.cell_id for one in [*group, variant]], planned):
                group.append(variant)
                break
        else:
            groups.append([variant])
    return groups


def _can_be_told_apart(cells: list[str], planned: list[Task]) -> bool:
    """Tell whether each answer cell has a test of its own which none of the others can change."""
    if len(set(cells)) < len(cells):
        return False
    own = [
        reached[0]
        for task in planned
        if len(reached := [cell for cell in cells if cell in task.depends]) == 1
        and reached[0] in task.answers
    ]
    return set(cells) <= set(own)


def _wrong(released: Notebook, right: Notebook, group: list[Variant]) -> Submission:
    filled = copy.deepcopy(right)
    for variant in group:
        for index, cell in enumerate(variant.notebook.cells):
            if cell.source != right.cells[index].source:
                filled.cells[index].source = cell.source
    name = "; ".join(variant.why for variant in group)
    return Submission(name, _handed_in(released, filled), tuple(group))


def _handed_in(released: Notebook, filled: Notebook) -> Notebook:
    """Return the released notebook with the answers of another: it has no hidden tests."""
    result = copy.deepcopy(released)
    for cell, answer in zip(result.cells, filled.cells, strict=True):
        if is_answer(answer) or is_manual(answer):
            cell.source = answer.source
    return result
