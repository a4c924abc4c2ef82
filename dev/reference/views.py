"""The page of the web views, from their OpenAPI description."""

import textwrap
from collections.abc import Iterator
from typing import Any

from app.views.openapi import description
from dev.reference.markdown import code, page, table

_INTRODUCTION = """\
Every worker has them, at the port of `--web-port` (6066). Their machine-readable description is
[openapi.yaml](../../app/views/openapi.yaml), and `GET /openapi.json` of a worker."""

_WIDTH = 100
_RESPONSES, _SCHEMAS = "#/components/responses/", "#/components/schemas/"

Json = dict[str, Any]


def page_of_views() -> str:
    """Every path with its parameters and answers."""
    api: Json = description()
    views = Views(api)
    said = _filled(api["info"].get("description", ""))
    return page("Web views", _INTRODUCTION, said, *views.paths(), *views.errors(), *views.bodies())


class Views:
    """The parts of the page, with references looked up."""

    def __init__(self, api: Json) -> None:
        self._api = api

    def paths(self) -> Iterator[str]:
        """A heading, what it tells, its parameters and answers for each path."""
        for path, methods in self._api["paths"].items():
            for method, view in methods.items():
                if method == "parameters":
                    continue
                yield f"## {method.upper()} {path}"
                yield _sentence(view.get("summary", ""))
                yield _filled(view.get("description", ""))
                yield self._parameters(
                    [*methods.get("parameters", []), *view.get("parameters", [])]
                )
                yield from self._answers(view["responses"])

    def errors(self) -> Iterator[str]:
        """The answers that many views have."""
        shared = self._api["components"].get("responses", {})
        yield "## Errors"
        yield "The body is always {`error`}: a sentence with the rule, the value and the remedy."
        yield table(
            ("answer", "when"), ((name, one.get("description", "")) for name, one in shared.items())
        )

    def bodies(self) -> Iterator[str]:
        """The fields of every body that has a name."""
        yield "## Bodies"
        yield "A field with ? may be absent."
        for name, schema in self._api["components"]["schemas"].items():
            if "properties" in schema:
                yield f"### {name}"
                yield _filled(schema.get("description", ""))
                yield self._fields(schema)

    def _fields(self, schema: Json) -> str:
        required = schema.get("required", [])
        rows = [
            (
                code(name) + ("" if name in required else " ?"),
                self._kind(field),
                str(self._of(field).get("description", "")),
            )
            for name, field in schema["properties"].items()
        ]
        return table(("field", "is", "meaning"), rows)

    def _of(self, thing: Json) -> Json:
        """What a reference refers to, or the thing itself."""
        while "$ref" in thing:
            found: Any = self._api
            for part in thing["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/")]
            thing = {**found, **{k: v for k, v in thing.items() if k != "$ref"}}
        return thing

    def _parameters(self, parameters: list[Json]) -> str:
        found = [self._of(parameter) for parameter in parameters]
        rows = [
            (
                code(p["name"]),
                p["in"] + (", required" if p.get("required") else ""),
                self._kind(p.get("schema", {})),
                p.get("description", ""),
            )
            for p in found
        ]
        return table(("parameter", "in", "takes", "meaning"), rows) if rows else ""

    def _answers(self, responses: Json) -> Iterator[str]:
        """A table of the answers that are this view's own, and the names of the others."""
        own = {status: one for status, one in responses.items() if "$ref" not in one}
        rows = [(code(s), one.get("description", ""), self._body(one)) for s, one in own.items()]
        yield table(("status", "when", "body"), rows)
        shared = [
            f"{code(status)} {one['$ref'].removeprefix(_RESPONSES)}"
            for status, one in responses.items()
            if "$ref" in one
        ]
        yield f"[Errors](#errors): {', '.join(shared)}." if shared else ""

    def _body(self, response: Json) -> str:
        content = response.get("content", {})
        kinds = [(kind, body.get("schema", {})) for kind, body in content.items()]
        return "; ".join(
            self._kind(schema) if kind == "application/json" else code(kind)
            for kind, schema in kinds
        )

    def _kind(self, schema: Json) -> str:
        """A schema in a few words: its name, its values, its fields, or its type."""
        name = schema.get("$ref", "").removeprefix(_SCHEMAS)
        known = self._of(schema)
        if "const" in known or "enum" in known:
            values = known.get("enum", [known.get("const")])
            return ", ".join(code("null" if value is None else value) for value in values)
        for several in ("oneOf", "anyOf"):
            if several in known:
                return " or ".join(self._kind(one) for one in known[several])
        if "properties" in known:
            fields = ", ".join(code(field) for field in known["properties"])
            return f"[{name}](#{name.lower()})" if name else f"{{{fields}}}"
        if known.get("type") == "array":
            return f"list of {self._kind(known.get('items', {}))}"
        return _type(known)


def _type(schema: Json) -> str:
    kind = schema.get("type", "anything")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    default = f", {schema['default']} by default" if "default" in schema else ""
    return f"{words}{default}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) or not text else f"{text}."


def _filled(text: object) -> str:
    return textwrap.fill(" ".join(str(text).split()), _WIDTH)
