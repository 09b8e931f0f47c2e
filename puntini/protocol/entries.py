"""An event as it is kept: one line of JSON without ``id`` and ``session_id``, which are written in when it is framed.

Leaving both out means that an event can be encoded before its place is known, and that a copied session needs no
rewriting. The line is what the store keeps; an ``Entry`` adds what a reader's selection needs to know of it.
"""

import re
from typing import Any, NamedTuple

import msgspec

from puntini.protocol.depth import DEPTH_LIMIT, deeper_than
from puntini.protocol.events import LEVELS, Debug, Envelope, LoggedEvent

_encoder = msgspec.json.Encoder()
_logged: msgspec.json.Decoder[LoggedEvent] = msgspec.json.Decoder(LoggedEvent)
_debug = msgspec.json.Decoder(Debug)
# The first byte of each is looked for by itself, which is many times as fast as looking for all of them.
_SEPARATORS = (
    (0xE2, b"\xe2\x80\xa8", b"\\u2028"),
    (0xE2, b"\xe2\x80\xa9", b"\\u2029"),
    (0xC2, b"\xc2\x85", b"\\u0085"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_LF, _CR, _BACKSLASH = 0x0A, 0x0D, 0x5C
_TYPES = {tag.encode(): tag for tag in (str(cls.__struct_config__.tag) for cls in LoggedEvent.__args__)}
_DEBUG_KINDS = {level.encode(): f"debug:{level}" for level in LEVELS}
# Pieces come by the thousand and hold no value of unknown depth, so that theirs need not be measured.
_SHALLOW = frozenset({"assistant_response", "reasoning"})


class Entry(NamedTuple):
    """``kind`` is the event's type, for ``debug`` with its level (``debug:info``); ``line`` holds no line break."""

    kind: str
    task_id: str
    line: bytes

    @property
    def type(self) -> str:
        """The event's type, without a level."""
        return self.kind.partition(":")[0]


class _Placed(msgspec.Struct):
    task_id: str


def encode(value: Any) -> bytes:
    """Encode to one line of UTF-8 JSON with U+2028, U+2029 and U+0085 escaped.

    NaN and the infinities become null, each lone surrogate U+FFFD. Raises TypeError for an object that JSON has no
    word for, and ValueError for a value that is nested too deep, contains itself or holds an endless number.
    """
    try:
        raw = _encoder.encode(value)
    except UnicodeEncodeError:
        raw = _encoder.encode(_without_surrogates(msgspec.to_builtins(value)))
    except RecursionError:
        raise ValueError("the value is nested too deep, or contains itself") from None
    if _LF in raw or _CR in raw:  # a msgspec.Raw may bring its own; strings have theirs escaped
        raw = msgspec.json.format(raw, indent=-1)
    return raw if raw.isascii() else _without_separators(raw)


def _without_separators(raw: bytes) -> bytes:
    for lead, separator, escaped in _SEPARATORS:
        if lead in raw and separator in raw:
            raw = raw.replace(separator, escaped)
    return raw


def _without_surrogates(value: Any) -> Any:
    # One for one, also where two make a pair: offsets count the code points of the text as the agent had it.
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


def entry_of(event: Envelope) -> Entry:
    """Encode a logged event. Its ``id`` and ``session_id`` must be empty: the log gives them.

    What cannot be read back is never logged. Raises TypeError for an object that JSON has no word for, and ValueError
    for a control event, a field that its type does not allow (NaN where a number must be, too) or too deep nesting.
    """
    kind = str(type(event).__struct_config__.tag)
    try:
        line = encode(event)
        back = _logged.decode(line)
    except TypeError as error:
        raise TypeError(f"A {kind} event can hold what JSON can: {error}.") from error
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError(f"This {kind} event cannot be logged: {error}.") from error
    if back.id or back.session_id:
        raise ValueError(f"This {kind} event has an id or a session_id; the log gives them.")
    if kind in _SHALLOW:
        return Entry(kind, back.task_id, line)
    if deeper_than(line, DEPTH_LIMIT):
        raise ValueError(f"This {kind} event cannot be logged: nest values at most {DEPTH_LIMIT} deep.")
    if isinstance(back, Debug):
        kind = f"debug:{back.data.level}"
    return Entry(kind, back.task_id, line)


def read_entry(line: bytes) -> Entry:
    """Recover an entry from its stored line. Raises ValueError for what no log wrote."""
    # {"type":"…","task_id":"…", cut at the quotes
    parts = line.split(b'"', 8)
    if len(parts) < 8:
        raise ValueError("A line of the log is damaged: it is no event.")
    kind = _TYPES.get(parts[3]) or parts[3].decode()
    if kind == "debug":
        kind = _debug_kind(line)
    if parts[5] != b"task_id":
        return Entry(kind, "", line)
    if _BACKSLASH in parts[7]:
        return Entry(kind, msgspec.json.decode(line, type=_Placed).task_id, line)
    return Entry(kind, parts[7].decode(), line)


def _debug_kind(line: bytes) -> str:
    # Nothing before data's level can look like its key: inside a string there is a backslash before each quote.
    level = line.partition(b',"level":"')[2].partition(b'"')[0]
    return _DEBUG_KINDS.get(level) or f"debug:{_debug.decode(line).data.level}"
