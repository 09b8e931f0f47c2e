"""The nearest of many vectors, exactly: each is looked at. Needs numpy, which computes without holding others up."""

from collections.abc import Iterable

import numpy as np


def nearest(rows: Iterable[tuple[int, bytes]], vector: bytes, limit: int) -> list[tuple[int, float]]:
    """Places with their cosines, the nearest first. A row holds the vectors of places that follow each other."""
    wanted = np.frombuffer(vector, "<f4")
    firsts: list[int] = []
    parts: list[np.ndarray] = []
    for first, body in rows:
        firsts.append(first)
        parts.append(np.frombuffer(body, "<f4").reshape(-1, wanted.size) @ wanted)
    if not parts:
        return []
    scores = np.concatenate(parts)
    starts = np.cumsum([0, *map(len, parts)])
    best = np.argsort(-scores, kind="stable")[:limit]
    parts_of = np.searchsorted(starts, best, side="right") - 1
    return [(firsts[part] + int(at - starts[part]), float(scores[at])) for part, at in zip(parts_of, best, strict=True)]
