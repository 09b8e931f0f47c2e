"""A parser of event streams, written from the WHATWG's text (HTML, 9.2.6) and from nothing of ours."""

from typing import NamedTuple


class Block(NamedTuple):
    """A dispatched event, as a browser hands it to a page."""

    name: str
    data: str
    last_id: str


class SseParser:
    """Takes bytes in pieces of any size; ``blocks``, ``last_id`` and ``retry`` are what came of them.

    ``names`` collects every field's name in order, unknown ones and comments (an empty name) too.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.last_id = ""
        self.retry: int | None = None
        self.names: list[str] = []
        self._waiting = b""
        self._after_cr = False
        self._first = True
        self._id = self._event = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> None:
        """Take in the next bytes."""
        for byte in piece:
            if byte == 0x0A and self._after_cr:
                self._after_cr = False  # CR LF is one line break
                continue
            self._after_cr = byte == 0x0D
            if byte in (0x0A, 0x0D):
                self._line(self._waiting)
                self._waiting = b""
            else:
                self._waiting += bytes([byte])

    def _line(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace")
        if self._first:
            line, self._first = line.removeprefix("\ufeff"), False
        if not line:
            self._dispatch()
            return
        name, _, value = line.partition(":")
        self.names.append(name)
        self._field(name, value.removeprefix(" "))

    def _field(self, name: str, value: str) -> None:
        match name:
            case "event":
                self._event = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry = int(value)

    def _dispatch(self) -> None:
        self.last_id = self._id
        if self._data:
            self.blocks.append(Block(self._event or "message", "\n".join(self._data), self.last_id))
        self._data, self._event = [], ""


def parse(stream: bytes) -> SseParser:
    """The parser after a whole stream."""
    parser = SseParser()
    parser.feed(stream)
    return parser
