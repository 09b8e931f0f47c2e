"""Passwords: what a good one is, and their argon2id hashes, made in one thread with a bounded line before it.

A hash takes 19 MiB and some 30 ms of a core. One thread that yields to everybody else, and a line of which the rest is
sent away, are what keeps a flood of log-ins from slowing the streams that are open.
"""

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from importlib import resources
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from puntini.errors import Invalid, TooMany, Unavailable

T = TypeVar("T")
LEAST, MOST = 10, 256
"""Characters of a password."""
LINE = 32
"""So many hashes may wait; together they take about a second."""
NICENESS = 10
ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm")
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
WALKS = tuple(way for row in (*ROWS, "0123456789", ALPHABET) for way in (row * 3, row[::-1] * 3))
"""What a finger or a child goes along, forth and back, and again."""
PRODUCT = "puntini"

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def normal(password: str) -> str:
    """The same password however it was typed (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, name: str) -> None:
    """Raises Invalid, which repeats nothing of it, unless this is a password that nobody guesses at once."""
    text = normal(password)
    if not text.isprintable():
        raise _bad("use letters, digits, marks and spaces")
    if not LEAST <= len(text) <= MOST:
        raise _bad(f"use {LEAST} to {MOST} characters")
    plain = text.casefold()
    if plain in _common() or _bare(plain) in _common() or _is_walk(plain):
        raise _bad(
            "this is one of the first that anybody would try; use another, such as four words that are unrelated"
        )
    rest = plain.replace(name.casefold(), "").replace(PRODUCT, "")
    if len(set(plain)) < 4 or (rest != plain and len(_bare(rest)) < 4):
        raise _bad("this is hardly more than a name or a repetition; use another")


def _bad(advice: str) -> Invalid:
    return Invalid(f"password: {advice}", path="password")


def _bare(text: str) -> str:
    """Without the digits and marks that people put behind a word."""
    return text.strip("0123456789!?.,-_*#$@ ")


def _is_walk(text: str) -> bool:
    return any(text in way for way in WALKS) or any(
        text == piece * (len(text) // len(piece)) for piece in (text[:2], text[:3], text[:4], text[: len(text) // 2])
    )


@cache
def _common() -> frozenset[str]:
    text = resources.files("puntini.auth").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.split("\n") if line and not line.startswith("# "))


def hash_of(password: str) -> str:
    """A password's hash, here and now: for programs that serve nobody."""
    return _hasher.hash(normal(password))


def _verify(stored: str, password: str) -> bool:
    try:
        # What is too long is none, but its sender shall not learn that sooner.
        return _hasher.verify(stored, normal(password)[: MOST + 1])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has, which an unknown name's is compared with: it takes the same time."""
    return _hasher.hash(os.urandom(32).hex())


class Passwords:
    """Makes and compares hashes beside the event loop. ``verified`` counts the comparisons."""

    def __init__(self, line: int = LINE) -> None:
        self._places = threading.Semaphore(line)
        self._thread = ThreadPoolExecutor(1, "puntini-passwords", initializer=_begin)
        self.verified = 0

    async def hash(self, password: str) -> str:
        """A new password's hash. Raises TooMany when the line is full."""
        return await self._run(partial(hash_of, password))

    async def verify(self, stored: str, password: str) -> bool:
        """Whether this is the password; of somebody without a hash it never is, which takes as long.

        Raises TooMany when the line is full.
        """
        self.verified += 1
        same = await self._run(lambda: _verify(stored or _nobodys(), password))
        return same and bool(stored)

    def stale(self, stored: str) -> bool:
        """Whether a hash was made with other costs than today's."""
        return _hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the thread end, with what waits for it undone."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise TooMany("Too many are logging in just now; try again in a moment.", limit="logins_at_once")
        try:
            job = self._thread.submit(work)
        except RuntimeError:
            self._places.release()
            raise Unavailable("The server is shutting down.") from None
        # Also when who waited for it has left, it keeps its place until it is done.
        job.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(job)


def _begin() -> None:
    """Give this thread a low priority, where threads have one of their own (Linux), and make nobody's hash.

    Made with the first unknown name, it would tell that the name is unknown, by the time that it takes.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    _nobodys()
