"""What must be true when all faults are over and all is read."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from models.partitioning import partition_of
from tables.store import STATE_KEY
from tests.models.fakes import DictRows, Record
from tests.models.reference import BOT, Values, canonical, recount, windows
from tests.models.told import windows_told
from tests.simulation.broker import Broker
from tests.simulation.case import DEAD_LETTERS, INNER, OUTPUTS, TABLES, Case, changelog_of
from tests.simulation.transactions import Partition

State: TypeAlias = dict[str, Any]
_READS = {"counting": INNER[:1], "joining": INNER}
_STATELESS = {"enrichment": "clicks", "admission": "purchases"}


def state_of(broker: Broker, stage: str, partition: int) -> State | None:
    """What a stage with a table last committed."""
    log = broker.logs[changelog_of(TABLES[stage]), partition]
    for record in reversed(log.entries[: log.stable_end]):
        if record is not None and record.key == STATE_KEY:
            found: State = json.loads(record.value or b"")
            return found
    return None


def positions(broker: Broker, case: Case) -> dict[Partition, int]:
    """Up to where all stages have read each input and inner topic."""
    group = broker.transactions.group
    found = {
        (t, p): group.get((t, p), (0, ""))[0] for t in case.inputs for p in range(broker.counts[t])
    }
    for stage, topics in _READS.items():
        for partition in range(case.partitions):
            read = (state_of(broker, stage, partition) or {"positions": {}})["positions"]
            for topic in topics:
                at = (topic, partition)
                found[at] = min(read.get(topic, 0), found.get(at, 1 << 60))
    return found


def done(broker: Broker, case: Case) -> bool:
    """Whether all is read, and every input partition was told to be idle."""
    read = positions(broker, case)
    if any(read[t, p] < len(log) for t in case.inputs for p, log in enumerate(case.inputs[t])):
        return False
    if any(
        read[t, p] < broker.logs[t, p].stable_end for t in INNER for p in range(case.partitions)
    ):
        return False
    return all(_all_idle(broker, case, p) for p in range(case.partitions))


def _all_idle(broker: Broker, case: Case, partition: int) -> bool:
    counting, joining = (state_of(broker, stage, partition) for stage in TABLES)
    if counting is None or joining is None:
        return False
    qs = set(case.input_partitions)
    clicks = {q for q in qs if q.startswith("clicks")}
    return clicks == set(counting["stage"]["time"]["idle"]) and qs == set(
        joining["stage"]["time"]["idle"]
    )


def differences(broker: Broker, case: Case) -> list[str]:
    """All that is not as it must be."""
    return [
        *_outputs(broker, case),
        *_dead_letters(broker, case),
        *_ledgers(broker, case),
        *_tables(broker, case),
    ]


def _all(broker: Broker, topic: str) -> list[Record]:
    logs = [broker.logs[topic, p] for p in range(broker.counts[topic])]
    return [record for log in logs for record in log.read(0, log.end)[0]]


def _expected(case: Case) -> Values:
    return recount(case.rules, _logs(case), _idle(case))


def _logs(case: Case) -> dict[str, list[list[Record]]]:
    return {
        topic: [[Record(value=value) for value in values] for values in partitions]
        for topic, partitions in case.inputs.items()
    }


def _idle(case: Case) -> dict[str, int]:
    return dict.fromkeys(case.input_partitions, case.idle_timeout_ms)


def _outputs(broker: Broker, case: Case) -> list[str]:
    wrong = []
    expected = _expected(case)
    for topic in OUTPUTS:
        records = _all(broker, topic)
        found = Counter(canonical(json.loads(record.value or b"")) for record in records)
        wanted = expected.get(topic, Counter())
        wrong += [f"{topic} lacks {value}" for value in (wanted - found).elements()]
        wrong += [f"{topic} has too much: {value}" for value in (found - wanted).elements()]
        wrong += [f"misplaced: {r}" for r in records if not _in_place(r, case.partitions)]
    return wrong


def _in_place(record: Record, partitions: int) -> bool:
    return record.key is not None and partition_of(record.key, partitions) == record.partition


def _rubbish(case: Case, topic: str) -> list[str]:
    return [
        f"{topic}-{partition}-{offset}"
        for partition, values in enumerate(case.inputs[topic])
        for offset, value in enumerate(values)
        if value is None or not value.endswith(b"}")
    ]


def _dead_letters(broker: Broker, case: Case) -> list[str]:
    expected = Counter(place for topic in case.inputs for place in _rubbish(case, topic))
    found = Counter(dict(r.headers)["source"].decode() for r in _all(broker, DEAD_LETTERS))
    return [] if expected == found else [f"dead letters: {expected} expected, {found} found"]


def _ledgers(broker: Broker, case: Case) -> list[str]:
    kept = {stage: _kept(broker, case, stage) for stage in (*_STATELESS, *TABLES)}
    wrong = [
        f"the ledger of {stage} does not add up: {ledger}"
        for stage, ledgers in kept.items()
        for ledger in ledgers
        if ledger["read"] != sum(ledger["became"].values()) or ledger["lost"]
    ]
    became = {stage: _sum(ledger["became"] for ledger in kept[stage]) for stage in kept}
    for stage in became.values():
        stage.pop("signals", None)
    expected = _became(case)
    if became != expected:
        wrong.append(f"ledgers say {became}, expected {expected}")
    sent = _sum(ledger["sent"] for ledgers in kept.values() for ledger in ledgers)
    topics = (*INNER, *OUTPUTS, DEAD_LETTERS)
    there = Counter({topic: len(_all(broker, topic)) for topic in topics})
    if sent != +there:
        wrong.append(f"ledgers say sent {sent}, there is {there}")
    return wrong


def _kept(broker: Broker, case: Case, stage: str) -> list[State]:
    if stage in _STATELESS:
        topic = _STATELESS[stage]
        group = broker.transactions.group
        notes = [group.get((topic, p)) for p in range(broker.counts[topic])]
        return [json.loads(note[1])["ledger"] for note in notes if note is not None]
    states = [state_of(broker, stage, p) for p in range(case.partitions)]
    return [state["ledger"] for state in states if state is not None]


def _sum(counts: Any) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return +total


def _became(case: Case) -> dict[str, Counter[str]]:
    valid = {topic: _valid(case, topic) for topic in case.inputs}
    late, all_late = _late_values(case, case.rules.revise), _late_values(case, 0)
    by_stage = Counter(value["stage"] for value in late)
    revised = Counter(value["stage"] for value in all_late) - by_stage
    bots = 0 if case.rules.count_bots else sum(c.get("userAgent") == BOT for c in valid["clicks"])
    plain = sum(c.get("productId") is None for c in valid["clicks"])
    of_join = _late_of_join(all_late)
    rubbish = {topic: len(_rubbish(case, topic)) for topic in case.inputs}
    clicks, bought = len(valid["clicks"]), len(valid["purchases"])
    counted = {"late": by_stage["count"], "revised": revised["count"]}
    counted |= {"counted": clicks - bots - sum(counted.values()), "skipped": bots}
    joined = {"late": by_stage["join"], "revised": revised["join"]}
    joined |= {"clicks": clicks - plain - of_join["clicks"]}
    joined |= {"purchases": bought - of_join["purchases"], "skipped": plain}
    return {
        "enrichment": +Counter({"enriched": clicks, "deadLetters": rubbish["clicks"]}),
        "admission": +Counter({"admitted": bought, "deadLetters": rubbish["purchases"]}),
        "counting": +Counter(counted),
        "joining": +Counter(joined),
    }


def _late_values(case: Case, revise: int) -> list[State]:
    """The late events of a horizon, sent or not."""
    rules = replace(case.rules, emit_late=True, revise=revise)
    late = _expected(replace(case, rules=rules)).get("late-events", Counter())
    return [json.loads(value) for value in late.elements()]


def _late_of_join(late: Sequence[State]) -> Counter[str]:
    records = [value["record"] for value in late if value["stage"] == "join"]
    return Counter(record["sourceRecord"].split("-")[0] for record in records)


def _valid(case: Case, topic: str) -> list[State]:
    rubbish = set(_rubbish(case, topic))
    return [
        json.loads(value or b"")
        for partition, values in enumerate(case.inputs[topic])
        for offset, value in enumerate(values)
        if f"{topic}-{partition}-{offset}" not in rubbish
    ]


def _tables(broker: Broker, case: Case) -> list[str]:
    """What the changelogs tell of windows that is not what a recount tells."""
    tables = []
    for partition in range(case.partitions):
        log = broker.logs[changelog_of(TABLES["counting"]), partition]
        tables.append(DictRows(folded(log.read(0, log.end)[0])))
    found, expected = windows_told(tables), windows(case.rules, _logs(case), _idle(case))
    return [] if expected == found else [f"windows: {expected} expected, {found} found"]


def folded(records: Sequence[Record]) -> dict[bytes, bytes]:
    """The rows that a changelog stands for."""
    last = {record.key or b"": record.value for record in records}
    return {key: value for key, value in last.items() if value is not None}
