"""A line through points: what a thing costs by itself, and for each of what it touches."""

from collections.abc import Sequence
from statistics import linear_regression


def line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The intercept and the slope of least squares.

    Args:
        points: How many, and what that took; at least two.
    """
    slope, intercept = linear_regression([x for x, _ in points], [y for _, y in points])
    return intercept, slope
