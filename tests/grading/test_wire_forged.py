"""What a submission could send in place of data: nothing of it becomes more than data."""

from __future__ import annotations

import base64
import functools
import sys
import time

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derived.grading.trusted import wire
from derived.grading.trusted.wire import DEEPEST, MOST_ITEMS, NotPlain, decode
from tests.grading.on_the_wire import FOUND, npy


def name(module, attribute):
    return ["q", module, attribute]


FORGED = {
    "an object that equals everything": name("torch", "_guards.unittest.mock.ANY"),
    "a shell": name("random", "_os.system"),
    "a downloader": name("torch", "hub.load"),
    "an in-place function": name("operator", "iadd"),
    "a method that changes its argument": name("numpy", "ndarray.sort"),
    "a callable class": name("operator", "attrgetter"),
    "a partial": name("functools", "partial"),
    "a testing function": name("numpy", "testing.assert_allclose"),
    "an honest function": name("numpy", "mean"),
    "no attribute": name("numpy", ""),
    "dunders": name("numpy", "__builtins__"),
    "a module": ["m", "numpy"],
    "a module with side effects": ["m", "numpy.f2py"],
    "a module of nothing": ["m", "antigravity"],
    "a generator": ["g", {"bit_generator": "PCG64", "state": {"state": 1, "inc": 1},
                          "has_uint32": 0, "uinteger": 0}],
    "a generator that reads other memory": [
        "g", {"bit_generator": "MT19937", "state": {"key": [1] * 624, "pos": 10**6}}],
    "a type of another module": ["y", "builtins", "object"],
    "a type that runs code": ["y", "builtins", "eval"],
    "a type by path": ["y", "numpy", "testing.assert_allclose"],
    "a function as a type": ["y", "numpy", "mean"],
    "a module as a type": ["y", "numpy", "linalg"],
    "an attribute of torch": ["y", "torch", "hub"],
    "a quantized dtype": ["y", "torch", "quint8"],
    "a dtype of objects": ["y", "dtype", "O"],
    "a dtype of records": ["y", "dtype", "f8,O"],
    "a date": ["y", "dtype", "M8[s]"],
    "a long dtype": ["y", "dtype", "f8," * 1000],
    "a tensor of a wrong dtype": [
        "t", npy("{'descr':'<f8','fortran_order':False,'shape':(1,)}"), "hub"],
    "a tensor of text": ["t", npy("{'descr':'<U1','fortran_order':False,'shape':(1,)}"), "float32"],
    "nothing": None,
    "a number": 3,
    "a word": "v",
    "an object": {"v": 1},
    "an empty list": [],
    "no kind": [["v", 1]],
    "an unknown kind": ["z", 1],
    "a value without one": ["v"],
    "two values": ["v", 1, 2],
    "a list as a value": ["v", [1]],
    "an object as a value": ["v", {}],
    "a text as a list": ["l", "abc"],
    "raw items": ["l", [1, 2]],
    "an object as a list": ["l", {}],
    "pairs of one": ["d", [[["v", 1]]]],
    "pairs of text": ["d", ["ab"]],
    "a list as a key": ["d", [[["l", []], ["v", 1]]]],
    "a list in a set": ["s", [["l", []]]],
    "half a slice": ["i", ["v", 1]],
    "a complex of text": ["c", "1", "2"],
    "a complex of ints": ["c", 1, 2],
    "hexadecimal that is none": ["n", "xyz"],
    "hexadecimal that is a number": ["n", 3],
    "an array of numbers": ["a", [1, 2]],
    "an array that is no base64": ["a", "!!!"],
    "an array that is no npy": ["a", base64.b64encode(b"hello").decode()],
    "an empty array file": ["a", ""],
    "a pickle": ["a", base64.b64encode(b"\x80\x04K\x01.").decode()],
    "a zip": ["a", base64.b64encode(b"PK\x03\x04" + b"\0" * 50).decode()],
    "pickled objects": [
        "a", npy("{'descr':'|O','fortran_order':False,'shape':(1,)}", b"\x80\x04K\x01.")],
    "records": ["a", npy("{'descr':[('a','<f8')],'fortran_order':False,'shape':(1,)}")],
    "raw memory": ["a", npy("{'descr':'|V8','fortran_order':False,'shape':(1,)}")],
    "dates": ["a", npy("{'descr':'<M8[s]','fortran_order':False,'shape':(1,)}")],
    "arrays in an array": ["a", npy("{'descr':('<f8',(3,)),'fortran_order':False,'shape':(1,)}")],
    "too little data": ["a", npy("{'descr':'<f8','fortran_order':False,'shape':(1000000000,)}")],
    "a negative shape": ["a", npy("{'descr':'<f8','fortran_order':False,'shape':(-1,)}")],
    "a shape that wraps around": [
        "a", npy("{'descr':'<f8','fortran_order':False,'shape':(4294967296,4294967296)}")],
    "a huge empty shape": [
        "a", npy("{'descr':'<f8','fortran_order':False,'shape':(0,9223372036854775807,9)}")],
    "a shape of bools": ["a", npy("{'descr':'<f8','fortran_order':False,'shape':(True,)}")],
    "many items without a size": [
        "a", npy("{'descr':'<U0','fortran_order':False,'shape':(1000000000,)}")],
    "a nested header": ["a", npy("(" * 5000)],
    "a header of signs": ["a", npy("-" * 5000 + "1")],
    "a header that computes": ["a", npy("__import__('os').system('true')")],
    "a header of version 9": ["a", npy("{}", version=9)],
}  # fmt: skip


@pytest.mark.parametrize("node", FORGED.values(), ids=FORGED)
@pytest.mark.filterwarnings("ignore:Reading `.npy`:UserWarning")
def test_whatever_else_a_submission_sends_is_refused(node):
    loaded = set(sys.modules)
    for forged in (node, ["l", [node]], ["d", [[["v", 1], node]]], ["i", node, ["e"], ["e"]]):
        with pytest.raises(Exception) as caught:
            decode(forged, lambda _: FOUND)
        assert isinstance(caught.value, Exception) and not isinstance(caught.value, MemoryError)
    assert {m.partition(".")[0] for m in set(sys.modules) - loaded} <= {"tokenize"}


def test_a_forged_node_never_looks_a_name_up(monkeypatch):
    monkeypatch.setattr(wire, "_look_up", lambda *names: pytest.fail(f"looked up {names}"))
    monkeypatch.setattr(wire, "_generator", lambda state: pytest.fail("made a generator"))
    for node in FORGED.values():
        with pytest.raises(Exception):  # noqa: B017  (of any kind: the caller takes them all)
            decode(node, lambda _: FOUND)


def test_a_test_is_not_told_to_look_up_other_modules_either():
    for node in (["m", "os"], ["q", "os", "system"], ["q", "subprocess", "run"], ["q", "", "x"]):
        with pytest.raises(NotPlain, match="not open to tests"):
            decode(node, lambda _: FOUND, by_name=True)


def test_handles_and_functions_are_for_the_caller_to_find():
    seen = []
    decode(["l", [["h", 1, "x"], ["f", "loss"], ["h"]]], seen.append)
    assert seen == [["h", 1, "x"], ["f", "loss"], ["h"]]


@pytest.mark.parametrize(
    "build",
    [
        lambda: ["l", [["v", 1]] * (MOST_ITEMS + 1)],
        lambda: ["s", [["v", 1]] * (MOST_ITEMS + 1)],
        lambda: ["d", [[["v", 1], ["v", 1]]] * (MOST_ITEMS + 1)],
        lambda: functools.reduce(lambda inner, _: ["l", [inner]], range(DEEPEST + 1), ["v", 1]),
        lambda: functools.reduce(lambda inner, _: ["i", inner, ["e"], ["e"]], range(500), ["e"]),
    ],
)
def test_depth_and_length_have_limits_for_forged_nodes_too(build):
    started = time.process_time()
    with pytest.raises(NotPlain):
        decode(build(), lambda _: FOUND)
    assert time.process_time() - started < 5


NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from([*"vncatlusdieymqghf", "numpy", "builtins", "float64", "dtype", "torch"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)  # fmt: skip
PLAIN = (type(None), bool, int, float, str, complex, list, tuple, set, dict, slice, type(...), type,
         np.ndarray, np.generic, np.dtype, torch.dtype, torch.Tensor, type(FOUND))  # fmt: skip


def only_plain(value):
    if isinstance(value, dict):
        return all(only_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple | set):
        return all(map(only_plain, value))
    return isinstance(value, PLAIN)


@given(NODES)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_json_gives_plain_data_or_an_error(node):
    try:
        value = decode(node, lambda _: FOUND)
    except Exception:
        return
    assert only_plain(value)
