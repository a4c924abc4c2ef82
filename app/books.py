"""The books of the application: every stage's ledger, as committed in Kafka, added up.

Needs no worker. The stages behind are read before those in front of them, so that what is on the
way between them can't be less than nothing, unless records were lost or came twice.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from agents.gateway import group_offsets
from agents.spec import Envelope, Note, StageSpec
from app.admin import connected
from app.settings import Settings
from app.topics import INNER, changelog_name, short_name
from models.errors import LedgerBroken
from models.ledger import Ledger
from tables.changelog import last_states

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """A stage's ledgers.

    Attributes:
        stage: The stage's name.
        reads: Short names of its input topics.
        ledgers: Its ledgers by partition; none where nothing was committed.
    """

    stage: str
    reads: tuple[str, ...]
    ledgers: dict[int, Ledger]

    @property
    def total(self) -> Ledger:
        """All partitions together."""
        return sum(self.ledgers.values(), Ledger())

    @property
    def reads_inner(self) -> bool:
        """Whether it reads what other stages sent."""
        return set(self.reads) <= set(INNER)

    @property
    def faults(self) -> Iterator[str]:
        """Partitions whose sum is broken, in words."""
        for partition, ledger in sorted(self.ledgers.items()):
            if not ledger.balanced:
                yield (
                    f"{self.stage}-{partition} must account for every record that it read: it "
                    f"read {ledger.read:,}, and {sum(ledger.became.values()):,} became something."
                )


@dataclass(frozen=True, slots=True)
class Books:
    """All accounts.

    Attributes:
        accounts: Of all stages, in the order of the flow.
    """

    accounts: Sequence[Account]

    def on_the_way(self, account: Account) -> int:
        """Inner records sent to a stage that it has not read yet; negative: it read too many."""
        if not account.reads_inner:
            return 0
        sent = sum(a.total.sent.get(topic, 0) for a in self.accounts for topic in account.reads)
        return sent - (account.total.read - account.total.became.get("deadLetters", 0))

    @property
    def faults(self) -> list[str]:
        """What does not add up, in words; empty when the books balance."""
        ahead = {account: -self.on_the_way(account) for account in self.accounts}
        return [
            *(fault for account in self.accounts for fault in account.faults),
            *(
                f"{account.stage} can read only what was sent to {' and '.join(account.reads)}: it "
                f"read {more:,} records more. Were the group's offsets reset, or topics made anew?"
                for account, more in ahead.items()
                if more > 0
            ),
        ]

    def as_json(self) -> Json:
        """For machines."""
        return {
            "balanced": not self.faults,
            "faults": self.faults,
            "stages": [
                {
                    "stage": account.stage,
                    "reads": list(account.reads),
                    "onTheWay": self.on_the_way(account),
                    "total": msgspec.to_builtins(account.total),
                    "partitions": {
                        str(partition): msgspec.to_builtins(ledger)
                        for partition, ledger in sorted(account.ledgers.items())
                    },
                }
                for account in self.accounts
            ],
        }


async def read_books(settings: Settings, stages: Collection[StageSpec]) -> Books:
    """Read all ledgers.

    Args:
        settings: Where Kafka is, and the names of topics.
        stages: The application's stages.

    Raises:
        BrokerError: Kafka can't be reached.
        LedgerBroken: Something else stands where a stage commits its ledger.
    """
    async with connected(settings) as admin:
        ledgers = await _of_tables(settings, [spec for spec in stages if spec.table])
        for spec in stages:
            if spec.table is None:
                ledgers[spec.name] = await _of_offsets(settings, admin, spec.offsets_of)
    return Books([_account(settings, spec, ledgers[spec.name]) for spec in stages])


def _account(settings: Settings, spec: StageSpec, ledgers: dict[int, Ledger]) -> Account:
    reads = tuple(short_name(settings, topic) for topic in spec.inputs)
    return Account(spec.name, reads, ledgers)


async def _of_tables(
    settings: Settings, stages: Sequence[StageSpec]
) -> dict[str, dict[int, Ledger]]:
    at = {
        TopicPartition(changelog_name(settings, spec.table or ""), partition): spec.name
        for spec in stages
        for partition in range(settings.partitions)
    }
    states = await last_states(at, **settings.connection)
    ledgers: dict[str, dict[int, Ledger]] = {spec.name: {} for spec in stages}
    for tp, state in states.items():
        ledgers[at[tp]][tp.partition] = ledger_in(state, Envelope, f"{at[tp]}-{tp.partition}")
    return ledgers


async def _of_offsets(
    settings: Settings, admin: AIOKafkaAdminClient, topic: str
) -> dict[int, Ledger]:
    (described,) = await admin.describe_topics([topic])
    partitions = [TopicPartition(topic, p) for p in range(len(described["partitions"]))]
    offsets = await group_offsets(admin, settings.identity, partitions)
    return {
        tp.partition: ledger_in(at.metadata, Note, f"{topic}-{tp.partition}")
        for tp, at in offsets.items()
        if at.offset >= 0 and at.metadata
    }


def ledger_in(state: bytes | str, kind: type[Envelope | Note], place: str) -> Ledger:
    """The ledger in what a stage has committed.

    Args:
        state: What stands there.
        kind: What should.
        place: Whose it is, for the message.

    Raises:
        LedgerBroken: It is something else.
    """
    try:
        return msgspec.json.decode(state, type=kind).ledger
    except (ValueError, RecursionError) as error:
        raise LedgerBroken(
            f"A stage commits its ledger with its state; that of {place} can't be read ({error}). "
            "Find out who wrote it, and keep others from writing there."
        ) from None
