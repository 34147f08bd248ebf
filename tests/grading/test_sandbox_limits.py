"""What a submission may use: it is ended beyond, in words, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from derived.grading.sandbox import folders, watchdog
from derived.grading.sandbox.limits import Limits

from .sandboxed_kernels import MODES, Kernel, kernel, new_manager

#: Children that hold memory until they are killed; each is far below the limit of one process.
MANY_FORKS = """
import os, time
for _ in range(20):
    if os.fork() == 0:
        held = b"x" * (80 << 20)
        time.sleep(60)
time.sleep(60)
"""


@pytest.mark.parametrize("mode", MODES)
def test_memory_of_all_processes_together_is_bounded(mode):
    with kernel(mode=mode, limits={"memory_mb": 1200}) as started:
        assert started.run_to_death(MANY_FORKS) == "it used more than 1200 MiB of memory"


def test_memory_that_forks_share_counts_once():
    fork_ten = (
        "import os, time\nheld = b'x' * (150 << 20)\nchildren = []\nfor _ in range(10):\n"
        "    child = os.fork()\n    if child == 0:\n        time.sleep(60)\n"
        "    children.append(child)\ntime.sleep(1)\n"
        "for child in children:\n    os.kill(child, 9); os.waitpid(child, 0)\nprint('lives')"
    )
    with kernel(limits={"memory_mb": 1200}) as started:
        assert started.run(fork_ten) == "lives"
        assert started.stopped_because is None


def test_memory_that_grows_in_one_process_is_a_memory_error():
    grow = "held = []\nwhile True: held.append(bytearray(50 << 20))"
    with kernel(limits={"memory_mb": 1000}) as started:
        assert "MemoryError" in started.run(grow)
        assert started.run("held = None; print('lives')") == "lives"


FORK_BOMB = """
import os, time
def children():
    for count in range(500):
        if os.fork() == 0:
            time.sleep(60)
try:
    children()
except BlockingIOError:
    print("refused")
"""


def test_a_fork_bomb_is_refused():
    """Root's code runs under a user id of its own, so that the system's limit binds it."""
    with kernel(limits={"processes": 40}) as started:
        assert started.run(FORK_BOMB) == "refused"
        assert watchdog.Sandbox(started.manager.provisioner.pid).usage().processes <= 41


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is exempt from the system's limit")
def test_a_fork_bomb_that_the_system_lets_through_is_killed():
    with kernel(mode="user", limits={"processes": 40}) as started:
        assert started.run_to_death(FORK_BOMB) == "it had more than 40 processes and threads"


def allow_one_more_second(started: Kernel) -> None:
    """Set the limit by what was used up: a start takes longer on a machine with much other work."""
    watch = started.manager.provisioner._watch
    used = max(time.monotonic() - watch._started, watch._sandbox.usage().seconds)
    watch.limits = Limits(submission_seconds=used + 1)


def test_processor_time_of_all_processes_together_is_bounded():
    burn = "import os\nfor _ in range(5): os.fork()\nwhile True: pass"
    with kernel() as started:
        watch = started.manager.provisioner._watch
        watch._started += 1000  # the clock on the wall is not what ends it
        watch.limits = Limits(submission_seconds=watch._sandbox.usage().seconds + 1)
        reason = started.run_to_death(burn)
        assert re.fullmatch(r"it used more than [\d.]+ s of processor time", reason)


def test_processor_time_of_children_that_have_ended_counts():
    burn = (
        "import os, time\nwhile True:\n    if os.fork() == 0:\n"
        "        end = time.process_time() + 0.05\n"
        "        while time.process_time() < end: pass\n        os._exit(0)\n    os.wait()"
    )
    with kernel() as started:
        sandbox = watchdog.Sandbox(started.manager.provisioner.pid)
        before = sandbox.usage().seconds
        started.client.execute(burn)
        end = time.monotonic() + 30
        while sandbox.usage().seconds < before + 1:
            assert time.monotonic() < end
            time.sleep(0.1)
        sandbox.close()


@pytest.mark.parametrize("mode", MODES)
def test_sleeping_does_not_last_for_ever(mode):
    with kernel(mode=mode) as started:
        allow_one_more_second(started)
        reason = started.run_to_death("import time; time.sleep(100)")
        assert re.fullmatch(r"it ran longer than [\d.]+ s", reason)


def test_files_in_memory_are_bounded_in_number():
    endless = "from pathlib import Path\nn = 0\nwhile True: Path(f'/dev/shm/{n}').touch(); n += 1"
    with kernel() as started:
        assert started.run_to_death(endless) == "it made more than 20000 files"


@pytest.mark.parametrize("mode", MODES)
def test_files_in_memory_are_bounded_in_size(mode):
    fill = (
        "import os\nfor n in range(100):\n    try:\n"
        "        with open(f'/dev/shm/{n}', 'wb') as f: f.write(bytes(30 << 20))\n"
        "    except OSError as error: print(error.errno); break"
    )
    with kernel(mode=mode) as started:
        assert started.run(fill) == "28"  # no space left


@pytest.mark.parametrize("mode", MODES)
def test_killing_everything_ends_only_the_kernel(mode):
    kill_parent = "import os\ntry: os.kill(os.getppid(), 9)\nexcept PermissionError: pass"
    before = set(psutil.Process().children(recursive=True))
    with kernel(mode=mode) as started:
        assert started.run(kill_parent) == ""
        assert started.run_to_death("try: os.kill(-1, 9)\nfinally: os._exit(1)") is None
    # A process that was killed is listed until the system has taken it down.
    left = set(psutil.Process().children(recursive=True)) - before
    _, alive = psutil.wait_procs(left, timeout=20)
    assert not alive


DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(3): os.close(number)
        os.execvp("sleep", ["sleep", "98765.4321"])
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("mode", MODES)
def test_a_daemon_ends_with_its_kernel(mode):
    def daemons() -> list[psutil.Process]:
        found = psutil.process_iter(["cmdline"])
        return [process for process in found if "98765.4321" in (process.info["cmdline"] or ())]

    with kernel(mode=mode) as started:
        started.run(DAEMON)
        end = time.monotonic() + 10
        while len(daemons()) != 1:
            assert time.monotonic() < end
    end = time.monotonic() + 20  # what is killed is listed until its turn to leave comes
    while daemons():
        assert time.monotonic() < end
        time.sleep(0.02)


GRADER = """
import os, signal, sys
from tests.grading.sandboxed_kernels import new_manager
manager = new_manager()
manager.start_kernel()
print(manager.provisioner.pid, manager.provisioner.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_outlives_a_grader_that_is_killed():
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", GRADER], cwd=root, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    pid, folder = killed.stdout.split()
    end = time.monotonic() + 10
    while psutil.pid_exists(int(pid)):
        assert time.monotonic() < end, "the sandbox lives without its grader"
        time.sleep(0.02)
    assert Path(folder).is_dir()
    assert Path(folder) in folders.clean_leftovers()
    assert not Path(folder).exists()


def test_a_kernel_that_cannot_start_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "PARENT", tmp_path)
    manager = new_manager(visible=["/does/not/exist"])
    manager.start_kernel()
    assert not manager.is_alive()
    manager.shutdown_kernel(now=True)
    assert list(tmp_path.iterdir()) == []


def test_watching_costs_little():
    """Five kernels, five times a second, in less than 1 % of a core: 0.4 ms a look."""
    with kernel() as started:
        watch = started.manager.provisioner._watch
        watch.look()
        start = time.thread_time()
        for _ in range(100):
            watch.look()
        assert (time.thread_time() - start) / 100 < 0.4e-3
