"""A plane of two latent numbers to walk in, decoded live."""

from derived.widgets.latent_map.widget import LatentMap

__all__ = ["LatentMap"]
