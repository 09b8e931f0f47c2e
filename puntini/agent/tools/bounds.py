"""How much a tool's result may be: what is longer is cut, with a note that says how much was left out."""

from bisect import bisect_right
from typing import Any

import msgspec

from puntini.agent.tools.contract import ToolFailed
from puntini.errors import described
from puntini.protocol.depth import DEPTH_LIMIT, deeper_than
from puntini.protocol.entries import encode

MOST_BYTES = 32 << 10
MOST_ERROR = 2_000
DEEPEST = DEPTH_LIMIT - 4
"""An event wraps the result in a few levels of its own."""


def bounded(value: Any, most_bytes: int) -> Any:
    """The value as JSON gives it back, NaN as None; cut to a text where its JSON is longer than ``most_bytes``.

    Raises ToolFailed for what JSON has no word for, or nests too deep.
    """
    try:
        line = encode(value)
    except (TypeError, ValueError) as error:
        raise ToolFailed(f"The tool's result can't be put as JSON: {error}.") from None
    if len(line) > most_bytes:
        whole = msgspec.json.decode(line) if isinstance(value, str) else line.decode()
        return _cut(whole, most_bytes)
    if deeper_than(line, DEEPEST):
        raise ToolFailed(f"The tool's result nests deeper than {DEEPEST}.")
    return msgspec.json.decode(line)


def _cut(text: str, most_bytes: int) -> str:
    # Each character more makes the JSON longer: the longest that fits is found by halving.
    kept = bisect_right(range(min(len(text), most_bytes)), most_bytes, key=lambda end: len(encode(_noted(text, end))))
    return _noted(text, max(0, kept - 1))


def _noted(text: str, end: int) -> str:
    return f"{text[:end]}… ({len(text) - end} of {len(text)} characters were left out; ask for less)"


def words(error: BaseException) -> str:
    """An exception's name and text, of bearable length."""
    return shortened(described(error))


def shortened(sentence: str) -> str:
    """A sentence of bearable length."""
    return sentence if len(sentence) <= MOST_ERROR else f"{sentence[:MOST_ERROR]}…"
