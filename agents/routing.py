"""Where the records of a step go."""

from itertools import repeat
from typing import cast

from agents.spec import Context
from models.partitioning import partition_of
from models.stage import Changes, Output, Step


def kept(step: Step, partition: int, context: Context) -> dict[tuple[str, int], list[Output]]:
    """The outputs of a step whose inputs are partitioned by the same key: to the same partition.

    Args:
        step: What followed from some input.
        partition: The task's own.
        context: Knows the topics' names.
    """
    return {(context.topic(short), partition): outs for short, outs in step.outputs.items() if outs}


def routed(step: Step, partition: int, context: Context) -> dict[tuple[str, int], list[Output]]:
    """The outputs of a step by topic (full name) and partition, in order.

    Args:
        step: What followed from some input.
        partition: The task's own: where an output without key and partition goes.
        context: Knows the topics' names and how many partitions they have.
    """
    count = context.partitions
    sends: dict[tuple[str, int], list[Output]] = {}
    for short, outputs in step.outputs.items():
        topic = context.topic(short)
        targets = [sends.setdefault((topic, p), []) for p in range(count)]
        for output in outputs:
            key, to = output.key, output.partition
            if to is None:
                to = partition % count if key is None else partition_of(key, count)
            targets[to].append(output)
    return {target: outputs for target, outputs in sends.items() if outputs}


def changelog_records(changes: Changes) -> list[Output]:
    """The changes as plain tuples: making an Output of each costs as much as sending it."""
    rows = zip(changes, changes.values(), repeat(None), repeat(()), strict=False)
    return cast("list[Output]", list(rows))
