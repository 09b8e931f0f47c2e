"""Searching templates: what is found by which words, and what comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.api.template_search import ranked, sheet_of, words_of
from puntini.api.template_shelf import builtin
from puntini.log.templates import Template, TemplateTask

IDS = list(builtin())
SHEETS = [sheet_of(row.template) for row in builtin().values()]


def found(query: str) -> list[str]:
    """The ids of the built-in templates that a query finds."""
    return [IDS[at] for at in ranked(SHEETS, query)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("REST API", "rest-api"),
        ("rest", "rest-api"),
        ("scrap", "web-scraper"),
        ("robots.txt", "web-scraper"),
        ("machine learning", "machine-learning"),
        ("drift of a model", "machine-learning"),
        ("react", "react-app"),
        ("CI/CD", "ci-cd-pipeline"),
        ("deploying with a pipeline", "ci-cd-pipeline"),
        ("phone app", "mobile-app"),
        ("ios", "mobile-app"),
        ("databases", "database-design"),
        ("point-in-time recovery", "database-design"),
        ("documentations", "documentation"),
        ("how-to guides", "documentation"),
        ("rëäct", "react-app"),
    ],
)
def test_the_template_that_is_meant_comes_first(query: str, first: str) -> None:
    assert found(query)[0] == first


def test_only_the_last_word_may_be_a_beginning_and_only_from_three_letters_on() -> None:
    assert found("scra") == ["web-scraper"]
    assert "web-scraper" not in found("scra zzz")
    assert found("sc") == []


def test_what_is_nowhere_finds_nothing() -> None:
    assert found("xylophone") == []
    assert found("?!") == []


def test_a_word_in_the_title_weighs_more_than_one_in_a_task() -> None:
    titled = Template(title="Bees", tasks=[TemplateTask(id="a", title="Begin")])
    tagged = Template(title="A", tags=["bees"], tasks=[TemplateTask(id="a", title="Begin")])
    tasked = Template(title="B", tasks=[TemplateTask(id="a", title="Feed the bees")])
    told = Template(title="C", description="On bees.", tasks=[TemplateTask(id="a", title="Begin")])
    aside = Template(title="D", tasks=[TemplateTask(id="a", title="Begin", description="No bees.")])
    without = Template(title="E", tasks=[TemplateTask(id="a", title="Begin")])

    assert ranked([sheet_of(each) for each in (without, aside, told, tasked, tagged, titled)], "bee") == [5, 4, 3, 2, 1]


def test_who_has_more_of_the_words_comes_first_and_equals_stay_in_order() -> None:
    bees = Template(title="Bees", tasks=[TemplateTask(id="a", title="Begin")])
    both = Template(title="X", tasks=[TemplateTask(id="a", title="Bees"), TemplateTask(id="b", title="Honey")])

    assert ranked([sheet_of(each) for each in (bees, both, both)], "honey bees") == [1, 2, 0]


def test_capitals_diacritics_and_the_plural_do_not_matter() -> None:
    assert list(words_of("Crème BRÛLÉES, Straße; class, bus")) == ["creme", "brulee", "strasse", "class", "bus"]


@given(st.text(max_size=50))
def test_any_text_is_a_query(query: str) -> None:
    places = ranked(SHEETS, query)

    assert len(set(places)) == len(places)
    assert places == ranked(SHEETS, query)
