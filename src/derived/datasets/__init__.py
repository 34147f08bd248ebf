"""Data for the book: embedded first, generated where a formula will do, downloaded last.

``digits``, the excerpt of Shakespeare and the generated sets need no network. ``mnist``,
``cifar10``, ``shakespeare``, ``irish_tunes`` and ``names`` are downloaded once, verified by their
hashes, and kept. A further downloaded set is a :class:`RemoteFile` and a parser.
"""

from .colour_pictures import CIFAR10_CLASSES, ColourPictures, cifar10
from .generated import (
    BOOLEAN_FUNCTIONS,
    blobs,
    boolean_function,
    boolean_functions,
    rings,
    spirals,
    two_moons,
)
from .generated_text import MarkovLanguages, generated_names, generated_tunes
from .handwritten import Digits, Split, digits, mnist
from .remote import DataUnavailable, RemoteFile
from .text import irish_tunes, names, shakespeare, shakespeare_excerpt

__all__ = [
    "BOOLEAN_FUNCTIONS",
    "CIFAR10_CLASSES",
    "ColourPictures",
    "DataUnavailable",
    "Digits",
    "MarkovLanguages",
    "RemoteFile",
    "Split",
    "blobs",
    "boolean_function",
    "boolean_functions",
    "cifar10",
    "digits",
    "generated_names",
    "generated_tunes",
    "irish_tunes",
    "mnist",
    "names",
    "rings",
    "shakespeare",
    "shakespeare_excerpt",
    "spirals",
    "two_moons",
]
