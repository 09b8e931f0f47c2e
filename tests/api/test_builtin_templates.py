"""The eight built-in templates: each is whole, can be begun from, and is worth it."""

import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from puntini.api.template_shelf import builtin
from puntini.api.template_starts import graph_of, plan_of
from puntini.log.templates import Template, in_order, problem_of
from puntini.views.graph import GraphView

EXPECTED = {
    "rest-api",
    "web-scraper",
    "machine-learning",
    "react-app",
    "ci-cd-pipeline",
    "mobile-app",
    "database-design",
    "documentation",
}
FOLDER = Path(__file__).parents[2] / "puntini" / "templates"
each = pytest.mark.parametrize("template", [row.template for row in builtin().values()], ids=list(builtin()))


def test_there_are_these_eight_in_the_order_of_their_titles() -> None:
    titles = [row.template.title for row in builtin().values()]

    assert set(builtin()) == EXPECTED
    assert titles == sorted(titles, key=str.casefold)


def test_all_difficulties_are_there() -> None:
    assert {row.template.difficulty for row in builtin().values()} == {"easy", "medium", "hard"}


def test_no_text_is_there_twice() -> None:
    templates = [row.template for row in builtin().values()]
    tasks = [task for template in templates for task in template.tasks]
    texts = [template.description for template in templates] + [task.description for task in tasks]

    for words in (texts, [task.title for task in tasks], [template.title for template in templates]):
        assert [word for word, count in Counter(words).items() if count > 1] == []


@each
def test_it_has_ten_tasks_that_say_what_to_do(template: Template) -> None:
    assert len(template.tasks) == 10
    for task in template.tasks:
        sentences = re.findall(r"[^.!?]{20,}[.!?](?:\s|$)", task.description)
        assert 1 <= len(sentences) <= 3, task.description
        assert 100 <= len(task.description) <= 400, task.title
        assert task.title[0].isupper()
        assert not task.title.endswith(".")
        assert task.hours


@each
def test_it_can_be_begun_from_and_says_what_it_is(template: Template) -> None:
    assert problem_of(template) is None
    assert len(template.description) > 60
    assert len(template.tags) >= 5
    assert template.tags == sorted(template.tags)


@each
def test_its_tasks_branch_and_come_together_in_one_last(template: Template) -> None:
    needed = {name for task in template.tasks for name in task.depends_on}
    lengths: dict[str, int] = {}
    for task in in_order(template.tasks):
        lengths[task.id] = 1 + max((lengths[name] for name in task.depends_on), default=0)

    assert max(lengths.values()) < 10, "a mere chain lets nobody work beside another"
    assert max(Counter(lengths.values()).values()) >= 2
    assert 1 <= len([task for task in template.tasks if task.id not in needed]) <= 2


@each
def test_no_dependency_follows_from_others(template: Template) -> None:
    behind: dict[str, set[str]] = {}
    for task in in_order(template.tasks):
        behind[task.id] = set(task.depends_on).union(*(behind[name] for name in task.depends_on))
        for name in task.depends_on:
            others = [other for other in task.depends_on if other != name]
            assert not any(name in behind[other] for other in others), (task.id, name)


@each
def test_it_is_written_in_the_order_in_which_it_is_done(template: Template) -> None:
    assert plan_of(template) == [task.title for task in template.tasks]


@each
def test_its_graph_applies_as_a_whole(template: Template) -> None:
    view, delta = GraphView(), graph_of(template)

    assert view.check(delta) is None
    view.apply(1, delta, "ann")
    assert view.size() == (10, sum(len(task.depends_on) for task in template.tasks))


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_its_file_is_laid_out_for_readers(file: Path) -> None:
    text = file.read_text("utf-8")

    assert text == msgspec.json.format(text, indent=2) + "\n"
    assert re.fullmatch("[a-z-]+", file.stem)
