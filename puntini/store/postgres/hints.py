"""Hints between the processes of one database: something happened, look. They may be lost; whoever waits looks anyway.

A hint is a topic and a few words. It is sent in a transaction of its own, which waits for no disk, and not more often
than every few milliseconds: it takes a lock of the whole database.
"""

import asyncio
from collections.abc import Callable

import anyio

from puntini.errors import StoreUnavailable
from puntini.store.postgres.database import Database, execute
from puntini.store.postgres.pool import Connection

CHANNEL = "puntini"
EVERYTHING = "*"
"""A word that stands for all there are."""
PAYLOAD_BYTES = 7_500
PAUSE_SECONDS = 0.002
RETRY_SECONDS = 0.25

Heard = Callable[[str], None]


class Hints:
    """Sends to the other processes, and hears what they send. ``name`` tells this process from the others."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._heard: dict[str, Heard] = {}
        self.waiting: dict[str, dict[str, None]] = {}
        """What is to be told, by topics."""
        self._wake = asyncio.Event()
        self._sends = False
        self.listening = False

    def hear(self, topic: str, heard: Heard) -> None:
        """Name who is told the words of a topic, one by one; ``EVERYTHING`` when some may have been lost."""
        self._heard[topic] = heard

    def tell(self, topic: str, word: str) -> None:
        """Tell the others soon, if anything is sent at all."""
        if not self._sends:
            return
        plain = word.isascii() and word.isprintable() and " " not in word
        self.waiting.setdefault(topic, {})[word if plain else EVERYTHING] = None
        self._wake.set()

    async def send(self) -> None:
        """Send what is to be told from now on. Runs until cancelled."""
        self._sends = True
        while True:
            await self._wake.wait()
            self._wake.clear()
            waiting, self.waiting = self.waiting, {}
            try:
                for topic, words in waiting.items():
                    await self._database.rows(_SEND, CHANNEL, self._payload(topic, " ".join(words)))
            except StoreUnavailable:
                continue  # the others look without being told, too
            await anyio.sleep(PAUSE_SECONDS)

    def _payload(self, topic: str, words: str) -> str:
        return f"{self._name} {topic} {words if len(words) <= PAYLOAD_BYTES else EVERYTHING}"

    async def listen(self) -> None:
        """Hear what the others send, and again after a break. Runs until cancelled."""
        while True:
            try:
                async with self._database.apart() as connection:
                    await self._listen(connection)
            except StoreUnavailable:
                await anyio.sleep(RETRY_SECONDS)
            finally:
                self.listening = False

    async def _listen(self, connection: Connection) -> None:
        await execute(connection, f"LISTEN {CHANNEL}")
        self.listening = True
        for heard in self._heard.values():
            heard(EVERYTHING)
        async for notice in connection.notifies():
            name, _, hint = notice.payload.partition(" ")
            topic, _, words = hint.partition(" ")
            if name != self._name and (told := self._heard.get(topic)):
                for word in words.split():
                    told(word)


_SEND = "SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, %s)"
