"""Laws of rounds, of the peers that there are, and of what their programs are told."""

from pathlib import Path
from subprocess import SubprocessError
from typing import Any

import pytest

from bench.goals import GOALS
from bench.peers import environments
from bench.peers.registry import all_peers
from bench.peers.told import Told
from bench.report import Row
from bench.subject import Round, Subject, measure_all
from bench.subjects import all_subjects
from bench.worker import BenchError

TOLD = Told("host:9092", "in", "out", "group", 8, 300_000, 120_000, Path("/tmp/scratch"))  # noqa: S108 no file


def rounds(count: int) -> list[Round]:
    """Rounds without a place to work."""
    nowhere: Any = None
    return [Round(nowhere, nowhere, number) for number in range(count)]


def test_rounds_are_interleaved() -> None:
    """A B, A B: a slow minute hits all alike."""
    done: list[str] = []

    def subject(name: str) -> Subject:
        def measure(round_: Round) -> Row:
            done.append(f"{name}{round_.number}")
            return Row(name, 1, 1, 1, "-")

        return Subject(name, name, "-", "-", measure)

    measure_all([subject("A"), subject("B")], rounds(2))
    assert ["A0", "B0", "A1", "B1"] == done


@pytest.mark.parametrize("error", [BenchError("It broke."), SubprocessError("It broke.")])
def test_a_subject_that_fails_stops_nobody_and_is_told(error: Exception) -> None:
    """The others' rounds go on, and so do its own."""

    def measure(round_: Round) -> Row:
        if round_.number == 0:
            raise error
        return Row("A", 1, 1, 1, "-")

    (result,) = measure_all([Subject("A", "A", "-", "-", measure)], rounds(2))
    assert (1, ["It broke."]) == (len(result.rows), result.faults)


def test_subjects_have_names_of_their_own_and_say_how_they_were_set() -> None:
    """How each was tuned is printed with the figures."""
    subjects = all_subjects()
    assert len(subjects) == len({subject.name for subject in subjects})
    assert [] == [subject.name for subject in subjects if not subject.tuning]


def test_goals_are_of_subjects_that_there_are() -> None:
    """A renamed peer would silently have none."""
    known = {subject.name for subject in all_subjects()}
    assert {goal.ours for goal in GOALS} | {goal.peer for goal in GOALS if goal.peer} <= known


def test_all_peers_of_the_specification_are_there() -> None:
    """Those that only read are the limit."""
    peers = {peer.name: peer for peer in all_peers()}
    assert {"flink-hashmap", "flink-rocksdb", "kafka-streams", "pathway", "bytewax", "quix"} == {
        name for name, peer in peers.items() if not peer.reads_only
    }
    assert {"aiokafka", "confluent"} == {name for name, peer in peers.items() if peer.reads_only}


def test_a_program_is_told_everything_through_its_environment() -> None:
    """And reads it back as it was."""
    assert Told.from_environment(TOLD.to_environment()) == TOLD


def test_requirements_of_peers_are_pinned() -> None:
    """To the version: a benchmark of whatever is newest compares nothing."""
    folder = Path(environments.__file__).parent
    lines = [
        line
        for file in folder.glob("*/requirements.txt")
        for line in file.read_text().splitlines()
        if line and not line.startswith(("#", " "))
    ]
    assert len(lines) > 100
    assert [] == [line for line in lines if "==" not in line]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that an environment is made of, and a place for environments."""
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "made")
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    file = tmp_path / "requirements.txt"
    file.write_text("one")
    return file


def test_an_environment_is_made_once_and_anew_when_its_source_changes(source: Path) -> None:
    """What was there before is gone then."""
    made: list[list[Path]] = []

    def make(directory: Path) -> None:
        made.append(list(directory.iterdir()))
        (directory / "file").touch()

    environments.made("peer", [source], make)
    environments.made("peer", [source], make)
    assert [[]] == made
    source.write_text("two")
    environments.made("peer", [source], make)
    assert [[], []] == made


def test_an_environment_that_could_not_be_made_is_made_again(source: Path) -> None:
    """Half an environment is none."""

    def fail(directory: Path) -> None:
        (directory / "half").touch()
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        environments.made("peer", [source], fail)
    found: list[bool] = []
    environments.made("peer", [source], lambda path: found.append((path / "half").exists()))
    assert [False] == found
