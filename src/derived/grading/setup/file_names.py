"""Names of files from outside: which are refused, which are junk, what an LMS puts before them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = [
    "ARCHIVES",
    "LmsName",
    "UnsafeName",
    "archive_stem",
    "fold",
    "is_junk",
    "lms_name",
    "plain_stem",
    "safe_parts",
    "shown",
]

ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip")
_LONGEST_NAME = 255  # bytes, on the usual file systems
_JUNK = {"__macosx", "__pycache__", ".ds_store", ".git", "thumbs.db", "desktop.ini"}
# What browsers, file managers, JupyterLab and Colab add to the name of a copy.
_COPY_BEFORE = re.compile(r"^(copy|kopie|copie|copia|kopia)( \(\d+\))? (of|von|de|di) ")
_COPY_AFTER = re.compile(r"([ _-]*\(\d+\)|[ _-]+(copy|kopie|copie|copia) ?\d*|-\d+|\.ipynb)$")
# The number of a submission is long: "a_1_02_cnn.ipynb" is not Canvas's.
_CANVAS = re.compile(
    r"(?P<name>.+?)_(?:LATE_)?(?P<user>\d+)_(?P<order>\d{3,})_(?P<file>.+)", re.DOTALL
)
_MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<user>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL
)
_RESUBMITTED = re.compile(r"^(?P<stem>.+)-(?P<number>\d{1,4})(?P<suffix>\.(?:ipynb|py))$")


class UnsafeName(Exception):
    """A name that is not used; the text is the end of a sentence about the file."""


@dataclass(frozen=True)
class LmsName:
    """What a learning platform says in the name of a file or folder.

    kind : "Canvas" or "Moodle".
    name : the student's, as the platform writes it.
    user : the platform's number of the student (Canvas), or of the participant (Moodle).
    file : the name that the student gave; empty for a folder.
    order : submission and resubmission; larger is newer.
    """

    kind: str
    name: str
    user: str
    file: str
    order: tuple[int, int]


def lms_name(text: str) -> LmsName | None:
    """Take a name of Canvas or Moodle apart; None if it is not one.

    ``muelleranna_LATE_12345_67890_01_perceptron-1.ipynb`` is Canvas's,
    ``Anna Müller_123456_assignsubmission_file_01_perceptron.ipynb`` Moodle's.
    A student chooses only the end, so the pattern that leaves more to it is the platform's.
    """
    canvas, moodle = _CANVAS.fullmatch(text), _MOODLE.fullmatch(text)
    if moodle and not (canvas and len(canvas["name"]) < len(moodle["name"])):
        return LmsName("Moodle", moodle["name"], moodle["user"], moodle["file"] or "", (0, 0))
    if not canvas:
        return None
    file, number = canvas["file"], 0
    if again := _RESUBMITTED.match(file):  # Canvas numbers files that a student replaced
        file, number = again["stem"] + again["suffix"], int(again["number"])
    # Digits are bounded by the length of a file name, so that int() cannot take long.
    return LmsName("Canvas", canvas["name"], canvas["user"], file, (int(canvas["order"]), number))


def safe_parts(name: str) -> tuple[str, ...]:
    """Return the folders and the file of a path from outside, in NFC; raises UnsafeName."""
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name):
        raise UnsafeName("its name holds a line break or another control character")
    slashed = name.replace("\\", "/")
    if slashed.startswith("/"):
        raise UnsafeName("its name is an absolute path")
    if re.match(r"[A-Za-z]:", slashed):
        raise UnsafeName("its name starts with a drive letter")
    parts = tuple(p for p in unicodedata.normalize("NFC", slashed).split("/") if p not in {"", "."})
    if ".." in parts:
        raise UnsafeName("its name leads out of its folder ('..')")
    if not parts:
        raise UnsafeName("it has no name")
    if any(len(part.encode()) > _LONGEST_NAME for part in parts):
        raise UnsafeName(f"its name is longer than {_LONGEST_NAME} bytes")
    return parts


def is_junk(parts: tuple[str, ...]) -> bool:
    """Tell whether a file is one that systems and editors leave behind."""
    names = [part.casefold() for part in parts]
    if any(name in _JUNK or name == ".ipynb_checkpoints" for name in names):
        return True
    return names[-1].startswith("._") or names[-1].endswith(".pyc")


def archive_stem(name: str) -> str | None:
    """Return a name without the ending of an archive; None if it has none of those."""
    ending = next((e for e in ARCHIVES if name.casefold().endswith(e)), None)
    return None if ending is None else name[: -len(ending)] or name


def plain_stem(name: str) -> str:
    """Return the name of a notebook without what copying and downloading added, in small letters.

    ``Copy of 01_perceptron (1).ipynb`` becomes ``01_perceptron``.
    """
    stem = unicodedata.normalize("NFC", name).casefold().removesuffix(".ipynb").strip()
    while (shorter := _COPY_AFTER.sub("", _COPY_BEFORE.sub("", stem)).strip()) not in {stem, ""}:
        stem = shorter
    return stem


def fold(text: str) -> str:
    """Return letters and digits only, without case and accents, to compare names of people."""
    letters = unicodedata.normalize("NFKD", text)
    kept = (c for c in letters if c.isalnum())
    return unicodedata.normalize("NFKD", "".join(kept).casefold())


def shown(name: str) -> str:
    """Return a name as it can stand in one line of a message."""
    visible = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
    return visible if len(visible) <= 120 else f"{visible[:80]}…{visible[-30:]}"
