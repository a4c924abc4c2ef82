"""Laws of what a request may ask for."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from app.answers import Misasked
from app.views.asking import (
    Span,
    instant,
    limit_of,
    of_worker,
    one_of,
    parameters,
    span_of,
    user_of,
)
from models.timestamps import MAX_MS, MIN_MS

T10_MS = 1_704_103_200_000  # 2024-01-01T10:00:00Z


def asked(query: str = "", user: str = "u") -> web.Request:
    """A request for a user."""
    return make_mocked_request("GET", f"/counts/x?{query}", match_info={"user": user})


def span(query: str) -> Span:
    """What is read from a query."""
    return span_of(asked(query), "from", "to", "limit")


def test_all_of_time_is_asked_for_unless_told() -> None:
    """And the newest thousand."""
    assert Span(MIN_MS, MAX_MS, 1_000) == span("")


@pytest.mark.parametrize(
    "text",
    [
        "1704103200000",
        "2024-01-01T10:00:00Z",
        "2024-01-01T10:00",
        "2024-01-01T12:00:00%2B02:00",
        "20240101T100000Z",
    ],
)
def test_a_time_is_iso_or_epoch_milliseconds(text: str) -> None:
    """Without an offset it is UTC."""
    assert Span(T10_MS, MAX_MS, 7) == span(f"from={text}&limit=7")
    assert Span(MIN_MS, T10_MS, 1_000) == span(f"to={text}")


def test_a_span_may_be_empty_and_not_backwards() -> None:
    """From is in, to is not."""
    assert Span(5, 5, 1_000) == span("from=5&to=5")
    with pytest.raises(Misasked, match=r"from must not be later than to; got 'from=6 to=5'\. Exch"):
        span("from=6&to=5")


@pytest.mark.parametrize(
    "text", ["", "soon", "1.5", "2024-13-01", "10:00", "9" * 19, "-62135596800001", "٣", "1 "]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(Misasked, match=r"from is a time .*; got .*\. Write it as 2000-01-01T"):
        instant("from", text)


def test_a_plus_that_became_a_space_is_told_of() -> None:
    """As HTML forms have it: the remedy names %2B."""
    with pytest.raises(Misasked, match=r"12:00:00 02:00'.*%2B"):
        span("from=2024-01-01T12:00:00+02:00")


@pytest.mark.parametrize("text", ["0", "1001", "-1", "", "1.0", "1e2", "x", "٣", "9" * 5000])
def test_a_limit_is_from_1_to_1000(text: str) -> None:
    """Anything else is refused, and shown in 80 characters at most."""
    assert (1, 1_000) == (limit_of({"limit": "1"}, 10), limit_of({"limit": "1000"}, 10))
    with pytest.raises(Misasked, match="limit is a whole number from 1 to 1000; got '") as refused:
        limit_of({"limit": text}, 10)
    assert len(str(refused.value)) < 200


def test_unknown_and_repeated_parameters_are_refused() -> None:
    """A misspelt one would else be as if it were not there."""
    assert {"limit": "1"} == parameters(asked("limit=1"), "limit")
    with pytest.raises(Misasked, match="takes from, limit as parameters; got 'limits'"):
        parameters(asked("limits=1"), "from", "limit")
    with pytest.raises(Misasked, match="takes no parameters; got 'x'"):
        parameters(asked("x="))
    with pytest.raises(Misasked, match="given once; got 'limit=2'"):
        parameters(asked("limit=1&limit=2"), "limit")


def test_a_user_has_256_bytes_at_most() -> None:
    """In UTF-8, as in the input."""
    assert ("ü" * 128).encode() == user_of(asked(user="ü" * 128))
    with pytest.raises(Misasked, match=r"256 bytes.* This one has 258"):
        user_of(asked(user="ü" * 129))


def test_a_choice_is_of_its_words() -> None:
    """Which the refusal names."""
    assert "users" == one_of("by", "users", ("users", "pages"))
    with pytest.raises(Misasked, match="by is one of users, pages; got 'Users'"):
        one_of("by", "Users", ("users", "pages"))


def test_the_scope_is_the_cluster_unless_told() -> None:
    """Or the worker alone."""
    assert [False, False, True] == [
        of_worker(given) for given in ({}, {"scope": "cluster"}, {"scope": "worker"})
    ]
    with pytest.raises(Misasked, match="scope is cluster or worker; got 'all'"):
        of_worker({"scope": "all"})
