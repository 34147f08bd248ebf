"""A course folder: nbgrader's folders, its gradebook and its configuration file."""

from __future__ import annotations

import os
import sysconfig
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from .errors import CourseError
from .sandbox.limits import Limits

__all__ = ["CONFIGURATION", "Course"]

CONFIGURATION = "nbgrader_config.py"


@dataclass(frozen=True)
class Course:
    """One course on the disk, as nbgrader sees it.

    root : the folder with ``nbgrader_config.py``.
    """

    root: Path

    @classmethod
    def open(cls, root: Path | str = ".") -> Course:
        """Return the course in a folder; raises CourseError if there is none."""
        folder = Path(root).resolve()
        if not (folder / CONFIGURATION).is_file():
            raise CourseError(
                f"{folder} is not a course folder (it has no {CONFIGURATION}): go to your course "
                "folder, name it with --course, or make one with: derived-course init FOLDER"
            )
        return cls(folder)

    @cached_property
    def config(self) -> Config:
        """What ``nbgrader_config.py`` says; raises CourseError if it cannot be read."""
        try:
            return PyFileConfigLoader(CONFIGURATION, path=str(self.root)).load_config()
        except Exception as error:  # the file is Python: it can fail in any way
            raise CourseError(
                f"{self.root / CONFIGURATION} cannot be read: {type(error).__name__}: {error}"
            ) from error

    @cached_property
    def directory(self) -> CourseDirectory:
        """nbgrader's own object for this folder."""
        directory = CourseDirectory(config=self.config)
        if "root" not in self.config.CourseDirectory:
            directory.root = str(self.root)
        return directory

    @property
    def db_url(self) -> str:
        """The address of the gradebook, for SQLAlchemy."""
        url = str(self.directory.db_url)
        relative = "sqlite:///"
        if url.startswith(relative) and not url.startswith(relative + "/"):
            return f"{relative}{self.root / url.removeprefix(relative)}"
        return url

    @property
    def state(self) -> Path:
        """Where this package keeps what nbgrader has no place for."""
        return self.root / ".derived"

    @property
    def limits(self) -> Limits:
        """The limits set under ``c.TrustedExecute``; raises CourseError if one is wrong."""
        section = self.config.get("TrustedExecute", {})
        chosen = {f.name: section[f.name] for f in fields(Limits) if f.name in section}
        try:
            return Limits(**chosen)
        except ValueError as error:
            raise CourseError(f"{self.root / CONFIGURATION}: c.TrustedExecute.{error}") from error

    def gradebook(self) -> Gradebook:
        """Return the gradebook, to be used in a ``with`` block."""
        # nbgrader starts ``alembic`` by name for a new gradebook: it must be found in any shell.
        scripts = sysconfig.get_path("scripts")
        if scripts not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)])
        return Gradebook(self.db_url, self.directory.course_id)

    def folder(self, step: str, student: str = ".", assignment: str = ".") -> Path:
        """Return the folder of a step: source, release, submitted, autograded or feedback."""
        name = getattr(self.directory, f"{step}_directory")
        return Path(self.directory.format_path(name, student, assignment))

    def assignments(self) -> list[str]:
        """Return the names of the assignments that have a source."""
        source = self.folder("source")
        if not source.is_dir():
            return []
        return sorted(path.name for path in source.iterdir() if any(path.glob("*.ipynb")))

    def source_notebooks(self, assignment: str) -> list[Path]:
        """Return the instructor's notebooks; raises CourseError if there is no such assignment."""
        found = sorted(self.folder("source", ".", assignment).glob("*.ipynb"))
        if not found:
            known = ", ".join(self.assignments()) or "none"
            raise CourseError(
                f"there is no assignment {assignment!r} in {self.root}: known: {known}"
            )
        return found
