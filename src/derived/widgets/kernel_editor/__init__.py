"""Explorable figure of chapter 03: a convolution kernel over a picture."""

from derived.widgets.kernel_editor.widget import KernelEditor

__all__ = ["KernelEditor"]
