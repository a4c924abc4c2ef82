"""The errors of the demo.

DemoError
├── BalanceError   what went in is not what came out
└── UnheardError   nobody reads what the demo prints
"""


class DemoError(Exception):
    """The demo can't go on; the message says why."""


class BalanceError(DemoError):
    """What went in is not what came out."""


class UnheardError(DemoError):
    """Nobody reads what the demo prints."""
