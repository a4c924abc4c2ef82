"""The command's options, checked."""

import re
from datetime import UTC, datetime

from app.audit.errors import AuditError
from app.audit.rules import Choice

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def choice_of(
    from_: str | None, to: str | None, users: tuple[str, ...], sample: str | None
) -> Choice:
    """What is to be compared.

    Raises:
        AuditError: An option is not what it must be.
    """
    from_ms, to_ms = _instant("--from", from_), _instant("--to", to)
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise AuditError(f"--from lies before --to; got {from_} and {to}. Swap them.")
    return Choice(from_ms, to_ms, tuple(users), _share(sample))


def _instant(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int((at - _EPOCH).total_seconds() * 1000)
    except (ValueError, OverflowError):
        raise AuditError(
            f"{name} is an ISO-8601 time; got {text!r}. Write it as 2025-01-01T10:00:00Z."
        ) from None


def _share(text: str | None) -> float:
    if text is None:
        return 1.0
    match = _SHARE.fullmatch(text.strip())
    share = float(match[1]) / 100 if match else 0.0
    if not 0 < share <= 1:
        raise AuditError(
            f"--sample is a share above 0% and up to 100%; got {text!r}. Say --sample 5%."
        )
    return share
