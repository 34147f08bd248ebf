"""Explorable figure of chapter 09: a digit attacked along the gradient of its own network."""

from derived.widgets.digit_attack.widget import DigitAttack

__all__ = ["DigitAttack"]
