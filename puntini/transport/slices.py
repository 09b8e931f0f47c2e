"""Large bytes go out in slices: whoever stalls holds one slice and a reference to what all others are sent too."""

from collections.abc import Iterable, Iterator, Sequence

SLICE = 65_536


def slices(data: bytes) -> Iterable[bytes]:
    """The data as it is while it is no larger than a slice; else piece by piece."""
    if len(data) <= SLICE:
        return (data,)
    return (data[at : at + SLICE] for at in range(0, len(data), SLICE))


def writes(parts: Sequence[bytes]) -> Iterator[bytes]:
    """The parts in as few writes as can be without a copy of a large one."""
    small: list[bytes] = []
    for part in parts:
        if len(part) <= SLICE:
            small.append(part)
            continue
        if small:
            yield b"".join(small)
            small = []
        yield part
    if small:
        yield b"".join(small)
