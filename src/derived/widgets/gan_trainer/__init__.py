"""Explorable figure of chapter 08: a generator and a discriminator on a line."""

from derived.widgets.gan_trainer.widget import GanTrainer

__all__ = ["GanTrainer"]
