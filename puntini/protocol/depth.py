"""How deep JSON may nest. Deeper values exhaust the stack of whoever reads them: here, in a browser, in an SDK."""

import re
from array import array
from itertools import accumulate

DEPTH_LIMIT = 64
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[{]}")


def deeper_than(raw: bytes | str, depth: int) -> bool:
    """Whether JSON that is known to be valid nests deeper than ``depth``. Cheap unless it has many brackets."""
    data = raw.encode() if isinstance(raw, str) else raw
    if data.count(b"[") + data.count(b"{") <= depth:
        return False
    # Each bracket becomes a signed byte, +1 or -1, so that their running sum is the level.
    steps = array("b", _STRING.sub(b"", data).translate(_STEPS, _NO_BRACKETS))
    return max(accumulate(steps), default=0) > depth
