"""The README tells the truth about the tree and the commands."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf8")


def annotated(readme):
    tree = re.search(r"```text\n(.*?)```", readme, re.DOTALL)[1]
    return dict(line.split(maxsplit=1) for line in tree.splitlines())


def tracked():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail("the tree is checked against git, but this folder is no git repository")
    return done.stdout.splitlines()


def missing_and_unnamed(entries, files):
    top = {f.split("/")[0] + ("/" if "/" in f else "") for f in files}
    missing = [e for e in entries if not any(f == e or f.startswith(e) for f in files)]
    return missing, sorted(top - set(entries) - {".gitignore"})


def test_the_annotated_tree_is_the_tree():
    missing, unnamed = missing_and_unnamed(annotated(README), tracked())
    assert not missing, f"README.md names what is not there: {missing}"
    assert not unnamed, f"README.md does not name: {unnamed}"


def test_the_tree_check_is_seen_to_fail():
    missing, unnamed = missing_and_unnamed({"gone/": "", "a.txt": ""}, ["a.txt", "new/b.py"])
    assert (missing, unnamed) == (["gone/"], ["new/"])


def test_every_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert named <= targets, f"README.md names targets that the Makefile lacks: {named - targets}"


def test_every_link_of_the_readme_exists():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), f"README.md links to {target}, which is not there"


def test_the_two_commands_come_first():
    assert re.findall(r"^make (\w+)", README, re.MULTILINE)[:2] == ["book", "test"]
