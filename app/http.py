"""How a command asks workers over the web."""

from typing import Any

import aiohttp

from app.settings import Settings


def session(
    settings: Settings, timeout: aiohttp.ClientTimeout, **more: Any
) -> aiohttp.ClientSession:
    """A session that shows the token, if one is set, and checks workers' certificates as set.

    Args:
        settings: How workers are asked.
        timeout: What an answer may take.
        more: More arguments of the session.
    """
    connector = aiohttp.TCPConnector(ssl=settings.peers_context if settings.web_tls else True)
    headers = settings.web_credentials
    return aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers, **more)
