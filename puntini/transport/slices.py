"""Large bytes go out in slices: whoever stalls holds one slice and a reference to what all others are sent too."""

from collections.abc import Iterable, Iterator, Sequence

SLICE = 65_536
LARGE = 8 * SLICE
"""What is no larger stays one write, as joined events are: 64 KiB and what one append brought, 256 KiB unframed."""


def slices(data: bytes) -> Iterable[bytes]:
    """The data as it is, or slice by slice where it is large."""
    if len(data) <= LARGE:
        return (data,)
    return (data[at : at + SLICE] for at in range(0, len(data), SLICE))


def writes(parts: Sequence[bytes]) -> Iterator[bytes]:
    """The parts in as few writes as can be without a copy of a large one."""
    small: list[bytes] = []
    for part in parts:
        if len(part) <= LARGE:
            small.append(part)
            continue
        if small:
            yield b"".join(small)
            small = []
        yield part
    if small:
        yield b"".join(small)
