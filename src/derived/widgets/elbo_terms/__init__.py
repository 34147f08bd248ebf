"""Explorable figure of chapter 07: the evidence lower bound and its terms."""

from derived.widgets.elbo_terms.widget import ElboTerms

__all__ = ["ElboTerms"]
