"""How an assignment went: one page with the distribution of points and how each task worked."""

from .page import write_report

__all__ = ["write_report"]
