"""Laws of explain: what follows from the records, and whether that was emitted."""

from dataclasses import replace
from typing import Any

import pytest

from app.explain.conversion import explain_conversion, parts_of
from app.explain.count import CountEvidence, explain_count, window_start
from app.explain.evidence import Dead, Passed
from app.explain.story import Story
from app.explain.topics import Place
from app.explain.trace import Trace, explain_record
from app.inputs.errors import InputError
from models.join import JoinRules
from models.windows import WindowRules
from tests.models.fakes import HOUR, MINUTE, Record, at

RULES = WindowRules(5 * MINUTE, 2 * MINUTE, HOUR)
T = at("10:05")
FINAL = "click-counts-1-3"


def _click(offset: int, clock: str, stream: str | None = None, **more: Any) -> Passed:
    return Passed(
        f"clicks-0-{offset}",
        f"enriched-clicks-1-{offset}",
        offset,
        "u",
        more.pop("product", "p"),
        at(clock),
        at(stream or clock),
        **more,
    )


CLICKS = [
    _click(0, "10:04:59"),
    _click(1, "10:05"),
    _click(2, "10:09:59"),
    _click(3, "10:10"),
    _click(4, "10:06", "10:12"),
    _click(5, "10:06", "10:11:59"),
]


def _count(rules: WindowRules = RULES, **found: Any) -> Story:
    given: dict[str, Any] = {
        "clicks": CLICKS,
        "read_to": 6,
        "stream_ms": at("10:12"),
        "finals": [(3, FINAL)],
    }
    return explain_count(rules, "u", T, CountEvidence(**(given | found)))


def _names(story: Story, section: str) -> list[str]:
    return [row.name for row in story.sections[section]]


def test_a_count_rests_on_the_clicks_in_its_window_that_are_not_late() -> None:
    """[10:05, 10:10); late from 10:12 of its own partition's time on."""
    story = _count()
    assert ["clicks-0-1", "clicks-0-2", "clicks-0-5"] == _names(story, "Counted")
    assert ["clicks-0-4"] == _names(story, "Late")
    assert story.right
    assert f"3 counted, and {FINAL} says 3: right." == story.verdict


REVISED = replace(RULES, revise_ms=MINUTE)


@pytest.mark.parametrize(
    ("finals", "revisions", "right"),
    [([3], [(1, 4)], True), ([3], [(1, 5)], False), ([3], [], False), ([], [(1, 4)], False)],
)
def test_a_late_click_within_the_horizon_revises_the_count(
    finals: list[int], revisions: list[tuple[int, int]], right: object
) -> None:
    """Late by nothing, with a horizon of a minute: three on time, then a record that says four."""
    story = _count(
        REVISED,
        finals=[(count, FINAL) for count in finals],
        revisions=[(k, count, FINAL) for k, count in revisions],
    )
    assert ["clicks-0-4"] == _names(story, "Late, and revised the count")
    assert [] == _names(story, "Late")
    assert right == story.right


def test_what_revises_an_open_window_waits_for_its_closing() -> None:
    """Nothing was emitted, and that is right."""
    assert _count(REVISED, stream_ms=at("10:11"), finals=[]).right


def test_a_late_event_is_believed_where_stream_time_alone_would_not_say_late() -> None:
    """A click that came back from idleness is late by the stage's time."""
    story = _count(late={"clicks-0-1": (2.5, "late-events-1-0")}, finals=[(2, FINAL)])
    assert ["clicks-0-1", "clicks-0-4"] == _names(story, "Late")
    assert "late by 2.5 s" in story.sections["Late"][0].text
    assert story.right


def test_bots_are_told_apart_when_they_are_not_counted() -> None:
    """Where they are counted they are clicks."""
    clicks = [_click(0, "10:06", bot=True)]
    counted = _count(clicks=clicks, finals=[(1, FINAL)])
    rules = replace(RULES, count_bots=False)
    skipped = _count(rules, clicks=clicks, finals=[])
    assert (["clicks-0-0"], []) == (_names(counted, "Counted"), _names(skipped, "Counted"))
    assert ["clicks-0-0"] == _names(skipped, "Bots, not counted")
    assert counted.right
    assert skipped.right


def test_dead_letters_that_name_the_user_are_listed_with_their_reason() -> None:
    """A missing click may be one of them."""
    letter = Dead("clicks-0-9", "dead-letters-0-0", "bad_timestamp", "timestamp is ISO")
    [row] = _count(dead=[letter]).sections["Dead letters that name the user, of any time"]
    expected = ("clicks-0-9", "bad_timestamp: timestamp is ISO → dead-letters-0-0")
    assert expected == (row.name, row.text)


@pytest.mark.parametrize(
    ("found", "right", "says"),
    [
        ({"finals": [(4, FINAL)]}, False, f"3 counted, but {FINAL} says 4"),
        ({"finals": [(3, FINAL), (3, "x")]}, False, f"but {FINAL} and x says 3 and 3"),
        ({"finals": []}, False, "the window is closed and nothing was emitted"),
        ({"finals": [], "stream_ms": at("10:11:59")}, True, "stream time is 2024-01-01T10:12"),
        ({"finals": [], "stream_ms": None}, True, "it is nothing yet"),
        ({"finals": [], "clicks": []}, True, "None counted, and nothing emitted"),
        ({"finals": [(9, FINAL)], "whole": False}, True, "what retention left"),
        ({"finals": [(1, FINAL)], "read_to": 2}, True, f"1 counted, and {FINAL} says 1"),
    ],
)  # fmt: skip
def test_the_verdict_compares_with_what_was_emitted(
    found: dict[str, Any], right: bool, says: str
) -> None:
    """Too many, twice, missing, open, not yet read, or gone by retention."""
    story = _count(**found)
    assert right == story.right
    assert says in story.verdict


@pytest.mark.parametrize("text", ["2024-01-01T10:05", "2024-01-01T12:05:00+02:00", str(T)])
def test_a_windows_start_is_read_as_timestamps_are(text: str) -> None:
    """ISO-8601 with any offset, or epoch milliseconds."""
    assert T == window_start(RULES, text)


@pytest.mark.parametrize(("text", "says"), [("2024-01-01T10:06", "lies in"), ("soon", "ISO-8601")])
def test_what_is_no_windows_start_is_told(text: str, says: str) -> None:
    """With the window in which it lies."""
    with pytest.raises(InputError, match=says):
        window_start(RULES, text)


JOIN = JoinRules(HOUR, 2 * MINUTE, HOUR)
NAME = "clicks-0-1/purchases-0-1"


def _bought(clock: str, stream: str | None = None, **more: Any) -> Trace:
    item = replace(_click(1, clock, stream, **more), source="purchases-0-1")
    return Trace("purchases-0-1", "purchases", None, read=True, inner=[item])


def _clicked(clock: str, stream: str | None = None, *places: str) -> Trace:
    emitted = [(NAME, place) for place in places]
    item = _click(1, clock, stream)
    return Trace(item.source, "clicks", None, read=True, inner=[item], conversions=emitted)


@pytest.mark.parametrize(
    ("click", "purchase", "right", "says"),
    [
        (_clicked("10:00", None, "c"), _bought("10:59:59"), True, "emitted once: right"),
        (_clicked("10:00", None, "c", "d"), _bought("10:30"), False, "emitted 2 times"),
        (_clicked("10:00"), _bought("10:30"), False, "A pair, not emitted"),
        (_clicked("10:00"), _bought("11:00"), True, "0 <= time to purchase < 3600 s does not"),
        (_clicked("10:00", None, "c"), _bought("11:00"), False, "yet emitted"),
        (_clicked("10:00"), _bought("9:59"), True, "does not hold"),
        (_clicked("10:00"), _bought("10:30", product="q"), True, "same product does not hold"),
        (_clicked("10:00", "10:03"), _bought("10:30"), True, "the click is not late does not"),
        (_clicked("10:00"), _bought("10:30", "10:33"), True, "the purchase is not late does not"),
    ],
)
def test_a_conversion_is_judged_rule_by_rule(
    click: Trace, purchase: Trace, right: bool, says: str
) -> None:
    """The first rule that does not hold is the reason."""
    story = explain_conversion(JOIN, click, purchase, [])
    assert right == story.right
    assert says in story.verdict


@pytest.mark.parametrize(("attribution", "right"), [("last", False), ("first", True)])
def test_attribution_takes_one_click_of_those_that_match(attribution: str, right: bool) -> None:
    """The other one is rightly no conversion."""
    rivals = [_click(1, "10:00"), _click(2, "10:10"), _click(3, "12:00"), _click(4, "9:00")]
    click = _clicked("10:00", None, "c")
    rules = replace(JOIN, attribution=attribution)
    assert right == explain_conversion(rules, click, _bought("10:30"), rivals).right


RAW = Record("clicks", 0, 1, value=b"{}")
LETTER = Dead("clicks-0-1", "dead-letters-0-0", "not_json", "why")


@pytest.mark.parametrize(
    ("trace", "right", "says"),
    [
        (Trace("clicks-0-1", "clicks", RAW, read=True, inner=CLICKS[1:2]), True, "passed on as"),
        (Trace("clicks-0-1", "clicks", RAW, read=True, dead=[LETTER]), True, "letters-0-0: why"),
        (Trace("clicks-0-1", "clicks", RAW, read=True), False, "neither"),
        (Trace("clicks-0-1", "clicks", RAW, read=False), True, "not read yet"),
        (Trace("clicks-0-1", "clicks", None, read=True), True, "no such record"),
        (
            Trace("clicks-0-1", "clicks", RAW, read=True, inner=CLICKS[1:2], dead=[LETTER]),
            False,
            "more than one thing",
        ),
    ],
)
def test_a_record_became_one_thing(trace: Trace, right: bool, says: str) -> None:
    """Anything else is wrong."""
    story = explain_record(RULES, trace)
    assert right == story.right
    assert says in story.verdict


def test_a_record_is_followed_to_its_window_and_its_matches() -> None:
    """Or to why it was late for them."""
    late: dict[str, object] = {"stage": "count", "lateBy": 1.5}
    trace = _clicked("10:06", None, "c")
    story = explain_record(RULES, trace)
    assert "explain count u 2024-01-01T10:05:00.000Z" in story.sections["Counting"][0].text
    assert f"{NAME} → c" == story.sections["Join"][0].text
    assert "late" == explain_record(RULES, replace(trace, late=[late])).sections["Counting"][0].name


def test_names_of_records_and_conversions_are_read() -> None:
    """Topics may have dashes; an id has two places."""
    assert Place("a-b", 3, 14) == Place.of("a-b-3-14")
    assert ("clicks-0-1", "purchases-0-1") == parts_of(NAME)
    for wrong in ("x", "x-1", "x-1-", "-1-2", "x-y-1", "x-1-²"):
        with pytest.raises(InputError, match="place reads"):
            Place.of(wrong)
    for wrong in ("", "x", "x/", "/x"):
        with pytest.raises(InputError, match="id reads"):
            parts_of(wrong)
