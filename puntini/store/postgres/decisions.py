"""What a flush decides once it holds the sessions' rows: which appends are refused, and what the others write.

Plain Python: it is given what the database has, and leaves rows to be written.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from puntini.errors import PuntiniError
from puntini.log.contract import Append, Once, SessionRow, TaskRow, Written
from puntini.protocol.events import SessionStatus
from puntini.store.postgres.rows import Row, task_values
from puntini.store.rules import check_append, check_open, check_versions, kept_already, placed

ROW_BYTES = 65_536
Result = Written | Exception


class Place:
    """What is known of a session while its row is held. ``before`` is its head when the flush began."""

    __slots__ = ("agent", "at", "before", "changed", "day", "graph", "head", "new", "num", "span", "status")

    def __init__(self, num: int, head: int, status: SessionStatus, day: int, graph: int = 0) -> None:
        self.num = num
        self.before = self.head = head
        self.status = status
        self.day = day
        self.graph = graph
        self.agent: str | None = None
        self.at = 0
        self.span = 0
        self.changed = False
        self.new: SessionRow | None = None


class Known:
    """What the database has of what a group is about. ``nums`` are for the sessions that it makes.

    ``begun`` is the day of the newest event that such a session has already, 0 where it has none.
    """

    def __init__(self, today: int, nums: Iterable[int], *, begun: int = 0) -> None:
        self.today = today
        self.begun = begun
        self.nums = iter(nums)
        self.places: dict[str, Place] = {}
        self.tasks: dict[str, TaskRow] = {}
        self.open: list[TaskRow] = []
        """Of the sessions that are to be at rest."""
        self.kept: set[tuple[str, str, str]] = set()
        """Of what is to be new."""
        self.outcomes: dict[Once, Written] = {}


class Decisions:
    """What a group of appends comes to. ``results`` are in their order; the rest are rows to be written."""

    def __init__(self, group: Sequence[Append], known: Known) -> None:
        self._known = known
        self._open: dict[int, tuple[int, int, int, list[bytes]]] = {}
        self._days: dict[int, int] = {}
        self.events: list[Row] = []
        self.tasks: dict[str, TaskRow] = {}
        self.kept: dict[tuple[str, str, str], bytes | None] = {}
        self.outcomes: dict[Once, tuple[Written, int, int]] = {}
        self.results = [self._decide(write) for write in group]
        for num in list(self._open):
            self._close(num)

    @property
    def places(self) -> list[Place]:
        """The sessions that are made or changed."""
        return [place for place in self._known.places.values() if place.changed]

    @property
    def task_rows(self) -> list[Row]:
        """The tasks to be written."""
        return [task_values(row, self._known.places[row.session_id].num) for row in self.tasks.values()]

    def _decide(self, write: Append) -> Result:
        if write.once is not None and (before := self._known.outcomes.get(write.once)):
            return before._replace(repeated=True)
        try:
            place = self._admit(write)
        except PuntiniError as error:
            return error
        first, last = place.head + 1, place.head + len(write.entries)
        if write.entries:
            self._add(place, write)
            place.head = last
        self._change(place, write)
        if write.task is not None:
            self._put(write.task, first, last, safe=write.safe)
        self.kept |= {(item.space, item.kind, item.key): item.body for item in write.kept}
        written = Written(write.session_id, first, last, write.task.task_id if write.task else "")
        if write.once is not None:
            self._known.outcomes[write.once] = written
            self.outcomes[write.once] = (written, place.num, write.at)
        return written

    def _admit(self, write: Append) -> Place:
        place = self._known.places.get(write.session_id)
        task = self._known.tasks.get(write.fence.task_id) if write.fence else None
        check_append(write, place.status if place else None, task)
        for item in write.kept:
            if item.new and self._is_kept((item.space, item.kind, item.key)):
                raise kept_already(item)
        if write.at_rest:
            check_open(write.session_id, [self._known.tasks.get(row.task_id, row) for row in self._known.open])
            check_open(write.session_id, self.tasks.values())
        if write.versions and place:
            check_versions(write.versions, place.graph)
        return place or self._create(write.create)

    def _is_kept(self, name: tuple[str, str, str]) -> bool:
        return self.kept[name] is not None if name in self.kept else name in self._known.kept

    def _create(self, row: SessionRow | None) -> Place:
        assert row is not None
        place = Place(next(self._known.nums), row.head, row.status, self._known.begun)
        place.new, place.changed, place.at = row, True, row.updated_at
        self._known.places[row.session_id] = place
        return place

    def _add(self, place: Place, write: Append) -> None:
        """Put events into their session's row; a row that is large enough is closed."""
        if place.day < self._known.today:
            place.day, place.span = self._known.today, place.head + 1
        self._days[place.num] = place.day
        first, at, size, lines = self._open.get(place.num, (place.head + 1, write.at, 0, []))
        lines.extend(entry.line for entry in write.entries)
        size += sum(len(entry.line) for entry in write.entries)
        self._open[place.num] = (first, at, size, lines)
        if size >= ROW_BYTES:
            self._close(place.num)

    def _close(self, num: int) -> None:
        first, at, size, lines = self._open.pop(num)
        self.events.append((num, self._days[num], first, first + len(lines) - 1, at, size, b"\n".join(lines)))

    def _change(self, place: Place, write: Append) -> None:
        if write.entries or write.status is not None or write.agent is not None:
            place.changed = True
            place.at = max(place.at, write.at)
        if write.versions:
            place.graph = max(place.graph, write.versions.last)
        place.status = write.status or place.status
        place.agent = place.agent if write.agent is None else write.agent

    def _put(self, task: TaskRow, first: int, last: int, *, safe: bool) -> None:
        row = placed(task, self._known.tasks.get(task.task_id), first, last, safe=safe)
        self.tasks[row.task_id] = row
        self._known.tasks[row.task_id] = replace(row, prompt="")
