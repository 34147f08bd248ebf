"""What a submission tries from inside its kernel, and what must work for an honest one."""

from __future__ import annotations

import json
import os
import secrets
import socket

import pytest

from derived.grading.sandbox import command, folders, seccomp

from .sandboxed_kernels import MODES, Kernel, kernel

CANNOT_WRITE = ("PermissionError 13", "OSError 30")  # not its file; a read-only mount


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with a submission, and a secret that no submission may read."""
    root = tmp_path_factory.mktemp("course")
    files = root / "submitted" / "alice" / "ps1"
    (files / "data").mkdir(parents=True)
    (root / "secret.txt").write_text("the solution")
    (files / "ps1.ipynb").write_text("{}")
    (files / "numpy.py").write_text("raise RuntimeError('shadowed')")
    (files / "my_module.py").write_text("answer = 42")
    (files / "data" / "points.csv").write_text("1,2")
    (files / "link.txt").symlink_to(root / "secret.txt")
    (files / "data" / "link.txt").symlink_to(root / "secret.txt")
    os.mkfifo(files / "pipe")
    return root


@pytest.fixture(scope="module", params=MODES)
def sandboxed(request, course):
    with kernel(mode=request.param, files=str(course / "submitted/alice/ps1")) as started:
        yield started


def error_of(sandboxed: Kernel, statements: str) -> str:
    """Return the name of the error that statements raise, or what they print."""
    body = "\n".join(f"    {line}" for line in statements.splitlines())
    return sandboxed.run(
        f"import os, socket, ctypes\ntry:\n{body}\n    print('nothing stopped it')\n"
        "except OSError as error:\n    print(type(error).__name__, error.errno)"
    )


def test_there_is_no_network(sandboxed):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        assert error_of(sandboxed, f"socket.create_connection({address!r}, 2)") == (
            "ConnectionRefusedError 111"
        )
    outside = error_of(sandboxed, "socket.create_connection(('192.0.2.1', 80), 2)")
    assert outside == "OSError 101"


def test_the_sockets_of_the_machine_are_elsewhere(sandboxed, tmp_path):
    name = f"\0derived-{secrets.token_hex(4)}"
    with socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(name)
        abstract.listen()
        connect = f"socket.socket(socket.AF_UNIX).connect({name!r})"
        assert error_of(sandboxed, connect) == "ConnectionRefusedError 111"


@pytest.mark.parametrize(("family", "number"), [("vsock", 40), ("packet", 17), ("alg", 38)])
def test_other_families_of_sockets_cannot_be_opened(sandboxed, family, number):
    assert error_of(sandboxed, f"socket.socket({number}, socket.SOCK_STREAM)") == "OSError 97"


def test_a_family_with_bits_that_the_system_ignores_is_seen_through(sandboxed):
    code = (
        f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"print(libc.syscall({seccomp._number(seccomp.library(), 'socket')}, "
        "ctypes.c_ulong((1 << 32) | 40), 1, 0), ctypes.get_errno())"
    )
    assert sandboxed.run(code) == "-1 97"


def test_the_course_and_the_machine_are_not_there(sandboxed, course):
    for path in (course, course / "secret.txt", "/etc/passwd", "/etc/hostname", "/root/.bashrc"):
        assert error_of(sandboxed, f"os.lstat({str(path)!r})") == "FileNotFoundError 2"
    assert error_of(sandboxed, f"os.lstat('/proc/{os.getpid()}/root')") == "FileNotFoundError 2"


def test_only_the_plain_files_beside_the_notebook_are_there(sandboxed):
    listing = sandboxed.run("import os; print(sorted(os.listdir('.')), os.listdir('data'))")
    assert listing == "['data', 'my_module.py', 'numpy.py'] ['points.csv']"


def test_the_files_cannot_be_changed_and_new_ones_can_stand_beside_them(sandboxed):
    for path in ("my_module.py", "data/points.csv", "data/new"):
        assert error_of(sandboxed, f"open({path!r}, 'a')") in CANNOT_WRITE
    assert sandboxed.run("open('new', 'w').write('x'); print(open('new').read())") == "x"


def test_modules_of_the_assignment_are_found_and_shadow_none(sandboxed):
    code = "import numpy, my_module; print(numpy.arange(3).sum() + my_module.answer)"
    assert sandboxed.run(code) == "45"
    assert sandboxed.run("import sys; print(sys.path[-1])") == command.WORK


def test_nothing_of_the_machine_can_be_written(sandboxed):
    read_only = [folder for folder in command.read_only_folders() if folder.is_dir()]
    for folder in (*read_only, "/", "/dev", "/etc", sandboxed.folder / "s"):
        answer = error_of(sandboxed, f"open('{folder}/derived-canary', 'w')")
        assert answer in CANNOT_WRITE, folder
    connection = str(sandboxed.folder / "s" / "k.json")
    assert error_of(sandboxed, f"open({connection!r}, 'a')") in CANNOT_WRITE


def test_the_closed_folder_of_the_sockets_stays_closed(sandboxed):
    folder = str(sandboxed.folder / "s")
    tried = f"os.chmod({folder!r}, 0o777)\nopen({folder + '/x'!r}, 'w')"
    assert error_of(sandboxed, tried) == "PermissionError 13"
    listed = f"os.setxattr({folder!r}, 'system.posix_acl_access', b'')"
    assert error_of(sandboxed, listed) == "OSError 95"
    assert (sandboxed.folder / "s").stat().st_mode & 0o222 == 0


def test_no_process_of_the_machine_can_be_seen_or_sent_a_signal(sandboxed):
    assert error_of(sandboxed, f"os.kill({os.getpid()}, 0)") == "ProcessLookupError 3"
    commands = sandboxed.run(
        "import glob\n"
        "print([open(path).read().split('\\0')[0] for path in glob.glob('/proc/[0-9]*/cmdline')])"
    )
    assert len(commands.split(",")) == 2 and "bwrap" in commands and "python" in commands


def test_the_environment_is_clean(sandboxed, monkeypatch):
    names = json.loads(sandboxed.run("import os, json; print(json.dumps(list(os.environ)))"))
    assert "JPY_PARENT_PID" not in names and "PYTEST_CURRENT_TEST" not in names
    assert {"PYTHONSAFEPATH", "OMP_NUM_THREADS", "HOME"} <= set(names) and len(names) < 30


def test_the_code_has_no_privilege_and_a_filter(sandboxed):
    status = sandboxed.run("print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Seccomp"] == "2" and fields["NoNewPrivs"] == "1"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(fields[kind], 16) == 0, kind
    assert "0" not in fields["Uid"].split() + fields["Gid"].split()
    # A system without memory ends the submission, not the grader.
    assert sandboxed.run("print(open('/proc/self/oom_score_adj').read())") == "500"


EXPECTED = {**dict.fromkeys(seccomp.REFUSED, 1), **dict.fromkeys(seccomp.ABSENT, 38)}


def test_every_refused_system_call_is_refused(sandboxed):
    library = seccomp.library()
    numbers = {name: seccomp._number(library, name) for name in EXPECTED}
    numbers = {name: number for name, number in numbers.items() if number is not None}
    assert len(numbers) > 60
    answers = sandboxed.run(
        "import ctypes, json\nlibc = ctypes.CDLL(None, use_errno=True)\nanswers = {}\n"
        f"for name, number in {numbers!r}.items():\n"
        "    result = libc.syscall(number, -1, 0, 0, 0, 0, 0)\n"
        "    answers[name] = ctypes.get_errno() if result == -1 else f'returned {result}'\n"
        "print(json.dumps(answers))"
    )
    assert json.loads(answers) == {name: EXPECTED[name] for name in numbers}


def test_clone_makes_no_namespace(sandboxed):
    clone = seccomp._number(seccomp.library(), "clone")
    code = (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"for flag in {seccomp.NAMESPACE_FLAGS!r}:\n"
        f"    pid = libc.syscall({clone}, flag | 17, 0, 0, 0, 0)\n"
        "    if pid == 0: os._exit(0)\n"
        "    if (pid, ctypes.get_errno()) != (-1, 1): print(hex(flag), pid)\n"
    )
    assert sandboxed.run(code) == ""


def test_typing_into_a_terminal_and_hiding_memory_are_refused(sandboxed):
    assert error_of(
        sandboxed, "import fcntl, pty\nfcntl.ioctl(pty.openpty()[1], 0x5412, b'x')"
    ) == ("PermissionError 1")
    assert (
        error_of(sandboxed, "import mmap\nmmap.mmap(-1, 4096).madvise(21)") == "PermissionError 1"
    )


def test_the_folders_in_memory_have_a_bottom(sandboxed):
    code = (
        "import os\nsizes = [os.statvfs(p) for p in ('/dev/shm', '/tmp', '/home/student', '.')]\n"
        "print(sum(s.f_blocks * s.f_frsize for s in sizes) >> 20)"
    )
    bound = command.SHARED_MIB + command.TEMPORARY_MIB + command.HOME_MIB + 4 * 64
    assert sandboxed.run(code) == str(bound)
    fill = (
        "try:\n    with open('/dev/shm/x', 'wb') as f:\n        while True: f.write(bytes(9999))\n"
        "except OSError as error: print(error.errno)\nos.remove('/dev/shm/x')"
    )
    assert sandboxed.run(fill) == "27"  # larger than one file may be


def test_fifty_gigabytes_are_a_memory_error_and_the_kernel_lives(sandboxed):
    assert "MemoryError" in sandboxed.run("import numpy; numpy.ones(50 * 1024**3 // 8)")
    assert sandboxed.run("print(1 + 1)") == "2" and sandboxed.stopped_because is None


def test_an_endless_loop_can_be_interrupted(sandboxed):
    code = "print('in the loop', flush=True)\nwhile True: pass"
    request = sandboxed.client.execute(code, stop_on_error=False)
    while sandboxed.client.get_iopub_msg(timeout=60)["content"].get("text") != "in the loop\n":
        pass
    sandboxed.manager.interrupt_kernel()
    while (reply := sandboxed.client.get_shell_msg(timeout=60))["parent_header"][
        "msg_id"
    ] != request:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert sandboxed.run("print('again')") == "again"


def test_what_honest_submissions_use_works(sandboxed):
    assert sandboxed.run(
        "import multiprocessing, subprocess, tempfile, threading, shutil, getpass\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(abs, [1, -2]))\n"
        "queue = multiprocessing.Queue(); queue.put(3); print(queue.get())\n"
        "thread = threading.Thread(target=print, args=('thread',)); thread.start(); thread.join()\n"
        "print(subprocess.run(['echo', 'child'], capture_output=True, text=True).stdout.strip())\n"
        "with tempfile.NamedTemporaryFile() as file: shutil.copy('my_module.py', file.name)\n"
        "print('nowhere', file=open('/dev/null', 'w')); print(getpass.getuser())\n"
        "import derived.nn; print(derived.nn.__name__)"
    ).splitlines() == ["[1, 2]", "3", "thread", "child", "student", "derived.nn"]


def test_figures_are_drawn(sandboxed):
    sandboxed.client.execute("import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()")
    kinds = set()
    while "image/png" not in kinds:
        message = sandboxed.client.get_iopub_msg(timeout=60)
        kinds |= set(message["content"].get("data", ()))
        assert message["msg_type"] != "error", message["content"]


def test_torch_trains():
    with kernel() as started:
        assert (
            started.run(
                "import torch\nlayer = torch.nn.Linear(3, 1)\n"
                "optimiser = torch.optim.SGD(layer.parameters(), 0.1)\nold = layer.weight.clone()\n"
                "layer(torch.ones(4, 3)).sum().backward(); optimiser.step()\n"
                "print(bool((layer.weight < old).all()))"
            )
            == "True"
        )


def test_a_restarted_kernel_has_forgotten_and_answers_the_same_client():
    with kernel() as started:
        started.run("x = 1")
        started.manager.restart_kernel(now=True)
        started.client.wait_for_ready(timeout=60)
        assert "NameError" in started.run("print(x)")
        assert (started.folder / "s").stat().st_mode & 0o222 == 0


def test_start_up_files_do_not_reach_the_next_kernel():
    write = (
        "import os\nfor home in (os.environ['IPYTHONDIR'], os.path.expanduser('~/.ipython')):\n"
        "    os.makedirs(home + '/profile_default/startup', exist_ok=True)\n"
        "    open(home + '/profile_default/startup/00.py', 'w').write('infected = 1')\n"
    )
    with kernel() as first:
        assert first.run(write) == ""
        with kernel() as second:
            assert "NameError" in second.run("infected")


def test_a_kernel_connects_to_the_sockets_of_one_that_it_may_see(tmp_path):
    scratch = folders.make_scratch()
    try:
        with (
            kernel(scratch=str(scratch)) as answers,
            kernel(visible=[str(scratch)]) as tests,
        ):
            file = answers.folder / "s" / "k.json"
            assert len(f"{answers.folder}/s/k-5".encode()) <= 107
            code = (
                "from jupyter_client import BlockingKernelClient\n"
                f"client = BlockingKernelClient(connection_file={str(file)!r})\n"
                "client.load_connection_file(); client.start_channels()\n"
                "client.wait_for_ready(timeout=30)\nclient.execute_interactive('print(6 * 7)')"
            )
            assert tests.run(code).startswith("42")
            assert "FileNotFound" in error_of(answers, f"os.lstat({str(tests.folder)!r})")
    finally:
        folders.remove(scratch.parent)
