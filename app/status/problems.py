"""What is wrong with a worker, in sentences that say what to do."""

from dataclasses import dataclass, field

from app.status.shape import Stage, Worker


@dataclass(slots=True)
class Condition:
    """What the worker's health check found.

    Attributes:
        stalled: Tasks that stand still, and for how many seconds.
        waiting: Kafka does not answer.
        registry: What the schema registry, for which records wait, does not do.
    """

    stalled: dict[str, float] = field(default_factory=dict)
    waiting: bool = False
    registry: str = ""


def problems_of(worker: Worker, stages: list[Stage], condition: Condition) -> list[str]:
    """One sentence for each problem of a worker and its tasks."""
    problems = []
    if condition.waiting:
        problems.append(f"Kafka does not answer {worker.url}: start it, or check the network.")
    if condition.registry:
        problems.append(f"{condition.registry} Records wait for it at {worker.url}.")
    for name, seconds in condition.stalled.items():
        problems.append(
            f"{name} at {worker.url} has stood still for {seconds:.0f} s: see the worker's log, "
            "and start it anew."
        )
    for task in stages:
        if task.lost:
            problems.append(
                f"{task.stage}-{task.partition} lost {task.lost} offsets to retention before it "
                "read them: raise the input's retention, or run more workers."
            )
        if not task.balanced:
            problems.append(
                f"The ledger of {task.stage}-{task.partition} does not add up: run "
                "`faust -A app ledger` and report it."
            )
    return problems
