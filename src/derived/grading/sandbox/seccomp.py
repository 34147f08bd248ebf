"""A filter of system calls: what a namespace does not confine, a submission may not ask for.

bubblewrap takes files, network, processes and privileges away.
Its walls are the kernel's own code, and every system call is a door to more of that code.
The filter allows everything that numerical Python needs and refuses

* new namespaces, mounts and roots, so that nobody builds a sandbox in the sandbox to gain
  capabilities in it (most kernel escapes of the last years begin like that);
* sockets other than Unix and Internet ones: ``AF_VSOCK`` reaches the hypervisor's host whatever
  the network namespace is, and ``AF_ALG``, ``AF_NETLINK`` and ``AF_PACKET`` open large, rarely
  used parts of the kernel;
* io_uring, bpf, perf events, userfaultfd and kernel keys: rich interfaces that no exercise needs;
* looking into other processes, loading modules, setting clocks, swap, quotas, reboot;
* memory that no process shows as resident (System V segments and queues, ``memfd``, secret
  memory, pages pushed to swap), because the watchdog counts resident memory;
* typing into a terminal (``TIOCSTI``, ``TIOCLINUX``);
* changing permissions (it says yes and does nothing, so that ``shutil.copy`` works): the folder of
  the kernel's sockets, which lies on the host's disk, stays closed to a kernel that owns it.

What is refused fails with ``EPERM``, or with ``ENOSYS`` where the C library then takes the older
call. Calls of another architecture (32-bit code on a 64-bit machine) end the process.
It is a second wall: a filter with a default of "allow" does not know the calls of kernels to come.
"""

from __future__ import annotations

import errno
import functools
import os
from typing import Any

from ..errors import CourseError

__all__ = ["descriptor", "program"]

#: The flags of ``clone`` that make a namespace: time, mount, cgroup, uts, ipc, user, pid, network.
NAMESPACE_FLAGS = (
    0x80,
    0x20000,
    0x2000000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)

#: AF_UNIX, AF_INET, AF_INET6.
ALLOWED_FAMILIES = (1, 2, 10)
NETLINK = 16

#: Requests of ``ioctl`` that put characters into a terminal: TIOCSTI, TIOCLINUX.
TERMINAL_REQUESTS = (0x5412, 0x541C)

REFUSED = """
unshare setns mount umount umount2 move_mount open_tree open_tree_attr fsopen fsconfig fsmount
fspick mount_setattr pivot_root chroot
ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise process_mrelease
bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
add_key request_key keyctl
kexec_load kexec_file_load init_module finit_module delete_module create_module reboot
swapon swapoff quotactl quotactl_fd acct syslog
settimeofday stime clock_settime clock_settime64 clock_adjtime clock_adjtime64 adjtimex
open_by_handle_at name_to_handle_at fanotify_init lookup_dcookie
sethostname setdomainname vhangup uselib personality
shmget shmat msgget semget vmsplice
iopl ioperm modify_ldt
""".split()

#: Calls that change who may write to a file, and what they answer.
IGNORED = ("chmod", "fchmod", "fchmodat", "fchmodat2")
UNSUPPORTED = ("setxattr", "lsetxattr", "fsetxattr", "setxattrat", "file_setattr")

#: Calls that a library tries first and does without where the kernel has none.
ABSENT = ("clone3", "memfd_create", "memfd_secret")

#: Numbers, the same on every architecture, of calls that an older libseccomp has no name for.
NUMBERS = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "fchmodat2": 452,
    "setxattrat": 463,
    "open_tree_attr": 467,
    "file_setattr": 469,
}

#: Advice to ``madvise`` that takes pages out of resident memory: MADV_COLD, MADV_PAGEOUT.
PAGING_ADVICE = (20, 21)


def library() -> Any:
    """Return the module pyseccomp; raises CourseError if libseccomp is not on the machine."""
    try:
        import pyseccomp  # noqa: PLC0415  (it fails to import where the C library is missing)
    except (ImportError, RuntimeError, OSError) as error:
        raise CourseError(
            "the sandbox needs libseccomp and its Python binding: sudo apt-get install libseccomp2 "
            f'&& pip install "deep-learning-derived[grading]" ({error})'
        ) from error
    return pyseccomp


def _number(seccomp: Any, name: str) -> int | None:
    """Return the number of a system call, or None if this machine has no such call."""
    try:
        number = int(seccomp.resolve_syscall(seccomp.Arch.NATIVE, name))
    except (ValueError, OSError):
        number = -1
    return NUMBERS.get(name) if number < 0 else number


def _refuse_arguments(seccomp: Any, rules: Any) -> None:
    """Add the rules that look at an argument.

    The kernel reads a ``int`` argument's lower 32 bits alone, so the comparison masks the others.
    """
    refuse = seccomp.ERRNO(errno.EPERM)
    for flag in NAMESPACE_FLAGS:
        rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    for request in TERMINAL_REQUESTS:
        rules.add_rule(refuse, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    for advice in PAGING_ADVICE:
        rules.add_rule(refuse, "madvise", seccomp.Arg(2, seccomp.MASKED_EQ, 0xFFFFFFFF, advice))
    # ZeroMQ lists the network interfaces, and goes on without a list after this error alone.
    no_list = seccomp.ERRNO(errno.EOPNOTSUPP)
    rules.add_rule(no_list, "socket", seccomp.Arg(0, seccomp.EQ, NETLINK))
    unknown_family = seccomp.ERRNO(errno.EAFNOSUPPORT)
    for call in ("socket", "socketpair"):
        for family in sorted(set(range(NETLINK)) - set(ALLOWED_FAMILIES)):
            rules.add_rule(unknown_family, call, seccomp.Arg(0, seccomp.EQ, family))
        rules.add_rule(unknown_family, call, seccomp.Arg(0, seccomp.GT, NETLINK))


@functools.cache
def program() -> bytes:
    """Return the filter as the kernel reads it (BPF).

    Raises CourseError if libseccomp is not on the machine.
    """
    seccomp = library()
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    answers = {errno.EPERM: REFUSED, errno.ENOSYS: ABSENT, 0: IGNORED, errno.ENOTSUP: UNSUPPORTED}
    for answer, names in answers.items():
        for name in names:
            if (number := _number(seccomp, name)) is not None:
                rules.add_rule(seccomp.ERRNO(answer), number)
    _refuse_arguments(seccomp, rules)
    with open(os.memfd_create("seccomp"), "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def descriptor() -> int:
    """Return an open file descriptor, at its beginning, from which bubblewrap reads the filter.

    It serves one start, and the caller closes it.
    """
    number = os.memfd_create("seccomp")
    os.write(number, program())
    os.lseek(number, 0, os.SEEK_SET)
    return number
