"""A small real HTTP server that answers as Anthropic's Messages do, by a script.

    async with serving() as server:
        server.will(answer(thinking("Hm."), text("Hello.")), refusal(529), answer(tool_use("c1", "add", {"n": 1})))
        model = AnthropicModel(model="claude-opus-5-5", api_key="test", base_url=server.url)
        ...
        assert server.requests[0].body["messages"] == [...]

Each request takes the next line of the script; one that finds none is answered with 418. An answer can be changed on
its way: ``.cut(after=3)`` ends the connection after so many events, ``.held(after=3)`` says nothing more until the
client hangs up, ``.failing(after=3)`` goes on with an error event, ``.in_pieces_of(5)`` sends five bytes at a time.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any, Literal

CHUNKS = (1, 4, 2, 7, 3, 11)
"""How many characters the deltas hold, in turn."""

Ending = Literal["whole", "cut", "held"]


@dataclass(frozen=True)
class Said:
    """A block of an answer: how it starts, and what follows in deltas."""

    start: dict[str, Any]
    deltas: Sequence[dict[str, Any]] = ()


def text(words: str) -> Said:
    """Words."""
    return Said({"type": "text", "text": ""}, [{"type": "text_delta", "text": each} for each in chunks(words)])


def thinking(words: str, signature: str = "c2lnbmVk") -> Said:
    """A thought, which the provider signs at its end."""
    deltas = [{"type": "thinking_delta", "thinking": each} for each in chunks(words)]
    signed = {"type": "signature_delta", "signature": signature}
    return Said({"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed])


def redacted(data: str) -> Said:
    """A thought that the provider keeps to itself."""
    return Said({"type": "redacted_thinking", "data": data})


def tool_use(call_id: str, name: str, arguments: dict[str, Any] | str) -> Said:
    """A call. Arguments given as text are sent as they are, JSON or not."""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    deltas = [{"type": "input_json_delta", "partial_json": each} for each in ("", *chunks(written))]
    return Said({"type": "tool_use", "id": call_id, "name": name, "input": {}}, deltas)


def chunks(words: str) -> Iterator[str]:
    """The words in odd sizes."""
    at = 0
    for size in cycle(CHUNKS):
        if at >= len(words):
            return
        yield words[at : at + size]
        at += size


@dataclass(frozen=True)
class Answer:
    """A stream of events, and how it ends."""

    events: Sequence[bytes]
    ending: Ending = "whole"
    piece: int = 0

    def cut(self, *, after: int) -> "Answer":
        """The connection breaks after so many events."""
        return replace(self, events=self.events[:after], ending="cut")

    def held(self, *, after: int) -> "Answer":
        """After so many events, silence."""
        return replace(self, events=self.events[:after], ending="held")

    def failing(self, kind: str = "overloaded_error", message: str = "Overloaded", *, after: int) -> "Answer":
        """After so many events, an error."""
        error = event("error", error={"type": kind, "message": message})
        return replace(self, events=[*self.events[:after], error])

    def in_pieces_of(self, size: int) -> "Answer":
        """So many bytes at a time."""
        return replace(self, piece=size)


def answer(
    *blocks: Said,
    stop: str | None = None,
    input_tokens: int = 10,
    output_tokens: int = 5,
    cache_write: int = 0,
    cache_read: int = 0,
) -> Answer:
    """What the model says, in its events. It stops for its calls if it makes any."""
    usage = {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": cache_write,
        "cache_read_input_tokens": cache_read,
    }
    calls = any(block.start["type"] == "tool_use" for block in blocks)
    reason = stop or ("tool_use" if calls else "end_turn")
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test", "content": []}
    events = [
        event("message_start", message={**message, "stop_reason": None, "usage": {**usage, "output_tokens": 1}}),
        event("ping"),
    ]
    for index, block in enumerate(blocks):
        events.append(event("content_block_start", index=index, content_block=block.start))
        events += [event("content_block_delta", index=index, delta=delta) for delta in block.deltas]
        events.append(event("content_block_stop", index=index))
    delta = {"stop_reason": reason, "stop_sequence": None}
    return Answer([*events, event("message_delta", delta=delta, usage={"output_tokens": output_tokens}), STOP])


def event(kind: str, **data: Any) -> bytes:
    """One event as it goes over the wire."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


STOP = event("message_stop")


@dataclass(frozen=True)
class Refusal:
    """Another status than 200. ``silent``: not even that, until the client hangs up."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False


def refusal(status: int, message: str = "No.", kind: str = "api_error", **headers: str) -> Refusal:
    """An error as the provider words it. Headers are named with underscores: ``retry_after="0.1"``."""
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    return Refusal(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


SILENCE = Refusal(0, b"", silent=True)
"""The request is taken, and nothing comes."""

Line = Answer | Refusal


@dataclass
class Asked:
    """A request that came. ``gone`` is set when the client hung up before it had its answer."""

    body: dict[str, Any]
    headers: dict[str, str]
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class MessagesServer:
    """Plays its script, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.connections = 0
        self.port = 0
        self._script: deque[Line] = deque()
        self._talks: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def will(self, *lines: Line) -> None:
        """Go on with these."""
        self._script.extend(lines)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._talks[task] = writer
        self.connections += 1
        try:
            while (asked := await _read(reader)) is not None:
                self.requests.append(asked)
                if not await self._answer(asked, reader, writer):
                    break
        except OSError:
            pass  # the client is gone
        finally:
            del self._talks[task]
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def stop(self) -> None:
        """End all connections."""
        for writer in self._talks.values():
            writer.transport.abort()
        await asyncio.gather(*self._talks)

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Say the next line. Whether the connection can be used again."""
        line = self._script.popleft() if self._script else refusal(418, "The script is over.")
        watch = asyncio.create_task(_watch(asked, reader))
        try:
            if not await _say(line, writer, asked.gone):
                return False
        except OSError:
            asked.gone.set()
            raise
        finally:
            watch.cancel()
            await asyncio.wait([watch])
        if isinstance(line, Answer):
            writer.write(b"0\r\n\r\n")  # only now, when nobody else reads: the client may ask again at once
        return True


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    """The next request, or None at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    lines = [line.partition(":") for line in head.split("\r\n")[1:] if line]
    headers = {name.lower(): value.strip() for name, _, value in lines}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(json.loads(body), headers)


async def _watch(asked: Asked, reader: asyncio.StreamReader) -> None:
    """See whether the client hangs up. It sends nothing more before it has its answer."""
    with suppress(OSError):
        await reader.read(1)
    asked.gone.set()


async def _say(line: Line, writer: asyncio.StreamWriter, gone: asyncio.Event) -> bool:
    """All but the end of a line. Whether it was said whole."""
    if isinstance(line, Refusal):
        if line.silent:
            await gone.wait()
            return False
        writer.write(_head(line.status, {"content-length": str(len(line.body)), **line.headers}) + line.body)
        await writer.drain()
        return True
    writer.write(_head(200, {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}))
    body = b"".join(line.events)
    for piece in _pieces(body, line.piece):
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)
    if line.ending == "held":
        await gone.wait()
    return line.ending == "whole"


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    step = size or max(len(body), 1)
    return (body[at : at + step] for at in range(0, len(body), step))


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in {"content-type": "application/json", **headers}.items()]
    return "\r\n".join([f"HTTP/1.1 {status} .", *lines, "", ""]).encode()


@asynccontextmanager
async def serving() -> AsyncIterator[MessagesServer]:
    """A server on a free port of this machine, until the end of the block."""
    server = MessagesServer()
    listener = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
        await listener.wait_closed()
