"""Timestamps: text or epoch milliseconds in, epoch milliseconds within, ISO-8601 UTC out.

Every instant here lies in the years 1 to 9999, which is what ISO-8601 with four digits can say: so
whatever :func:`to_ms` gives, :func:`iso` can write, and :func:`from_iso` reads it back.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

#: 0001-01-01T00:00:00.000Z, in epoch milliseconds.
MIN_MS = -62_135_596_800_000

#: 9999-12-31T23:59:59.999Z, in epoch milliseconds.
MAX_MS = 253_402_300_799_999

#: Seconds whose text is kept, each way: more than an hour of stream time in any order.
_SECONDS_KEPT = 4096

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECOND_CHARS = len("2000-01-01T00:00:00")
_ENDINGS = tuple(f".{ms:03d}Z" for ms in range(1000))


def to_ms(value: object) -> int:
    """Read a timestamp as producers write it.

    Args:
        value: Text that ``datetime.fromisoformat`` reads (naive is UTC; finer than a millisecond
            is cut, towards the past), or epoch milliseconds as an integer.

    Returns:
        Epoch milliseconds, from MIN_MS to MAX_MS.

    Raises:
        ValueError: It is of another type (a float or a bool, say), can't be read, or lies outside
            the years 1 to 9999 in UTC.
    """
    if isinstance(value, str):
        ms = _text_ms(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        ms = value
    else:
        # A ValueError like any other timestamp's: the type is the producer's, not the caller's.
        raise ValueError(  # noqa: TRY004
            f"a timestamp is text or an integer, not {type(value).__name__}"
        )
    if not MIN_MS <= ms <= MAX_MS:
        raise ValueError("a timestamp lies in the years 1 to 9999, in UTC")
    return ms


def instant_ms(text: str) -> int:
    """Read an instant as people ask for it: ISO-8601, or epoch milliseconds in decimal.

    Returns:
        Epoch milliseconds, from MIN_MS to MAX_MS.

    Raises:
        ValueError: It is neither, or lies outside the years 1 to 9999 in UTC.
    """
    return to_ms(int(text) if _INTEGER.fullmatch(text) else text)


def _text_ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


def iso(ms: int) -> str:
    """Write an instant as ISO-8601 UTC with three decimals, ``2000-01-01T00:00:00.000Z``.

    Args:
        ms: Epoch milliseconds, from MIN_MS to MAX_MS.

    Raises:
        OverflowError: The instant lies outside the years 1 to 9999.
    """
    return _SECOND_TEXT[ms // 1000] + _ENDINGS[ms % 1000]


def from_iso(text: str) -> int:
    """Read what :func:`iso` writes, and nothing else.

    Returns:
        Epoch milliseconds.

    Raises:
        ValueError: The text is not of that form, to the letter.
    """
    return _SECOND_MS[text[:_SECOND_CHARS]] + _MS_OF_ENDING[text[_SECOND_CHARS:]]


def ms_of(moment: datetime) -> int:
    """An instant (with a time zone) in epoch milliseconds, cut towards the past."""
    return (moment - _EPOCH) // _MILLISECOND


def moment_of(ms: int) -> datetime:
    """Epoch milliseconds, from MIN_MS to MAX_MS, as an instant in UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def from_isos(texts: Iterable[str]) -> list[int]:
    """Read many, as :func:`from_iso` reads one; raises what it does."""
    seconds, endings, chars = _SECOND_MS, _MS_OF_ENDING, _SECOND_CHARS
    return [seconds[text[:chars]] + endings[text[chars:]] for text in texts]


class _SecondText(dict[int, str]):
    """The text of a second since the epoch, written once."""

    def __missing__(self, second: int) -> str:
        moment = _EPOCH + timedelta(seconds=second)
        if len(self) >= _SECONDS_KEPT:
            self.clear()
        self[second] = text = moment.replace(tzinfo=None).isoformat()
        return text


class _SecondMs(dict[str, int]):
    """Epoch ms of a second's text, read once."""

    def __missing__(self, text: str) -> int:
        # fromisoformat reads other forms too, "2000-W01-1T00:00:00" among them.
        if datetime.fromisoformat(text).isoformat() != text:
            raise _misread(text)
        if len(self) >= _SECONDS_KEPT:
            self.clear()
        self[text] = ms = _text_ms(text)
        return ms


class _EndingMs(dict[str, int]):
    """Milliseconds of what follows the second."""

    def __missing__(self, text: str) -> int:
        raise _misread(text)


def _misread(text: str) -> ValueError:
    return ValueError(f"our timestamps read 2000-01-01T00:00:00.000Z, not {text[:40]!r}")


_SECOND_TEXT, _SECOND_MS = _SecondText(), _SecondMs()
_MS_OF_ENDING = _EndingMs((ending, ms) for ms, ending in enumerate(_ENDINGS))
