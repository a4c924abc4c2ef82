"""Runs a page's commands in order, as its reader would: the rules are told in tests/docs."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from dev.kafka.jars import ROOT
from dev.kafka.ports import free_port
from tests.docs import kafka_tools
from tests.docs.commands import Command, Kind, commands_of
from tests.docs.markdown import Block, Page
from tests.docs.shown import shows

#: Ports that pages name for workers.
WEB_PORTS = ("6066", "6067", "6068")
_KAFKA_PORT = "9092"
#: Seconds that a command may take, and for which one that only reads is tried again.
_PATIENCE_S = 120.0
_AGAIN_S = 1.0
_COLUMNS = "100"
#: Characters that are told of what a background command printed last.
_TAIL = 2_000


@dataclass
class Background:
    """A command that runs on."""

    command: Command
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """What it printed so far."""
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """Press Ctrl-C, and no more than that unless it takes too long."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                raise


@dataclass
class Reader:
    """Someone who types what a page says.

    Attributes:
        directory: Where.
        kafka_port: Port of the Kafka on 127.0.0.1.
        prelude: What has changed the shell so far.
        background: What runs on.
    """

    directory: Path
    kafka_port: int
    prelude: list[str] = field(default_factory=list)
    background: list[Background] = field(default_factory=list)

    def __post_init__(self) -> None:
        # In the order of those that they stand for: workers are listed by their addresses.
        found = sorted(str(free_port()) for _ in WEB_PORTS)
        self.ports = dict(zip(WEB_PORTS, found, strict=True))
        self.ports[_KAFKA_PORT] = str(self.kafka_port)
        tools = self.directory / ".bin"
        tools.mkdir()
        kafka_tools.install(tools)
        (self.directory / ".curlrc").write_text("silent\nfail-with-body\n")
        for name in ("tests", "docs", "examples"):
            (self.directory / name).symlink_to(ROOT / name)
        (self.directory / ".kafka" / "broker-9092").mkdir(parents=True)
        (self.directory / ".venv").symlink_to(ROOT / ".venv")
        (self.directory / "access.log").symlink_to(ROOT / "docs" / "access.log")
        ours = {k: v for k, v in os.environ.items() if not k.startswith("CLICKSTREAM_")}
        self.env = ours | {
            "CLICKSTREAM_BROKER": f"kafka://127.0.0.1:{self.kafka_port}",
            "PATH": f"{tools}:{ROOT / '.venv/bin'}:{ours['PATH']}",
            "CURL_HOME": str(self.directory),
            "COLUMNS": _COLUMNS,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self.background:
            self.background.pop().stop()

    def follow(self, page: Page) -> None:
        """Do all that the page says; AssertionError names the line that did not work."""
        for item in commands_of(page):
            if isinstance(item, Block):
                (self.directory / str(item.marked("file"))).write_text(item.text)
                continue
            with self._told(page, item):
                self.run(item)

    @contextmanager
    def _told(self, page: Page, command: Command) -> Iterator[None]:
        """Say which line of the page does not work, and what runs beside it prints."""
        try:
            yield
        except (AssertionError, subprocess.TimeoutExpired) as error:
            parts = [f"{page.name}:{command.line}: {command.text}"]
            parts += [f"--- shown:\n{command.output.text}"] if command.output else []
            parts += [f"--- printed:\n{error}"]
            parts += [f"--- {b.command.text}:\n{b.said()[-_TAIL:]}" for b in self.background]
            raise AssertionError("\n".join(parts)) from None

    def run(self, command: Command) -> None:
        """Run one command."""
        if command.stops:
            self._stop(command.stops)
        match command.kind:
            case Kind.SHELL:
                self.prelude.append(self._here(command.text))
            case Kind.MAKE | Kind.COMPOSE:
                pass  # test_pages
            case Kind.BACKGROUND:
                self._start(command)
            case Kind.READING:
                self._read(command)
            case Kind.OTHER:
                code, said = self._execute(command)
                assert (command.code, True) == (code, _right(command, said)), said

    def _stop(self, beginning: str) -> None:
        ending = [b for b in self.background if b.command.text.startswith(beginning)]
        assert ending, f"nothing runs that begins with {beginning}"
        for background in ending:
            background.stop()
            self.background.remove(background)

    def _start(self, command: Command) -> None:
        log = self.directory / f".background-{command.line}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self._bash(f"exec env {command.text}"),
                cwd=self.directory,
                env=self.env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        background = Background(command, process, log)
        self.background.append(background)

        def up() -> bool:
            assert process.poll() is None, background.said()[-_TAIL:]
            said = self._there(background.said())
            if command.output is not None:
                return shows(command.output.language, command.output.text + "…\n", said)
            return "worker" not in command.words or "Worker ready" in said

        _until(up, background.said)

    def _read(self, command: Command) -> None:
        said: list[str] = []

        def right() -> bool:
            code, text = self._execute(command)
            said.append(text)
            return code == command.code and _right(command, text)

        _until(right, lambda: said[-1])

    def _execute(self, command: Command) -> tuple[int, str]:
        done = subprocess.run(
            self._bash(command.text),
            cwd=self.directory,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE_S,
            check=False,
        )
        return done.returncode, self._there(done.stdout.decode(errors="replace"))

    def _bash(self, text: str) -> list[str]:
        lines = ["set -o pipefail", *self.prelude, self._here(text)]
        return ["bash", "-c", "\n".join(lines)]

    def _here(self, text: str) -> str:
        for shown, real in self.ports.items():
            text = text.replace(f":{shown}", f":{real}").replace(f" {shown}", f" {real}")
        return text

    def _there(self, text: str) -> str:
        for shown, real in self.ports.items():
            text = text.replace(real, shown)
        return text


def _right(command: Command, said: str) -> bool:
    output = command.output
    if output is not None and not shows(output.language, output.text, said):
        return False
    plain = output is not None and output.language == "text"
    return not command.is_curl or plain or _is_json(said)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _until(right: Callable[[], bool], said: Callable[[], str]) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not right():
        assert time.monotonic() < deadline_s, said()
        time.sleep(_AGAIN_S)
