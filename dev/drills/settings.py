"""What the application is set to in a drill: quick to notice a death, busy in every corner."""

from dev.demo.site import Site

PARTITIONS = 4
SESSION_S = 3.0

SETTINGS = {
    "PARTITIONS": str(PARTITIONS),
    "SESSION_TIMEOUT": f"{SESSION_S}s",
    "WINDOW_SIZE": "5m",
    "GRACE": "2m",
    # Windows expire, and the join forgets, while the drill goes on: there are tombstones.
    "RETENTION": "20m",
    "JOIN_WITHIN": "20m",
    # Idleness depends on the clock: a recount can't know when it was declared.
    "IDLE_TIMEOUT": "1h",
}


def changelogs(site: Site) -> list[str]:
    """Full names of the changelog topics."""
    tables = ("click-counts", "join-state")
    return [f"{site.prefix}{site.prefix}app-{table}-changelog" for table in tables]
