"""The worker's start: every check that a person can act on, before anything else."""

import asyncio
import contextlib
import errno
import fcntl
import gc
import logging
import os
import signal
import socket
import sys
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, NoReturn, cast

import faust
import faust.cli.worker
import structlog
from mode.utils.logging import level_number

from app import logs
from app.admin import check_topics, wait_for_broker
from app.journal import Journal
from app.kept import check_kept
from app.records import use_light_records
from app.settings import Settings
from app.tracing import tracers
from app.versions.check import check_version
from models.errors import ClickstreamError, SettingsError
from models.user_agents import classify

log = structlog.stdlib.get_logger(__name__)

#: Objects made, less those freed, before the garbage collector looks at the youngest.
_COLLECT_AFTER = 100_000


#: Bytes that must fit into the data directory at start.
_PROBE_BYTES = 1024 * 1024
#: A full disk, a spent quota, a limit on a file's size.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Worker(faust.Worker):
    """Faust's worker behind our checks.

    A check that fails prints rule, value and remedy, and ends with exit code 1.
    """

    _lock: IO[bytes] | None = None
    _journal: Journal

    def execute_from_commandline(self) -> NoReturn:
        """Check, then run until the end."""
        app = cast("Any", self.app)
        settings: Settings = app.settings
        logs.begin(settings.log_format, level_number(self.loglevel))
        try:
            self._journal = Journal()
            app.engine.observers += [self._journal, *tracers(settings)]
            check_port(app.conf.web_bind, app.conf.web_port)
            self._lock = lock_directory(settings.directory)
            asyncio.run(_check_cluster(settings))
        except ClickstreamError as error:
            print(error, file=sys.stderr, flush=True)  # noqa: T201 to whoever started it, as it is
            raise SystemExit(1) from None
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise SystemExit(0) from None  # as when it runs: asked to end, it ended
        classify("any")  # its patterns take 0.3 s: now, while no partition waits for them
        use_light_records()
        _collect_rarely()
        super().execute_from_commandline()

    def on_setup_root_logger(self, logger: logging.Logger, level: int) -> None:
        """Write the log as it is set, and nothing beside it."""
        self.spinner = None
        logs.adopt(cast("Any", self.app).settings.log_format, level)

    async def on_start(self) -> None:
        """Tell what starts."""
        app = cast("Any", self.app)
        log.info(
            "Worker starting",
            version=version("clickstream"),
            app_id=app.conf.id,
            broker=app.settings.bootstrap_servers,
            partitions=app.settings.partitions,
            data_dir=str(app.settings.directory.absolute()),
            web=str(app.peers.me),
            pid=os.getpid(),
        )
        await super().on_start()

    async def on_stop(self) -> None:
        """Tell that it ends, and what was not told yet."""
        self._journal.sum_up()
        log.info("Worker stopping")
        await cast("Any", self.app).history.stop()
        await super().on_stop()


class worker(faust.cli.worker.worker):  # noqa: N801 its name is the command's
    """Start a worker."""

    def on_worker_created(self, worker: Any) -> None:
        """Print no banner: the log tells what starts."""


def _collect_rarely() -> None:
    """Spare the garbage collector the records in flight: it took a third of the time.

    They are in no cycles; what is (tasks, errors) is little, and still found.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 100)


async def _check_cluster(settings: Settings) -> None:
    task = cast("asyncio.Task[None]", asyncio.current_task())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    client = logging.getLogger("aiokafka")
    client.setLevel(logging.CRITICAL)  # what it logs of a broker that is down is said here
    try:
        await wait_for_broker(settings, log.warning)
        await check_topics(settings)
        await check_kept(settings)
        await check_version(settings)
    finally:
        client.setLevel(logging.NOTSET)


def check_port(host: str, port: int) -> None:
    """Check that the web views can listen.

    Raises:
        SettingsError: The port is taken, or the address is none of this machine's.
    """
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            about_port = error.errno in {errno.EADDRINUSE, errno.EACCES}
            remedy = (
                "Give each worker its own --web-port."
                if about_port
                else "Set CLICKSTREAM_WEB_BIND to an address of this machine."
            )
            raise SettingsError(
                f"The web views must listen on {host}:{port}; that is not possible "
                f"({error.strerror}). {remedy}"
            ) from None


def _write_and_delete(probe: Path) -> None:
    """Tell of a full disk before the group is joined: it would be joined in vain for ever."""
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


def lock_directory(directory: Path) -> IO[bytes]:
    """Take the data directory for this process.

    Returns:
        The open lock file: the lock ends with the process.

    Raises:
        SettingsError: It can't be written, or another worker has it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write_and_delete(directory / "probe")
        lock = (directory / "lock").open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsError(
            f"Each worker needs a data directory of its own; {directory} is another worker's. "
            "Set CLICKSTREAM_DATA_DIR."
        ) from None
    except OSError as error:
        remedy = "Free space, or set" if error.errno in _FULL else "Set"
        raise SettingsError(
            f"The data directory must be writable; {directory} is not ({error.strerror}, user id "
            f"{os.getuid()}). {remedy} CLICKSTREAM_DATA_DIR."
        ) from None
    return lock
