"""Collecting again: what is replaced, what is kept, and when something was handed in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from .handed_in import (
    NAME,
    NEW,
    OLD,
    course_of_three,
    filed,
    member,
    notebook,
    take,
    tarred,
    timestamp,
    write,
    zipped,
)
from .small_course import ASSIGNMENT

FIRST, SECOND = notebook("first"), notebook("second")


@pytest.fixture
def course(tmp_path):
    return course_of_three(tmp_path)


def replaced(course):
    folder = course.state / "replaced"
    return sorted(path.read_bytes() for path in folder.rglob(NAME)) if folder.is_dir() else []


def test_the_same_again_changes_nothing(course, tmp_path):
    path = write(tmp_path / f"ann_{NAME}", FIRST, OLD)
    assert take(course, path).collected == ["ann"]
    write(path, FIRST, NEW)
    done = take(course, path)
    assert (done.collected, done.unchanged, done.notes) == ([], ["ann"], [])
    assert timestamp(course, "ann") == "2026-04-01 12:00:00.000000 UTC"
    assert replaced(course) == []


def test_a_newer_submission_replaces_the_old_one_which_is_kept(course, tmp_path):
    folder = tmp_path / "in" / "ann"
    write(folder / NAME, FIRST, OLD)
    write(folder / "old.csv", "1", OLD)
    take(course, tmp_path / "in")
    (folder / "old.csv").unlink()
    write(folder / NAME, SECOND, NEW)
    done = take(course, tmp_path / "in")
    assert done.collected == ["ann"] and filed(course, "ann") == {NAME: SECOND}
    assert timestamp(course, "ann") == "2026-05-01 12:00:00.000000 UTC"
    assert replaced(course) == [FIRST]
    ((student, note),) = done.notes
    assert student == "ann" and f".derived/replaced/{ASSIGNMENT}/ann/" in note


def test_the_same_notebook_with_another_file_beside_it_is_different(course, tmp_path):
    write(tmp_path / "in" / "ann" / NAME, FIRST, OLD)
    take(course, tmp_path / "in")
    write(tmp_path / "in" / "ann" / "data.csv", "1", OLD)
    assert take(course, tmp_path / "in").collected == ["ann"]
    assert filed(course, "ann") == {NAME: FIRST, "data.csv": b"1"}


def test_an_older_one_does_not_replace_unless_it_is_asked_for(course, tmp_path):
    take(course, write(tmp_path / f"ann_{NAME}", SECOND, NEW))
    older = write(tmp_path / f"ann_{NAME}", FIRST, OLD)
    done = take(course, older)
    assert (done.collected, done.unchanged) == ([], ["ann"])
    assert filed(course, "ann") == {NAME: SECOND}
    assert "is older (2026-04-01 12:00 UTC)" in done.notes[0][1]
    assert take(course, older, student="ann").collected == ["ann"]
    assert filed(course, "ann") == {NAME: FIRST} and replaced(course) == [SECOND]


def test_of_two_sources_the_newest_wins_whatever_their_order(course, tmp_path):
    old = write(tmp_path / "a" / f"ann_{NAME}", FIRST, OLD)
    new = write(tmp_path / "b" / f"ann_{NAME}", SECOND, NEW)
    assert take(course, new, old).collected == ["ann"]
    assert filed(course, "ann")[NAME] == SECOND


def test_what_nbgrader_collected_is_read_in_place(course):
    """The folder of submissions itself is a source: nothing changes, its times count."""
    folder = course.folder("submitted", "ann", ASSIGNMENT)
    write(folder / NAME, FIRST, NEW)
    write(folder / "timestamp.txt", "2026-04-02 08:00:00 UTC", NEW)
    done = take(course, course.folder("submitted"))
    assert (done.collected, done.unchanged) == ([], ["ann"])
    assert timestamp(course, "ann") == "2026-04-02 08:00:00 UTC"


def test_nbgraders_own_time_stamp_counts_and_a_students_does_not(course, tmp_path):
    layout = tmp_path / "submitted"
    write(layout / "ann" / ASSIGNMENT / NAME, FIRST, NEW)
    write(layout / "ann" / ASSIGNMENT / "timestamp.txt", "2026-04-02 08:00:00.5 UTC", NEW)
    write(layout / "bob" / NAME, FIRST, NEW)
    write(layout / "bob" / "timestamp.txt", "2020-01-01 00:00:00 UTC", NEW)
    take(course, layout)
    assert timestamp(course, "ann") == "2026-04-02 08:00:00.500000 UTC"
    assert timestamp(course, "bob") == "2026-05-01 12:00:00.000000 UTC"
    inner = zipped({f"li2/{ASSIGNMENT}/{NAME}": FIRST, "timestamp.txt": b"2020-01-01 UTC"}, OLD)
    early = zipped(
        {f"{ASSIGNMENT}/{NAME}": FIRST, f"{ASSIGNMENT}/timestamp.txt": b"2020-01-01 UTC"}
    )
    for content in (inner, early):
        source = write(tmp_path / "s.zip", zipped({"明李_12347_702_hw.zip": content}, NEW))
        take(course, source, student=None)
        assert timestamp(course, "li2") == "2026-05-01 12:00:00.000000 UTC"


def test_dates_inside_a_students_archive_are_the_students_own(course, tmp_path):
    """The LMS's date of the archive is when it was handed in, not those that were put into it."""
    source = zipped({"mulleranna_12345_700_hw.zip": zipped({NAME: FIRST}, OLD)}, NEW)
    take(course, write(tmp_path / "s.zip", source))
    assert timestamp(course, "ann") == "2026-05-01 12:00:00.000000 UTC"


def test_the_time_can_be_given(course, tmp_path):
    path = write(tmp_path / f"ann_{NAME}", FIRST, OLD)
    when = datetime(2026, 4, 15, 10, 30, tzinfo=UTC)
    take(course, path, at=when)
    assert timestamp(course, "ann") == "2026-04-15 10:30:00.000000 UTC"


def test_impossible_dates_fall_back_to_the_source(course, tmp_path):
    content = bytearray(zipped({f"ann/{NAME}": FIRST}))
    for start, offset in ((0, 10), (content.index(b"PK\x01\x02"), 12)):
        content[start + offset : start + offset + 4] = b"\0\0\0\0"  # month 0, day 0
    take(course, write(tmp_path / "s.zip", bytes(content), OLD))
    assert timestamp(course, "ann") == "2026-04-01 12:00:00.000000 UTC"
    info = member(f"bob/{NAME}")
    info.mtime = 10**15
    take(course, write(tmp_path / "s.tar", tarred([(info, FIRST)], "w"), OLD))
    assert timestamp(course, "bob") == "2026-04-01 12:00:00.000000 UTC"


def test_a_submission_that_is_a_link_is_replaced_and_its_target_left_alone(course, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / NAME, b"precious")
    place = course.folder("submitted", "ann", ASSIGNMENT)
    place.parent.mkdir(parents=True)
    place.symlink_to(elsewhere, target_is_directory=True)
    assert take(course, write(tmp_path / f"ann_{NAME}", FIRST)).collected == ["ann"]
    assert not place.is_symlink() and filed(course, "ann") == {NAME: FIRST}
    assert (elsewhere / NAME).read_bytes() == b"precious"
