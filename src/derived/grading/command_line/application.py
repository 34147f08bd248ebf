"""The application: its commands in the order of a term, and what becomes of an error."""

from __future__ import annotations

import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from ..errors import CourseError
from ..wording import printable
from .before_grading import check_assignment, collect, init, release, roster
from .from_grading import export, feedback, grade, report, review, status
from .printing import warn

__all__ = ["app"]


class _Commands(TyperGroup):
    """Prints an error as the one line that it is."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; raises Exit with status 1 after an error that has an explanation."""
        try:
            with warnings.catch_warnings():
                # How nbgrader uses SQLAlchemy is no concern of an instructor.
                warnings.filterwarnings("ignore", module=r"nbgrader\.")
                return super().invoke(ctx)
        except Exception as error:
            if (line := _explanation(error)) is None:
                raise
            warn(line)
            raise typer.Exit(1) from None


def _explanation(error: Exception) -> str | None:
    """Return the line for an error that is no fault of this program."""
    if isinstance(error, CourseError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("derived"):
        return f'{error.name} is not installed: pip install "deep-learning-derived[grading]"'
    if type(error).__module__.startswith("sqlalchemy"):
        reason = printable(str(getattr(error, "orig", None) or error).split("\n")[0])
        return (
            f"the gradebook cannot be used ({reason}): close other programs that write to it; "
            "after an update of nbgrader run: nbgrader db upgrade"
        )
    return None


app = typer.Typer(
    name="derived-course",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Graded exercises, from the course folder to the final points.\n\n"
    "The commands stand in the order of a term. The folder that init makes is a normal nbgrader "
    "course: nbgrader's own commands work in it too.\n\n"
    "derived-course COMMAND --help explains a command.",
)

_PREPARE, _GRADE, _RETURN = "Before the term", "Each assignment", "Points and feedback"
app.command(rich_help_panel=_PREPARE)(init)
app.command(rich_help_panel=_PREPARE)(roster)
app.command("check-assignment", rich_help_panel=_PREPARE)(check_assignment)
app.command(rich_help_panel=_GRADE)(release)
app.command(rich_help_panel=_GRADE)(collect)
app.command(rich_help_panel=_GRADE)(grade)
app.command(rich_help_panel=_GRADE)(review)
app.command(rich_help_panel=_GRADE)(status)
app.command(rich_help_panel=_RETURN)(feedback)
app.command(rich_help_panel=_RETURN)(export)
app.command(rich_help_panel=_RETURN)(report)
