"""Laws of the command line: what is listed is ours, and says what it does in a line."""

import pytest
from click.testing import CliRunner
from faust.cli.faust import cli

import app  # noqa: F401 it registers the commands
from app.inputs.progress import Reporter

OURS = (
    "as-of",
    "doctor", "explain", "generate", "init-topics", "ledger", "load", "redrive", "tail", "top",
    "verify",
    "whatif",
)  # fmt: skip


def test_our_commands_are_listed_and_of_fausts_only_those_of_use() -> None:
    """A worker and the shell's completion; the others would do nothing, or harm."""
    listed = {name for name, command in cli.commands.items() if not command.hidden}
    assert {*OURS, "worker", "completion"} == listed


@pytest.mark.parametrize("name", OURS)
def test_a_command_says_what_it_does_in_one_line_and_more_in_its_help(name: str) -> None:
    """A line that an 80 column terminal shows whole."""
    command = cli.commands[name]
    line = command.get_short_help_str(80 - 2 - 6 - len("init-topics"))
    assert line.endswith(".")
    assert not line.endswith("...")
    told = CliRunner().invoke(command, ["--help"])
    assert (0, True) == (told.exit_code, line.rstrip(".") in " ".join(told.output.split()))
    assert len(told.output.splitlines()) > 6


def test_progress_without_a_terminal_writes_lines_or_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never a control character into a log."""
    monkeypatch.setattr("app.inputs.progress._LINE_INTERVAL_S", -1.0)
    for lines in (True, False):
        with Reporter("work", 10, lines=lines) as reporter:
            reporter.begin("something")
            reporter.show(5, "half")
            reporter.note("a note")
    assert "work  50%: half\na note\na note\n" == capsys.readouterr().err
