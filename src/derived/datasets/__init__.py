"""Data for the book: embedded first, generated where a formula will do, downloaded last.

``digits`` and the generated sets need no network. ``mnist`` is downloaded once, verified by its
hash and kept. A further downloaded set is a :class:`RemoteFile` and a parser.
"""

from .generated import (
    BOOLEAN_FUNCTIONS,
    blobs,
    boolean_function,
    boolean_functions,
    rings,
    spirals,
    two_moons,
)
from .handwritten import Digits, Split, digits, mnist
from .remote import DataUnavailable, RemoteFile

__all__ = [
    "BOOLEAN_FUNCTIONS",
    "DataUnavailable",
    "Digits",
    "RemoteFile",
    "Split",
    "blobs",
    "boolean_function",
    "boolean_functions",
    "digits",
    "mnist",
    "rings",
    "spirals",
    "two_moons",
]
