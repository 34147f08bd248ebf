"""Explorable figure of chapter 06: the plane of two latent numbers, decoded."""

from derived.widgets.latent_map.widget import LatentMap

__all__ = ["LatentMap"]
