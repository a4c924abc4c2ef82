"""Versions when two do the same at once, when something is gone, and asked what can't be."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from app.audit.logs import Logs, open_logs
from app.commands.diff import _remember
from app.diffing.gathering import Side
from app.settings import Settings
from app.versions.begin import begin
from app.versions.registry import Version, read_registry
from app.versions.rules import with_rules
from tests.integration.harness import Cluster, Worker, until

_T = TypeVar("_T")


def settings_of(cluster: Cluster) -> Settings:
    """As the environment of a cluster's commands says."""
    ours = {f"CLICKSTREAM_{name}": value for name, value in cluster.settings.items()}
    return Settings.model_validate(ours | {"CLICKSTREAM_BROKER": f"kafka://{cluster.bootstrap}"})


def on_logs(cluster: Cluster, ask: Callable[[Settings, Logs], Awaitable[_T]]) -> _T:
    """What is given by something that needs a cluster's logs."""

    async def run() -> _T:
        settings = settings_of(cluster)
        async with open_logs(settings.connection, lambda: None, print) as logs:
            return await ask(settings, logs)

    return asyncio.run(run())


def begun(cluster: Cluster, name: str) -> Version:
    """A version, begun here."""
    return on_logs(cluster, lambda ours, logs: begin(ours, with_rules(ours, name, {}), None, logs))


def versions_of(cluster: Cluster) -> set[str]:
    """Names of those that there are."""
    return {*on_logs(cluster, read_registry).versions}


def delete(cluster: Cluster, topic: str) -> None:
    """Delete a topic, as somebody else does."""

    async def run() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
        await admin.start()
        await admin.delete_topics([cluster.topic(topic)])
        await admin.close()

    asyncio.run(run())


def test_two_that_begin_a_version_begin_it_once(finished: Cluster) -> None:
    """Whoever comes later finds it begun, or is the one that begins it: offsets are set once."""

    async def both(ours: Settings, logs: Logs) -> Sequence[Any]:
        target = with_rules(ours, "both", {})
        async with open_logs(ours.connection, lambda: None, print) as others:
            return await asyncio.gather(
                begin(ours, target, None, logs),
                begin(ours, target, None, others),
                return_exceptions=True,
            )

    found = on_logs(finished, both)
    made = {one.begun for one in found if isinstance(one, Version)}
    refused = [str(one) for one in found if not isinstance(one, Version)]
    assert 1 == len(made), found
    assert all("One process at a time begins a version" in text for text in refused), refused
    assert {begun(finished, "both").begun} == made


def test_two_replays_at_once_give_what_one_gives(finished: Cluster) -> None:
    """Each with a directory of its own; both are workers of it."""
    replays = [finished.worker("replay", "--as", "twice", "--until-caught-up") for _ in range(2)]
    codes = [_end(replay) for replay in replays]
    texts = [replay.log.read_text() for replay in replays]
    assert 0 in codes, texts
    assert all(
        code == 0 or "One process at a time" in text
        for code, text in zip(codes, texts, strict=True)
    )
    done = finished.command("diff", "main", "twice")
    assert 0 == done.returncode, done.stdout


def _end(replay: Worker) -> int:
    until(lambda: not replay.alive, f"{replay.log} to end", 120)
    return replay.wait()


def test_a_version_without_its_topics_is_not_gone_on_with(
    finished: Cluster,
) -> None:
    """It would lack the past; retiring it again, it can be begun again."""
    first = begun(finished, "half")
    delete(finished, "half.enriched-clicks")
    done = finished.command("replay", "--as", "half", "--until-caught-up")
    assert (1, True) == (done.returncode, "half.enriched-clicks" in done.stderr), done.stderr
    assert "faust -A app retire half" in done.stderr
    done = finished.command("promote", "half")
    assert (1, True) == (done.returncode, "half.enriched-clicks" in done.stderr), done.stderr
    assert 0 == finished.command("retire", "half", "--yes").returncode
    assert first.begun != begun(finished, "half").begun


def test_a_version_is_begun_anew_after_it_was_retired(finished: Cluster) -> None:
    """From the start, with other settings, too."""
    for changes in ([], ["GRACE=3m"]):
        done = finished.command("replay", "--as", "anew", *changes, "--until-caught-up")
        assert 0 == done.returncode, done.stderr
        assert 0 == finished.command("retire", "anew", "--yes").returncode
        assert not (finished.directory / "commands" / "anew").exists()
    assert "nothing of anew" in finished.command("retire", "anew", "--yes").stdout


def test_a_comparison_does_not_bring_back_what_was_retired_meanwhile(finished: Cluster) -> None:
    """A version that is known and has no topics could neither be begun nor compared."""
    version = begun(finished, "brief")

    async def compared(ours: Settings, logs: Logs) -> None:
        sides = (Side(ours, None), Side(with_rules(ours, "brief", {}), version))
        await _remember(ours, logs, sides, 0)

    on_logs(finished, compared)
    known = on_logs(finished, read_registry).versions["brief"]
    assert known.compared is not None
    assert "main" == known.compared.other
    assert 0 == finished.command("retire", "brief", "--yes").returncode
    on_logs(finished, compared)
    assert "brief" not in versions_of(finished)


def test_a_version_set_otherwise_begins_no_other(finished: Cluster) -> None:
    """What it was begun with would be forgotten, and the new one be like neither."""
    done = finished.command("replay", "--as", "ten", "WINDOW_SIZE=10m", "--until-caught-up")
    assert 0 == done.returncode, done.stderr
    finished.settings["VERSION"] = "ten"
    try:
        done = finished.command("replay", "--as", "other", "--until-caught-up")
    finally:
        del finished.settings["VERSION"]
    assert (1, True) == (done.returncode, "CLICKSTREAM_WINDOW_SIZE=10m" in done.stderr), done.stderr
    assert "10m" == on_logs(finished, read_registry).versions["ten"].rules["WINDOW_SIZE"]
    assert "other" not in versions_of(finished)


def test_all_before_the_epoch_is_all(finished: Cluster) -> None:
    """Kafka knows no earlier time."""
    done = finished.command("replay", "--as", "old", "--from", "1960-01-01", "--until-caught-up")
    assert 0 == done.returncode, done.stderr
    found = on_logs(finished, read_registry).versions["old"]
    assert {0} == {first for firsts in found.starts.values() for first in firsts}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("replay", "--as", "v9", "--from", "2999-01-01"), 1, "--from lies in the past"),
        (("replay", "--as", "history"), 1, "got 'history'"),
        (("replay", "--as", ".."), 1, "CLICKSTREAM_VERSION='..' is not accepted"),
        (("replay", "--as", "v" * 21), 1, "is not accepted"),
        (("diff", "main", "main"), 2, "got main twice"),
        (("diff", "main", "v9", "--examples", "-1"), 2, "--examples"),
        (("promote", ""), 1, "got ''"),
        (("retire", "", "--yes"), 1, "got ''"),
        (("retire", "../main", "--yes"), 1, "is not accepted"),
    ],
)
def test_what_can_not_be_done_is_refused(
    finished: Cluster, words: tuple[str, ...], code: int, said: str
) -> None:
    """With rule, value and remedy; nothing is made."""
    done = finished.command(*words)
    assert (code, True) == (done.returncode, said in done.stderr), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "v9" not in versions_of(finished)


def test_a_directory_that_can_not_be_written_is_named(finished: Cluster) -> None:
    """The replay's log goes there."""
    (finished.directory / "commands").mkdir(exist_ok=True)
    (finished.directory / "commands" / "file").write_text("x")
    done = finished.command("replay", "--as", "file")
    assert (1, True) == (done.returncode, "Set CLICKSTREAM_DATA_DIR" in done.stderr), done.stderr
