"""What keeps a version from being replayed, promoted or retired."""

from models.errors import ClickstreamError


class VersionError(ClickstreamError):
    """A version is not as what was asked needs it; the message says what to do."""
