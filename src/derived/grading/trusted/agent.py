"""Answers the tests' questions from inside a submission's kernel.

It runs beside the student's code and can be tampered with: whatever it says counts as what the
student's code says, and nothing more.
"""

from __future__ import annotations

import builtins
import json
from typing import Any

from .wire import Node, NotPlain, decode, encode

__all__ = ["ANSWER", "QUESTION", "Agent"]

#: Types of the messages beside Jupyter's own. To run a cell for each question, with an expression
#: to evaluate, would take twice the processor time.
QUESTION, ANSWER = "derived_question", "derived_answer"


class Agent:
    """Keeps the objects that a test holds a handle of.

    namespace : of the student's cells.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        """Start without handles."""
        self.namespace = namespace
        self.kept: dict[int, Any] = {}

    def listen(self, kernel: Any) -> None:
        """Answer what comes to the kernel (ipykernel's) where it listens for cells to run."""

        def answer(stream: Any, sender: Any, message: dict[str, Any]) -> None:
            content = {"answer": self(message["content"]["question"])}
            kernel.session.send(stream, ANSWER, content, message, ident=sender)

        kernel.shell_handlers[QUESTION] = answer

    def __call__(self, question: str) -> str:
        """Answer one question, JSON in and JSON out; never raises."""
        try:
            operation, *parts = json.loads(question)
            answer = getattr(self, f"on_{operation}")(*parts)
            return json.dumps(["ok", *answer])
        except BaseException as error:  # SystemExit too
            name = type(error).__name__
            known = getattr(builtins, name, None) is type(error) or type(error) is NotPlain
            return json.dumps(["raised", name if known else "Exception", _message(error)])

    def keep(self, value: Any) -> Node:
        """Return a handle of an object that cannot be sent."""
        self.kept[id(value)] = value
        return ["h", id(value), type(value).__name__[:60]]

    def find(self, node: Node) -> Any:
        """Return what a handle or the name of a locked function stands for."""
        return self.kept[node[1]] if node[0] == "h" else self.namespace[node[1]]

    def _said(self, value: Any) -> list[Any]:
        return [encode(value, self.keep)]

    def on_get(self, name: str) -> list[Any]:
        """Return a global name of the student's."""
        if name not in self.namespace:
            raise NameError(f"name '{name}' is not defined")
        return self._said(self.namespace[name])

    def on_attribute(self, handle: Node, name: str) -> list[Any]:
        """Return an attribute of a kept object."""
        return self._said(getattr(self.find(handle), name))

    def on_assign(self, handle: Node, name: str, value: Node) -> list[Any]:
        """Set an attribute of a kept object."""
        setattr(self.find(handle), name, decode(value, self.find, by_name=True))
        return self._said(None)

    def on_item(self, handle: Node, key: Node) -> list[Any]:
        """Return ``object[key]``."""
        return self._said(self.find(handle)[decode(key, self.find, by_name=True)])

    def on_length(self, handle: Node) -> list[Any]:
        """Return ``len(object)``."""
        return self._said(len(self.find(handle)))

    def on_items(self, handle: Node) -> list[Any]:
        """Return what iterating over a kept object gives."""
        return self._said(item for item in self.find(handle))

    def on_call(self, handle: Node, arguments: Node, named: Node) -> list[Any]:
        """Call a kept object; say which arguments it changed, and into what."""
        values = decode(arguments, self.find, by_name=True)
        keywords = decode(named, self.find, by_name=True)
        result = encode(self.find(handle)(*values, **keywords), self.keep)
        before = dict(enumerate(arguments[1])) | {key[1]: node for key, node in named[1]}
        after = {
            key: encode(value, self.keep, by_name=True)
            for key, value in [*enumerate(values), *keywords.items()]
        }
        changed = {str(key): node for key, node in after.items() if _differ(before[key], node)}
        return [result, changed]


def _differ(before: Node, after: Node) -> bool:
    """Whether an argument was changed."""
    return json.dumps(_without_state(before)) != json.dumps(_without_state(after))


def _without_state(node: Any) -> Any:
    """Return nodes without what may change: an object as it likes, a generator with each use."""
    if not isinstance(node, list):
        return node
    if node and isinstance(node[0], str) and node[0] in {"h", "f", "g"}:
        return ["g"] if node[0] == "g" else ["h"]
    return [_without_state(part) for part in node]


def _message(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except BaseException:  # a student's own class may do anything
        return ""
