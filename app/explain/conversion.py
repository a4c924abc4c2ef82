"""``explain conversion``: why a click and a purchase are a pair, or why not."""

from collections.abc import Callable, Sequence

from app.explain.evidence import Passed
from app.explain.story import Row, Story
from app.explain.trace import Trace
from app.inputs.errors import InputError
from models.join import JoinRules, Source


def parts_of(name: str) -> tuple[str, str]:
    """Click and purchase of a conversion's id.

    Raises:
        InputError: It is none.
    """
    click, slash, purchase = name.partition("/")
    if not (click and slash and purchase):
        raise InputError(
            f"A conversion's id reads <click>/<purchase>, two records' places; got {name!r}. Take "
            "it from id in conversion-events."
        )
    return click, purchase


def explain_conversion(
    rules: JoinRules, click: Trace, purchase: Trace, rivals: Sequence[Passed]
) -> Story:
    """Tell whether a click and a purchase are a conversion, rule by rule.

    Args:
        rules: The rules of the join.
        click: What became of the click.
        purchase: What became of the purchase.
        rivals: The user's clicks on the product: for attribution to the last or first.
    """
    name = f"{click.source}/{purchase.source}"
    emitted = [place for id_, place in click.conversions if id_ == name]
    facts = _facts(rules, click, purchase, rivals)
    failed = next((rule for rule, _, holds in facts if not holds), None)
    sections: dict[str, Sequence[Row]] = {
        "Records": [_side(trace) for trace in (click, purchase)],
        "Rules": [Row("✓" if holds else "✗", None, f"{rule}: {got}") for rule, got, holds in facts],
        "Emitted": [Row(place, None, name) for place in emitted],
    }
    verdict, right = _verdict(rules, failed, emitted)
    return Story(f"Conversion {name}", verdict, right, sections)


def _side(trace: Trace) -> Row:
    item = trace.inner[0] if trace.inner else None
    return Row(trace.source, item.event_ms if item else None, trace.fate[0])


def _facts(
    rules: JoinRules, click: Trace, purchase: Trace, rivals: Sequence[Passed]
) -> list[tuple[str, str, bool]]:
    facts = [
        (f"the {word} was passed on", trace.fate[0], len(trace.inner) == 1)
        for word, trace in (("click", click), ("purchase", purchase))
    ]
    if not (click.inner and purchase.inner):
        return facts
    c, p = click.inner[0], purchase.inner[0]
    took_ms = p.event_ms - c.event_ms
    facts += [
        ("same user", f"{c.user} and {p.user}", c.user == p.user),
        ("same product", f"{c.product} and {p.product}", c.product == p.product),
        (
            f"0 <= time to purchase < {rules.within_ms / 1000:g} s",
            f"{took_ms / 1000:g} s",
            rules.matches(c.event_ms, p.event_ms),
        ),
        *(
            _in_time(rules, word, trace)
            for word, trace in (("click", click), ("purchase", purchase))
        ),
    ]
    if rules.attribution != "all":
        chosen = _chosen(rules, p, rivals)
        facts.append((f"the {rules.attribution} click", chosen, chosen == c.source))
    return facts


def _in_time(rules: JoinRules, word: str, trace: Trace) -> tuple[str, str, bool]:
    item, late = trace.inner[0], trace.late_by("join")
    if late is None:
        lacked_ms = rules.lacked(item.event_ms, item.stream_ms, item.stream_ms)
        late = lacked_ms / 1000 if lacked_ms > 0 else None
    got = "in time" if late is None else f"late by {late:g} s"
    if rules.revise_ms:
        rule = f"the {word} is late by no more than {rules.revise_ms / 1000:g} s"
        return rule, got, round((late or 0) * 1000) <= rules.revise_ms
    return f"the {word} is not late", got, late is None


def _chosen(rules: JoinRules, purchase: Passed, rivals: Sequence[Passed]) -> str:
    """Source of the click that attribution takes; ties by input partition, then offset."""

    def order(click: Passed) -> tuple[int, Source]:
        return click.event_ms, Source.of(click.source)

    matching = [
        click
        for click in rivals
        if rules.matches(click.event_ms, purchase.event_ms)
        and rules.lacked(click.event_ms, click.stream_ms, click.stream_ms) <= 0
    ]
    pick: Callable[..., Passed] = max if rules.attribution == "last" else min
    return pick(matching, key=order).source if matching else "none"


def _verdict(rules: JoinRules, failed: str | None, emitted: Sequence[str]) -> tuple[str, bool]:
    if failed is not None:
        if emitted:
            return f"Not a pair ({failed} does not hold), yet emitted: WRONG. Run: verify", False
        return f"Rightly no conversion: {failed} does not hold.", True
    if len(emitted) == 1:
        return "A pair, emitted once: right.", True
    if emitted:
        return f"A pair, emitted {len(emitted)} times: WRONG. Run: verify", False
    when = "as soon as both are read" if rules.attribution == "all" else "when W has passed it"
    return f"A pair, not emitted: it is {when}. If the stage is past both, run: verify", False
