"""Requests that no polite client sends."""

from http import HTTPStatus

_END = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#: Requests that no polite client sends, and the statuses that are an answer to them.
NOT_HTTP = {HTTPStatus.BAD_REQUEST}
NOT_FOUND = {HTTPStatus.NOT_FOUND}
FOUND = {HTTPStatus.OK}
RAW: dict[str, tuple[bytes, set[HTTPStatus]]] = {
    "percent alone": (b"GET /table/click-counts/%/" + _END, NOT_FOUND),
    "percent with one digit": (b"GET /table/click-counts/%4/" + _END, NOT_FOUND),
    "percent with no digits": (b"GET /table/click-counts/%zz/" + _END, NOT_FOUND),
    "percent twice": (b"GET /table/click-counts/%%/" + _END, NOT_FOUND),
    "not UTF-8, encoded": (b"GET /table/click-counts/%ff%fe/" + _END, NOT_FOUND),
    "overlong UTF-8, encoded": (b"GET /table/click-counts/%c0%af/" + _END, NOT_FOUND),
    "surrogate, encoded": (b"GET /table/click-counts/%ed%a0%80/" + _END, NOT_FOUND),
    "UTF-16 of scripts": (b"GET /table/click-counts/%u0041/" + _END, NOT_FOUND),
    "line feed, encoded": (b"GET /table/click-counts/a%0d%0aX:1/" + _END, NOT_FOUND),
    "bytes beyond ASCII": (b"GET /table/click-counts/\xff/" + _END, NOT_HTTP),
    "NUL": (b"GET /table/click-counts/\0/" + _END, NOT_HTTP),
    "a space": (b"GET /table/click-counts/a b/" + _END, NOT_HTTP),
    "braces as they are": (b"GET /table/click-counts/{x}/" + _END, FOUND),
    "dots as they are": (b"GET /table/click-counts/../" + _END, FOUND),
    "a path up": (b"GET /table/../../etc/passwd" + _END, NOT_FOUND),
    "no slash at the end": (b"GET /table/click-counts/user-1" + _END, NOT_FOUND),
    "empty segments": (b"GET //table//click-counts//" + _END, NOT_FOUND),
    "an empty id": (b"GET /table/click-counts//" + _END, NOT_FOUND),
    "an id of 5,000 bytes": (b"GET /table/click-counts/%b/" % (b"x" * 5000) + _END, NOT_FOUND),
    "a path of 100,000 bytes": (b"GET /%b/" % (b"x" * 100_000) + _END, NOT_HTTP),
    "2,000 segments": (b"GET " + b"/a" * 2000 + _END, NOT_FOUND),
    "a query": (b"GET /table/click-counts/user-1/?a=%ff&&=;%00" + _END, FOUND),
    "a fragment": (b"GET /table/click-counts/user-1/#x" + _END, FOUND),
    "another host's URL": (b"GET http://example.org/table/click-counts/user-1/" + _END, FOUND),
    "an unknown scheme": (b"GET gopher://x/table/" + _END, FOUND | NOT_HTTP),
    "star": (b"OPTIONS *" + _END, NOT_FOUND),
    "a tunnel": (b"CONNECT example.org:443" + _END, NOT_FOUND),
    "an unknown method": (b"BREW /table/" + _END, NOT_HTTP),
    "a method in small letters": (b"get /table/" + _END, NOT_HTTP),
    "another version": (b"GET /table/ HTTP/9.9\r\nHost: localhost\r\n\r\n", NOT_HTTP),
    "no version, as in HTTP 0.9": (b"GET /table/\r\n\r\n", FOUND),
    "1,000 headers": (b"GET /table/ HTTP/1.1\r\n" + b"X: 1\r\n" * 1000 + b"\r\n", NOT_HTTP),
    "a header of 100,000 bytes": (
        b"GET /table/ HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        NOT_HTTP,
    ),
    "no host": (b"GET /table/ HTTP/1.1\r\nAccept: */*\r\n\r\n", NOT_HTTP),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", NOT_HTTP),
    "rubbish": (b"\0" * 100 + b"\r\n\r\n", NOT_HTTP),
}

#: Headers that change no answer.
HEADERS: dict[str, bytes] = {
    "a value beyond ASCII": b"Host: localhost\r\nX-Name: \xff\xfe\r\n",
    "a value of emoji": b"Host: localhost\r\nX-Name: \xf0\x9f\x98\x80\r\n",
    "a body that is not sent": b"Host: localhost\r\nContent-Length: 10\r\n",
    "chunks that are not sent": b"Host: localhost\r\nTransfer-Encoding: chunked\r\n",
    "a coding of the body": b"Host: localhost\r\nContent-Encoding: gzip\r\n",
    "an upgrade": b"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    "codings that nobody knows": b"Host: localhost\r\nAccept-Encoding: x, y;q=9\r\n",
    "types that are none of ours": b"Host: localhost\r\nAccept: image/png\r\n",
    "a range": b"Host: localhost\r\nRange: bytes=5-2\r\n",
    "a cookie that is none": b"Host: localhost\r\nCookie: ;;=;\r\n",
    "100 headers of one name": b"Host: localhost\r\n" + b"X-Many: 1\r\n" * 100,
    "credentials": b"Host: localhost\r\nAuthorization: Basic \xff\r\n",
}
#: Headers that name another host.
HOSTS: dict[str, bytes] = {
    "another host": b"Host: example.org\r\n",
}
