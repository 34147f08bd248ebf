"""Explorable figure of chapter 01: a small network trained live in the page."""

from derived.widgets.network_trainer.widget import NetworkTrainer

__all__ = ["NetworkTrainer"]
