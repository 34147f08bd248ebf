"""Every way in which submissions arrive: folders, downloads of an LMS, single notebooks."""

from __future__ import annotations

import nbformat
import pytest

from derived.grading.errors import CourseError
from derived.grading.setup.file_names import lms_name, plain_stem
from derived.grading.setup.matching import Roster
from derived.grading.setup.roster import Student

from .handed_in import (
    NAME,
    NEW,
    OLD,
    ROSTER,
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
from .small_course import ASSIGNMENT, make_course, source_notebook


@pytest.fixture
def course(tmp_path):
    return course_of_three(tmp_path)


ANN, BOB, LI = notebook("Ann's"), notebook("Bob's"), notebook("Li's")


@pytest.mark.parametrize(
    "paths",
    [
        ("ann/{}", "bob/{}", "li2/{}"),
        ("ann/homework/deep/{}", "bob/{}", "li2/x/{}"),
        (f"ann/{ASSIGNMENT}/{{}}", f"bob/{ASSIGNMENT}/{{}}", f"li2/{ASSIGNMENT}/{{}}"),
        (f"submitted/ann/{ASSIGNMENT}/{{}}", "submitted/bob/{}", "submitted/li2/{}"),
        ("Week 3/group a/ann/{}", "Week 3/group a/bob/{}", "Week 3/group a/li2/{}"),
        ("ann_{}", "bob-{}", "li2 {}"),
        (f"{ASSIGNMENT}_ann.ipynb", f"{ASSIGNMENT}-bob.ipynb", f"{ASSIGNMENT} (li2).ipynb"),
        ("ann.ipynb", "BOB.ipynb", "li2.ipynb"),
        ("anna.mueller@uni.example/{}", "bob@uni.example/{}", "12347/{}"),
        ("Anna Müller/{}", "Bee, Bob/{}", "李明/{}"),
        ("MULLER anna/{}", "bob_bee/{}", "明 李/{}"),
        (
            "Anna Müller_900_assignsubmission_file_/{}",
            "Bob Bee_901_assignsubmission_file_/{}",
            "李 明_902_assignsubmission_file_/{}",
        ),
        (
            "Anna Müller_900_assignsubmission_file_{}",
            "Bob Bee_901_assignsubmission_file_{}",
            "李 明_902_assignsubmission_file_{}",
        ),
        ("mulleranna_12345_700_{}", "beebob_LATE_12346_701_{}", "明李_12347_702_{}"),
        ("someone_12345_700_{}", "someone_12346_701_{}", "someone_12347_702_{}"),
        ("mülleranna_1_700_{}", "beebob_2_701_{}", "明李_3_702_{}"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_students_are_found_in_names(course, tmp_path, paths, kind):
    contents = dict(zip((p.format(NAME) for p in paths), (ANN, BOB, LI), strict=True))
    if kind == "folder":
        source = tmp_path / "download"
        for name, content in contents.items():
            write(source / name, content)
    elif kind == "zip":
        source = write(tmp_path / "download.zip", zipped(contents))
    else:
        source = write(
            tmp_path / "download.tar.gz", tarred([(member(n), c) for n, c in contents.items()])
        )
    done = take(course, source)
    assert (done.collected, done.refused, done.unmatched) == (["ann", "bob", "li2"], [], [])
    for student, content in zip(("ann", "bob", "li2"), (ANN, BOB, LI), strict=True):
        assert filed(course, student) == {NAME: content}
        assert timestamp(course, student) == "2026-05-01 12:00:00.000000 UTC"
    assert done.missing == []


def test_one_students_own_folder_archive_or_notebook_is_named_after_the_student(course, tmp_path):
    write(tmp_path / "ann" / "homework" / NAME, ANN)
    # Whatever stands inside: the name of the source decides.
    archive = write(tmp_path / "Bob Bee.zip", zipped({f"ann/{NAME}": BOB}))
    done = take(course, tmp_path / "ann", archive)
    assert done.collected == ["ann", "bob"] and filed(course, "ann") == {NAME: ANN}
    assert list(filed(course, "bob")) == [NAME]
    single = write(tmp_path / "Copy of perceptron (2).ipynb", LI)
    with pytest.raises(CourseError, match="no student 'zoe'"):
        take(course, single, student="zoe")
    done = take(course, single, student="li2")
    assert done.collected == ["li2"] and filed(course, "li2") == {NAME: LI}
    assert done.notes == [("li2", f"Copy of perceptron (2).ipynb is filed as {NAME}")]


def test_a_colab_notebook_that_lost_its_metadata_is_filed(course, tmp_path):
    bare = notebook("def mean(x): return x.mean()", grade_ids=())
    done = take(course, write(tmp_path / f"Copy of ann_{NAME}", bare), student="ann")
    assert done.collected == ["ann"] and filed(course, "ann") == {NAME: bare}


def test_archives_in_archives_are_opened(course, tmp_path):
    inner = zipped({f"my work/{NAME}": ANN, "my work/data/x.csv": b"1"})
    twice = zipped({"again.zip": zipped({NAME: BOB})})
    source = zipped(
        {
            "mulleranna_12345_700_hand-in.zip": inner,
            "beebob_12346_701_all.zip": twice,
            "李 明_902_assignsubmission_file_/x.tar.gz": tarred([(member(NAME), LI)]),
        }
    )
    done = take(course, write(tmp_path / "submissions.zip", source))
    assert done.collected == ["ann", "bob", "li2"] and done.refused == []
    assert filed(course, "ann") == {NAME: ANN, "data/x.csv": b"1"}
    assert filed(course, "bob") == {NAME: BOB} and filed(course, "li2") == {NAME: LI}


def test_files_beside_the_notebook_keep_their_places(course, tmp_path):
    folder = tmp_path / "in" / "ann"
    write(folder / "hw" / NAME, ANN)
    write(folder / "hw" / "helper.py", "x = 1")
    write(folder / "hw" / "data" / "points.csv", "1,2")
    write(folder / "readme.md", "# Read me")
    for junk in (
        ".DS_Store", "__MACOSX/._x", "hw/.ipynb_checkpoints/y.ipynb", "hw/__pycache__/h.pyc",
        "hw/timestamp.txt",
    ):  # fmt: skip
        write(folder / junk, "junk")
    done = take(course, tmp_path / "in")
    assert done.collected == ["ann"] and done.refused == []
    assert filed(course, "ann") == {
        NAME: ANN,
        "helper.py": b"x = 1",
        "data/points.csv": b"1,2",
        "readme.md": b"# Read me",
    }


def test_canvas_resubmissions_the_newest_wins(course, tmp_path):
    source = zipped(
        {
            f"mulleranna_12345_700_{NAME}": notebook("first"),
            "mulleranna_12345_705_01_small-2.ipynb": notebook("third"),
            "mulleranna_12345_705_01_small-1.ipynb": notebook("second"),
            "mulleranna_12345_705_helper-1.py": b"new = 1",
            "mulleranna_12345_700_helper.py": b"old = 1",
        }
    )
    done = take(course, write(tmp_path / "s.zip", source))
    found = filed(course, "ann")
    assert found[NAME] == notebook("third") and found["helper.py"] == b"new = 1"
    assert done.notes and "is graded as 01_small.ipynb, not:" in done.notes[0][1]


def test_a_student_cannot_hand_in_for_another_by_naming_files_after_them(course, tmp_path):
    source = zipped(
        {
            # In Canvas and Moodle a student chooses only the end of the name.
            "mulleranna_12345_700_x_12346_9_01_small.ipynb": notebook("1"),
            "mulleranna_12345_701_Bob Bee_5_assignsubmission_file_01_small.ipynb": notebook("2"),
            f"Anna Müller_900_assignsubmission_file_/bob/{NAME}": notebook("3"),
            f"Zoe Nobody_901_assignsubmission_file_/bob/{NAME}": notebook("4"),
            "zoe_99_702_hw.zip": zipped({f"bob/{NAME}": notebook("5")}),
        }
    )
    done = take(course, write(tmp_path / "s.zip", source))
    assert done.collected == ["ann"] and filed(course, "bob") == {}
    assert sorted(name for name, _ in done.unmatched) == [
        "Zoe Nobody_901_assignsubmission_file_",
        "zoe_99_702_hw",
    ]
    # Nor from a folder of somebody unknown, also if it is the only one.
    write(tmp_path / "in" / "zoe" / "bob" / NAME, BOB)
    done = take(course, tmp_path / "in")
    assert done.unmatched == [("zoe", "no student of the roster is named in 'zoe'")]
    assert filed(course, "bob") == {}


def test_unknown_and_ambiguous_names_are_put_aside_and_nothing_is_lost(tmp_path):
    course = make_course(tmp_path, ROSTER + "bob2,Bob,Bee,,\n", released=False)
    source = tmp_path / "in"
    write(source / "zoe" / NAME, "Z")
    write(source / "Bob Bee" / NAME, "B")
    write(source / "Bob Bee_77_assignsubmission_file_" / "deep" / NAME, "M")
    write(source / NAME, "nobody's")
    write(source / "ann" / NAME, ANN)
    done = take(course, source)
    assert done.collected == ["ann"] and done.missing == ["bob", "bob2", "li2"]
    assert done.unmatched == [
        (NAME, f"no student of the roster is named in '{NAME}'"),
        ("Bob Bee", "'Bob Bee' may be bob or bob2"),
        ("Bob Bee_77_assignsubmission_file_", "Moodle's 'Bob Bee' (77) may be bob or bob2"),
        ("zoe", "no student of the roster is named in 'zoe'"),
    ]
    assert done.aside == course.state / "unmatched" / ASSIGNMENT
    aside = {p.relative_to(done.aside).as_posix() for p in done.aside.rglob("*") if p.is_file()}
    assert aside == {
        f"zoe/{NAME}", f"Bob Bee/{NAME}", NAME, f"Bob Bee_77_assignsubmission_file_/deep/{NAME}",
    }  # fmt: skip
    take(course, source)
    assert len(list(done.aside.rglob("*.ipynb"))) == 4  # the same again is kept once
    write(source / "zoe" / NAME, "Z2")
    take(course, source)
    assert (done.aside / "zoe" / NAME).read_text() == "Z"
    assert (done.aside / "zoe" / "01_small-2.ipynb").read_text() == "Z2"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"perceptron_final.ipynb": ("a", 1)}, "perceptron_final.ipynb"),
        ({"01_small (1).ipynb": ("a", 2), NAME: ("b", 1)}, "01_small (1).ipynb"),
        ({"01_small (1).ipynb": ("a", 1), NAME: ("b", 2)}, NAME),
        ({"01_small (1).ipynb": ("a", 1), NAME: ("b", 1)}, NAME),
        ({"scratch.ipynb": (None, 2), NAME: ("b", 1)}, NAME),
        ({"scratch.ipynb": (None, 2), "mine.ipynb": ("b", 1)}, "mine.ipynb"),
        ({"x.ipynb": (None, 2), "y.ipynb": (None, 1)}, "x.ipynb"),
    ],
)
def test_among_several_notebooks_the_right_one_is_chosen(course, tmp_path, files, expected):
    """By the ids in its cells, then by its name, then by its date."""
    for name, (ids, age) in files.items():
        content = notebook(name) if ids else notebook(name, grade_ids=())
        write(tmp_path / "in" / "ann" / name, content, NEW if age == 2 else OLD)
    done = take(course, tmp_path / "in")
    found = filed(course, "ann")
    assert expected.encode() in found[NAME]
    others = sorted(name for name in files if name != expected)
    assert sorted(found) == sorted([NAME, *(f"also_handed_in/{name}" for name in others)])
    if others:
        assert done.notes == [("ann", f"{expected} is graded as {NAME}, not: {', '.join(others)}")]


def test_several_notebooks_of_an_assignment_find_their_places(tmp_path):
    course = course_of_three(tmp_path)
    second = source_notebook()
    for cell in second.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["grade_id"] += "_2"
    nbformat.write(second, course.folder("source", ".", ASSIGNMENT) / "02_part.ipynb")
    ids = tuple(f"{name}_2" for name in ("imports", "mean", "test_mean", "centred", "written"))
    write(tmp_path / "in" / "ann" / "my second.ipynb", notebook("two", grade_ids=ids))
    write(tmp_path / "in" / "ann" / "Copy of 01_small.ipynb", notebook("one"))
    write(tmp_path / "in" / "bob" / NAME, BOB)
    write(tmp_path / "in" / "li2" / "thoughts.ipynb", notebook("x", grade_ids=()))
    done = take(course, tmp_path / "in")
    assert filed(course, "ann") == {
        NAME: notebook("one"),
        "02_part.ipynb": notebook("two", grade_ids=ids),
    }
    assert ("bob", "handed in no 02_part.ipynb") in done.notes
    reason = "none of the notebooks is 01_small or 02_part.ipynb"
    assert done.refused == [("li2", "thoughts.ipynb", reason)]


def test_another_assignments_submissions_are_left_alone(course, tmp_path):
    write(course.folder("source", ".", "02_other") / "02_other.ipynb", notebook("x"))
    write(tmp_path / "in" / "ann" / ASSIGNMENT / NAME, ANN)
    write(tmp_path / "in" / "ann" / "02_other" / "02_other.ipynb", BOB)
    done = take(course, tmp_path / "in")
    assert (done.collected, done.unmatched) == (["ann"], [])
    assert filed(course, "ann") == {NAME: ANN}


def test_nothing_to_grade_is_said(course, tmp_path):
    write(tmp_path / "in" / "ann" / "answers.pdf", "%PDF")
    write(tmp_path / "in" / "bob" / "hw.rar", "Rar!")
    done = take(course, tmp_path / "in")
    assert done.collected == [] and done.missing == ["ann", "bob", "li2"]
    assert done.refused == [
        ("ann", "answers.pdf", "there is no notebook in what was handed in"),
        ("bob", "hw.rar", "this kind of archive cannot be opened here: ask for a .zip"),
    ]


def test_a_source_or_roster_that_is_not_there_is_one_line(course, tmp_path):
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        take(course, tmp_path / "nowhere.zip")
    with pytest.raises(CourseError, match="neither a folder, a notebook nor an archive"):
        take(course, write(tmp_path / "x.7z", "7z"))
    (tmp_path / "other").mkdir()
    empty = make_course(tmp_path / "other", released=False)
    with pytest.raises(CourseError, match=r"the roster is empty.*derived-course roster FILE"):
        take(empty, tmp_path)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("01_small.ipynb", "01_small"),
        ("Copy of 01_small.ipynb", "01_small"),
        ("Copy of Copy of 01_small (3).ipynb", "01_small"),
        ("Kopie von 01_Small.ipynb", "01_small"),
        ("01_small-Copy1.ipynb", "01_small"),
        ("01_small - Copy (2).ipynb", "01_small"),
        ("01_small.ipynb (1).ipynb", "01_small"),
        ("01_small-1.ipynb", "01_small"),
        ("(1).ipynb", "(1)"),
    ],
)
def test_what_copying_adds_to_a_name_is_taken_off(name, stem):
    assert plain_stem(name) == stem


def test_names_of_platforms():
    late = lms_name("muelleranna_LATE_12345_67890_01_perceptron-1.ipynb")
    assert late is not None
    assert (late.name, late.user, late.order) == ("muelleranna", "12345", (67890, 1))
    assert (late.kind, late.file) == ("Canvas", "01_perceptron.ipynb")
    moodle = lms_name("Anna Müller_123456_assignsubmission_file_01_perceptron.ipynb")
    assert moodle is not None
    assert (moodle.kind, moodle.name, moodle.file) == (
        "Moodle",
        "Anna Müller",
        "01_perceptron.ipynb",
    )
    assert lms_name("01_perceptron.ipynb") is None and lms_name("ann_01_small.ipynb") is None


def test_the_number_of_a_moodle_participant_never_overrules_a_name():
    roster = Roster(
        [
            Student("ann", "Anna", "Müller", "", "12345"),
            Student("bob", "Bob", "Bee", "", "12346"),
            Student("x1", lms_user_id="55"),
        ]
    )

    def whose(name):
        owner = roster.owner(name)
        return owner and owner.student

    assert whose("Anna Müller_12346_assignsubmission_file_") == "ann"
    assert whose("Unknown Person_12346_assignsubmission_file_") is None
    assert whose("Participant 55_55_assignsubmission_file_") == "x1"
    assert whose("unknownperson_12346_700_x.ipynb") == "bob"  # Canvas's number is the student's


def test_short_ids_do_not_swallow_names():
    roster = Roster([Student("a"), Student("a_1"), Student("01")])
    names = frozenset({"01_small"})
    assert [
        (owner := roster.owner(name, names)) and owner.student
        for name in ("a_01_small.ipynb", "a_1_01_small.ipynb", "01_small.ipynb", "apple.ipynb")
    ] == ["a", "a_1", None, None]
