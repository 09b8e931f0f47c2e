"""What ``puntini knowledge`` does: bring files to a server, and search what is there."""

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import click

from puntini.client.http import Client
from puntini.client.text import harmless, one_line
from puntini.errors import Misconfigured

TITLE_CHARACTERS = 200
_HEADING = re.compile(r"^#\s+(\S.*)$", re.MULTILINE)


def add(url: str, files: Iterable[Path]) -> None:
    """Add text files, each as a document. One that was added before, and is the same, is not added again."""
    with Client(url) as client:
        for path in files:
            text = _read(path)
            body = {"title": _title(text, path), "text": text, "source": path.name}
            key = sha256(f"{path.name}\n{text}".encode()).hexdigest()
            added = client.ask("POST", "/v1/documents", body, key=key)
            click.echo(f"{added['document_id']}  {one_line(added['title'])}  ({_counted(added['passages'])})")


def search(url: str, query: str, *, limit: int) -> None:
    """Print the passages that match best, each with its document's title."""
    with Client(url) as client:
        found = client.ask("GET", "/v1/search", q=query, limit=limit)
    hits = found["items"]
    for hit in hits:
        click.secho(f"{one_line(hit['title'])} ({hit['document_id']}, passage {hit['passage'] + 1})", bold=True)
        click.echo(f"{harmless(hit['text'])}\n")
    if not hits:
        click.echo("Nothing was found.", err=True)
    if found.get("note"):
        click.echo(one_line(found["note"]), err=True)


def _read(path: Path) -> str:
    """A file's text. Raises Misconfigured."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Misconfigured(f"{path} is not UTF-8; give text or Markdown.") from None
    except OSError as error:
        raise Misconfigured(f"{path} can't be read: {error.strerror}.") from None


def _title(text: str, path: Path) -> str:
    """A document's first heading, or its file's name."""
    heading = _HEADING.search(text)
    return (heading[1].strip() if heading else path.stem)[:TITLE_CHARACTERS]


def _counted(passages: int) -> str:
    return f"{passages:,} passage{'' if passages == 1 else 's'}"
