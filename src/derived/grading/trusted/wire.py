"""Values as plain data: JSON, with arrays as npy files without pickle.

Each value is a list [kind, ...]. What comes from a submission is decoded into fresh objects of
exactly the types below, so that no class that a student wrote reaches a test.

kind  meaning
v     None, bool, int, float or str
n     an int too large for JSON: hexadecimal
c     complex: real and imaginary part
a     NumPy array or scalar: npy, base64
t     torch tensor: npy, base64, name of the dtype
l u s list, tuple, set
d     dict: list of pairs
i     slice: start, stop, step
e     Ellipsis
y     a type of plain data: a builtin one, a scalar type or dtype of NumPy, a dtype of torch
h     a handle: an object that stays where it is, by number, with the name of its type

Only a test may send these (``by_name``); from a submission they are handles:

m q   a module, or one of its attributes, of those that are named in MODULES
g     numpy.random.Generator: name and state of its bit generator
f     a function of the instructor's locked cells, by name

The tests' kernel must never look up a name for a submission: among the attributes of torch's
modules there is an object that equals everything, and among those of random's one that runs
commands. A bit generator with a forged state reads memory that is not its own.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np

__all__ = ["MODULES", "Node", "NotPlain", "decode", "encode"]

Node = list[Any]

MODULES = ("numpy", "torch", "math", "random", "itertools", "functools", "collections", "operator")
MOST_ITEMS = 100_000
DEEPEST = 30
NUMERIC = "biufcSU"  # kinds of dtype that an array may have: no objects, no records
TORCH_DTYPES = frozenset(
    "float64 float32 float16 bfloat16 complex128 complex64 bool "
    "int64 int32 int16 int8 uint64 uint32 uint16 uint8".split()
)
PLAIN_TYPES = {t.__name__: t for t in (bool, int, float, complex, str, list, tuple, set, dict)}

LISTS = {list, range, deque, types.GeneratorType, map, filter, zip, enumerate, type(reversed([])),
         type({}.keys()), type({}.values()), type({}.items()), type(OrderedDict().keys()),
         type(OrderedDict().values()), type(OrderedDict().items())}  # fmt: skip
DICTIONARIES = {dict, OrderedDict, defaultdict, Counter}


class NotPlain(ValueError):
    """A value cannot be sent, or what came is none."""


def _numeric(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind not in NUMERIC:
        raise NotPlain(f"an array of {dtype} is not plain data")
    return dtype


def _array(value: Any) -> str:
    array = np.asarray(value)  # of a subclass the plain part: its lies stay behind
    _numeric(array.dtype)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _read_array(text: str) -> np.ndarray[Any, Any]:
    content = base64.b64decode(text, validate=True)
    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    _numeric(array.dtype)
    # Items without a size cost nothing to send, and as many as one likes could come.
    if array.dtype.itemsize == 0 and array.size > MOST_ITEMS:
        raise NotPlain(f"more than {MOST_ITEMS} items")
    return array


def _tensor(value: Any) -> Node:
    torch = sys.modules["torch"]
    name = str(value.dtype).removeprefix("torch.")
    if name not in TORCH_DTYPES:
        raise NotPlain(f"a tensor of {name} is not plain data")
    try:
        plain = value.detach().cpu()
        if name in {"bfloat16", "float16"}:
            plain = plain.float()
        return ["t", _array(torch.Tensor.numpy(plain.resolve_conj().resolve_neg())), name]
    except (TypeError, RuntimeError) as error:  # sparse, without storage, …
        raise NotPlain(f"a tensor that is not plain data: {error}") from None


def _read_tensor(text: str, name: str) -> Any:
    if name not in TORCH_DTYPES:
        raise NotPlain(f"{name[:40]!r} is no dtype of a tensor")
    import torch  # noqa: PLC0415  (seconds: only where a tensor comes)

    return torch.from_numpy(_read_array(text)).to(getattr(torch, name))


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _type(value: Any) -> Node | None:
    """Return the node of a type of plain data."""
    torch = sys.modules.get("torch")
    if isinstance(value, np.dtype):
        return ["y", "dtype", _numeric(value).str]
    if torch is not None and isinstance(value, torch.dtype):
        return ["y", "torch", str(value).removeprefix("torch.")]
    if isinstance(value, type):
        name = value.__name__
        if PLAIN_TYPES.get(name) is value:
            return ["y", "builtins", name]
        if issubclass(value, np.generic) and getattr(np, name, None) is value:
            return ["y", "numpy", name]
    return None


def _read_type(place: str, name: str) -> Any:
    if place == "builtins" and name in PLAIN_TYPES:
        return PLAIN_TYPES[name]
    if place == "torch" and name in TORCH_DTYPES:
        import torch  # noqa: PLC0415

        return getattr(torch, name)
    if place == "dtype" and len(name) <= 20:
        return _numeric(np.dtype(name))
    scalar = np.__dict__.get(name) if place == "numpy" else None
    if isinstance(scalar, type) and issubclass(scalar, np.generic):
        return scalar
    raise NotPlain("not a type of plain data")


def _qualified(value: Any) -> Node | None:
    """Return the address of something that a known module offers under its own name."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    module = getattr(value, "__module__", None)
    if not isinstance(name, str):
        return None
    # What is written in C often does not say, or not rightly, where it comes from.
    short = name.rpartition(".")[2]
    places = [
        (module, name),
        *((m, short) for m in (*MODULES, "torch.nn.functional", "numpy.random")),
    ]
    for place, full in places:
        try:
            if place in sys.modules and _look_up(place, full) is value:
                return ["q", place, full]
        except (NotPlain, AttributeError):
            continue
    return None


def _look_up(module: str, name: str) -> Any:
    """Return what a test named; never to be asked for a submission's sake."""
    if module.partition(".")[0] not in MODULES:
        raise NotPlain(f"the module {module[:40]!r} is not open to tests")
    found: Any = importlib.import_module(module)
    for part in name.split(".") if name else []:
        found = getattr(found, part)
    return found


def _scalar(value: Any) -> Node | None:
    kind = type(value)
    if kind is int and value.bit_length() > 64:
        return ["n", format(value, "x")]
    if value is None or kind in {bool, int, float, str}:
        return ["v", value]
    if kind is complex:
        return ["c", value.real, value.imag]
    if value is Ellipsis:
        return ["e"]
    if isinstance(value, np.ndarray | np.generic):
        return ["a", _array(value)]
    return _tensor(value) if _is_tensor(value) else _type(value)


def _named(value: Any) -> Node | None:
    """Return the node of what only a test may send."""
    if type(value) is np.random.Generator:
        return ["g", _plain_state(value.bit_generator.state)]
    if type(value) is types.ModuleType:
        return ["m", value.__name__] if value.__name__.partition(".")[0] in MODULES else None
    return _qualified(value)


def _plain_state(state: Any) -> Any:
    """Return a bit generator's state with its arrays as lists."""
    if isinstance(state, dict):
        return {key: _plain_state(item) for key, item in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


def _is_tuple(kind: type) -> bool:
    torch = sys.modules.get("torch")
    return kind is tuple or (torch is not None and kind is torch.Size)


def _limited(items: Iterable[Any]) -> list[Any]:
    found = list(islice(items, MOST_ITEMS + 1))
    if len(found) > MOST_ITEMS:
        raise NotPlain(f"more than {MOST_ITEMS} items")
    return found


def encode(
    value: Any, keep: Callable[[Any], Node], *, by_name: bool = False, depth: int = 0
) -> Node:
    """Return a value as plain data.

    keep : makes the node of what is none, as a function or an object: a handle, or an error.
    by_name : send modules and their functions by name, and generators with their state: for what a
        test sends to a submission.

    Raises NotPlain if the value is nested too deep, too long, or an array of objects.
    """

    def node(part: Any) -> Node:
        return encode(part, keep, by_name=by_name, depth=depth + 1)

    if depth > DEEPEST:
        raise NotPlain(f"data nested more than {DEEPEST} deep")
    if (found := _scalar(value)) is not None:
        return found
    kind = type(value)
    if kind in LISTS or _is_tuple(kind):
        return ["u" if _is_tuple(kind) else "l", [node(item) for item in _limited(value)]]
    if kind in {set, frozenset}:
        # The order of a set differs between processes; that of the wire must not.
        return ["s", sorted(map(node, _limited(value)), key=json.dumps)]
    if kind in DICTIONARIES:
        return ["d", [[node(k), node(v)] for k, v in _limited(value.items())]]
    if kind is slice:
        return ["i", node(value.start), node(value.stop), node(value.step)]
    return (_named(value) if by_name else None) or keep(value)


def _generator(state: dict[str, Any]) -> np.random.Generator:
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)


def _decode_simple(node: Node) -> Any:
    found: Any
    match node:
        case ["v", None | bool() | int() | float() | str() as value]:
            found = value
        case ["n", str() as text]:
            found = int(text, 16)
        case ["c", float() as real, float() as imaginary]:
            found = complex(real, imaginary)
        case ["a", str() as text]:
            array = _read_array(text)
            found = array if array.ndim else array[()]
        case ["t", str() as text, str() as name]:
            found = _read_tensor(text, name)
        case ["e"]:
            found = Ellipsis
        case ["y", str() as place, str() as name]:
            found = _read_type(place, name)
        case _:
            raise NotPlain("not plain data")
    return found


def _decode_named(node: Node) -> Any:
    match node:
        case ["m", str() as module]:
            return _look_up(module, "")
        case ["q", str() as module, str() as name]:
            return _look_up(module, name)
        case ["g", dict() as state]:
            return _generator(state)
    return _decode_simple(node)


def decode(
    node: Any, found: Callable[[Node], Any], *, by_name: bool = False, depth: int = 0
) -> Any:
    """Return the value of a node.

    found : makes what a handle ("h") or a function ("f") stands for.
    by_name : look names up, and believe the state of a generator: only for what a test sent.

    Raises NotPlain, or whatever a broken npy file leads to, for what is no node.
    """

    def value(part: Any) -> Any:
        return decode(part, found, by_name=by_name, depth=depth + 1)

    if depth > DEEPEST or not isinstance(node, list) or not node:
        raise NotPlain("not plain data")
    match node:
        case ["l" | "u" | "s" as kind, list() as items]:
            values = [value(item) for item in _limited(items)]
            return {"l": list, "u": tuple, "s": set}[kind](values)
        case ["d", list() as pairs]:
            return {value(k): value(v) for k, v in _limited(pairs)}
        case ["i", start, stop, step]:
            return slice(value(start), value(stop), value(step))
        case ["h" | "f", *_]:
            return found(node)
    return _decode_named(node) if by_name else _decode_simple(node)
