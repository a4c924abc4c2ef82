"""Laws of what is shown of a user in the stages' tables."""

from models.counting import Counting
from models.join import JoinRules
from models.joining import Joining
from models.queries import clicks_of, purchases_of, windows_of
from models.watermark import StreamTime
from models.windows import WindowRules, row_key
from tests.models.fakes import BY_USER, HOUR, MINUTE, DictRows, Task, at, inner, watermark

RULES = WindowRules(5 * MINUTE, 2 * MINUTE, 24 * HOUR)


def joined() -> DictRows:
    """The join's rows: ann and anna, on p and on an id of 256 bytes."""
    partitions = {"clicks": 1, "purchases": 1}
    task = Task(
        lambda rows: Joining(JoinRules(HOUR, HOUR, HOUR), StreamTime(partitions, 1), rows, BY_USER)
    )
    task.run(
        [
            inner("ann", at("12:00"), "clicks-0-0", productId="p"),
            inner("ann", at("12:30"), "clicks-0-1", productId="q" * 256),
            inner("anna", at("12:00"), "clicks-0-2", productId="p"),
            inner("ann", at("12:05"), "purchases-0-3", productId="p"),
            inner("ann", at("12:06"), "purchases-0-4", productId="r"),
            inner("anna", at("12:07"), "purchases-0-5", productId="r"),
        ]
    )
    return task.rows


def test_a_users_windows_are_shown_oldest_first_and_whether_they_are_final() -> None:
    """10:00 is closed, 10:05 may still change; another user's are not shown."""
    task = Task(lambda rows: Counting(RULES, StreamTime({"clicks": 1}, 1), rows))
    clicks = [("u", "10:06"), ("u", "10:01"), ("u", "10:02"), ("v", "10:11")]
    records = [inner(user, at(clock), stream_ms=at("10:06")) for user, clock in clicks]
    task.run([*records, watermark("clicks-0", at("10:07"))])
    shown = windows_of(task.rows, RULES, b"u", row_key(at("10:05"), b""))
    assert [
        {
            "windowStart": "2024-01-01T10:00:00.000Z",
            "windowEnd": "2024-01-01T10:05:00.000Z",
            "clickCount": 2,
            "final": True,
        },
        {
            "windowStart": "2024-01-01T10:05:00.000Z",
            "windowEnd": "2024-01-01T10:10:00.000Z",
            "clickCount": 1,
            "final": False,
        },
    ] == shown


def test_a_user_without_clicks_has_no_windows() -> None:
    """Nor has anyone in an empty table; what else a table holds is no window."""
    assert [] == windows_of(DictRows(), RULES, b"u", b"w")
    rows = DictRows({row_key(at("10:00"), b"v"): b"1", b"\0state": b"{}", b"x": b"?"})
    assert [] == windows_of(rows, RULES, b"u", b"w")


def test_a_users_clicks_are_shown_with_product_time_and_source() -> None:
    """Not those of a user whose name goes on."""
    clicks = clicks_of(joined(), b"ann")
    assert ["clicks-0-0", "clicks-0-1"] == [click["source"] for click in clicks]
    assert ["p", "q" * 256] == [click["productId"] for click in clicks]
    assert "2024-01-01T12:30:00.000Z" == clicks[1]["timestamp"]


def test_a_users_pending_purchases_are_shown_and_whether_they_were_matched() -> None:
    """That of p has its click; that of r waits for one."""
    assert [
        {
            "timestamp": "2024-01-01T12:05:00.000Z",
            "matched": True,
            "purchase": {"partition": 0, "offset": 3},
        },
        {
            "timestamp": "2024-01-01T12:06:00.000Z",
            "matched": False,
            "purchase": {"partition": 0, "offset": 4},
        },
    ] == purchases_of(joined(), b"ann")


def test_a_user_without_clicks_or_purchases_has_none() -> None:
    """A prefix of a known name is another name."""
    assert [] == clicks_of(joined(), b"an")
    assert [] == purchases_of(joined(), b"an")
