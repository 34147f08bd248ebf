"""Submissions that reach for what is not theirs: the machine, the course, other students' work."""

from __future__ import annotations

import os
import site
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from derived.grading.trusted.workplace import Workplace

from .hostile_assignment import GENEROUS, Room, handed_in, open_room, points, submission, texts

WRONG = "def standardize(X):\n    return X - X.mean(0)"


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room(GENEROUS) as opened:
        yield opened


def said(room: Room, code: str, **options: object) -> str:
    """Return what a cell prints; all tasks beside it are right, and get their points."""
    outcome = room.grade(handed_in(code), **options)
    assert outcome.scores == points()
    return texts(outcome, code)


def test_no_network(room: Room):
    name = f"\0derived-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        abstract.bind(name)
        abstract.listen()
        server.settimeout(0)
        code = f"""
import socket
reached = []
for family, address in (
    (socket.AF_INET, ("127.0.0.1", {server.getsockname()[1]})),
    (socket.AF_INET, ("192.0.2.1", 80)),
    (socket.AF_UNIX, {name!r}),
):
    with socket.socket(family) as client:
        client.settimeout(1)
        try:
            client.connect(address)
            reached.append(address)
        except OSError:
            pass
try:
    reached.append(socket.getaddrinfo("example.org", 80))
except OSError:
    pass
print(reached)"""
        assert said(room, code) == "[]\n"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_no_file_of_the_course_can_be_read_or_written(room: Room, tmp_path: Path):
    course = tmp_path / "course"
    kept = {
        "gradebook.db": "scores",
        "source/ps1/ps1.ipynb": "solutions",
        "submitted/other/ps1/ps1.ipynb": "another student's",
        "nbgrader_config.py": "c = get_config()",
    }
    for name, text in kept.items():
        path = course / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    course.chmod(0o777)
    paths = [str(course / name) for name in kept]
    code = f"""
import os, sqlite3
done = []
for path in {paths}:
    for way in (path, "/proc/1/root" + path, "/proc/self/root" + path, "/proc/self/cwd" + path):
        for mode in ("r", "a"):
            try:
                with open(way, mode) as file:
                    done.append(file.read() if mode == "r" else file.write("x"))
            except OSError:
                pass
try:
    sqlite3.connect({paths[0]!r}).execute("create table grades (score)")
    done.append("database")
except sqlite3.Error:
    pass
for number in range(3, 256):
    try:
        done.append((number, os.listdir(number)))
    except OSError:
        pass
print(done)"""
    assert said(room, code) == "[]\n"
    assert {name: (course / name).read_text() for name in kept} == kept


def test_nothing_outside_of_its_own_folders_can_be_written(room: Room):
    targets = [
        os.path.expanduser("~"),
        *site.getsitepackages(),
        os.path.dirname(os.__file__),
        "/",
        "/etc",
        "/usr/lib",
        "/var/tmp",
        "/dev",
        "/proc/self/../../..",
        str(Path(__file__).parents[2]),
    ]
    code = f"""
import os
written = []
for folder in {targets}:
    try:
        with open(os.path.join(folder, "derived-was-here.py"), "w") as file:
            written.append(folder)
    except OSError:
        pass
print(written)"""
    assert said(room, code) == "[]\n"
    for folder in targets:
        assert not Path(folder, "derived-was-here.py").exists()


def test_start_up_files_reach_no_later_submission(room: Room):
    """Neither the next kernel of this submission nor that of another starts with them."""
    patch = "import builtins, numpy; numpy.testing.assert_allclose = numpy.allclose = print"
    code = f"""
import os, site, sys
places = [
    os.path.expanduser("~/.ipython/profile_default/startup/00.py"),
    os.path.join(os.environ.get("IPYTHONDIR", "/tmp"), "profile_default/startup/00.py"),
    os.path.expanduser("~/.config/ipython/profile_default/ipython_kernel_config.py"),
    os.path.expanduser("~/.pythonrc.py"),
    os.path.join(site.getusersitepackages(), "usercustomize.py"),
    os.path.join(sys.prefix, "lib/python3/site-packages/sitecustomize.py"),
    "/tmp/sitecustomize.py", "sitecustomize.py", "numpy.py",
]
for place in places:
    try:
        os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
        with open(place, "w") as file:
            file.write({patch!r})
    except OSError:
        pass
os.environ["PYTHONSTARTUP"] = places[3]
os._exit(0)"""
    assert room.grade(handed_in(code, standardize=WRONG)).scores == points("standardize")
    left = "import os\nprint(os.listdir(), os.path.exists(os.path.expanduser('~/.ipython')))"
    assert said(room, left) == "[] False\n"
    assert room.grade(submission(standardize=WRONG)).scores == points("standardize")


def test_the_processes_of_the_machine_are_out_of_sight_and_reach(room: Room):
    code = f"""
import os, signal
seen = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
print(max(seen) < {os.getpid()} or len(seen) < 10)
names = [open(f"/proc/{{number}}/cmdline").read() for number in seen]
print(any("pytest" in name for name in names))
for number in (os.getppid(), 1, {os.getpid()}, {os.getppid()}, 0, -1):
    try:
        if number > 0 and number != os.getpid():
            os.kill(number, signal.SIGTERM)
    except OSError:
        pass
try:
    os.killpg(os.getpgid(os.getppid()), 0)
    os.setpriority(os.PRIO_USER, 0, -20)
    print("first")
except OSError:
    print("not first")"""
    assert said(room, code) == "True\nFalse\nnot first\n"
    assert psutil.Process().is_running()


def test_killing_the_parent_ends_the_kernel_and_nothing_else(room: Room):
    code = "import os\nos.kill(os.getppid(), 9)\nos.kill(1, 9)"
    assert room.grade(handed_in(code)).scores == points()


def test_files_beside_the_notebook_shadow_no_module(room: Room, tmp_path: Path):
    for name in ("numpy", "sitecustomize", "ipykernel_launcher", "json", "derived", "data"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('mine')\nmine = 1")
    (tmp_path / "data.py").write_text("value = 7")
    assert room.grade(submission(), files=tmp_path).scores == points()
    outcome = room.grade(submission(standardize=WRONG), files=tmp_path)
    assert outcome.scores == points("standardize")
    assert said(room, "import data\nprint(data.value)", files=tmp_path) == "7\n"


def test_links_and_notebooks_beside_the_notebook_stay_behind(room: Room, tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the host's")
    files = tmp_path / "files"
    (files / "inner").mkdir(parents=True)
    (files / "data.txt").write_text("mine")
    (files / "link.txt").symlink_to(secret)
    (files / "inner" / "link.txt").symlink_to(secret)
    (files / "folder").symlink_to(tmp_path)
    (files / "other.ipynb").write_text("{}")
    code = """
import os
print(sorted(os.path.join(folder, name) for folder, _, names in os.walk(".") for name in names))
print(open("data.txt").read())
try:
    open("data.txt", "a")
except OSError:
    print("read-only")"""
    assert said(room, code, files=files) == "['./data.txt']\nmine\nread-only\n"
    assert (files / "data.txt").read_text() == "mine"


def test_the_folder_of_the_sockets_cannot_be_filled(room: Room):
    code = """
import glob, os
folder = os.path.dirname(glob.glob("/tmp/derived-*/*/*/s/k.json")[0])
done = []
for attempt in (
    lambda: open(os.path.join(folder, "flood"), "w").write("x"),
    lambda: os.mkdir(os.path.join(folder, "more")),
    lambda: open(os.path.join(folder, "k.json"), "a").write("x"),
    lambda: os.unlink(os.path.join(folder, "k.json")),
    lambda: os.chmod(folder, 0o777) or os.mkdir(os.path.join(folder, "more")),
    lambda: os.rename(folder, folder + "2"),
    lambda: os.symlink("/etc/passwd", os.path.join(folder, "link")),
):
    try:
        attempt()
        done.append(attempt)
    except OSError:
        pass
print(done)"""
    assert said(room, code) == "[]\n"


def test_only_its_own_sockets_are_in_sight(room: Room):
    """The tests' kernel runs meanwhile; another submission's would stand beside this one's."""
    with Workplace() as other:
        neighbours = [room.place.kernels / "neighbour", other.kernels / "neighbour"]
        for neighbour in neighbours:
            neighbour.mkdir()
        room.others = [*neighbours, other.folder]
        try:
            code = """
import glob
print([len(glob.glob(f"/tmp/derived-*{inner}")) for inner in ("", "/*", "/*/*", "/*/*/*")])"""
            assert said(room, code) == "[1, 1, 1, 1]\n"
        finally:
            room.others = []
            neighbours[0].rmdir()
