"""The HTTP API's reference, in Markdown, made from the OpenAPI document."""

from collections.abc import Iterator
from typing import Any

import anyio

from puntini.app import described

Schema = dict[str, Any]
INTRODUCTION = """# HTTP reference

Every operation, made from the OpenAPI document of this version; a running server has the same at `/docs` and
`/openapi.json`. What is common to all of them (errors, credentials, limits) is in [HTTP API](http-api.md), and what
streams carry in [Protocol](protocol.md). Where an operation refuses, it answers with a problem, as there.
"""


def reference() -> str:
    """The whole page."""
    return written(anyio.run(described))


def written(document: Schema) -> str:
    """An OpenAPI document as a page: operations by their tags, then the objects that they take and give."""
    lines = [INTRODUCTION]
    for tag in document["tags"]:
        lines += [f"## {tag['name']}", "", tag["description"], ""]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    lines += _operation(f"{method.upper()} {path}", operation)
    lines += ["## Objects", "", "What the operations take and give.", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += _object(name, schema)
    return "\n".join(lines)


def _operation(title: str, operation: Schema) -> Iterator[str]:
    yield from (f"### `{title}`", "", f"{operation['summary']}.", "")
    if text := operation.get("description"):
        yield from (text, "")
    if parameters := operation.get("parameters"):
        yield from ("| parameter | in | type | |", "|---|---|---|---|")
        for each in parameters:
            must = "required" if each.get("required") else ""
            said = " ".join(filter(None, (must, _line(each.get("description", "")))))
            yield f"| `{each['name']}` | {each['in']} | {_type(each['schema'])} | {said} |"
        yield ""
    body = operation.get("requestBody", {}).get("content", {})
    if body:
        yield from (f"Body: {_media(body)}.", "")
    yield from (f"Answers {_answers(operation['responses'])}.", "")
    for sample in operation.get("x-codeSamples", ()):
        yield from ("```sh", sample["source"], "```", "")


def _answers(responses: Schema) -> str:
    """The answers of one's own, and the other statuses in a row."""
    own = [
        f"**{status}** ({_media(answer['content'])})" if "content" in answer else f"**{status}**"
        for status, answer in responses.items()
        if "$ref" not in answer
    ]
    others = [status for status, answer in responses.items() if "$ref" in answer and status != "default"]
    return ", ".join(own) + (f"; refuses with {', '.join(sorted(others))}" if others else "")


def _media(content: Schema) -> str:
    return " or ".join(
        f"{_type(media['schema'])} as `{name}`" if media.get("schema") else f"`{name}`"
        for name, media in content.items()
    )


def _object(name: str, schema: Schema) -> Iterator[str]:
    yield from (f"### {name}", "")
    if text := schema.get("description"):
        yield from (text, "")
    if not (properties := schema.get("properties")):
        yield from (f"{_type(schema)}", "")
        return
    required = schema.get("required", ())
    yield from ("| field | type | |", "|---|---|---|")
    for field, value in properties.items():
        said = ["always" if field in required else "optional", _line(value.get("description", ""))]
        yield f"| `{field}` | {_type(value)} | {'; '.join(filter(None, said))} |"
    yield ""


def _type(schema: Schema) -> str:
    """A type in a few words, with its bounds."""
    match schema:
        case {"$ref": reference}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"enum": words}:
            return " ".join(f"`{word}`" for word in words)
        case {"const": word}:
            return f"`{word}`"
        case {"anyOf": choices} | {"oneOf": choices}:
            return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}{_bounds(schema)}"
        case {"type": str(name)}:
            return f"{name}{_bounds(schema)}"
        case {"type": list(names)}:
            return " or ".join(names) + _bounds(schema)
        case _:
            return "any JSON"


def _bounds(schema: Schema) -> str:
    most = schema.get("maxLength"), schema.get("maxItems")
    told = [f"at most {bound:,} {what}" for bound, what in zip(most, ("characters", "of them"), strict=True) if bound]
    if "minimum" in schema and "maximum" in schema:
        told.append(f"{schema['minimum']} to {schema['maximum']}")
    elif "minimum" in schema:
        told.append(f"at least {schema['minimum']}")
    return "".join(f", {each}" for each in told)


def _line(text: str) -> str:
    """A text that fits into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
