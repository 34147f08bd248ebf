"""What the tests take from the system is found, installed, or named in one line."""

import pytest

from tools import system_packages


def test_a_missing_program_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(system_packages.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"sudo apt-get install chromium$"):
        system_packages.require(["chromium"])


def test_root_installs_what_is_missing(monkeypatch):
    installed = []

    def which(name):
        return f"/usr/bin/{name}" if name == "apt-get" or installed else None

    class Done:
        returncode = 0

    def run(command, **options):
        installed.append(command)
        return Done()

    monkeypatch.setattr(system_packages.shutil, "which", which)
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 0)
    monkeypatch.setattr(system_packages.subprocess, "run", run)
    system_packages.require(["chromium"])
    assert installed[-1][:2] == ["apt-get", "install"]
    assert installed[-1][-3:] == ["--no-install-recommends", "chromium", "fonts-liberation"]


def test_a_library_is_found_by_its_own_name(monkeypatch):
    monkeypatch.setattr(system_packages.ctypes.util, "find_library", {"seccomp": "here"}.get)
    assert system_packages.find("libseccomp2") == "here"


def test_an_unknown_package_is_refused():
    with pytest.raises(SystemExit, match="unknown package 'firefox'"):
        system_packages.require(["firefox"])
