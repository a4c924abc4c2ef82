"""Checks of this machine, its workers, the registry and the settings: facts in, findings out."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from app.doctor.facts import Answer, Disk, Package, Registry
from app.doctor.findings import Finding, duration, odd, size, well, wrong
from app.fields import DAY_MS
from app.settings import Settings

DISK = "disk"
REGISTRY = "registry"
WEB = "web"
PACKAGES = "packages"
SETTINGS = "settings"

_GIB = 1024**3
#: Bytes free below which a store can't be compacted, and below which it soon can't.
_FULL, _NARROW = _GIB // 8, 2 * _GIB
#: Times the stores' size that should be free: compaction writes a store anew.
_ROOM = 1
#: Milliseconds of quiet that any producer may show.
_SHORT_MS = 5_000


def of_disk(disk: Disk) -> Iterator[Finding]:
    """Whether the stores have room."""
    if disk.fault is not None:
        yield wrong(
            DISK,
            f"The data directory {disk.directory} can't be written: {disk.fault}.",
            "Let the worker's user write there, or set CLICKSTREAM_DATA_DIR.",
        )
        return
    text = f"{disk.directory} has {size(disk.free)} free, and stores of {size(disk.used)}"
    whose = "a worker has it" if disk.locked else "no worker has it"
    if disk.free < _FULL:
        yield wrong(DISK, f"{text}.", "Free space: a full disk ends the worker.")
    elif disk.free < max(_NARROW, _ROOM * disk.used):
        yield odd(DISK, f"{text}.", "Free space: compaction needs as much as the stores have.")
    else:
        yield well(DISK, f"{text}; {whose}.")


def of_answers(answers: Sequence[Answer]) -> Iterator[Finding]:
    """Whether the workers answer, and whether a port is free for one."""
    for answer in answers:
        yield _of_answer(answer)


def _of_answer(answer: Answer) -> Finding:
    if answer.status is None and not answer.asked:
        return well(WEB, f"{answer.url} is free: no worker runs there.")
    if answer.status is None:
        return wrong(
            WEB,
            f"No worker answers at {answer.url}: {answer.fault}.",
            "Start it (faust -A app worker), or correct --url.",
        )
    if not answer.ours:
        return odd(
            WEB,
            f"Something else answers at {answer.url} (HTTP {answer.status}).",
            "Give the worker another --web-port, and name it with --url.",
        )
    if answer.status == HTTPStatus.OK and not answer.problems:
        return well(WEB, f"The worker at {answer.url} is well.")
    text = " ".join(answer.problems) or f"It answers with HTTP {answer.status}."
    found = odd if answer.status == HTTPStatus.OK else wrong
    return found(WEB, f"The worker at {answer.url} has problems: {text}", "Read its log.")


def of_registry(registry: Registry | None) -> Iterator[Finding]:
    """Whether the schema registry, where one is set, tells a worker here of schemas."""
    if registry is None:
        return
    if not registry.fault:
        yield well(REGISTRY, f"The schema registry at {registry.url} answers.")
        return
    text, _, remedy = registry.fault.rpartition(". ")
    yield wrong(REGISTRY, f"{text}. Records in its format wait for it.", remedy)


def of_packages(packages: Sequence[Package]) -> Iterator[Finding]:
    """Whether the packages are those that are known to work."""
    for package in packages:
        if package.installed is None:
            yield wrong(PACKAGES, f"{package.name} {package.wanted} is missing.", _INSTALL)
        elif not package.fits:
            yield wrong(
                PACKAGES,
                f"{package.name} must be {package.wanted}; {package.installed} is installed.",
                _INSTALL,
            )
    if all(package.fits for package in packages):
        yield well(PACKAGES, f"All {len(packages)} packages have the versions they must have.")


_INSTALL = "Install what is pinned: pip install -r requirements.lock"


def of_settings(settings: Settings) -> Iterator[Finding]:
    """Settings that are accepted, and may not be meant so."""
    found = list(_odd_settings(settings))
    yield from found
    if not found:
        yield well(SETTINGS, "No setting is odd.")


def _odd_settings(settings: Settings) -> Iterator[Finding]:
    if settings.grace_ms == 0:
        yield odd(
            SETTINGS,
            "CLICKSTREAM_GRACE is 0: whatever is out of order across a window's end is late.",
            "Set it to how late clicks come.",
        )
    if settings.retention_ms < settings.grace_ms:
        yield odd(
            SETTINGS,
            f"CLICKSTREAM_RETENTION ({duration(settings.retention_ms)}) is below CLICKSTREAM_GRACE "
            f"({duration(settings.grace_ms)}): windows are deleted sooner than they close.",
            "Set it to how long closed windows are asked for.",
        )
    if settings.idle_timeout_ms < _SHORT_MS:
        yield odd(
            SETTINGS,
            f"CLICKSTREAM_IDLE_TIMEOUT is {duration(settings.idle_timeout_ms)}: a pause that short "
            "closes windows, and what comes after it from before is late.",
            "Set it above the longest pause of a producer.",
        )
    if settings.future_skew_ms > 7 * DAY_MS:
        yield odd(
            SETTINGS,
            f"CLICKSTREAM_FUTURE_SKEW is {duration(settings.future_skew_ms)}: one wrong clock "
            "moves its partition's stream time that far, and all after it is late.",
            "Set it to how wrong producers' clocks are.",
        )
    if settings.watermark_interval_ms > settings.window_size_ms:
        yield odd(
            SETTINGS,
            f"CLICKSTREAM_WATERMARK_INTERVAL ({duration(settings.watermark_interval_ms)}) is above "
            f"CLICKSTREAM_WINDOW_SIZE ({duration(settings.window_size_ms)}): windows close late.",
            "Lower it.",
        )
    if not settings.web_local and settings.web_token is None:
        yield odd(
            SETTINGS,
            f"The web views listen on {settings.web_bind} and ask for no token: "
            "whoever reaches them reads users' data.",
            "Set CLICKSTREAM_WEB_TOKEN.",
        )
