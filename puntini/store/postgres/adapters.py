"""How values go to the database and come back: any text that UTF-8 has, and whole numbers of one size.

Postgres keeps no NUL in a text. It and U+0001 become pairs that begin with U+0001; the order of texts stays, and so
does what a text begins with.
"""

import re

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.types.array import ListBinaryDumper
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import StrBinaryDumper, StrDumperUnknown, TextBinaryLoader, TextLoader

_PAIRS = {"\0": "\1\1", "\1": "\1\2"}
_TABLE = str.maketrans(_PAIRS)
_SHOWN = {pair: character for character, pair in _PAIRS.items()}
_PAIR = re.compile("\1.?")


def escaped(text: str) -> str:
    """A text as it is kept."""
    return text.translate(_TABLE) if "\0" in text or "\1" in text else text


def unescaped(text: str) -> str:
    """A text as it was given. Of a pair that was cut in two nothing is left."""
    return _PAIR.sub(lambda pair: _SHOWN.get(pair[0], ""), text) if "\1" in text else text


class _Text(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return escaped(obj).encode()


class _TextInList(StrBinaryDumper):
    def dump(self, obj: str) -> Buffer | None:
        return escaped(obj).encode()


class _Shown(TextLoader):
    def load(self, data: Buffer) -> str:
        return unescaped(str(data, "utf-8"))


class _ShownBinary(TextBinaryLoader):
    def load(self, data: Buffer) -> str:
        return unescaped(str(data, "utf-8"))


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
    # One size for all: a statement is prepared once, not once for every mixture of sizes.
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_dumper(list, ListBinaryDumper)
    adapters.register_dumper(str, _TextInList)
    adapters.register_dumper(str, _Text)
    adapters.register_loader("text", _Shown)
    adapters.register_loader("text", _ShownBinary)
    return adapters


class Adapted:
    """What a connection is opened with, so that it has ours."""

    adapters = _adapters()
    connection = None
