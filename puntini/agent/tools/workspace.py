"""The files of the workspace, for reading only."""

import io
from collections.abc import Iterator
from itertools import islice
from time import monotonic
from typing import Annotated, Any, BinaryIO

from msgspec import Meta

from puntini.agent.tools.contract import ToolContext, ToolFailed
from puntini.agent.tools.enclosure import Enclosure, Found
from puntini.agent.tools.registry import tool

MOST_LISTED = 500
MOST_DEPTH = 8
MOST_MATCHES = 100
MOST_WALKED = 20_000
MOST_SEARCHED = 32 << 20
MOST_FILE = 1 << 20
"""A file that is larger is not searched; it can be read, in parts."""
MOST_SCANNED = 32 << 20
MOST_LINE = 1_000
MOST_EXCERPT = 200
MOST_TEXT = 24_000
SEARCH_SECONDS = 10.0
ROOM = 128 << 10
"""Bytes that a result may have. The bounds in characters above keep it smaller, but for text that JSON makes long."""

PathIn = Annotated[str, Meta(max_length=1_000, description="relative to the workspace")]


def enclosure(context: ToolContext) -> Enclosure:
    """The workspace. Raises ToolFailed where there is none."""
    if context.workspace is None:
        raise ToolFailed(
            "There is no workspace; whoever runs the server can name a directory in the setting `workspace`."
        )
    return Enclosure(context.workspace)


@tool(most_bytes=ROOM, in_turn=False)
def list_files(
    context: ToolContext, path: PathIn = ".", depth: Annotated[int, Meta(ge=1, le=MOST_DEPTH)] = 2
) -> dict[str, Any]:
    """List the files and directories of the workspace below a path, so many levels deep. Hidden ones are left out."""
    listed = list(islice(enclosure(context).walk(path, depth), MOST_LISTED + 1))
    answer: dict[str, Any] = {"files": [_line(found) for found in listed[:MOST_LISTED]]}
    if len(listed) > MOST_LISTED:
        answer["note"] = f"Only the first {MOST_LISTED} are listed; ask for a directory of them, or less depth."
    return answer


def _line(found: Found) -> dict[str, Any]:
    size = {"size": found.size} if found.kind == "file" else {}
    return {"path": found.path, "kind": found.kind, **size}


@tool(most_bytes=ROOM, in_turn=False)
def read_file(
    context: ToolContext,
    path: PathIn,
    start: Annotated[int, Meta(ge=1, description="the first line to read")] = 1,
    lines: Annotated[int, Meta(ge=1, le=2_000, description="how many")] = 200,
) -> dict[str, Any]:
    """Read lines of a text file in the workspace. ``next`` is the line to go on from, where there is more."""
    with enclosure(context).file(path) as file:
        read = _Lines(file, path)
        kept = read.window(start, lines)
    if read.more and not kept:
        raise ToolFailed(f"`{path}` is too large to be read so far; read its first lines.")
    if start > 1 and not kept:
        raise ToolFailed(f"`{path}` has only {read.count} lines.")
    return {"path": path, "start": start, "text": "\n".join(kept), "next": start + len(kept) if read.more else None}


class _Lines:
    """A text file's lines, read no further than asked. Raises ToolFailed for a file that is not text."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig")
        self._path = path
        self._scanned = 0
        self.count = 0
        self.more = False

    def window(self, start: int, most: int) -> list[str]:
        """At most so many lines from the one numbered ``start``, and no more than ``MOST_TEXT`` characters."""
        kept: list[str] = []
        room = MOST_TEXT
        for line in self:
            self.count += 1
            if self.count < start:
                continue
            room -= len(line)
            if len(kept) == most or room < 0:
                self.more = True
                break
            kept.append(line)
        return kept

    def __iter__(self) -> Iterator[str]:
        while line := self._piece():
            piece, left_out = line, 0
            while not piece.endswith("\n") and (piece := self._piece()):
                left_out += len(piece.removesuffix("\n"))
            yield line.removesuffix("\n") + (f"… ({left_out} characters more)" if left_out else "")

    def _piece(self) -> str:
        try:
            piece = self._text.readline(MOST_LINE)
        except UnicodeDecodeError:
            raise _binary(self._path) from None
        if "\0" in piece:
            raise _binary(self._path)
        self._scanned += len(piece)
        self.more = self._scanned > MOST_SCANNED
        return "" if self.more else piece


def _binary(path: str) -> ToolFailed:
    return ToolFailed(f"`{path}` is a binary file, or not in UTF-8; only such text can be read.")


@tool(most_bytes=ROOM, in_turn=False)
def search_files(
    context: ToolContext,
    text: Annotated[str, Meta(min_length=1, max_length=200, description="what a line has to hold, in any case")],
    path: PathIn = ".",
) -> dict[str, Any]:
    """Search the text files of the workspace for lines that hold a text, below a path or in one file."""
    search = _Search(enclosure(context), text.casefold())
    matches = list(islice(search.matches(path), MOST_MATCHES + 1))
    if len(matches) > MOST_MATCHES:
        search.note = f"There are more than {MOST_MATCHES} matches; search for something longer, or in a directory."
    note = {"note": search.note} if search.note else {}
    return {"matches": matches[:MOST_MATCHES], "searched": search.searched, "skipped": search.skipped, **note}


class _Search:
    """One search: what it has found so far, and how much it may still read."""

    def __init__(self, files: Enclosure, wanted: str) -> None:
        self._files = files
        self._wanted = wanted
        self._deadline = monotonic() + SEARCH_SECONDS
        self._left = MOST_SEARCHED
        self.searched = 0
        self.skipped = 0
        """Files that are binary, too large, or can't be read."""
        self.note = ""

    def matches(self, path: str) -> Iterator[dict[str, Any]]:
        """Each line that holds the text, with its place."""
        for each in self._paths(path):
            for number, line in enumerate(self._lines(each), start=1):
                at = line.casefold().find(self._wanted)
                if at >= 0:
                    yield {"path": each, "line": number, "text": _excerpt(line, at)}

    def _paths(self, path: str) -> Iterator[str]:
        if self._files.kind(path) == "file":
            yield path
            return
        for count, found in enumerate(self._files.walk(path, MOST_DEPTH)):
            if count == MOST_WALKED or self._left < 0 or monotonic() > self._deadline:
                self.note = "The search ended before all files were seen; search in a directory of them."
                return
            large = found.size > MOST_FILE
            self.skipped += found.kind == "file" and large
            if found.kind == "file" and not large:
                yield found.path

    def _lines(self, path: str) -> list[str]:
        try:
            with self._files.file(path) as file:
                content = file.read(MOST_FILE + 1)
        except (ToolFailed, OSError):  # gone meanwhile, or not ours to read
            content = b"\0"
        self._left -= len(content)
        lines = _text_lines(content)
        self.searched += lines is not None
        self.skipped += lines is None
        return lines or []


def _text_lines(content: bytes) -> list[str] | None:
    if len(content) > MOST_FILE or b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except UnicodeDecodeError:
        return None


def _excerpt(line: str, at: int) -> str:
    begin = max(0, min(at - MOST_EXCERPT // 4, len(line) - MOST_EXCERPT))
    before, after = "…" if begin else "", "…" if begin + MOST_EXCERPT < len(line) else ""
    return f"{before}{line[begin : begin + MOST_EXCERPT].strip()}{after}"
