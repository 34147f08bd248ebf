"""Monte Carlo dropout on a line: points to add, masks to draw, and the spread of the passes."""

from derived.widgets.dropout_regression.widget import DropoutRegression

__all__ = ["DropoutRegression"]
