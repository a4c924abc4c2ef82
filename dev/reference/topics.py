"""The page of the topics, from `app.topics`."""

from app import topics
from app.settings import Settings
from dev.reference.markdown import code, page, table

_INTRODUCTION = """\
Names are those without `CLICKSTREAM_TOPIC_PREFIX`, with the default `CLICKSTREAM_APP_ID`. `faust
-A app init-topics` creates what is missing; a worker checks partitions and configuration at its
start, and ends with the topic, what was found and the remedy where they differ. What the records
hold is told in [Messages](messages.md)."""

_KINDS = {
    "Inputs": ("Yours to write. Any number of partitions, any key.", topics.INPUTS),
    "Inner topics": (
        "Written and read by the application: re-keyed by user, with a stream time.",
        topics.INNER,
    ),
    "Outputs": ("Yours to read, with `isolation.level=read_committed`.", topics.OUTPUTS),
}


def page_of_topics() -> str:
    """Every topic with its partitions and configuration, by kind."""
    settings = Settings()
    specs = {spec.name: spec for spec in topics.topic_specs(settings)}
    parts = [_INTRODUCTION]
    for heading, (said, names) in _KINDS.items():
        parts += [f"## {heading}", said, _table([specs.pop(name) for name in names])]
    said = "What the tables can be restored from; compacted, and nobody else's to write."
    return page("Topics", *parts, "## Changelogs", said, _table(list(specs.values())))


def _table(specs: list[topics.TopicSpec]) -> str:
    rows = [
        (
            code(spec.name),
            "any" if spec.partitions is None else "`CLICKSTREAM_PARTITIONS`",
            " ".join(code(f"{name}={value}") for name, value in sorted(spec.config.items())),
        )
        for spec in specs
    ]
    return table(("topic", "partitions", "configuration"), rows)
