"""What goes back to people: feedback pages for students, formgrader for graders.

The names are loaded when they are first used: a worker that grades needs ``clean_outputs``, and not
the server for reviews.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .active_content import clean_outputs
    from .configuration import configure
    from .formgrader import review
    from .pages import FeedbackReport, generate

__all__ = ["FeedbackReport", "clean_outputs", "configure", "generate", "review"]

_PLACES = {
    "FeedbackReport": "pages",
    "clean_outputs": "active_content",
    "configure": "configuration",
    "generate": "pages",
    "review": "formgrader",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f".{_PLACES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
