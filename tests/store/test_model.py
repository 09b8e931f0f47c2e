"""Each store beside a model of plain dicts: whatever is done to both, in whatever order, they say the same."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from puntini.errors import NotFound, PuntiniError, SessionClosed, StaleAttempt
from puntini.log.contract import Append, Bounds, Fence, Once, Page, Snapshot, Store, TaskRow, Written
from puntini.protocol.entries import Entry
from puntini.protocol.events import TaskStatus
from puntini.store.open import open_store
from tests.postgres import Emptied
from tests.store.making import NOW, many, record, said, task

T = TypeVar("T")

names = st.sampled_from(["ses_a", "ses_b"])
task_ids = st.sampled_from(["tsk_a", "tsk_b"])
attempts = st.integers(1, 2)
statuses: st.SearchStrategy[TaskStatus] = st.sampled_from(["running", "paused", "completed"])
places = st.integers(0, 12)
entries = st.lists(st.sampled_from([said("a"), said("b" * 100), said("c" * 70_000)]), max_size=4)
commands = st.builds(Once, st.just("scope"), st.sampled_from(["c1", "c2", "c3"]))


@st.composite
def appends(draw: st.DrawFn) -> Append:
    """Any append; its task is one of its session's own. Most are plain, so that the log grows."""
    name = draw(names)
    own = task_ids.map(f"{name}.{{}}".format)
    rows = st.builds(task, own, st.just(name), statuses, attempt=attempts)
    return Append(
        session_id=name,
        entries=draw(entries),
        task=draw(seldom(rows)),
        fence=draw(seldom(st.builds(Fence, own, attempts))),
        once=draw(seldom(commands)),
        at=NOW,
    )


def seldom(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """One of these now and then, else nothing."""
    return st.one_of(st.none(), st.none(), strategy)


class Log:
    """One session of the model."""

    def __init__(self) -> None:
        self.events: dict[int, Entry] = {}
        self.snapshots: dict[int, bytes] = {}
        self.floor = self.head = 0
        self.closed = False

    def until(self, to: int) -> "Log":
        copy = Log()
        copy.events = {seq: entry for seq, entry in self.events.items() if seq <= to}
        copy.snapshots = {seq: body for seq, body in self.snapshots.items() if seq <= to}
        copy.floor, copy.head = self.floor, to
        return copy

    def read(self, after: int, to: int | None, max_bytes: int) -> Page:
        end = self.head if to is None else min(to, self.head)
        found: list[tuple[int, Entry]] = []
        for seq in sorted(self.events):
            if not after < seq <= end:
                continue
            if sum(len(entry.line) for _, entry in found) >= max_bytes:
                return Page(found, found[-1][0], self.floor, self.head)
            found.append((seq, self.events[seq]))
        return Page(found, max(after, end), self.floor, self.head)


class Model:
    """What the contract says, without any care for speed."""

    def __init__(self) -> None:
        self.logs: dict[str, Log] = {}
        self.tasks: dict[str, TaskRow] = {}
        self.outcomes: dict[Once, Written] = {}

    def append(self, write: Append) -> Written | type[PuntiniError]:
        if write.once in self.outcomes:
            return self.outcomes[write.once]._replace(repeated=True)
        if refused := self._refused(write):
            return refused
        log = self.logs[write.session_id]
        first, log.head = log.head + 1, log.head + len(write.entries)
        log.events.update(enumerate(write.entries, first))
        if write.task is not None:
            self._put(write.task, first if write.entries else 0, log.head)
        written = Written(write.session_id, first, log.head, write.task.task_id if write.task else "")
        if write.once is not None:
            self.outcomes[write.once] = written
        return written

    def _refused(self, write: Append) -> type[PuntiniError] | None:
        if write.session_id not in self.logs:
            return NotFound
        if self.logs[write.session_id].closed and write.entries:
            return SessionClosed
        row = self.tasks.get(write.fence.task_id) if write.fence else None
        if write.fence and (row is None or row.ended or row.attempt != write.fence.attempt):
            return StaleAttempt
        return None

    def _put(self, row: TaskRow, first: int, head: int) -> None:
        known = self.tasks.get(row.task_id)
        first_seq = known.first_seq if known else first
        self.tasks[row.task_id] = replace(row, first_seq=first_seq, last_seq=head if row.ended else 0)

    def delete(self, name: str) -> None:
        del self.logs[name]
        self.tasks = {key: row for key, row in self.tasks.items() if row.session_id != name}
        self.outcomes = {key: written for key, written in self.outcomes.items() if written.session_id != name}


class Beside(RuleBasedStateMachine):
    """The memory store beside the model."""

    url = "memory:"

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.model = Model()
        self.store = self.open()

    def open(self) -> Store:
        return self.run(open_store(self.url.format(Path(self.directory.name))))

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asked)

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        self.directory.cleanup()

    def exists(self, name: str) -> bool:
        """Whether the session is there; if not, that the store says so as well."""
        there = name in self.model.logs
        assert (self.run(self.store.session(name)) is not None) == there
        return there

    @initialize()
    def begin(self) -> None:
        for name in ("ses_a", "ses_b"):
            self.create(name)
            self.append([Append(session_id=name, entries=many(count), at=NOW) for count in (1, 3, 4)])

    @rule(name=names)
    def create(self, name: str) -> None:
        if not self.exists(name):
            self.run(self.store.append(Append(session_id=name, create=record(name), at=NOW)))
            self.model.logs[name] = Log()

    @rule(writes=st.lists(appends(), min_size=1, max_size=4))
    def append(self, writes: list[Append]) -> None:
        async def submit() -> list[Written | BaseException]:
            return await asyncio.gather(*[self.store.submit(write) for write in writes], return_exceptions=True)

        expected = [self.model.append(write) for write in writes]

        got = [result if isinstance(result, Written) else type(result) for result in self.run(submit())]
        assert got == expected

    @rule(name=names)
    def close(self, name: str) -> None:
        if self.exists(name):
            self.run(self.store.append(Append(session_id=name, status="closed", at=NOW)))
            self.model.logs[name].closed = True

    @rule(source=names, name=names, to=places, more=st.integers(0, 2))
    def fork(self, source: str, name: str, to: int, more: int) -> None:
        if not self.exists(source) or self.exists(name):
            return
        write = Append(session_id=name, create=record(name), entries=many(more), at=NOW)
        if not self.model.logs[source].floor <= to <= self.model.logs[source].head:
            with pytest.raises(NotFound):
                self.run(self.store.fork(source, to, write))
            return
        written = self.run(self.store.fork(source, to, write))
        self.model.logs[name] = self.model.logs[source].until(to)
        assert written == self.model.append(replace(write, create=None))

    @rule(name=names, after=places, to=st.none() | places, max_bytes=st.sampled_from([1, 250, 65_536, 1 << 20]))
    def read(self, name: str, after: int, to: int | None, max_bytes: int) -> None:
        if self.exists(name):
            page = self.run(self.store.read(name, after, to=to, max_bytes=max_bytes))
            assert page == self.model.logs[name].read(after, to, max_bytes)

    @rule(name=names, to=places)
    def trim(self, name: str, to: int) -> None:
        if self.exists(name):
            self.run(self.store.trim(name, to))
            log = self.model.logs[name]
            log.floor = max(log.floor, min(to, log.head))
            log.events = {seq: entry for seq, entry in log.events.items() if seq > log.floor}
            log.snapshots = {seq: body for seq, body in log.snapshots.items() if seq >= log.floor}

    @rule(name=names, seqs=st.lists(places, max_size=6))
    def erase(self, name: str, seqs: list[int]) -> None:
        if self.exists(name):
            self.run(self.store.erase(name, seqs))
            for seq in seqs:
                self.model.logs[name].events.pop(seq, None)

    @rule(name=names, seq=places, body=st.binary(max_size=8))
    def save_snapshot(self, name: str, seq: int, body: bytes) -> None:
        self.run(self.store.save_snapshot(name, Snapshot(seq, body)))
        if self.exists(name) and seq >= self.model.logs[name].floor:
            self.model.logs[name].snapshots[seq] = body

    @rule(name=names, at_most=places)
    def snapshot(self, name: str, at_most: int) -> None:
        found = self.run(self.store.snapshot(name, at_most))
        kept = self.model.logs[name].snapshots if self.exists(name) else {}
        assert found == max((Snapshot(seq, body) for seq, body in kept.items() if seq <= at_most), default=None)

    @rule(name=names)
    def delete(self, name: str) -> None:
        if self.exists(name):
            self.run(self.store.delete_session(name))
            self.model.delete(name)

    @rule()
    def forget(self) -> None:
        assert self.run(self.store.forget(outcomes_before=NOW + 1)) == len(self.model.outcomes)
        self.model.outcomes.clear()

    @precondition(lambda self: self.url != "memory:")
    @rule()
    def reopen(self) -> None:
        epoch = self.store.epoch
        self.run(self.store.close())
        self.store = self.open()
        assert self.store.epoch == epoch

    @invariant()
    def they_say_the_same(self) -> None:
        assert {row.task_id: row for row in self.run(self.store.tasks())} == self.model.tasks
        for name, log in self.model.logs.items():
            assert self.run(self.store.bounds(name)) == Bounds(log.floor, log.head)
        for command, written in self.model.outcomes.items():
            assert self.run(self.store.outcome(command)) == written._replace(repeated=True)


class BesideSqlite(Beside):
    """The SQLite store beside the model."""

    url = "{}/puntini.db"


def test_postgres(emptied: Emptied) -> None:
    """The Postgres store beside the model."""

    class BesidePostgres(Beside):
        url = emptied.dsn

        def __init__(self) -> None:
            emptied.empty()
            super().__init__()

    slowly = [HealthCheck.too_slow]
    run_state_machine_as_test(
        BesidePostgres, settings=settings(max_examples=8, stateful_step_count=20, suppress_health_check=slowly)
    )


TestMemory = Beside.TestCase
TestMemory.settings = settings(max_examples=40, stateful_step_count=25)
TestSqlite = BesideSqlite.TestCase
TestSqlite.settings = settings(max_examples=25, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow])
