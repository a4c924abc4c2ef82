"""The packages that are installed, against those that are known to work."""

from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from app.doctor.facts import Package

_OURS = "clickstream"


def packages() -> tuple[Package, ...]:
    """What the application needs; none where it runs from files that were never installed."""
    try:
        wanted = [Requirement(text) for text in requires(_OURS) or ()]
    except PackageNotFoundError:
        return ()
    return tuple(
        _package(each)
        for each in wanted
        if each.marker is None or each.marker.evaluate({"extra": ""})
    )


def _package(wanted: Requirement) -> Package:
    try:
        installed = version(wanted.name)
    except PackageNotFoundError:
        return Package(wanted.name, str(wanted.specifier), None, fits=False)
    fits = wanted.specifier.contains(installed, prereleases=True)
    return Package(wanted.name, str(wanted.specifier), installed, fits)
