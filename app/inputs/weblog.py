r"""Lines of web servers in Combined Log Format.

::

    [vhost:port ]address ident user [17/May/2015:10:05:03 +0000] "request" status bytes
        ["referrer" ["agent" ...]]

Source: Apache HTTP Server, mod_log_config: ``combined``, ``common`` and ``vhost_combined``; nginx
writes the same. Inside quotes a quote is ``\"``, a backslash ``\\`` and any other byte ``\xhh``.
"""

import re
from calendar import timegm
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

NOT_WEBLOG = "not_weblog"
BAD_TIME = "bad_log_time"
NO_REQUEST = "no_request"

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_LINE = re.compile(
    rf"(?:[\w.-]+:\d+ )?(\S+) \S+ [^\x22\[]+? \[([^\]]+)\] {_QUOTED} (\d{{3}}|-) (\d+|-)"
    rf"(?: {_QUOTED}(?: {_QUOTED}.*)?)?\s*",
    re.DOTALL,
)
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ORIGIN = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"v": b"\v", b"f": b"\f"}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_TIME = re.compile(
    r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{3})\d*)? ([+-])(\d\d)(\d\d)"
)


class WeblogError(ValueError):
    """A line that is no request in Combined Log Format.

    Attributes:
        code: A stable code for the rule it breaks.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Request(NamedTuple):
    """One request; a field that the server wrote as ``-`` is None.

    Attributes:
        address: The client's address or host name.
        time_ms: When the server took it, epoch milliseconds.
        method: As sent: GET, HEAD, PROPFIND ...
        target: The request's target without scheme and host: path and query.
        status: Three digits.
        size: Bytes sent.
        referrer: Where the client came from, as it says.
        agent: The client's user agent.
    """

    address: str
    time_ms: int
    method: str
    target: str
    status: int | None
    size: int | None
    referrer: str | None
    agent: str | None

    @property
    def path(self) -> str:
        """The target up to its query or fragment."""
        return self.target.partition("?")[0].partition("#")[0]

    @property
    def query(self) -> str | None:
        """The target's query, without the question mark."""
        return self.target.partition("?")[2] or None


def parse(line: bytes) -> Request:
    r"""Read one line.

    Args:
        line: The line; bytes that are not UTF-8 are taken as the ``\xhh`` a server would write.

    Raises:
        WeblogError: The line has another format, its time does not exist, or it records bytes
            that were no HTTP request (a port scan, a time-out).
    """
    match = _LINE.fullmatch(line.decode("utf-8", "backslashreplace"))
    if match is None:
        raise WeblogError(
            NOT_WEBLOG,
            'A web log\'s line is: address ident user [time] "request" status bytes "referrer" '
            '"agent"; this one is not. Name its format with --format, or mend the line.',
        )
    address, time, request, status, size, referrer, agent = match.groups()
    method, target = _request(request)
    return Request(
        address,
        time_ms(time),
        method,
        target,
        None if status == "-" else int(status),
        None if size == "-" else int(size),
        _text(referrer),
        _text(agent),
    )


@lru_cache(maxsize=4096)
def time_ms(text: str) -> int:
    """Epoch milliseconds of ``17/May/2015:10:05:03 +0000``.

    Raises:
        WeblogError: The text is no such time, or no such day or hour exists.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise _bad_time(text)
    day, year, hour, minute, second = (int(match[i]) for i in (1, 3, 4, 5, 6))
    try:
        moment = datetime(year, _MONTHS[match[2]], day, hour, minute, second, tzinfo=UTC)
    except (KeyError, ValueError):
        raise _bad_time(text) from None
    offset_s = (int(match[9]) * 60 + int(match[10])) * (-60 if match[8] == "-" else 60)
    return (timegm(moment.timetuple()) - offset_s) * 1000 + int(match[7] or 0)


def _bad_time(text: str) -> WeblogError:
    return WeblogError(
        BAD_TIME,
        f"A web log's time is like 17/May/2015:10:05:03 +0000; got {text[:80]!r}. Mend the line.",
    )


def _request(request: str) -> tuple[str, str]:
    method, _, rest = request.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not protocol.startswith("HTTP/"):
        target = rest
    if not target or _METHOD.fullmatch(method) is None:
        raise WeblogError(
            NO_REQUEST,
            f"A request is METHOD target PROTOCOL; the client sent {request[:80]!r}. "
            "Nothing to mend: it visited no page.",
        )
    if "://" in target:
        target = _ORIGIN.sub("", target, count=1) or "/"
    return method, unescape(target)


def _text(field: str | None) -> str | None:
    return None if field is None or field in ("-", "") else unescape(field)


def unescape(field: str) -> str:
    """Undo a server's escapes; bytes that are then not UTF-8 stay escaped."""
    if "\\" not in field:
        return field
    return _ESCAPE.sub(_byte, field.encode()).decode("utf-8", "backslashreplace")


def _byte(match: re.Match[bytes]) -> bytes:
    digits, char = match.groups()
    return bytes.fromhex(digits.decode()) if digits else _CONTROL.get(char, char)
