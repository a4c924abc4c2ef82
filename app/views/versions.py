"""``GET /versions``: which versions there are, and which one readers are to use."""

from typing import TYPE_CHECKING

from aiohttp import web
from aiokafka.errors import KafkaError

from app.answers import Unavailable, json_answer
from app.audit.logs import open_logs
from app.versions.registry import read_registry
from models.errors import ClickstreamError

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View


def views(app: "App") -> dict[str, "View"]:
    """The view: 200, or 503 without Kafka."""

    async def versions(request: web.Request) -> web.Response:
        settings = app.settings
        try:
            async with open_logs(settings.connection, lambda: None, print) as logs:
                registry = await read_registry(settings, logs)
        except (KafkaError, OSError) as error:
            raise Unavailable(f"Kafka must tell of the versions; it does not: {error!r}.") from None
        except ClickstreamError as error:
            raise Unavailable(str(error)) from None
        return json_answer(registry.as_json(settings))

    return {"/versions": versions}
