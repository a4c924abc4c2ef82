"""What can go wrong with input, told to the person who gave it.

Below ``models.errors.ClickstreamError``::

    InputError              one sentence: the rule, what was got, the remedy
    └── DamagedFileError    the file ends before its data does; what was read before is good
"""

from models.errors import ClickstreamError


class InputError(ClickstreamError):
    """Input or an option that can't be used."""


class DamagedFileError(InputError):
    """A compressed file that breaks off; the lines before the damage have been read."""
