"""The OpenAPI document, made from the addresses: whoever adds one has it documented by its ``Door``."""

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import convert
from starlette.routing import BaseRoute

from puntini import __version__
from puntini.api.examples import EXAMPLES, ID_EXAMPLES, Example, curl
from puntini.api.http import KEY_LIMIT, Address, Door, SocketAddress
from puntini.api.openapi_names import TAGS, operation_id, tag
from puntini.api.openapi_schemas import Schemas, referred
from puntini.auth.rights import Right
from puntini.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PuntiniError,
    TooLarge,
    TooMany,
    TooSlow,
    Unauthorized,
    Unavailable,
)
from puntini.protocol.schema import Schema, plain
from puntini.transport.asgi import ProblemDetails

JSON = "application/json"
PROBLEM = "application/problem+json"
_REFUSALS = (Invalid, Unauthorized, Forbidden, NotFound, TooSlow, Conflict, TooLarge, TooMany, Unavailable)
PROBLEMS: dict[int, type[PuntiniError]] = {each.status: each for each in _REFUSALS}
HEADERS: dict[str, Schema] = {
    "Idempotency-Key": {
        "type": "string",
        "maxLength": KEY_LIMIT,
        "description": "makes a retry safe: what was sent with the same key is not done again, but answered as it was",
    },
    "Last-Event-ID": {
        "type": "string",
        "description": "the id of the last event that was read: the stream goes on behind it, without a gap",
    },
    "If-None-Match": {"type": "string", "description": "the `ETag` of what one has: 304 while that is still right"},
}
ANSWER_HEADERS: dict[str, Schema] = {
    "Location": {"description": "Where what was made is.", "schema": {"type": "string"}},
    "ETag": {"description": "Names this very content, for `If-None-Match`.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "string"}},
}
DESCRIPTION = """\
AI agents as durable event streams. All bodies are JSON, all times RFC 3339 in UTC, all errors
`application/problem+json`: a stable `code` for programs, and a sentence that says what to do.

Every operation says which credential it takes. A server that is bound to a loopback address and has no users takes
requests without any. Every GET answers HEAD, and every address OPTIONS. Every answer has an `X-Request-Id`: the
client's own, or one that was made; problems name it too. A field or a parameter that is not known is
refused, never ignored; of answers, ignore what you do not know.

The schema `Event` has all events. WebSockets, which OpenAPI has no words for, are at the addresses in `x-websockets`:
the same events, and commands the other way."""
SECURITY: dict[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or an API key."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "A ticket, for one stream and its reconnects: for what can send no headers, as `EventSource`.",
    },
}


class Operation(NamedTuple):
    """One method of an address."""

    path: str
    method: str
    door: Door
    doc: str
    socket: bool

    @property
    def name(self) -> str:
        return self.door.name or operation_id(self.method, self.path)

    @property
    def parameters(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"{(\w+)}", self.path)


def operations(routes: Sequence[BaseRoute]) -> list[Operation]:
    """What the addresses do, but for WebSockets of their own."""
    sockets = {route.path for route in routes if isinstance(route, SocketAddress)}
    return [
        Operation(route.path, method, door, plain(_doc(route, door)), route.path in sockets)
        for route in routes
        if isinstance(route, Address)
        for method, door in route.doors.items()
    ]


def _doc(route: Address, door: Door) -> str:
    return inspect.getdoc(door.of or type(route.endpoint)) or ""


def document(routes: Sequence[BaseRoute]) -> Schema:
    """The OpenAPI 3.1 document of some addresses."""
    found = operations(routes)
    schemas = Schemas(
        [type_ for each in found for type_ in (*each.door.query.values(), each.door.takes) if type_ is not None],
        [ProblemDetails, *(type_ for each in found for type_ in _given(each.door) if type_ is not None)],
    )
    paths: dict[str, Schema] = {}
    for each in found:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    used = {tag(path) for path in paths}
    sockets = sorted({route.path for route in routes if isinstance(route, SocketAddress)})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Puntini",
            "version": __version__,
            "summary": "AI agents as durable event streams.",
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": name, "description": text} for name, text in TAGS.values() if name in used],
        "paths": dict(sorted(paths.items())),
        "x-websockets": sockets,
        "components": {
            "schemas": schemas.components,
            "responses": {_key(error): _problem(error) for error in PROBLEMS.values()}
            | {"Problem": _problem(PuntiniError)},
            "securitySchemes": SECURITY,
        },
    }


def _given(door: Door) -> Iterator[Any]:
    yield door.gives
    yield from door.answers.values()


def _operation(each: Operation, schemas: Schemas) -> Schema:
    summary, *more = re.split(r"\.\s+", each.doc, maxsplit=1)
    example = EXAMPLES.get(each.name, Example())
    described = [*more, _socket(each), _rights(each.door.right)]
    made: Schema = {
        "operationId": each.name,
        "summary": summary.rstrip("."),
        "description": "\n\n".join(part for part in described if part),
        "tags": [tag(each.path)],
        "parameters": list(_parameters(each, schemas, example)),
        "responses": dict(_responses(each, schemas)),
        "security": _security(each),
        "x-codeSamples": [{"lang": "Shell", "label": "curl", "source": curl(each.method, each.path, example)}],
    }
    if each.door.takes is not None:
        made["requestBody"] = _body(each.door, schemas, example)
    return made


def _security(each: Operation) -> list[Schema]:
    """What an operation can be asked with. A ticket opens a stream, and nothing else."""
    if each.door.right.scope is None:
        return []
    return [{name: []} for name in SECURITY if name != "ticket" or each.path.endswith("/stream")]


def _socket(each: Operation) -> str:
    return "The same address takes a WebSocket: the same events, and commands the other way." if each.socket else ""


def _rights(right: Right) -> str:
    if right.scope is None:
        return "Anybody may ask."
    if right.of is None:
        return "Takes an admin." if right.scope == "admin" else f"Takes the scope `{right.scope}`."
    of = "session" if right.of == "session_id" else "task's session"
    return f"Takes the scope `{right.scope}`, and the role `{right.role}` in the {of}."


# What goes in.


def _parameters(each: Operation, schemas: Schemas, example: Example) -> Iterator[Schema]:
    ids = {**ID_EXAMPLES, **example.ids}
    for name in each.parameters:
        yield _in_path(name, ids.get(name))
    for name, type_ in each.door.query.items():
        schema = schemas.taken(type_)
        shown = convert(example.query[name], type_, strict=False) if name in example.query else None
        yield _parameter("query", name, schema, shown=shown, needed=name in each.door.needs)
    for name in each.door.headers:
        yield _parameter("header", name, HEADERS[name])


def _in_path(name: str, shown: str | None) -> Schema:
    of = name.removesuffix("_id").replace("_", " ")
    described = f"the id of the {of}" if name.endswith("_id") else f"the {of}"
    return _parameter("path", name, {"type": "string", "description": described}, shown=shown, needed=True)


def _parameter(place: str, name: str, schema: Schema, *, shown: Any = None, needed: bool = False) -> Schema:
    described = schema.get("description", "")
    return {
        "name": name,
        "in": place,
        "required": needed,
        **({"description": _sentence(described)} if described else {}),
        **({"example": shown} if shown is not None else {}),
        "schema": {key: value for key, value in schema.items() if key != "description"},
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].removesuffix(".") + "."


def _body(door: Door, schemas: Schemas, example: Example) -> Schema:
    schema = schemas.taken(door.takes)
    made = schemas.components.get(referred(schema), schema)
    content: Schema = {JSON: {"schema": schema}}
    if example.body is not None:
        content[JSON]["examples"] = {"example": {"value": example.body}}
    content |= {media: {"schema": {"type": "string"}} for media in door.takes_also}
    # An empty body counts as `{}`.
    return {"required": bool(made.get("required", True)), "content": content}


# What comes out.


def _responses(each: Operation, schemas: Schemas) -> Iterator[tuple[str, Schema]]:
    door = each.door
    yield str(door.status), _answer(door.status, door.gives, door, schemas)
    for status, type_ in door.answers.items():
        yield str(status), _answer(status, type_, door, schemas)
    for status in _problems(each):
        yield str(status), {"$ref": f"#/components/responses/{_key(PROBLEMS[status])}"}
    yield "default", {"$ref": "#/components/responses/Problem"}


def _answer(status: int, type_: Any, door: Door, schemas: Schemas) -> Schema:
    made: Schema = {"description": _STATUSES.get(status, "Done.")}
    if type_ is str:
        made["content"] = {media: {"schema": {"type": "string"}} for media in door.gives_also}
    elif type_ is not None:
        also = door.gives_also if status == (200 if 200 in door.answers else door.status) else ()
        made["content"] = {JSON: {"schema": schemas.given(type_)}} | {
            media: {"schema": {"type": "string"}} for media in also
        }
    names = ["Location"] if status == 201 else []
    names += ["ETag"] if "If-None-Match" in door.headers and status in {200, 304} else []
    if names:
        made["headers"] = {name: ANSWER_HEADERS[name] for name in names}
    return made


_STATUSES = {
    200: "The answer.",
    201: "It was made.",
    202: "It was taken, and is under way.",
    204: "Done; there is nothing to say.",
    304: "What you have is still right.",
}


def _problems(each: Operation) -> Iterator[int]:
    """The statuses of refusals that an operation is likely to meet; there are more, by the same schema."""
    yield 400
    if each.door.right.scope is not None:
        yield from (401, 403)
    if each.parameters:
        yield 404
    if each.method != "GET":
        yield 409
    if each.door.takes is not None:
        yield from (408, 413)
    yield from (429, 503)


def _key(error: type[PuntiniError]) -> str:
    return "".join(word.title() for word in error.title.split())


def _problem(error: type[PuntiniError]) -> Schema:
    made: Schema = {
        "description": plain(error.__doc__ or error.title) if error is not PuntiniError else "Any other problem.",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }
    if error.retry_after is not None:
        made["headers"] = {"Retry-After": ANSWER_HEADERS["Retry-After"]}
    return made
