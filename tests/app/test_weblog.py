"""Lines of web servers, as they are and as they should be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inputs.weblog import (
    BAD_TIME,
    NO_REQUEST,
    NOT_WEBLOG,
    Request,
    WeblogError,
    parse,
    time_ms,
    unescape,
)

EXCERPT = Path(__file__).parents[1] / "data" / "access-excerpt.log"
T_MS = 1_431_857_103_000  # 2015-05-17T10:05:03Z
HEAD = b"83.149.9.0 - - [17/May/2015:10:05:03 +0000] "


def read(line: bytes) -> Request | str:
    """The request, or the rule that the line breaks."""
    try:
        return parse(line)
    except WeblogError as error:
        return error.code


def code_of(line: bytes) -> str:
    """The rule that an unreadable line breaks."""
    with pytest.raises(WeblogError) as caught:
        parse(line)
    return caught.value.code


def test_a_line_has_all_fields_of_its_request() -> None:
    """Address, time, request, status, size, referrer, agent; path and query apart."""
    line = HEAD + b'"GET /a/b?q=1 HTTP/1.1" 200 203 "http://x.example/" "Mozilla/5.0 (X11)"'
    expected = Request(
        "83.149.9.0", T_MS, "GET", "/a/b?q=1", 200, 203, "http://x.example/", "Mozilla/5.0 (X11)"
    )
    assert expected == parse(line)
    assert ("/a/b", "q=1") == (parse(line).path, parse(line).query)


def test_every_line_of_a_real_log_is_read_but_the_one_that_breaks_off() -> None:
    """499 of 500 lines of a real log; line 199 has no end."""
    lines = EXCERPT.read_bytes().splitlines()
    results = [(number, read(line)) for number, line in enumerate(lines, 1)]
    assert 500 == len(lines)
    assert [(199, NOT_WEBLOG)] == [r for r in results if not isinstance(r[1], Request)]


def test_a_dash_is_an_absent_field() -> None:
    """Servers write - for what they do not know."""
    request = parse(HEAD + b'"GET / HTTP/1.0" - - "-" "-"')
    assert (None, None, None, None) == request[4:]


def test_the_common_format_lacks_referrer_and_agent() -> None:
    """Common Log Format is Combined without its last two fields."""
    request = parse(HEAD + b'"GET / HTTP/1.0" 304 -')
    assert (304, None, None, None) == request[4:]


def test_fields_after_the_agent_are_ignored() -> None:
    """Servers append fields of their own."""
    assert "curl/8" == parse(HEAD + b'"GET / HTTP/2.0" 200 5 "-" "curl/8" "10.0.0.1" 0.003').agent


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"say \"hi\" \\ there", 'say "hi" \\ there'),
        (rb"caf\xc3\xa9", "caf\xe9"),
        (rb"caf\xe9", r"caf\xe9"),
        (b"caf\xc3\xa9", "caf\xe9"),
        (b"caf\xe9", r"caf\xe9"),
        (rb"tab\there", "tab\there"),
    ],
)
def test_escapes_are_undone_and_what_is_not_unicode_stays_escaped(
    written: bytes, read: str
) -> None:
    """Nothing is lost, and the result is always text."""
    assert read == parse(HEAD + b'"GET / HTTP/1.1" 200 5 "-" "' + written + b'"').agent


@pytest.mark.parametrize("address", [b"2001:db8::1", b"::1", b"host.example", b"fe80::1%eth0"])
def test_an_address_may_be_of_any_kind(address: bytes) -> None:
    """IPv6 and host names too; the user name may have spaces."""
    line = address + b' - jane doe [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x"'
    assert address.decode() == parse(line).address


def test_a_virtual_host_before_the_address_is_passed_over() -> None:
    """vhost_combined puts name and port first."""
    assert "83.149.9.0" == parse(b"www.example.org:443 " + HEAD + b'"GET / HTTP/1.1" 200 5').address


@pytest.mark.parametrize(
    ("request_", "method", "target"),
    [
        (b"PROPFIND /dav HTTP/1.1", "PROPFIND", "/dav"),
        (b"M-SEARCH * HTTP/1.1", "M-SEARCH", "*"),
        (b"GET /a file with spaces HTTP/1.1", "GET", "/a file with spaces"),
        (b"GET /old", "GET", "/old"),
        (b"GET http://h.example:80/p?q=1 HTTP/1.1", "GET", "/p?q=1"),
        (b"GET http://h.example HTTP/1.1", "GET", "/"),
        (b"CONNECT h.example:443 HTTP/1.1", "CONNECT", "h.example:443"),
        (b"GET /r?to=http://h.example/ HTTP/1.1", "GET", "/r?to=http://h.example/"),
    ],
)
def test_odd_requests_are_requests(request_: bytes, method: str, target: str) -> None:
    """Methods of all kinds, spaces in targets, no protocol, absolute targets."""
    request = parse(HEAD + b'"' + request_ + b'" 200 5 "-" "x"')
    assert (method, target) == (request.method, request.target)


@pytest.mark.parametrize("request_", [b"-", b"", rb"\x16\x03\x01", b"GET", b"{} / HTTP/1.1"])
def test_bytes_that_are_no_request_visited_no_page(request_: bytes) -> None:
    """Time-outs, TLS on a plain port, scanners."""
    assert NO_REQUEST == code_of(HEAD + b'"' + request_ + b'" 400 5 "-" "-"')


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        HEAD + b'"GET / HTTP/1.1" 200 5 "-" "Mozilla',
        HEAD + b'"GET / HTTP/1.1" two 5 "-" "x"',
        b'1.2.3.0 - - "GET / HTTP/1.1" 200 5 "-" "x"',
    ],
)
def test_lines_of_another_format_are_told_so(line: bytes) -> None:
    """Also a line that breaks off within its quotes."""
    assert NOT_WEBLOG == code_of(line)


@pytest.mark.parametrize(
    "text",
    [
        "31/Feb/2015:00:00:00 +0000",
        "29/Feb/2015:00:00:00 +0000",
        "01/Xyz/2015:00:00:00 +0000",
        "01/Jan/2015:24:00:00 +0000",
        "00/Jan/2015:00:00:00 +0000",
        "2015-01-01T00:00:00Z",
    ],
)
def test_times_that_do_not_exist_are_no_times(text: str) -> None:
    """February 29 in 2015, hour 24, another format."""
    with pytest.raises(WeblogError) as caught:
        time_ms(text)
    assert BAD_TIME == caught.value.code


def test_times_are_read_with_their_offset_and_milliseconds() -> None:
    """Offsets of half hours and west of Greenwich; 29 February 2016."""
    assert T_MS == time_ms("17/May/2015:10:05:03 +0000") == time_ms("17/May/2015:15:35:03 +0530")
    assert T_MS == time_ms("17/May/2015:01:05:03 -0900")
    assert T_MS + 250 == time_ms("17/May/2015:10:05:03.250 +0000")
    assert 1_456_704_000_000 == time_ms("29/Feb/2016:00:00:00 +0000")


@given(st.binary(max_size=200))
def test_any_line_is_a_request_or_unreadable(line: bytes) -> None:
    """Nothing else comes out of the parser, whatever a client sent."""
    assert isinstance(read(line), Request) or read(line) in {NOT_WEBLOG, BAD_TIME, NO_REQUEST}


@given(st.text())
def test_unescaping_undoes_what_a_server_escapes(text: str) -> None:
    """The round trip of any text."""
    written = "".join(
        f"\\{c}" if c in '"\\' else c if c.isprintable() and c.isascii() else hexed(c) for c in text
    )
    assert text == unescape(written)


def hexed(char: str) -> str:
    r"""A character as a server writes it: ``\xhh`` for each byte of UTF-8."""
    return "".join(f"\\x{byte:02x}" for byte in char.encode())
