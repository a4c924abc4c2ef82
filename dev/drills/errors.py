"""The error of the drills."""

from dev.demo.errors import DemoError


class DrillError(DemoError):
    """A drill can't go on; the message says why."""
