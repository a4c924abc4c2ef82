"""Retiring a version, with a cluster in memory: what is found, what goes, what is refused."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError

from app.settings import Settings
from app.versions import retire as retiring
from app.versions.errors import VersionError
from app.versions.progress import members
from app.versions.retire import Remains, remains, retire
from models.errors import ClickstreamError

_LOADING, _NOT_ALLOWED, _UNKNOWN_TOPIC = 14, 30, 3
_MEMBER = ("worker-1", "faust", "/127.0.0.1", b"", b"")


class Cluster:
    """A cluster that answers as it is told: the logs' admin client, too.

    Attributes:
        topics: Names.
        groups: What it answers about a group: an error's code and members, the last one for ever.
        kept: Topics that are there again whenever they are deleted.
    """

    def __init__(self, topics: Sequence[str] = ()) -> None:
        self.topics = set(topics)
        self.groups: list[tuple[int, list[Any]]] = [(0, [])]
        self.kept: set[str] = set()
        self.admin = self

    def proceed(self) -> None:
        """Nobody asks to end."""

    async def list_topics(self) -> list[str]:
        """All of them."""
        return list(self.topics)

    async def delete_topics(self, names: Sequence[str]) -> Any:
        """Delete; those that are not there are unknown."""
        codes = [(name, 0 if name in self.topics else _UNKNOWN_TOPIC) for name in names]
        self.topics -= set(names) - self.kept
        return SimpleNamespace(topic_error_codes=codes)

    async def describe_consumer_groups(self, names: Sequence[str]) -> Any:
        """What was told."""
        code, found = self.groups.pop(0) if self.groups[1:] else self.groups[0]
        group = (code, names[0], "Stable", "consumer", "faust", found)
        return [SimpleNamespace(groups=[group])]

    async def list_consumer_groups(self) -> list[tuple[str, str]]:
        """None."""
        return []


def settings_in(directory: Path) -> Settings:
    """Settings with this data directory."""
    return Settings.model_validate({"CLICKSTREAM_DATA_DIR": str(directory)})


def found_of(cluster: Any, directory: Path, name: str) -> Remains:
    """What there is of a version."""
    return asyncio.run(remains(settings_in(directory), name, cluster))


def retired(cluster: Any, found: Remains) -> None:
    """Delete it."""
    asyncio.run(retire(found.settings, found, cluster, lambda _: None))


def put(*paths: Path) -> None:
    """Files with something in them."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


@pytest.mark.parametrize("answers", [[(0, [_MEMBER])], [(_LOADING, []), (0, [_MEMBER])]])
def test_workers_are_counted_by_a_coordinator_that_knows(
    tmp_path: Path, answers: list[tuple[int, list[Any]]]
) -> None:
    """One that is loading after its start has no members to tell of: it is asked again."""
    cluster: Any = Cluster()
    cluster.groups = answers
    assert 1 == asyncio.run(members(settings_in(tmp_path), cluster))


def test_a_group_that_may_not_be_looked_at_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    """Else the topics of running workers would go."""
    cluster: Any = Cluster()
    cluster.groups = [(_NOT_ALLOWED, [])]
    with pytest.raises(GroupAuthorizationFailedError):
        asyncio.run(members(settings_in(tmp_path), cluster))


def test_what_a_version_has_in_its_directory_goes_and_nothing_else(tmp_path: Path) -> None:
    """Stores, lock, log and history; what somebody else put there stays."""
    ours = tmp_path / "v2"
    theirs = (ours / "notes.txt", tmp_path / "clickstream" / "x", tmp_path / "history" / "y")
    put(ours / "clickstream.v2" / "click-counts" / "0", ours / "lock", ours / "replay.log")
    put(ours / "history" / "clickstream.v2-commands.duckdb", *theirs)
    retired(Cluster(), found_of(Cluster(), tmp_path, "v2"))
    assert sorted(theirs) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    theirs[0].unlink()
    put(ours / "clickstream.v2" / "click-counts" / "0")
    retired(Cluster(), found_of(Cluster(), tmp_path, "v2"))
    assert not ours.exists()


def test_the_one_without_name_leaves_other_versions_their_directories(tmp_path: Path) -> None:
    """They lie beside its stores and its history."""
    put(tmp_path / "clickstream" / "x", tmp_path / "history" / "clickstream-worker.duckdb")
    put(tmp_path / "v2" / "clickstream.v2" / "x")
    ours = settings_in(tmp_path)
    paths = [path for path in retiring._paths(ours, known=True) if path.exists()]
    retired(Cluster(), Remains(ours, [], None, paths, known=False))
    assert [tmp_path / "v2"] == list(tmp_path.iterdir())


def test_what_can_not_be_deleted_is_named(tmp_path: Path) -> None:
    """The path and the reason."""
    fixed = Path("/proc/self/status")
    found = Remains(settings_in(tmp_path), [], None, [fixed], known=False)
    with pytest.raises(VersionError, match=rf"{fixed} can't be \("):
        retired(Cluster(), found)


def test_a_topic_that_another_one_deleted_is_gone_as_well(tmp_path: Path) -> None:
    """Two may retire at once."""
    cluster = Cluster(["v2.click-counts"])
    found = found_of(cluster, tmp_path, "v2")
    cluster.topics.clear()
    retired(cluster, found)
    assert ["v2.click-counts"] == found.topics


def test_a_topic_that_comes_back_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader makes it anew where brokers create topics by themselves: nobody waits for ever."""
    monkeypatch.setattr(retiring, "_GONE_SECONDS", 0.2)
    cluster = Cluster(["v2.click-counts"])
    cluster.kept = {"v2.click-counts"}
    with pytest.raises(VersionError, match=r"v2\.click-counts does not\. A reader"):
        retired(cluster, found_of(cluster, tmp_path, "v2"))


@pytest.mark.parametrize("name", ["", "..", "clickstream", "a" * 21])
def test_what_can_not_be_a_version_is_not_retired(tmp_path: Path, name: str) -> None:
    """An empty variable of a script is not main, though readers use another one."""
    with pytest.raises(ClickstreamError, match=r"CLICKSTREAM_VERSION|A version has a name"):
        found_of(Cluster(), tmp_path, name)
