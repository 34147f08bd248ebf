"""What students hand in, for the tests of ``collect``: notebooks, folders and archives."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from derived.grading.course import Course
from derived.grading.setup import CollectReport, collect

from .small_course import ASSIGNMENT, make_course

ROSTER = """id,first_name,last_name,email,lms_user_id
ann,Anna,Müller,anna.mueller@uni.example,12345
bob,Bob,Bee,bob@uni.example,12346
li2,李,明,,12347
"""
NAME = f"{ASSIGNMENT}.ipynb"
OLD = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
NEW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
GRADE_IDS = ("imports", "mean", "test_mean", "centred", "test_centred", "written")


def course_of_three(tmp_path: Path) -> Course:
    """Return a course with three students; nothing is released, ``collect`` does not need it."""
    return make_course(tmp_path, ROSTER, released=False)


def notebook(text: str, grade_ids: tuple[str, ...] = GRADE_IDS) -> bytes:
    """Return a notebook that can be told from others by its text."""
    cells = [
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": name}}, "source": text}
        for name in grade_ids
    ] or [{"cell_type": "code", "metadata": {}, "source": text}]
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode()


def write(path: Path, content: bytes | str, when: datetime = NEW) -> Path:
    """Write a file with a date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


def zipped(entries: dict[str, bytes], when: datetime = NEW) -> bytes:
    """Return a zip with these files, which carry the local time as an LMS writes it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, when.astimezone().timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()


def tarred(members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> bytes:
    """Return a tar with these members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """Return an entry of a tar."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mtime = kind, link, int(NEW.timestamp())
    return info


def take(course: Course, *sources: Path, **options) -> CollectReport:
    """Collect the small assignment."""
    return collect(course, ASSIGNMENT, sources, **options)


def filed(course: Course, student: str) -> dict[str, bytes]:
    """Return what is in a student's submission, without the time stamp."""
    folder = course.folder("submitted", student, ASSIGNMENT)
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != "timestamp.txt"}


def timestamp(course: Course, student: str) -> str:
    """Return the time stamp of a student's submission."""
    folder = course.folder("submitted", student, ASSIGNMENT)
    return (folder / "timestamp.txt").read_text("utf8").strip()
