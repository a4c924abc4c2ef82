"""The OpenAPI document describes the views that there are."""

import re
from typing import Any, cast

from app.views import changes, routes
from app.views.openapi import description

#: Faust's own views.
_FAUSTS = ("/table/", "/router/")
_VARIABLE = re.compile(r"\{\w+\}")


def test_every_view_is_described_and_no_other() -> None:
    """Faust's own are not in our routes."""
    ours = cast("Any", None)  # views look at the application when they are asked
    views = {"get": routes(ours), "post": changes(ours)}
    there = {
        (method, _VARIABLE.sub("{}", path).rstrip("/"))
        for method, paths in views.items()
        for path in paths
    }
    described = {
        (method, _VARIABLE.sub("{}", path).rstrip("/"))
        for path, methods in description()["paths"].items()
        for method in methods
        if not path.startswith(_FAUSTS)
    }
    assert described == there


def test_every_reference_leads_somewhere() -> None:
    """Within the document; and each part of it is referred to."""
    components = description()["components"]
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("parameters", "responses", "schemas")
        for name in components[kind]
    }
    assert there == set(_references(description()))


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [r for part in value.values() for r in _references(part)]
    return [r for part in value for r in _references(part)] if isinstance(value, list) else []
