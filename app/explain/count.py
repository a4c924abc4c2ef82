"""``explain count``: the clicks that a user's count of a window rests on, and where others went."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.explain.evidence import Dead, Passed
from app.explain.story import Row, Story
from app.inputs.errors import InputError
from models.timestamps import instant_ms, iso
from models.windows import WindowRules


@dataclass(frozen=True, slots=True)
class CountEvidence:
    """What the topics hold of one user.

    Attributes:
        clicks: The user's enriched clicks.
        late: By source: seconds of grace that a click lacked for its window, and its late event.
        finals: What was emitted for the window when it closed: the count, and its place.
        revisions: What was emitted for late clicks after that: revision, count and place.
        dead: Dead letters that name the user.
        read_to: The counting stage has read the inner partition up to here.
        stream_ms: The stage's stream time; None before it has one.
        whole: The inner log still begins at its first record.
    """

    clicks: Sequence[Passed] = ()
    late: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    finals: Sequence[tuple[int, str]] = ()
    revisions: Sequence[tuple[int, int, str]] = ()
    dead: Sequence[Dead] = ()
    read_to: int = 0
    stream_ms: int | None = None
    whole: bool = True


def window_start(rules: WindowRules, text: str) -> int:
    """Read a window's start: ISO-8601, or epoch milliseconds.

    Raises:
        InputError: It is no time, or no window starts there.
    """
    try:
        at_ms = instant_ms(text)
    except ValueError:
        raise InputError(
            f"A window's start is ISO-8601 text or epoch milliseconds; got {text!r}. Take it from "
            "windowStart in click-counts."
        ) from None
    if (start_ms := rules.start_of(at_ms)) != at_ms:
        raise InputError(
            f"Windows of {rules.size_ms:,} ms start at multiples of that; {iso(at_ms)} is none. "
            f"It lies in the window of {iso(start_ms)}."
        )
    return start_ms


def explain_count(rules: WindowRules, user: str, start_ms: int, found: CountEvidence) -> Story:
    """Tell where a count comes from.

    Args:
        rules: The rules of windows.
        user: The user.
        start_ms: Start of the window.
        found: What the topics hold.
    """
    end_ms = start_ms + rules.size_ms
    clicks = [c for c in found.clicks if start_ms <= c.event_ms < end_ms]
    to_come = [c for c in clicks if c.offset >= found.read_to]
    read = [c for c in clicks if c.offset < found.read_to]
    skipped = [c for c in read if c.bot and not rules.count_bots]
    late = [c for c in read if c not in skipped and _lacked(rules, start_ms, c, found) is not None]
    counted = [c for c in read if c not in skipped and c not in late]
    revised = [c for c in late if _revises(rules, start_ms, c, found)]
    late = [c for c in late if c not in revised]
    sections: dict[str, Sequence[Row]] = {
        "Counted": [Row(c.source, c.event_ms, f"{c.page} → {c.place}") for c in counted],
        "Late, and revised the count": [_late_row(rules, start_ms, c, found) for c in revised],
        "Late": [_late_row(rules, start_ms, c, found) for c in late],
        "Bots, not counted": [Row(c.source, c.event_ms, c.place) for c in skipped],
        "Not yet read by the counting stage": [Row(c.source, c.event_ms, c.place) for c in to_come],
        "Dead letters that name the user, of any time": [d.row for d in found.dead],
    }
    closed = found.stream_ms is not None and found.stream_ms >= end_ms + rules.grace_ms
    if closed and (revised or found.revisions):
        verdict, right = _revised_verdict(len(counted), len(revised), found)
    else:
        verdict, right = _verdict(rules, end_ms, len(counted), found)
    title = f"Clicks of {user} in [{iso(start_ms)}, {iso(end_ms)})"
    return Story(title, verdict, right, sections)


def _lacked(rules: WindowRules, start_ms: int, click: Passed, found: CountEvidence) -> float | None:
    """Seconds of grace that a late click lacked: as its late event says, else by the rule."""
    if click.source in found.late:
        return found.late[click.source][0]
    lacked_ms = click.stream_ms - start_ms - rules.size_ms - rules.grace_ms
    return lacked_ms / 1000 if lacked_ms >= 0 else None


def _revises(rules: WindowRules, start_ms: int, click: Passed, found: CountEvidence) -> bool:
    """Whether a late click is within the horizon."""
    lacked = _lacked(rules, start_ms, click, found)
    known = click.source not in found.late and lacked is not None
    return known and round((lacked or 0) * 1000) < rules.revise_ms


def _late_row(rules: WindowRules, start_ms: int, click: Passed, found: CountEvidence) -> Row:
    lacked = _lacked(rules, start_ms, click, found)
    sent = "revised" if _revises(rules, start_ms, click, found) else "discarded"
    place = found.late.get(click.source, (0, sent))[1]
    text = f"late by {lacked} s: its partition had come to {iso(click.stream_ms)} → {place}"
    return Row(click.source, click.event_ms, text)


def _verdict(
    rules: WindowRules, end_ms: int, counted: int, found: CountEvidence
) -> tuple[str, bool]:
    closes_ms = end_ms + rules.grace_ms
    places = _listed(place for _, place in found.finals)
    if [counted] == [count for count, _ in found.finals]:
        return f"{counted:,} counted, and {places} says {counted:,}: right.", True
    if not found.whole:
        return f"{counted:,} counted in what retention left; older clicks can't be seen.", True
    if found.finals:
        said = _listed(f"{count:,}" for count, _ in found.finals)
        return f"{counted:,} counted, but {places} says {said}: WRONG. Run: verify", False
    if found.stream_ms is None or found.stream_ms < closes_ms:
        now = "nothing yet" if found.stream_ms is None else iso(found.stream_ms)
        closes = f"the window closes when stream time is {iso(closes_ms)}; it is {now}."
        return f"{counted:,} counted so far: {closes}", True
    if counted:
        return f"{counted:,} counted, the window is closed and nothing was emitted: WRONG.", False
    return "None counted, and nothing emitted: right.", True


def _revised_verdict(counted: int, revised: int, found: CountEvidence) -> tuple[str, bool]:
    """Of a window that closed, and was revised.

    What came back from idleness may be late though its partition does not say so: only the sum is
    sure.
    """
    final = sum(count for count, _ in found.finals)
    said = [(revision, count) for revision, count, _ in found.revisions]
    expected = [(k, final + k) for k in range(1, counted + revised - final + 1)]
    last = said[-1][1] if said else final
    text = f"{counted:,} counted and {revised:,} late ones revised it; emitted: {final:,}"
    text += f", revised to {last:,} in {len(said):,} records"
    right = said == expected and len(found.finals) <= 1
    if not right and not found.whole:
        return f"{text}; retention has deleted older clicks.", True
    return f"{text}: right." if right else f"{text}: WRONG. Run: verify", right


def _listed(texts: Iterable[str]) -> str:
    return " and ".join(texts)
