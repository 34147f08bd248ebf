"""A value's way from one kernel to the other, without kernels."""

from __future__ import annotations

import base64
import json

from derived.grading.trusted.wire import decode, encode

KEPT = ["h", 7, "kept"]
FOUND = object()


def through(value, *, by_name=False):
    """Send a value; what cannot be sent comes back as FOUND."""
    node = encode(value, lambda _: KEPT, by_name=by_name)
    text = json.dumps(node)
    return decode(json.loads(text), lambda _: FOUND, by_name=by_name)


def npy(header, data=b"\0" * 64, version=1):
    """Return an npy file with a header of one's own, as the wire has it."""
    text = header.encode("latin1")
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    content = b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2, "little") + text + data
    return base64.b64encode(content).decode("ascii")
