"""Files that could do harm are refused, each with a line, and everybody else goes on."""

from __future__ import annotations

import gzip
import os
import stat
import struct
import tarfile
import zipfile

import pytest

from derived.grading.errors import CourseError
from derived.grading.setup.bounds import Bounds
from derived.grading.setup.file_names import UnsafeName, safe_parts

from .handed_in import (
    NAME,
    course_of_three,
    filed,
    member,
    notebook,
    take,
    tarred,
    write,
    zipped,
)

SMALL = Bounds(file_bytes=2_000, archive_bytes=20_000, archive_files=20, depth=3)


@pytest.fixture
def course(tmp_path):
    return course_of_three(tmp_path)


@pytest.fixture
def outside(tmp_path):
    """A file that no submission may reach."""
    return write(tmp_path / "secret.txt", "not for students")


def with_bob(course, source, **options):
    """Collect beside an honest submission, which must arrive whatever happens to the other."""
    honest = write(course.root.parent / "honest" / f"bob_{NAME}", notebook("honest"))
    done = take(course, source, honest, **options)
    assert "bob" in done.collected + done.unchanged and filed(course, "bob") == {
        NAME: notebook("honest")
    }
    for student, file, reason in done.refused:
        assert all(text and text.isprintable() for text in (student, file, reason))
    return done


def everything(course):
    """All bytes in the course folder but the sources and the gradebook."""
    paths = [p for p in course.root.rglob("*") if p.is_file() and not p.is_symlink()]
    return b"".join(p.read_bytes() for p in paths if p.suffix != ".db")


def test_links_in_folders_are_refused(course, tmp_path, outside):
    folder = tmp_path / "in" / "ann"
    write(folder / NAME, notebook("Ann's"))
    (folder / "data.csv").symlink_to(outside)
    (folder / "more.ipynb").symlink_to(outside)
    (folder / "course").symlink_to(course.root, target_is_directory=True)
    (tmp_path / "in" / "li2").symlink_to(tmp_path, target_is_directory=True)
    (folder / "dangling").symlink_to("/nowhere")
    done = with_bob(course, tmp_path / "in")
    assert done.collected == ["ann", "bob"] and filed(course, "ann") == {NAME: notebook("Ann's")}
    assert done.refused == [
        ("ann", "ann/course", "it is a symbolic link"),
        ("ann", "ann/dangling", "it is a symbolic link"),
        ("ann", "ann/data.csv", "it is a symbolic link"),
        ("ann", "ann/more.ipynb", "it is a symbolic link"),
        ("li2", "li2", "it is a symbolic link"),
    ]
    assert b"not for students" not in everything(course)


def test_pipes_and_sockets_are_refused_and_do_not_block(course, tmp_path):
    write(tmp_path / "in" / "ann" / "x.txt", "x")
    os.mkfifo(tmp_path / "in" / "ann" / NAME)
    done = with_bob(course, tmp_path / "in")
    assert ("ann", f"ann/{NAME}", "it is a device or pipe, not a file") in done.refused


def link_in_zip(name, target, mode=stat.S_IFLNK | 0o777):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info, target


def write_zip(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in entries:
            archive.writestr(info, content)
    return path


def test_links_and_devices_in_archives_are_refused(course, tmp_path, outside):
    zip_path = write_zip(
        tmp_path / "z.zip",
        [
            (zipfile.ZipInfo(f"ann/{NAME}"), notebook("Ann's")),  # of 1980
            link_in_zip("ann/link.csv", str(outside)),
            link_in_zip("ann/device", "", stat.S_IFCHR | 0o666),
            link_in_zip("li2/" + NAME, str(outside)),
        ],
    )
    done = with_bob(course, zip_path)
    assert done.refused == [
        ("ann", "ann/device", "it is a device or pipe, not a file"),
        ("ann", "ann/link.csv", "it is a symbolic link"),
        ("li2", f"li2/{NAME}", "it is a symbolic link"),
    ]
    tar_path = write(
        tmp_path / "t.tar",
        tarred(
            [
                (member(f"ann/{NAME}"), notebook("newer")),
                (member("ann/hard", tarfile.LNKTYPE, f"../../{outside.name}"), b""),
                (member("ann/soft", tarfile.SYMTYPE, str(outside)), b""),
                (member("ann/null", tarfile.CHRTYPE), b""),
                (member("ann/pipe", tarfile.FIFOTYPE), b""),
            ],
            "w",
        ),
    )
    done = take(course, tar_path)
    assert done.collected == ["ann"] and filed(course, "ann") == {NAME: notebook("newer")}
    assert done.refused == [
        ("ann", "ann/hard", "it is a hard link"),
        ("ann", "ann/null", "it is a device or pipe, not a file"),
        ("ann", "ann/pipe", "it is a device or pipe, not a file"),
        ("ann", "ann/soft", "it is a symbolic link"),
    ]
    assert b"not for students" not in everything(course)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.ipynb", "its name leads out of its folder ('..')"),
        ("ann/../../../evil.ipynb", "its name leads out of its folder ('..')"),
        ("ann\\..\\..\\evil.ipynb", "its name leads out of its folder ('..')"),
        ("/tmp/evil.ipynb", "its name is an absolute path"),
        ("\\\\server\\evil.ipynb", "its name is an absolute path"),
        ("C:\\evil.ipynb", "its name starts with a drive letter"),
        ("ann/a\nb.ipynb", "its name holds a line break or another control character"),
        ("ann/\x1b[2Jevil.ipynb", "its name holds a line break or another control character"),
        ("ann/" + "x" * 300 + ".ipynb", "its name is longer than 255 bytes"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_elsewhere_are_refused(course, tmp_path, name, reason, kind):
    if kind == "zip":
        source = write(tmp_path / "s.zip", zipped({name: b"evil"}))
    else:
        source = write(tmp_path / "s.tar", tarred([(member(name), b"evil")], "w"))
    before = {path for path in tmp_path.rglob("*") if course.root not in path.parents}
    done = with_bob(course, source)
    assert [found[2] for found in done.refused] == [reason]
    after = {path for path in tmp_path.rglob("*") if course.root not in path.parents}
    assert {path.name for path in after - before} <= {"honest", f"bob_{NAME}"}
    assert b"evil" not in everything(course)


@pytest.mark.parametrize(
    "name", ["CON.txt", "aux.csv", "a b (1).csv", "größe.csv", "数据.csv", "-rf"]
)
def test_unusual_names_that_are_harmless_stay(course, tmp_path, name):
    source = zipped({f"ann/{NAME}": notebook("x"), f"ann/{name}": b"1"})
    done = take(course, write(tmp_path / "s.zip", source))
    assert done.refused == [] and filed(course, "ann") == {NAME: notebook("x"), name: b"1"}


def test_names_are_made_of_safe_parts():
    assert safe_parts("./a//b\\c.txt") == ("a", "b", "c.txt")
    assert safe_parts("Mu\u0308ller") == ("M\u00fcller",)
    for name in ("", "/", ".", "a/\ud800", "a/\u2028b"):
        with pytest.raises(UnsafeName):
            safe_parts(name)


def test_names_that_a_mac_writes_without_saying_that_they_are_utf8(course, tmp_path):
    path = tmp_path / "mac.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Anna Muxxller/" + NAME, notebook("x"))
    # The same bytes in both places where a zip holds the name, and no flag.
    path.write_bytes(path.read_bytes().replace(b"Muxxller", "Müxller".encode()))
    path.write_bytes(path.read_bytes().replace("Müxller".encode(), "Mu\u0308ller".encode()))
    assert take(course, path).collected == ["ann"]


def test_large_files_are_refused(course, tmp_path):
    write(tmp_path / "in" / "ann" / NAME, b"x" * 2_001)
    done = with_bob(course, tmp_path / "in", bounds=SMALL)
    assert done.refused == [("ann", f"ann/{NAME}", "it is larger than 0.002 MB")]
    source = zipped({f"ann/{NAME}": b"x" * 2_001, "ann/x.csv": b"1"})
    done = with_bob(course, write(tmp_path / "s.zip", source), bounds=SMALL)
    assert ("ann", f"ann/{NAME}", "it is larger than 0.002 MB") in done.refused


def test_a_notebook_of_200_mb_is_refused_without_being_copied(course, tmp_path):
    path = write(tmp_path / "in" / "ann" / NAME, b"{")
    with path.open("r+b") as stream:
        stream.truncate(200_000_000)
    done = with_bob(course, tmp_path / "in")
    assert done.refused == [("ann", f"ann/{NAME}", "it is larger than 20 MB")]


def test_a_zip_that_lies_about_sizes_gives_no_more_than_it_says(course, tmp_path):
    content = zipped({f"ann/{NAME}": b"x" * 2_500, "ann/x.csv": b"1"})
    lie = content.replace(struct.pack("<I", 2_500), struct.pack("<I", 100))
    done = with_bob(course, write(tmp_path / "s.zip", lie), bounds=SMALL)
    assert [(student, file) for student, file, _ in done.refused] == [
        ("ann", f"ann/{NAME}"),
        ("ann", "x.csv"),
    ]


def bomb_by_size():
    return zipped({f"{n}.csv": b"0" * 1_900 for n in range(15)})


def bomb_by_count():
    return zipped({f"{n}.csv": b"" for n in range(30)})


def bomb_in_bomb():
    inner = {f"{n}.zip": zipped({f"{m}.csv": b"0" * 1_900 for m in range(4)}) for n in range(4)}
    return zipped(inner)


def matryoshka():
    content = zipped({NAME: notebook("deep")})
    for _ in range(4):
        content = zipped({"more.zip": content})
    return content


@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        (bomb_by_size, "the archive holds more than 0.02 MB when it is unpacked"),
        (bomb_by_count, "the archive holds more than 20 files"),
        (bomb_in_bomb, "the archive holds more than 0.02 MB when it is unpacked"),
        (matryoshka, "the archive holds archives in archives, more than 3 deep"),
    ],
)
def test_bombs_are_refused_as_a_whole(course, tmp_path, bomb, reason):
    packed = bomb()
    assert len(packed) < 20_000
    source = zipped(
        {
            "mulleranna_12345_700_hw.zip": packed,
            "明李_12347_702_hw.zip": zipped({NAME: notebook("Li's")}),
        }
    )
    done = with_bob(course, write(tmp_path / "s.zip", source), bounds=SMALL)
    assert done.refused == [("ann", "mulleranna_12345_700_hw.zip", reason)]
    assert done.collected == ["bob", "li2"] and filed(course, "ann") == {}
    assert not (course.state / "collecting").exists()


def test_a_compressed_tar_that_unpacks_to_too_much_is_refused(course, tmp_path):
    # One long name is read by tarfile at once: it must not be unpacked that far.
    info = member("n" * 3_000_000)
    packed = gzip.compress(gzip.decompress(tarred([(info, b"")], "w:gz")))
    assert len(packed) < 20_000
    source = zipped({"mulleranna_12345_700_hw.tar.gz": packed})
    done = with_bob(course, write(tmp_path / "s.zip", source), bounds=SMALL)
    assert done.refused == [
        (
            "ann",
            "mulleranna_12345_700_hw.tar.gz",
            "the archive holds more than 0.02 MB when it is unpacked",
        )
    ]


def test_a_whole_source_has_bounds_too(course, tmp_path):
    few = Bounds(source_files=5)
    for n in range(10):
        write(tmp_path / "in" / "ann" / f"{n}.csv", "1")
    done = with_bob(course, tmp_path / "in", bounds=few)
    assert done.refused == [("in", "in", "the folder holds more than 5 files")]
    source = write(tmp_path / "s.zip", zipped({f"ann/{n}.csv": b"1" for n in range(10)}))
    done = take(course, source, bounds=few)
    assert done.refused == [("s.zip", "s.zip", "the archive holds more than 5 files")]


def test_a_list_of_contents_that_is_too_long_is_not_read(course, tmp_path):
    source = write(tmp_path / "s.zip", zipped({f"ann/{n}.csv": b"" for n in range(100)}))
    done = with_bob(course, source, bounds=Bounds(index_bytes=1_000))
    assert done.refused == [("s.zip", "s.zip", "the archive lists too many files")]


def test_encrypted_and_unreadable_members_are_refused(course, tmp_path):
    plain = zipped({f"ann/{NAME}": notebook("x"), "li2/" + NAME: notebook("y")})
    # The flag of encryption in the local header and in the list of contents of the first file.
    locked = bytearray(plain)
    locked[6] |= 1
    locked[plain.index(b"PK\x01\x02") + 8] |= 1
    done = with_bob(course, write(tmp_path / "s.zip", bytes(locked)))
    assert done.refused == [
        ("ann", f"ann/{NAME}", "it is encrypted: ask for it without a password")
    ]
    assert done.collected == ["bob", "li2"]
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(f"ann/{NAME}", notebook("x"))
    done = take(course, tmp_path / "b.zip")
    assert "ask for an ordinary .zip" in done.refused[0][2]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip at all",
        b"PK\x05\x06",
        zipped({f"x/{NAME}": notebook("x")})[:-30],
        b"PK\x05\x06" + b"\xff" * 18,
    ],
)
@pytest.mark.parametrize("name", ["hw.zip", "hw.tar.gz", "hw.tar"])
def test_broken_archives_are_named(course, tmp_path, content, name):
    source = write(
        tmp_path / "s.zip", zipped({f"ann/{name}": content, f"li2/{NAME}": notebook("y")})
    )
    done = with_bob(course, source)
    assert done.collected == ["bob", "li2"]
    ((student, file, reason),) = done.refused
    assert (student, file) == ("ann", f"ann/{name}") and "the archive " in reason
    top = write(tmp_path / name, content)
    assert take(course, top).refused[0][:2] == (name, name)


def test_a_damaged_member_costs_only_itself(course, tmp_path):
    content = bytearray(zipped({f"ann/{NAME}": notebook("x"), f"li2/{NAME}": notebook("y")}))
    content[60] ^= 0xFF  # inside the compressed bytes of the first
    done = with_bob(course, write(tmp_path / "s.zip", bytes(content)))
    assert done.collected == ["bob", "li2"]
    assert done.refused[0][:2] == ("ann", f"ann/{NAME}")
    assert done.refused[0][2].startswith("it cannot be unpacked")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b'{"cells": 3}', b"[" * 100_000, b'{"cells": [1, null, {"metadata": 5}]}',
        b"1" * 10_000, b"\xff\xfe\x00",
        b'{"cells": [{"metadata": {"nbgrader": {"grade_id": []}}}]}',
    ],
)  # fmt: skip
def test_notebooks_that_are_none_are_filed_and_named(course, tmp_path, content):
    """Grading says what is wrong with them: they are what the student handed in."""
    write(tmp_path / "in" / "ann" / NAME, content)
    write(tmp_path / "in" / "li2" / NAME, content)
    write(tmp_path / "in" / "li2" / "mine.ipynb", notebook("mine"))
    done = with_bob(course, tmp_path / "in")
    assert done.collected == ["ann", "bob", "li2"] and filed(course, "ann") == {NAME: content}
    assert filed(course, "li2")[NAME] == notebook("mine")
    if b"cells" not in content or b": 3" in content:
        assert ("ann", f"{NAME} is filed, but it cannot be read as a notebook") in done.notes


def test_a_file_and_a_folder_of_one_name_do_not_collide(course, tmp_path):
    source = zipped({f"ann/{NAME}": notebook("x"), "ann/data": b"1", "ann/data/x.csv": b"2"})
    done = take(course, write(tmp_path / "s.zip", source))
    assert filed(course, "ann") == {NAME: notebook("x"), "data": b"1"}
    assert done.notes == [("ann", "data/x.csv is left out: a file and a folder have this name")]


def test_odd_ids_in_an_old_gradebook_never_become_paths(course, tmp_path):
    with course.gradebook() as gradebook:
        gradebook.add_student("../evil", email="evil@uni.example")
    done = with_bob(course, write(tmp_path / f"evil@uni.example_{NAME}", notebook("x")))
    assert done.collected == ["bob"]
    assert "starts with a dot: change it in the gradebook" in done.unmatched[0][1]
    assert not (course.root / "evil").exists()


def test_a_full_disk_is_one_line(course, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr("derived.grading.setup.filing.shutil.copyfile", fail)
    with pytest.raises(CourseError, match=r"collecting stopped .No space left.*make room"):
        take(course, write(tmp_path / f"ann_{NAME}", notebook("x")))
    assert not (course.state / "collecting").exists() and filed(course, "ann") == {}
