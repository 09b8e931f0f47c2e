"""What makes a template one that can be begun from, and the order of its tasks."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.log.templates import Problem, Template, TemplateTask, in_order, problem_of


def of(*tasks: str, **more: object) -> Template:
    """A template, each task said as ``name after another third``."""
    made = []
    for task in tasks:
        name, _, after = task.partition(" after ")
        made.append({"id": name, "title": f"Do {name}", "depends_on": after.split()})
    return msgspec.convert({"title": "T", "tasks": made, **more}, Template)


def order(template: Template) -> list[str]:
    """The ids of its tasks, in their order."""
    return [task.id for task in in_order(template.tasks)]


def test_a_task_comes_behind_all_that_it_depends_on_else_as_it_is_written() -> None:
    template = of("paint after wall", "wall after stones mortar", "stones", "mortar", "garden")

    assert problem_of(template) is None
    assert order(template) == ["stones", "mortar", "wall", "paint", "garden"]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (of("a", "b after c"), ("tasks[1].depends_on[0]", "there is no task `c`; name one by its id.")),
        (of("a", "a"), ("tasks[1].id", "`a` is there already; say it once.")),
        (of("a", "b after a a"), ("tasks[1].depends_on[1]", "`a` is there already; say it once.")),
        (of("a", tags=["x", "y", "x"]), ("tags[2]", "`x` is there already; say it once.")),
        (of("a after a"), ("tasks", "a → a wait for each other; take one of these dependencies out.")),
        (
            of("go", "c after b go", "a after c", "b after a"),
            ("tasks", "c → b → a → c wait for each other; take one of these dependencies out."),
        ),
    ],
)
def test_what_can_not_be_begun_from_is_told_by_its_field(template: Template, problem: tuple[str, str]) -> None:
    assert problem_of(template) == Problem(*problem)


def test_titles_that_differ_in_case_only_are_one() -> None:
    tasks = [TemplateTask(id="a", title="Pack "), TemplateTask(id="b", title="PACK")]

    assert problem_of(Template(title="T", tasks=tasks)) == ("tasks[1].title", "`pack` is there already; say it once.")


def test_a_template_that_is_too_long_is_told_so() -> None:
    tasks = [TemplateTask(id=f"t{at}", title=f"T {at}", description="d" * 1_000) for at in range(40)]
    problem = problem_of(Template(title="T", tasks=tasks))

    assert problem is not None
    assert problem.message.startswith("A template has at most 32,768 bytes as JSON; this one has 4")


@given(st.lists(st.lists(st.integers(0, 9), unique=True, max_size=4), min_size=1, max_size=10))
def test_a_template_is_in_order_or_told_to_go_in_circles(depends_on: list[list[int]]) -> None:
    tasks = [
        TemplateTask(id=str(at), title=f"T{at}", depends_on=[str(name) for name in names if name < len(depends_on)])
        for at, names in enumerate(depends_on)
    ]
    ordered = in_order(tasks)

    for at, task in enumerate(ordered):
        assert {each.id for each in ordered[:at]} >= set(task.depends_on)
    problem = problem_of(Template(title="T", tasks=tasks))
    assert (problem is None) == (len(ordered) == len(tasks))
    if problem:
        circle = problem.message.partition(" wait")[0].split(" → ")
        needs = {task.id: task.depends_on for task in tasks}
        assert circle[0] == circle[-1]
        assert all(later in needs[name] for name, later in pairwise(circle))
