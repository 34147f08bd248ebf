"""Explorable figure of chapter 04: a character model that writes."""

from derived.widgets.character_writer.widget import CharacterWriter

__all__ = ["CharacterWriter"]
