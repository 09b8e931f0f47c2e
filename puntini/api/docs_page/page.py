"""The page at ``/docs``: the OpenAPI document as HTML, which reads well without its script too."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from puntini.protocol.schema import Schema

BODIES = "application/json"


def page(document: Schema) -> str:
    """The whole page."""
    return "".join(_page(document))


def _page(document: Schema) -> Iterator[str]:
    info = document["info"]
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} HTTP API</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/style.css">'
        '<script type="module" src="/docs/app.js"></script></head><body>'
        '<a class="skip" href="#operations">Skip to the operations</a>'
    )
    yield f"<header><h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
    yield _text(info["description"])
    yield (
        '<p><a href="/openapi.json">openapi.json</a> says the same to programs. Where a server asks for a credential, '
        "add <code>-H 'Authorization: Bearer …'</code> to the command lines.</p>"
        '<form class="tools" role="search" hidden>'
        '<label>Filter <input id="filter" type="search" autocomplete="off"></label>'
        '<label>Credential <input id="credential" type="password" autocomplete="off" '
        'placeholder="a token or an API key"></label><output id="found" aria-live="polite"></output></form></header>'
    )
    yield from _contents(document)
    yield '<main id="operations">'
    for tag in document["tags"]:
        yield f'<section><h2 id="{_slug(tag["name"])}">{escape(tag["name"])}</h2>{_text(tag["description"])}'
        for path, method, operation in _operations(document, tag["name"]):
            yield from _operation(path, method, operation)
        yield "</section>"
    yield from _schemas(document["components"]["schemas"])
    yield "</main></body></html>\n"


def _operations(document: Schema, tag: str) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield path, method, operation


def _contents(document: Schema) -> Iterator[str]:
    yield '<nav aria-label="Contents"><ul>'
    for tag in document["tags"]:
        yield f'<li><a href="#{_slug(tag["name"])}">{escape(tag["name"])}</a><ul>'
        for path, method, operation in _operations(document, tag["name"]):
            yield f'<li data-of="{operation["operationId"]}"><a href="#{operation["operationId"]}">'
            yield f"{_method(method)} <span>{_path(path.removeprefix('/v1'))}</span></a></li>"
        yield "</ul></li>"
    yield '<li><a href="#schemas">Schemas</a></li></ul></nav>'


# An operation.


def _operation(path: str, method: str, operation: Schema) -> Iterator[str]:
    name = operation["operationId"]
    yield f'<details class="operation" id="{name}"><summary><h3>{_method(method)} <code>{_path(path)}</code> '
    yield f"<span>{_inline(operation['summary'])}</span></h3></summary>"
    yield _text(operation["description"])
    if parameters := operation["parameters"]:
        yield "<h4>Parameters</h4>" + _table(_parameter(each) for each in parameters)
    if body := operation.get("requestBody"):
        yield f"<h4>Body{'' if body['required'] else ' (may be empty)'}</h4>" + _table(_content(body["content"]))
    yield "<h4>Answers</h4>" + _table(_answers(operation["responses"]))
    yield '<h4>Example</h4><div class="sample">'
    yield f'<pre tabindex="0"><code>{escape(operation["x-codeSamples"][0]["source"])}</code></pre></div>'
    yield from _form(path, method, operation)
    yield "</details>"


def _parameter(each: Schema) -> tuple[str, str, str]:
    needed = " (needed)" if each["required"] else ""
    kind = f"{each['in']}, {_type(each['schema'])}{needed}"
    return f"<code>{escape(each['name'])}</code>", kind, _inline(each.get("description", ""))


def _content(content: Mapping[str, Schema]) -> Iterator[tuple[str, str, str]]:
    for media, each in content.items():
        yield f"<code>{escape(media)}</code>", _type(each["schema"]), ""


def _answers(responses: Mapping[str, Schema]) -> Iterator[tuple[str, str, str]]:
    for status, answer in responses.items():
        if "$ref" not in answer:
            yield from _answer(status, answer)
    refusals = " ".join(sorted(status for status, answer in responses.items() if "$ref" in answer))
    yield refusals.replace("default", "or other"), _link("ProblemDetails"), "<code>application/problem+json</code>"


def _answer(status: str, answer: Schema) -> Iterator[tuple[str, str, str]]:
    content = answer.get("content", {})
    for media, each in content.items():
        yield escape(status), _type(each["schema"]), f"<code>{escape(media)}</code>"
    if not content:
        yield escape(status), "", _inline(answer["description"])


def _form(path: str, method: str, operation: Schema) -> Iterator[str]:
    """What the script sends; without the script it is not shown."""
    yield f'<form class="try" hidden data-method="{method.upper()}" data-path="{escape(path)}"><h4>Try it</h4>'
    for each in operation["parameters"]:
        needed = " required" if each["required"] else ""
        example = escape(str(each.get("example", "")))
        yield f'<label>{escape(each["name"])} <input name="{escape(each["name"])}" data-in="{each["in"]}"'
        yield f' placeholder="{example}" autocomplete="off"{needed}></label>'
    if body := operation.get("requestBody"):
        example = body["content"][BODIES].get("examples", {}).get("example", {}).get("value", {})
        shown = escape(json.dumps(example, indent=2, ensure_ascii=False))
        yield f'<label>body <textarea name="body" rows="6" spellcheck="false">{shown}</textarea></label>'
    yield '<button>Send</button><output aria-live="polite"></output></form>'


# Schemas.


def _schemas(schemas: Mapping[str, Schema]) -> Iterator[str]:
    yield '<section><h2 id="schemas">Schemas</h2>'
    for name, schema in schemas.items():
        yield f'<details class="schema" id="schema-{name}"><summary><h3><code>{name}</code></h3></summary>'
        yield _text(schema.get("description", ""))
        if properties := schema.get("properties"):
            yield _table(_property(name, each, schema) for name, each in properties.items())
        else:
            yield f"<p>{_type(schema)}</p>"
        yield "</details>"
    yield "</section>"


def _property(name: str, each: Schema, of: Schema) -> tuple[str, str, str]:
    more = "" if name in of.get("required", ()) else "may be left out"
    if each.get("default") not in (None, "", [], {}):
        more = f"<code>{escape(json.dumps(each['default']))}</code> unless said"
    return f"<code>{escape(name)}</code>", _type(each), _inline(each.get("description", "")) or more


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": reference}:
            return _link(reference.rpartition("/")[2])
        case {"anyOf": some} | {"oneOf": some}:
            return " or ".join(_type(each) for each in some)
        case {"enum": words}:
            return " ".join(f"<code>{escape(str(word))}</code>" for word in words)
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}{_bounds(schema)}"
        case {"type": kind}:
            return f"{escape(str(kind))}{_bounds(schema)}"
        case _:
            return "any JSON"


_BOUNDS = {
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "maxItems": "at most {}",
}


def _bounds(schema: Schema) -> str:
    said = [words.format(f"{schema[name]:,}") for name, words in _BOUNDS.items() if name in schema]
    return f", {' '.join(said)}" if said else ""


# Pieces.


def _table(rows: Any) -> str:
    cells = "".join(f'<tr><th scope="row">{name}</th><td>{kind}</td><td>{text}</td></tr>' for name, kind, text in rows)
    return f'<div class="table"><table>{cells}</table></div>'


def _link(name: str) -> str:
    return f'<a href="#schema-{name}">{name}</a>'


def _method(method: str) -> str:
    return f'<b class="method {method}">{method.upper()}</b>'


def _path(path: str) -> str:
    """A path that may be broken at its slashes."""
    return escape(path).replace("/", "/<wbr>")


def _text(markdown: str) -> str:
    return "".join(f"<p>{_inline(' '.join(each.split()))}</p>" for each in markdown.split("\n\n") if each.strip())


def _inline(markdown: str) -> str:
    """Text with its backticks as code."""
    pieces = escape(markdown).split("`")
    return "".join(f"<code>{piece}</code>" if at % 2 else piece for at, piece in enumerate(pieces))


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")
