"""``faust -A app tail``: follow what is emitted."""

import sys
from contextlib import aclosing
from typing import Any

import click
from aiokafka.errors import KafkaError
from faust.cli import argument, option

from app.commands.console import ConsoleCommand, Interrupt
from app.inputs.cluster import connected, partition_counts, told
from app.settings import Settings, load_settings
from app.tailing.follow import follow, start_ms
from app.tailing.lines import TOPICS, as_json, line, wanted
from app.topics import topic_name


class tail(ConsoleCommand):  # noqa: N801 its name is the command's
    """Follow counts, conversions, late events or dead letters.

    TOPIC is click-counts, conversion-events, unattributed-purchases, late-events, enriched-clicks
    or dead-letters. Committed records only, a line each, in the order in which the broker got
    them within a partition. Ctrl-C ends it.
    """

    options = [  # noqa: RUF012 Faust's own commands declare theirs so.
        argument("topic", metavar="TOPIC", type=click.Choice(TOPICS)),
        option(
            "--from",
            "from_",
            default="now",
            metavar="WHEN",
            help="beginning, now, or an ISO-8601 time of Kafka's timestamps.",
        ),
        option("--user", metavar="ID", help="This user's only."),
        option("--limit", type=click.IntRange(min=1), help="End after so many."),
        option("--json", "as_json", is_flag=True, default=False, help="Whole records, JSON lines."),
    ]

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Follow until told to end."""
        settings = load_settings()
        begin_ms = start_ms(options["from_"])
        count = 0
        try:
            count = await self._follow(settings, begin_ms, interrupt, options)
        except KafkaError as error:
            raise told(error, settings.broker, "with --from, to miss nothing") from error
        except BrokenPipeError:  # whoever read this has seen enough
            sys.stderr.close()
            return
        noun = "record" if count == 1 else "records"
        sys.stderr.write(f"{count:,} {noun} of {options['topic']}.\n")

    async def _follow(
        self,
        settings: Settings,
        begin_ms: int | None,
        interrupt: Interrupt,
        options: dict[str, Any],
    ) -> int:
        short, limit = options["topic"], options["limit"]
        topic = topic_name(settings, short)
        async with connected(settings.connection) as admin:
            partitions = (await partition_counts(admin, [topic]))[topic]
        count = 0
        begun = follow(settings, topic, partitions, begin_ms, lambda: not interrupt)
        async with aclosing(begun) as records:
            async for record in records:
                if not wanted(short, record, options["user"]):
                    continue
                text = as_json(record) if options["as_json"] else line(short, record)
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()
                count += 1
                if count == limit:
                    break
        return count
