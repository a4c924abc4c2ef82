"""Laws of the join's bounds and of its rows' keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.join import (
    BUCKETS,
    ClickKeys,
    JoinRules,
    Source,
    bucket_key,
    click_prefix,
    click_time,
    purchase_key,
)
from tests.models.fakes import DAY, HOUR, MINUTE

RULES = JoinRules(HOUR, 2 * MINUTE, HOUR)
TIMES = st.integers(0, 10**6)
SOURCES = st.builds(Source, st.integers(0, 10**9 - 1), st.integers(0, 2**62))


@pytest.mark.parametrize(
    ("after_ms", "matches"), [(-1, False), (0, True), (1, True), (HOUR - 1, True), (HOUR, False)]
)
def test_a_purchase_matches_a_click_less_than_within_before_it(
    after_ms: int, matches: object
) -> None:
    """0 <= P.t - C.t < within: at the same millisecond yes, an hour later no more."""
    # C----------------------------1 h)
    # |P yes           P yes      |P no
    assert matches is RULES.matches(DAY, DAY + after_ms)


@pytest.mark.parametrize(("behind_ms", "lacked_ms"), [(-1, -1), (0, 0), (1, 1)])
def test_a_record_lacks_what_it_is_behind_stream_time_less_the_grace(
    behind_ms: int, lacked_ms: int
) -> None:
    """Late is t + grace < streamTime; equal is not. The greater of its own and the stage's."""
    stream_ms = DAY + RULES.grace_ms + behind_ms
    assert lacked_ms == RULES.lacked(DAY, stream_ms, 0)
    assert lacked_ms == RULES.lacked(DAY, 0, stream_ms)


@given(st.integers(1, 50), TIMES, TIMES)
def test_the_buckets_of_a_purchase_hold_every_click_that_matches(
    within_ms: int, click_ms: int, after_ms: int
) -> None:
    """Whatever the length of within, a sixth of which is a bucket."""
    rules = JoinRules(within_ms, 0, 0)
    purchase_ms = click_ms + after_ms % within_ms
    assert rules.bucket_of(click_ms) in rules.buckets_for(purchase_ms)


@given(st.integers(6, 10**5), TIMES)
def test_a_purchase_looks_into_eight_buckets_at_most(within_ms: int, purchase_ms: int) -> None:
    """Six of a sixth each, one more for where they begin, one for what a sixth cuts off."""
    rules = JoinRules(within_ms - within_ms % BUCKETS, 0, 0)
    assert len(rules.buckets_for(purchase_ms)) <= BUCKETS + 1


@given(st.integers(1, 50), TIMES, TIMES)
def test_a_bucket_expires_only_when_all_its_clicks_have(
    within_ms: int, click_ms: int, horizon_ms: int
) -> None:
    """A click is kept until W >= t + within, and not a bucket longer."""
    rules = JoinRules(within_ms, 0, 0)
    expired = rules.bucket_of(click_ms) < rules.expired_to(horizon_ms)
    if horizon_ms < click_ms + within_ms:
        assert not expired
    if horizon_ms >= click_ms + within_ms + rules.bucket_ms:
        assert expired


@given(st.lists(st.tuples(TIMES, SOURCES), min_size=2, max_size=2))
def test_keys_sort_by_time_then_input_partition_then_offset(
    events: list[tuple[int, Source]],
) -> None:
    """So ties are broken by the order of the rows."""
    first, second = events
    of = ClickKeys(JoinRules(10**8, 0, 0)).of  # one bucket for all
    clicks = [of(ms, b"u", "p", f"clicks-{q}-{offset}")[1] for ms, (q, offset) in events]
    assert (first < second) == (clicks[0] < clicks[1])
    keys = [purchase_key(*event) for event in events]
    assert (first < second) == (keys[0] < keys[1])


@given(st.binary(max_size=256), st.text(max_size=64), st.binary(max_size=256), st.text(max_size=64))
def test_no_users_and_products_share_a_prefix(
    user: bytes, product: str, other_user: bytes, other_product: str
) -> None:
    """Not even where one's name goes on as the other's: lengths stand before the names."""
    one = click_prefix(0, user, product)
    other = click_prefix(0, other_user, other_product)
    assert ((user, product) == (other_user, other_product)) == one.startswith(other)


def test_a_click_key_says_its_time() -> None:
    """It lies in its bucket."""
    prefix, key = ClickKeys(RULES).of(DAY + 7, b"u", "p", "clicks-1-2")
    assert click_prefix(DAY, b"u", "p") == prefix == key[:-20]
    assert DAY + 7 == click_time(key)
    assert bucket_key(DAY) < key < bucket_key(DAY + 1)


@pytest.mark.parametrize("offset", ["", "x", "-1", "1" * 20, "1 "])
def test_a_click_whose_source_is_none_has_no_key(offset: str) -> None:
    """Nor when its input partition is known from other clicks."""
    keys = ClickKeys(RULES)
    keys.of(DAY, b"u", "p", "clicks-1-9999999999999999999")
    with pytest.raises(ValueError, match="sourceRecord"):
        keys.of(DAY, b"u", "p", f"clicks-1-{offset}")


def test_a_source_is_read_from_the_end() -> None:
    """A topic's name may hold dashes and numbers."""
    assert Source(3, 41) == Source.of("shop-1-clicks-3-41")


@pytest.mark.parametrize("text", ["", "clicks", "clicks-1", "clicks-a-1", "clicks-1-", "clicks--1"])
def test_what_is_no_source_is_refused(text: str) -> None:
    """It reads <topic>-<partition>-<offset>."""
    with pytest.raises(ValueError, match=r".+"):
        Source.of(text)
