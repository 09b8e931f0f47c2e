"""What a template is: tasks that depend on each other, from which a session can begin."""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

Difficulty = Literal["easy", "medium", "hard"]
# In Python `$` also matches before a last line feed, hence what follows it.
TaskId = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][a-z0-9_-]{0,39}$(?!\\n)",
        description="Up to 40 small letters, digits, `_` and `-`; the first is a letter or a digit.",
    ),
]
Title = Annotated[
    str,
    Meta(
        pattern="^(?=.*\\S)[^\\x00-\\x1f\\x7f]+$(?!\\n)",
        max_length=120,
        description="At most 120 characters on one line, and not blank.",
    ),
]
Description = Annotated[str, Meta(max_length=1_000)]
Tag = Annotated[
    str,
    Meta(
        pattern="^[^\\s,A-Z]{1,40}$(?!\\n)",
        description="Up to 40 characters without spaces, commas and capitals.",
    ),
]
Tags = Annotated[list[Tag], Meta(max_length=20)]
Hours = Annotated[float, Meta(gt=0, le=1_000, description="About how long it takes.")]
MOST_TASKS = 50
MOST_BYTES = 32 << 10
"""Of a template as JSON."""
TASK, DEPENDS_ON, TODO, DONE = "Task", "DEPENDS_ON", "todo", "done"
"""How a graph shows tasks: a label, the label of edges to what has to be done before, and words for their status."""
BEGINNING = "Begin from the template"
"""With this the prompt of a task begins that a template was begun with."""


class TemplateTask(Struct, frozen=True, forbid_unknown_fields=True):
    """A task of a template. What it ``depends_on``, by id, has to be done before."""

    id: TaskId
    title: Title
    description: Description = ""
    depends_on: Annotated[list[TaskId], Meta(max_length=MOST_TASKS)] = []
    difficulty: Difficulty = "medium"
    hours: Hours | None = None


Tasks = Annotated[list[TemplateTask], Meta(min_length=1, max_length=MOST_TASKS)]


class Template(Struct, frozen=True, forbid_unknown_fields=True):
    """A template as it is written down. One that has no ``problem`` can be begun from."""

    title: Title
    tasks: Tasks
    description: Description = ""
    difficulty: Difficulty = "medium"
    tags: Tags = []

    @property
    def hours(self) -> float:
        """About how long all of it takes, as far as its tasks say."""
        return sum(task.hours or 0 for task in self.tasks)


class Problem(NamedTuple):
    """What keeps a template from being one: the field that is to blame, and a sentence."""

    path: str
    message: str


def problem_of(template: Template) -> Problem | None:
    """The first thing that is wrong with a template, beyond what its fields' types say; None for a good one."""
    size = len(msgspec.json.encode(template))
    if size > MOST_BYTES:
        return Problem("", f"A template has at most {MOST_BYTES:,} bytes as JSON; this one has {size:,}.")
    return _repeated(template) or _unknown(template.tasks) or _circular(template.tasks)


def _repeated(template: Template) -> Problem | None:
    """Something that is there twice. Titles become the keys of nodes, and nodes are found by them in any case."""
    tasks = template.tasks
    named: list[tuple[str, Sequence[str]]] = [
        ("tags[{}]", template.tags),
        ("tasks[{}].id", [task.id for task in tasks]),
        ("tasks[{}].title", [task.title.strip().casefold() for task in tasks]),
        *((f"tasks[{at}].depends_on[{{}}]", task.depends_on) for at, task in enumerate(tasks)),
    ]
    for path, names in named:
        for at, name in enumerate(names):
            if name in names[:at]:
                return Problem(path.format(at), f"`{name}` is there already; say it once.")
    return None


def _unknown(tasks: Sequence[TemplateTask]) -> Problem | None:
    """A dependency on what is no task."""
    ids = {task.id for task in tasks}
    for at, task in enumerate(tasks):
        for place, name in enumerate(task.depends_on):
            if name not in ids:
                return Problem(f"tasks[{at}].depends_on[{place}]", f"there is no task `{name}`; name one by its id.")
    return None


def _circular(tasks: Sequence[TemplateTask]) -> Problem | None:
    """Tasks that wait for each other."""
    ordered = {task.id for task in in_order(tasks)}
    rest = {task.id: task.depends_on for task in tasks if task.id not in ordered}
    if not rest:
        return None
    # Each of the rest waits for another of them, so following that leads round.
    way = [next(iter(rest))]
    while way[-1] not in way[:-1]:
        way.append(next(name for name in rest[way[-1]] if name in rest))
    circle = " → ".join(way[way.index(way[-1]) :])
    return Problem("tasks", f"{circle} wait for each other; take one of these dependencies out.")


def in_order(tasks: Sequence[TemplateTask]) -> list[TemplateTask]:
    """Tasks, each behind all that it depends on, else as they are written. Those of a circle are left out."""
    done: dict[str, TemplateTask] = {}
    while ready := next((each for each in tasks if each.id not in done and set(each.depends_on) <= done.keys()), None):
        done[ready.id] = ready
    return list(done.values())
