"""What can keep an audit from being made."""

from models.errors import ClickstreamError


class AuditError(ClickstreamError):
    """What must be known to compare anything can't be read, or an option can't be used."""
