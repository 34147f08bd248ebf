"""The names that a cell reads and defines, for every way to bind one."""

from __future__ import annotations

import time
from collections.abc import Set

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derived.grading.names import names_imported, names_read, names_stored

STORED = [
    ("x = 1", {"x"}),
    ("x, (y, *z) = f()", {"x", "y", "z"}),
    ("a = b = 1", {"a", "b"}),
    ("x: int = 1", {"x"}),
    ("x += 1", {"x"}),
    ("x[0] = 1; x.y = 2", set()),
    ("def f(a, b=(c := 1)):\n    inner = a\n    return inner", {"f"}),
    ("async def f():\n    pass", {"f"}),
    ("class A:\n    inside = 1\n    def method(self):\n        pass", {"A"}),
    ("@decorated\ndef f():\n    pass", {"f"}),
    ("import numpy as np, os.path", {"np", "os"}),
    ("from torch import nn, optim as o", {"nn", "o"}),
    ("from numpy import *", {"*"}),
    ("for i, j in pairs:\n    k = i\nelse:\n    last = 1", {"i", "j", "k", "last"}),
    ("with open(p) as f, g() as (a, b):\n    t = f.read()", {"f", "a", "b", "t"}),
    ("try:\n    x = 1\nexcept E:\n    y = 2\nfinally:\n    z = 3", {"x", "y", "z"}),
    ("if a:\n    x = 1\nelif b:\n    y = 1\nelse:\n    z = 1", {"x", "y", "z"}),
    ("while (line := read()):\n    pass", {"line"}),
    ("[i for i in range(3)]; {k: v for k, v in d}; (g for g in h)", set()),
    ("[last := i for i in range(3)]", {"last"}),
    ("f = lambda hidden: (hidden, 1)", {"f"}),
    ("match p:\n    case [a, *rest]: b = 1\n    case {1: v, **more}: pass",
     {"a", "rest", "b", "v", "more"}),
    ("match p:\n    case Point(x=0) as q: pass\n    case _: pass", {"q"}),
    ("", set()),
    ("# only a comment", set()),
    ("def f(:", set()),
]  # fmt: skip

MAGIC = [
    ("%matplotlib inline\nx = 1", {"x"}),
    ("!pip install numpy\nx = 1", {"x"}),
    ("if a:\n    !ls\n    x = 1", {"x"}),
    ("files = !ls\nt = %timeit -o 1", {"files", "t"}),
    ("x = 1\nx?\nnp.sum??\n?np", {"x"}),
    ("%%time\ndef f():\n    pass", {"f"}),
    ("%%capture out\nx = 1", {"x"}),
    ("%%writefile a.py\nx = 1", set()),
    ("%%bash\nx=1", set()),
    ('text = """\n%not a magic\n"""\ny = 1', {"text", "y"}),
]


@pytest.mark.parametrize(("source", "names"), STORED + MAGIC)
def test_what_a_cell_defines_at_its_top_level(source, names):
    assert names_stored(source) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x = y + 1", {"y"}),
        ("assert np.allclose(mean(data), 2.0), f'{shown!r}'", {"np", "mean", "data", "shown"}),
        ("print(len(sorted([1])))", set()),
        ("x += 1", {"x"}),
        ("x.y.z = w", {"x", "w"}),
        ("def f(a=default):\n    return a + outer", {"default", "a", "outer"}),
        ("@wrap\nclass A(Base):\n    pass", {"wrap", "Base"}),
        ("[f(i) for i in seq]", {"f", "i", "seq"}),
        ("del gone", set()),
        ("%timeit mean(x)\nmean(y)", {"mean", "y"}),
        ("def f(:", set()),
    ],
)
def test_what_a_cell_reads(source, names):
    assert names_read(source) == names


def test_imports_are_told_apart_wherever_they_stand():
    source = (
        "import numpy as np\ndef f():\n    from torch import nn\n    x = 1\nif a: import os.path"
    )
    assert names_imported(source) == {"np", "nn", "os"}
    assert names_imported("def f(:") == set()


HOSTILE = {
    "a NUL": "x = 1\0",
    "a lone surrogate": "x = '\ud800'",
    "parentheses": "(" * 100_000,
    "signs": "-" * 100_000 + "1",
    "attributes": "a" + ".a" * 5000,
    "a long sum": "a" + ".a" * 5000,
    "lambdas": "lambda:" * 50_000,
    "quotes": "'''" * 10_001,
    "braces in an f-string": "f'" + "{" * 5000,
    "help, which takes IPython minutes": "x?\n" * 3000,
    "shell lines": "!ls\n" * 3000,
    "a wrong escape": "x = '\\d'; 1 is 1",
    "tabs": "\t" * 100_000,
    "commas": "a," * 3000,
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_no_text_makes_it_fail_or_wait(source, recwarn):
    started = time.process_time()
    for names in (names_stored, names_read, names_imported):
        assert isinstance(names(source), Set)
    assert time.process_time() - started < 5
    assert not recwarn.list


@given(st.text(alphabet="xy=:()[]{}%!?\n \t'\"#,.\\\0dfeĀ\ud800", max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_text_has_names(source):
    assert names_stored(source) >= set()
    assert names_read(source) >= set()
