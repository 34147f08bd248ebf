"""Explorable figure of chapter 05: dropout masks and their ensemble."""

from derived.widgets.dropout_ensemble.widget import DropoutEnsemble

__all__ = ["DropoutEnsemble"]
