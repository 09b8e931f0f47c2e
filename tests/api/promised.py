"""What the OpenAPI document promises, and whether a response keeps it."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import httpx
import jsonschema_rs
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from puntini.api.http import Address
from puntini.api.openapi import document

PROBLEM = "application/problem+json"


class Promised:
    """The document of some addresses. Answers may hold nothing that it does not name."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._document = document(routes)
        self._paths = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))), methods)
            for path, methods in sorted(self._document["paths"].items(), key=lambda item: item[0].count("{"))
        ]
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    @cached_property
    def _components(self) -> dict[str, Any]:
        schemas = {name: _closed(schema) for name, schema in self._document["components"]["schemas"].items()}
        return {**self._document["components"], "schemas": schemas}

    def check(self, response: httpx.Response) -> None:
        """Raises AssertionError when a response is not what was promised."""
        request = response.request
        media = response.headers.get("content-type", "").partition(";")[0]
        where = f"{request.method} {request.url.path} {response.status_code}"
        operation = self._operation(request)
        if operation is not None:
            answers = operation["responses"]
            answer = self._found(answers.get(str(response.status_code), answers["default"]))
            content = answer.get("content", {})
            assert media in content or not (content or response.content), f"{where}: {media} is not promised"
            schema = content.get(media, {}).get("schema")
        else:
            schema = {"$ref": "#/components/schemas/ProblemDetails"} if media == PROBLEM else None
        if schema is not None and media in {"application/json", PROBLEM} and request.method != "HEAD":
            faults = [fault.message for fault in self._validator(schema).iter_errors(response.json())]
            assert not faults, f"{where}: {faults} in {response.text[:2000]}"

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        path = request.url.path
        method = "get" if request.method == "HEAD" else request.method.lower()
        for pattern, methods in self._paths:
            if pattern.fullmatch(path):
                operation: dict[str, Any] | None = methods.get(method)
                return operation
        return None

    def _found(self, answer: dict[str, Any]) -> dict[str, Any]:
        name = str(answer.get("$ref", "")).rpartition("/")[2]
        return self._components["responses"][name] if name else answer

    def _validator(self, schema: dict[str, Any]) -> jsonschema_rs.Validator:
        key = repr(schema)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.validator_for({**schema, "components": self._components})
        return self._validators[key]


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The same, with nothing allowed that is not named."""
    return {**schema, "additionalProperties": False} if "properties" in schema else schema


_known: dict[tuple[object, ...], Promised] = {}


def promised_by(app: Starlette) -> Promised:
    """What an app promises; found out once for all apps of the same addresses."""
    key = tuple(_names(app.routes))
    if key not in _known:
        _known[key] = Promised(app.routes)
    return _known[key]


def _names(routes: Sequence[BaseRoute]) -> Iterator[object]:
    for route in routes:
        if isinstance(route, Address):
            yield route.path, *route.doors
