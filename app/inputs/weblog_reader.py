"""Requests of a web server's log turned into clicks and purchases."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from app.inputs.lines import MAX_LINE_BYTES, Lines
from app.inputs.rows import Item, Unreadable, row, too_long
from app.inputs.weblog import Request, WeblogError, parse
from app.topics import CLICKS, PURCHASES

#: Bytes of a user's hash: with 96 bits two of a billion users clash with a chance of 1e-11.
_USER_BYTES = 12

#: Users whose hash is remembered, at some 400 bytes each.
_REMEMBERED_USERS = 100_000


@dataclass(frozen=True, slots=True)
class RequestRules:
    """Which requests are clicks, which are purchases, and of what.

    Attributes:
        salt: Secret mixed into the users' hashes.
        only: What a target must match to be taken; None takes all.
        product: Its first group that matched is the productId.
        purchases: What a purchase's target, or method, space and target, matches.
    """

    salt: bytes
    only: re.Pattern[str] | None = None
    product: re.Pattern[str] | None = None
    purchases: re.Pattern[str] | None = None

    def wanted(self, request: Request) -> bool:
        """Whether the request is taken at all."""
        return self.only is None or self.only.search(request.target) is not None

    def topic(self, request: Request) -> str:
        """Short name of the topic the request belongs to."""
        rule = self.purchases
        if rule is None or not (
            rule.search(request.target) or rule.search(f"{request.method} {request.target}")
        ):
            return CLICKS
        return PURCHASES

    def product_id(self, request: Request) -> str | None:
        """The product the request is about."""
        match = self.product.search(request.target) if self.product else None
        return match[match.lastindex] if match and match.lastindex else None


class WeblogReader:
    """Requests of a web server's log; the client's address is hashed and goes no further."""

    def __init__(self, lines: Lines, rules: RequestRules) -> None:
        """Take the lines and the rules to read them by."""
        self._lines = lines
        self._rules = rules
        self._user = lru_cache(_REMEMBERED_USERS)(pseudonyms(rules.salt))

    def __iter__(self) -> Iterator[Item | None]:
        for line in self._lines:
            yield self._item(line) if line.strip() else None

    def _item(self, line: bytes) -> Item | None:
        number = self._lines.number
        if len(line) > MAX_LINE_BYTES:
            return too_long(number, line)
        try:
            request = parse(line)
        except WeblogError as error:
            return Unreadable(number, line, error.code, str(error))
        if not self._rules.wanted(request):
            return None
        return row(number, self._rules.topic(request), self._record(request), line)

    def _record(self, request: Request) -> dict[str, Any]:
        fields = {
            "userId": self._user(request.address, request.agent),
            "timestamp": request.time_ms,
            "page": request.path,
            "productId": self._rules.product_id(request),
            "userAgent": request.agent,
            "method": request.method,
            "status": request.status,
            "bytes": request.size,
            "referrer": request.referrer,
            "query": request.query,
        }
        return {name: value for name, value in fields.items() if value is not None}


def pseudonyms(salt: bytes) -> Callable[[str, str | None], str]:
    """A function from a client's address and user agent to its userId.

    Args:
        salt: Key of the hash, any length; without it nobody can tell whose hash it is.

    Returns:
        A function whose result is 24 hexadecimal digits.
    """
    key = blake2b(salt).digest()

    def pseudonym(address: str, agent: str | None) -> str:
        client = f"{address}\0{agent or ''}".encode()
        return blake2b(client, digest_size=_USER_BYTES, key=key).hexdigest()

    return pseudonym
