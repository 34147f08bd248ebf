"""A submission, as the tests' kernel sees it: names whose calls run in the other kernel."""

from __future__ import annotations

import builtins
import json
import socket
import time
import types
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import numpy as np
import zmq
from jupyter_client.blocking.client import BlockingKernelClient

from .agent import QUESTION
from .empty import holds_nothing
from .wire import Node, NotPlain, decode, encode

__all__ = ["Handle", "Submission", "SubmissionError"]

LARGEST_ANSWER = 256 << 20  # bytes
GRACE = 3.0  # seconds for an interrupted call to end
LOOK = 0.25  # seconds between two looks whether the other kernel still lives


class SubmissionError(AssertionError):
    """A call into the submission gave no plain answer.

    kind : "raised", "hung", "stuck" (hung, and deaf to an interrupt), "ended", "changed" or
        "not plain".
    name : of the builtin exception that was raised, else "".
    """

    def __init__(self, kind: str, text: str, name: str = "") -> None:
        """Hold the kind beside the text."""
        super().__init__(text)
        self.kind, self.name = kind, name

    def __str__(self) -> str:
        """Return the text, also where the class is a KeyError, which would quote it."""
        return str(self.args[0])


#: What a test may wait for with ``except``. Not StopIteration, which would end a test's loop.
EXPECTED = (ArithmeticError, FloatingPointError, OverflowError, ZeroDivisionError, AttributeError,
            LookupError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError,
            ValueError)  # fmt: skip

#: By name: errors that are a SubmissionError and what the student's code raised.
RAISED: dict[str, type[SubmissionError]] = {
    kind.__name__: type("SubmissionError", (SubmissionError, kind), {}) for kind in EXPECTED
}


def _raised(name: str, message: str) -> SubmissionError:
    builtin = getattr(builtins, name, None)
    known = isinstance(builtin, type) and issubclass(builtin, BaseException)
    kind = RAISED.get(name, SubmissionError)
    return kind("raised", f"{name[:60]}: {message[:500]}", name if known else "")


class Submission:
    """The connection to a submission's kernel.

    connection : what ``KernelManager.get_connection_info()`` says of it; over ipc.
    call_seconds : for one call. Each that takes longer halves the time of the next ones of a test.
    """

    def __init__(self, connection: dict[str, Any], call_seconds: float) -> None:
        """Connect, and start the agent over there."""
        self.call_seconds, self.most_seconds = call_seconds, call_seconds
        self.over: str | None = None
        context = zmq.Context()
        context.setsockopt(zmq.MAXMSGSIZE, LARGEST_ANSWER)
        self.client = BlockingKernelClient(context=context)
        known: Any = {**connection, "key": connection["key"].encode()}
        self.client.load_connection_info(known)
        self.client.start_channels(iopub=False, stdin=False, hb=False)
        self.socket = f"{connection['ip']}-{connection['shell_port']}"
        try:
            self.listens = self._start_agent()
        except BaseException:
            self.close()
            raise

    def _start_agent(self) -> bool:
        """Start it; False if the submission has made that impossible: nobody would answer."""
        start = (
            "from derived.grading.trusted.agent import Agent as __Agent\n"
            "__Agent(get_ipython().user_ns).listen(get_ipython().kernel)\ndel __Agent"
        )
        proof = {"question": f"{QUESTION!r} in get_ipython().kernel.shell_handlers"}
        request = self.client.execute(
            start, silent=True, store_history=False, user_expressions=proof
        )
        content = self._wait(request, 30.0)
        try:
            proved = content["user_expressions"]["question"]["data"]["text/plain"]
        except Exception:  # a forged reply, or a submission that broke what the agent needs
            return False
        return bool(content.get("status") == "ok" and proved == "True")

    def close(self) -> None:
        """Let go of the other kernel."""
        self.client.stop_channels()
        self.client.context.destroy(linger=0)

    def _is_alive(self) -> bool:
        """Whether something still listens behind the kernel's socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.settimeout(1.0)
                probe.connect(self.socket)
            except OSError:
                return False
        return True

    def _reply(self, request: str, until: float) -> dict[str, Any] | None:
        """Return the reply to a request, or None when the time is over; raise if nobody answers."""
        while (left := until - time.monotonic()) > 0:
            if not self.client.shell_channel.socket.poll(1000 * min(LOOK, left)):
                if not self._is_alive():
                    self._end("the submission's kernel has ended")
                continue
            try:
                message = self.client.get_shell_msg(timeout=0)
            except Exception:  # what cannot be read is no answer
                continue
            parent, content = message["parent_header"], message["content"]
            if isinstance(parent, dict) and parent.get("msg_id") == request:
                return content if isinstance(content, dict) else {}
        return None

    def _end(self, why: str, kind: str = "ended") -> NoReturn:
        self.over = why
        raise SubmissionError(kind, why)

    def _wait(self, request: str, seconds: float) -> dict[str, Any]:
        started = time.monotonic()
        content = self._reply(request, started + seconds)
        if content is not None:
            return content
        interrupt = self.client.session.msg("interrupt_request", content={})
        self.client.control_channel.send(interrupt)
        if self._reply(request, time.monotonic() + GRACE) is None:
            self._end("the submission's kernel does not react to an interrupt", "stuck")
        raise SubmissionError("hung", f"no answer within {seconds:g} s")

    def ask(self, operation: str, *parts: Any) -> list[Any]:
        """Put one question to the agent and return its answer, still as nodes.

        Raises SubmissionError if the student's code raises, hangs, or ends its kernel.
        """
        if self.over:
            raise SubmissionError("ended", self.over)
        if not self.listens:
            raise SubmissionError("not plain", "an answer that cannot be read")
        content = {"question": json.dumps([operation, *parts])}
        request = self.client.session.msg(QUESTION, content)
        self.client.shell_channel.send(request)
        try:
            content = self._wait(request["header"]["msg_id"], self.call_seconds)
        except SubmissionError as error:
            if error.kind == "hung":
                self.call_seconds = max(self.call_seconds / 2, self.most_seconds / 8)
            raise
        try:
            kind, *rest = json.loads(content["answer"])
        except Exception:  # a forged or broken answer
            raise SubmissionError("not plain", "an answer that cannot be read") from None
        if kind == "raised":
            raise _raised(*map(str, [*rest, "", ""][:2]))
        return list(rest)

    def value(self, node: Any) -> Any:
        """Return the value of a node that the submission sent."""
        try:
            value = decode(node, self._found)
        except Exception as error:  # npy and JSON of any kind of brokenness
            raise SubmissionError(
                "not plain", f"an answer that is no plain data: {error}"
            ) from None
        if not self.allows_empty and holds_nothing(value):
            raise SubmissionError("not plain", "an answer that is empty, or holds something empty")
        return value

    def _found(self, node: Node) -> Handle:
        match node:
            case ["h", int() as number, str() as kind]:
                return Handle(self, number, kind)
        raise NotPlain("not a handle")

    def node(self, value: Any) -> Node:
        """Return a value of a test's as a node; raises TypeError if it cannot be sent."""
        try:
            return encode(value, self._sent, by_name=True)
        except NotPlain as error:
            raise TypeError(f"a test cannot send this to a submission: {error}") from None

    def _sent(self, value: Any) -> Node:
        if type(value) is Handle:
            return ["h", object.__getattribute__(value, "_number"), ""]
        name = getattr(value, "__name__", "")
        if isinstance(value, types.FunctionType) and name in self.functions:
            return ["f", name]
        raise NotPlain(f"a {type(value).__name__} is neither data nor a function of a locked cell")

    functions: frozenset[str] = frozenset()
    allows_empty = False

    def bind(
        self,
        namespace: dict[str, Any],
        names: Iterable[str],
        *,
        functions: Iterable[str] = (),
        may_change: Iterable[str] = (),
        allows_empty: bool = False,
    ) -> None:
        """Give a test's names what the submission has under them; unknown names are removed.

        functions : of the locked cells, which both kernels know by name.
        may_change : names of functions that may change their arguments in place.
        allows_empty : whether arrays and lists without items may come.
        """
        self.functions, self.allows_empty = frozenset(functions), allows_empty
        self.call_seconds = self.most_seconds  # another task is not to blame
        for name in names:
            namespace.pop(name, None)
            try:
                value = self.value(self.ask("get", name)[0])
            except SubmissionError as error:
                if error.name != "NameError":
                    namespace[name] = Broken(error)
                continue
            if type(value) is Handle and name in set(may_change):
                object.__setattr__(value, "_may_change", True)
            namespace[name] = value


class Broken:
    """Stands for a name whose value could not be had: whatever is done with it raises."""

    def __init__(self, error: SubmissionError) -> None:
        """Keep the reason."""
        self._error = error

    def __call__(self, *arguments: Any, **named: Any) -> NoReturn:
        """Raise the reason."""
        raise self._error

    __getattr__ = __call__


class Handle:
    """An object of the submission's. Calls, attributes, items and length go over there.

    It has no truth value, order or number of its own: those could lie.
    """

    __slots__ = ("_kind", "_may_change", "_number", "_submission")

    def __init__(self, submission: Submission, number: int, kind: str) -> None:
        """Hold the address."""
        for name, value in (
            ("_submission", submission),
            ("_number", number),
            ("_kind", kind),
            ("_may_change", False),
        ):
            object.__setattr__(self, name, value)

    @property
    def _node(self) -> Node:
        return ["h", self._number, self._kind]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it with copies of the arguments."""
        far = self._submission
        values, keywords = far.node(list(arguments)), far.node(dict(named))
        result, changed = far.ask("call", self._node, values, keywords)
        if changed and not self._may_change:
            raise SubmissionError(
                "changed",
                f"it changed its argument {', '.join(map(str, changed))} in place (pass a copy, "
                "or work on one)",
            )
        for key, node in dict(changed).items():
            _copy_back(named[key] if key in named else arguments[int(key)], far.value(node))
        return far.value(result)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._submission.value(self._submission.ask("attribute", self._node, name)[0])

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute."""
        self._submission.ask("assign", self._node, name, self._submission.node(value))

    def __getitem__(self, key: Any) -> Any:
        """Return ``object[key]``."""
        far = self._submission
        return far.value(far.ask("item", self._node, far.node(key))[0])

    def __len__(self) -> int:
        """Return its length."""
        length = self._submission.value(self._submission.ask("length", self._node)[0])
        if type(length) is not int:
            raise SubmissionError("not plain", "a length that is no whole number")
        return length

    def __iter__(self) -> Iterator[Any]:
        """Iterate over its items, fetched all at once."""
        items = self._submission.value(self._submission.ask("items", self._node)[0])
        if type(items) is not list:
            raise SubmissionError("not plain", "items that are no list")
        return iter(items)

    def __repr__(self) -> str:
        """Say what it is, without asking over there."""
        return f"<the submission's {self._kind}>"


def _refuse(self: Handle, *others: Any, **named: Any) -> NoReturn:
    raise SubmissionError("not plain", f"{self!r} came where plain data was expected")


def _refusal(kind: type) -> Any:
    return _refuse if kind is Handle else Broken.__call__


for _name in ("bool", "eq", "ne", "lt", "le", "gt", "ge", "float", "int", "index", "complex",
              "array", "contains", "hash", "add", "radd", "sub", "rsub", "mul", "rmul", "matmul",
              "rmatmul", "truediv", "rtruediv", "neg", "abs", "round"):  # fmt: skip
    for _kind in (Handle, Broken):
        setattr(_kind, f"__{_name}__", _refusal(_kind))
for _name in ("len", "iter", "getitem"):
    setattr(Broken, f"__{_name}__", Broken.__call__)


def _copy_back(target: Any, changed: Any) -> None:
    """Bring a change that was made to a copy over to the test's own object."""
    if isinstance(target, np.ndarray):
        target[...] = changed
    elif isinstance(target, dict | set):
        target.clear()
        target.update(changed)
    elif isinstance(target, list):
        target[:] = changed
    elif hasattr(target, "copy_"):  # a tensor
        target.copy_(changed)
