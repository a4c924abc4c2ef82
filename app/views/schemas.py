"""``GET /schemas``: the JSON Schemas of the topics' records."""

from typing import TYPE_CHECKING

from aiohttp import web

from app.answers import Unknown, json_answer
from app.schemas import published
from app.views.asking import parameters
from models.errors import shown

if TYPE_CHECKING:
    from app.bootstrap import App
    from app.views import View


async def _all(request: web.Request) -> web.Response:
    parameters(request)
    return json_answer(
        [{"topic": t, "versions": list(found)} for t, found in sorted(published().items())]
    )


async def _latest(request: web.Request) -> web.Response:
    parameters(request)
    found = _versions(request.match_info["topic"])
    return json_answer(found[max(found)])


async def _one(request: web.Request) -> web.Response:
    parameters(request)
    topic, version = request.match_info["topic"], request.match_info["version"]
    found = _versions(topic)
    for number, schema in found.items():
        if str(number) == version:
            return json_answer(schema)
    raise Unknown(
        f"There is no version {shown(version)} of the schema of {topic}; there is "
        f"{', '.join(map(str, found))}."
    )


def _versions(topic: str) -> dict[int, object]:
    if topic not in published():
        raise Unknown(
            f"There is no schema of {shown(topic)}: topics go by their names without the prefix; "
            "/schemas lists them."
        )
    return published()[topic]


def views(app: "App") -> dict[str, "View"]:
    """The views."""
    return {
        "/schemas": _all,
        "/schemas/{topic}": _latest,
        "/schemas/{topic}/{version}": _one,
    }
