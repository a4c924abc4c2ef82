"""Requests as clicks and purchases."""

import io
import json
import re
from pathlib import Path
from typing import Any

from app.inputs.lines import Lines
from app.inputs.rows import Item, Row
from app.inputs.weblog_reader import RequestRules, WeblogReader, pseudonyms

EXCERPT = Path(__file__).parents[1] / "data" / "access-excerpt.log"
HEAD = b"83.149.9.0 - - [17/May/2015:10:05:03 +0000] "


def from_weblog(text: bytes, **rules: str) -> list[Item | None]:
    """What a web log becomes."""
    patterns = {name: re.compile(rule) for name, rule in rules.items()}
    return list(WeblogReader(Lines(io.BytesIO(text)), RequestRules(b"salt", **patterns)))


def value(item: Item | None) -> Any:
    """The decoded value of a record."""
    assert isinstance(item, Row)
    return json.loads(item.value)


def test_a_request_is_a_click_of_its_path_by_a_pseudonym() -> None:
    """The query is a field of its own; the rest is carried along."""
    [row] = from_weblog(
        HEAD + b'"GET /p/7?x=1 HTTP/1.1" 200 5 "http://r/" "curl/8"', product="/p/([0-9]+)"
    )
    assert isinstance(row, Row)
    user = pseudonyms(b"salt")("83.149.9.0", "curl/8")
    assert (1, "clicks", user.encode()) == row[:3]
    assert {
        "userId": user,
        "timestamp": 1_431_857_103_000,
        "page": "/p/7",
        "query": "x=1",
        "productId": "7",
        "userAgent": "curl/8",
        "method": "GET",
        "status": 200,
        "bytes": 5,
        "referrer": "http://r/",
    } == value(row)


def test_fields_that_a_server_left_out_are_absent() -> None:
    """Absent, not null."""
    [row] = from_weblog(HEAD + b'"GET / HTTP/1.1" 304 - "-" "-"')
    assert {"userId", "timestamp", "page", "method", "status"} == set(value(row))


def test_requests_that_match_are_purchases_and_no_clicks() -> None:
    """By target or by method and target; one without a product is still sent."""
    log = b"".join(
        HEAD + b'"' + request + b' HTTP/1.1" 200 5\n'
        for request in (b"GET /buy/1", b"POST /buy/1", b"GET /p/2", b"POST /paid")
    )
    rows = from_weblog(log, product="/buy/([0-9]+)|/p/([0-9]+)", purchases="^POST /buy|^/paid")
    assert ["clicks", "purchases", "clicks", "purchases"] == [
        r.topic for r in rows if isinstance(r, Row)
    ]
    assert ["1", "1", "2", None] == [value(row).get("productId") for row in rows]


def test_requests_not_asked_for_are_passed_over() -> None:
    """They are counted, and nothing else."""
    log = HEAD + b'"GET /a.css HTTP/1.1" 200 5\n' + HEAD + b'"GET /b HTTP/1.1" 200 5\n'
    assert [None, 2] == [row and row.line for row in from_weblog(log, only="^/[^.]*$")]


def test_another_salt_makes_another_user_and_no_address_is_carried_along() -> None:
    """Users are told apart by salt, address and agent."""
    names = {
        pseudonyms(salt)("83.149.9.0", agent) for salt in (b"a", b"b") for agent in ("x", "y", None)
    }
    assert 6 == len(names)
    with EXCERPT.open("rb") as file:
        rows = list(WeblogReader(Lines(file), RequestRules(b"salt")))
    addresses = [line.split()[0] for line in EXCERPT.read_bytes().splitlines()]
    read = [
        (row, address) for row, address in zip(rows, addresses, strict=True) if isinstance(row, Row)
    ]
    assert 499 == len(read)
    assert [] == [row for row, address in read if address in row.value]
