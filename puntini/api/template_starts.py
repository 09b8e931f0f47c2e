"""Beginning from a template: a session whose plan and graph it is, and a task that goes by it."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from puntini.api.desk import Desk
from puntini.api.records import new_session
from puntini.api.repeats import Repeats, written
from puntini.auth.principals import Principal
from puntini.log.contract import Append, Once, Store, Written
from puntini.log.mint import new_id, timestamp
from puntini.log.templates import BEGINNING, DEPENDS_ON, TASK, TODO, Template, TemplateTask, in_order
from puntini.protocol.commands import UserPromptCommandData
from puntini.protocol.entries import entry_of
from puntini.protocol.events import GraphUpdate, GraphUpdateData, PlanUpdate, PlanUpdateData
from puntini.protocol.graph import Edge, GraphOp, Node

MOST_READ = 1 << 20
_plan = msgspec.json.Decoder(PlanUpdate)
_graph = msgspec.json.Decoder(GraphUpdate)

Fetch = Callable[[], Awaitable[Template]]


class Wanted(Struct, frozen=True):
    """How to begin: under which title, with which agent, and whether a task is to ``run``."""

    title: str
    agent: str
    max_steps: int
    priority: int
    run: bool


class Begun(Struct, frozen=True):
    """What was begun with, as the log tells it."""

    plan: list[str]
    nodes: int
    edges: int


class TemplateStarts:
    """Begins sessions, each in one append."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._repeats = Repeats(store)

    async def start(self, fetch: Fetch, wanted: Wanted, who: Principal, once: Once | None) -> Written:
        """Begin from the template that ``fetch`` gives. A repeat changes nothing, whatever became of the template."""
        return await self._repeats.once(once, partial(self._start, fetch, wanted, who, once))

    async def _start(self, fetch: Fetch, wanted: Wanted, who: Principal, once: Once | None) -> Written:
        await self._desk.check_agent(wanted.agent, "agent")
        template = await fetch()
        title = wanted.title.strip() or template.title
        session = new_session(wanted.agent or self._desk.default_agent, user=who.user, title=title)
        given = [
            PlanUpdate(data=PlanUpdateData(current_plan=plan_of(template))),
            GraphUpdate(data=GraphUpdateData(version=1, delta=graph_of(template), author=who.user)),
        ]
        if wanted.run:
            prompt = prompt_of(template, title)
            data = UserPromptCommandData(prompt=prompt, max_steps=wanted.max_steps, priority=wanted.priority)
            return await self._desk.prompts.begin(session, data, given, once)
        entries = [entry_of(replace(event, timestamp=timestamp())) for event in given]
        write = Append(session_id=session.session_id, create=session, entries=entries, once=once, at=session.created_at)
        return await written(self._store, write)

    async def begun(self, done: Written) -> Begun:
        """What a session was begun with, so that a repeat is told the same; nothing when retention has removed it."""
        page = await self._store.read(done.session_id, done.first - 1, to=done.last, max_bytes=MOST_READ)
        lines = {entry.kind: entry.line for _, entry in page.events}
        if "plan_update" not in lines or "graph_update" not in lines:
            return Begun([], 0, 0)
        delta = _graph.decode(lines["graph_update"]).data.delta
        nodes = sum(op.node is not None for op in delta)
        return Begun(_plan.decode(lines["plan_update"]).data.current_plan, nodes, len(delta) - nodes)


def plan_of(template: Template) -> list[str]:
    """The tasks' titles, each behind all that it depends on."""
    return [task.title.strip() for task in in_order(template.tasks)]


def graph_of(template: Template) -> list[GraphOp]:
    """A node for each task, and an edge to each that it depends on."""
    tasks = in_order(template.tasks)
    ids = {task.id: new_id("nod") for task in tasks}
    nodes = [Node(ids[task.id], TASK, task.title.strip(), _props(task, at)) for at, task in enumerate(tasks, start=1)]
    edges = [Edge(new_id("edg"), DEPENDS_ON, ids[task.id], ids[name], {}) for task in tasks for name in task.depends_on]
    return [*(GraphOp("add_node", node=node) for node in nodes), *(GraphOp("add_edge", edge=edge) for edge in edges)]


def _props(task: TemplateTask, order: int) -> dict[str, str | int | float]:
    props: dict[str, str | int | float] = {
        "title": task.title.strip(),
        "description": task.description,
        "difficulty": task.difficulty,
        "status": TODO,
        "order": order,
    }
    return props if task.hours is None else props | {"hours": task.hours}


def prompt_of(template: Template, title: str) -> str:
    """What the agent is asked."""
    return "\n".join(_lines(template, title))


def _lines(template: Template, title: str) -> Iterator[str]:
    named = "" if title == template.title else f", for what is called {_quoted(title)}"
    yield f"{BEGINNING} {_quoted(template.title)}{named}."
    if template.description:
        yield template.description
    yield (
        f"Its tasks are the plan, and they stand in the graph already: nodes with the label {TASK}, titles as keys "
        f"and the status `{TODO}`. An edge {DEPENDS_ON} leads from a task to one that has to be done before it."
    )
    tasks = in_order(template.tasks)
    numbers = {task.id: number for number, task in enumerate(tasks, start=1)}
    for task in tasks:
        after = ", ".join(str(numbers[name]) for name in sorted(task.depends_on, key=numbers.__getitem__))
        told = (
            f"{task.difficulty}{f', about {task.hours:g} h' if task.hours else ''}{f', after {after}' if after else ''}"
        )
        yield f"{numbers[task.id]}. {task.title.strip()} ({told}). {task.description}".rstrip()
    yield (
        "Say first how you read the plan and what can be started now. Then do what you can do of it with your tools. "
        "Leave the tasks and edges that are there; set a task's status to `doing` when you start it, and to `done` "
        "when it is done."
    )


def _quoted(title: str) -> str:
    """A title between quotation marks, none of which is in it."""
    text = " ".join(title.split()).replace('"', "'")
    return f'"{text}"'
