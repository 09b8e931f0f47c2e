"""What can be started: the tasks of the graph, and what each waits for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec import Struct

from puntini.agent.models.offline.text.phrases import counted, listed, sentence
from puntini.agent.models.offline.wishes.around import Edge, edges_in
from puntini.agent.models.offline.wishes.contract import Ask, Asked, Deed, Result
from puntini.agent.models.offline.wishes.nodes import Found, found_in
from puntini.log.templates import DEPENDS_ON, DONE, TASK

MOST_FOUND = 100
MOST_LOOKED_AROUND = 30
"""Tasks that are not near the first one and are looked at one by one."""
UNDER_WAY = frozenset({"doing", "in progress", "started", "active"})
FINISHED = frozenset({DONE, "completed", "closed", "finished"})


class Startable(Struct, frozen=True):
    """Which tasks wait for nothing any more. With ``template`` also all of them: a session has begun from it."""

    only_asks: ClassVar[bool] = True
    template: str = ""

    @property
    def steps(self) -> Sequence[str]:
        """Its part of the plan."""
        return ("See which tasks can be started",)

    @property
    def names(self) -> Sequence[str]:
        """Nothing in particular."""
        return ()

    def perform(self) -> Deed:
        """Find the tasks, look around the first of them, and then around those that are not near it."""
        [result] = yield Ask("I look at the tasks in the graph.", (_tasks(),))
        if result.failed:
            return [f"I could not look at the tasks: {sentence(result.text)}"]
        tasks = sorted(found_in(result), key=_order)
        if not tasks:
            return ["There are no tasks in the graph. Say `add a task named …`, or begin from a template."]
        [near] = yield Ask("I see what depends on what.", (_around(tasks[0], 5),))
        seen = {each.id for each in found_in(near)}
        far = [task for task in tasks if task.id not in seen][:MOST_LOOKED_AROUND]
        others: Sequence[Result] = ()
        if far:
            others = yield Ask("Some tasks are farther away.", tuple(_around(task, 1) for task in far))
        edges = {edge for each in (near, *others) for edge in edges_in(each) if edge.label == DEPENDS_ON}
        return self._told(tasks, _dependencies(tasks, edges))

    def _told(self, tasks: Sequence[Found], waits_for: Mapping[str, Sequence[str]]) -> list[str]:
        done = {task.name for task in tasks if _status(task) in FINISHED}
        open_ = [task for task in tasks if task.name not in done and _status(task) not in UNDER_WAY]
        ready = [task.name for task in open_ if done.issuperset(waits_for[task.name])]
        state = [_state(len(tasks), len(done), len(tasks) - len(done) - len(open_)), _ready(ready, len(open_))]
        if not self.template:
            return [" ".join(state)]
        total = sum(map(len, waits_for.values()))
        head = f'This is the template "{self.template}": {counted(len(tasks), "task")}, {_joined(total)}.'
        hint = 'Say `set the status of "…" to done` when one is done, and ask `what can be started next?`.'
        return ["\n".join([head, *_lines(tasks, waits_for)]), " ".join([*state, hint])]


def _tasks() -> Asked:
    return Asked("find_nodes", {"label": TASK, "limit": MOST_FOUND})


def _around(task: Found, depth: int) -> Asked:
    return Asked("neighbourhood", {"node": task.id, "depth": depth, "limit": 200})


def _order(task: Found) -> float:
    order = task.props.get("order")
    return order if isinstance(order, int | float) else float("inf")


def _status(task: Found) -> str:
    return str(task.props.get("status", "")).lower().replace("_", " ")


def _dependencies(tasks: Sequence[Found], edges: set[Edge]) -> dict[str, list[str]]:
    """What each task waits for, in the order of the tasks."""
    targets: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        targets[edge.source].add(edge.target)
    return {task.name: [each.name for each in tasks if each.name in targets[task.name]] for task in tasks}


def _lines(tasks: Sequence[Found], waits_for: Mapping[str, Sequence[str]]) -> list[str]:
    """The tasks with numbers, each with those that come before it."""
    numbers = {task.name: number for number, task in enumerate(tasks, start=1)}
    lines = []
    for name, number in numbers.items():
        after = listed([str(numbers[each]) for each in waits_for[name]])
        lines.append(f"{number}. {name}{f', after {after}' if after else ''}")
    return lines


def _joined(count: int) -> str:
    return f"with {counted(count, 'dependency')} between them" if count else "none of which waits for another"


def _state(total: int, done: int, under_way: int) -> str:
    going_on = f", and {under_way} under way" if under_way else ""
    return f"{done or 'None'} of {counted(total, 'task')} {'is' if done <= 1 else 'are'} done{going_on}."


def _ready(ready: Sequence[str], open_: int) -> str:
    if ready:
        return f"What can be started now: {listed(ready)}."
    return (
        "Nothing can be started now: what is left waits for tasks under way." if open_ else "Nothing is left to start."
    )
