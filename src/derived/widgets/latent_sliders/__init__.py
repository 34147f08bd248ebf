"""Explorable figure of chapter 07: the numbers of a latent code, one slider each."""

from derived.widgets.latent_sliders.widget import LatentSliders

__all__ = ["LatentSliders"]
