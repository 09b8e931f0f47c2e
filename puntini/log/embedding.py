"""Somebody's embedder: a function that makes vectors of texts, called within bounds so that nothing else waits."""

import asyncio
import inspect
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import anyio
import structlog

from puntini.errors import described

PASSAGES_SECONDS, QUERY_SECONDS = 60.0, 5.0
"""So long a call may take. For as long as a query's, no query is tried after one that failed."""
CALLS = 4
"""So many calls of an asynchronous function go on at once. Of a plain one, one does."""
MOST_NUMBERS = 4_096
QUERY_CHARACTERS = 2_000
T = TypeVar("T")
log = structlog.get_logger("puntini.knowledge")


class EmbedderFailed(Exception):
    """There are no vectors. The message is a sentence for whoever asked; the server's log has the rest."""


class Embedder:
    """Makes vectors of texts: ``function`` takes a list of texts and returns, or awaits, a list of vectors.

    ``behind`` says whether there may be passages without vectors, ``added`` is set when there are more.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[list[str]], Any],
        *,
        passages_seconds: float = PASSAGES_SECONDS,
        query_seconds: float = QUERY_SECONDS,
    ) -> None:
        self.name = name
        self.behind = True
        self.added = anyio.Event()
        self.nearest = asyncio.Lock()
        """Of searches for the nearest, which take a thread of the store's each, one goes on at a time."""
        self._function = function
        self._passages_seconds = passages_seconds
        self._query_seconds = query_seconds
        self._thread = ThreadPoolExecutor(1, "puntini-embedder")
        self._calls = asyncio.Semaphore(CALLS)
        self._numbers = 0
        self._rests_until = 0.0

    async def space(self) -> str:
        """What the vectors are of: the embedder's name and their length. Others do not compare with them."""
        if not self._numbers:
            await self._vectors(["puntini"], self._passages_seconds)
        return f"{self.name} {self._numbers}"

    async def passages(self, texts: Sequence[str]) -> bytes:
        """The vectors of texts, joined. Raises EmbedderFailed."""
        return b"".join(await self._vectors(texts, self._passages_seconds))

    async def query(self, text: str) -> bytes:
        """The vector of a query; of a very long one, of its beginning. Raises EmbedderFailed."""
        if anyio.current_time() < self._rests_until:
            raise EmbedderFailed(f"The embedder {self.name} failed a moment ago.")
        try:
            return (await self._vectors([text[:QUERY_CHARACTERS]], self._query_seconds))[0]
        except EmbedderFailed:
            self._rests_until = anyio.current_time() + self._query_seconds
            raise

    def wake(self) -> None:
        """There are passages without vectors."""
        self.behind = True
        self.added.set()
        self.added = anyio.Event()

    def close(self) -> None:
        """Begin no call any more. One that is under way in a thread can't be ended."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _vectors(self, texts: Sequence[str], seconds: float) -> list[bytes]:
        with anyio.move_on_after(seconds):
            async with self._calls:
                return self._checked(await self._made(texts))
        raise EmbedderFailed(f"The embedder {self.name} took longer than {seconds:g} seconds.")

    def _checked(self, vectors: list[bytes]) -> list[bytes]:
        """The vectors, if they are as long as those before. Raises EmbedderFailed."""
        numbers = len(vectors[0]) // 4
        if self._numbers not in {0, numbers}:
            raise EmbedderFailed(
                f"The embedder {self.name} gave vectors of {numbers} numbers, and before of {self._numbers}; restart "
                "the server if another model is behind it now."
            )
        self._numbers = numbers
        return vectors

    async def _made(self, texts: Sequence[str]) -> list[bytes]:
        """Call the function and take what it gives for vectors. Raises EmbedderFailed."""
        try:
            return await self._in_thread(packed, await self._answer(list(texts)), len(texts))
        except (
            Exception
        ) as error:  # it is anybody's code; its words, which may hold secrets, are the operator's to read
            log.warning("embedder failed", embedder=self.name, error=described(error))
            raise EmbedderFailed(f"The embedder {self.name} failed ({type(error).__name__}).") from error

    async def _answer(self, texts: list[str]) -> Any:
        if inspect.iscoroutinefunction(self._function):
            return await self._function(texts)
        answer = await self._in_thread(self._function, texts)
        return await answer if inspect.isawaitable(answer) else answer

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        # A thread of its own: a function that hangs keeps this one, and none of those that others need.
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(function, *arguments))


def packed(vectors: Iterable[Iterable[float]], count: int) -> list[bytes]:
    """Each vector at the length of one, as little-endian float32. Raises ValueError where they are none."""
    rows = [[float(number) for number in vector] for vector in vectors]
    if len(rows) != count:
        raise ValueError(f"it gave {len(rows)} vectors for {count} texts")
    if len({len(row) for row in rows}) != 1 or not 1 <= len(rows[0]) <= MOST_NUMBERS:
        raise ValueError(f"its vectors do not have one length of 1 to {MOST_NUMBERS} numbers")
    return [_packed(row) for row in rows]


def _packed(row: list[float]) -> bytes:
    length = math.hypot(*row)
    if not math.isfinite(length):
        raise ValueError("its vectors hold numbers that are not finite")
    return struct.pack(f"<{len(row)}f", *(number / (length or 1.0) for number in row))
