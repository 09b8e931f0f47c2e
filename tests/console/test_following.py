"""A session that is followed through whatever happens: reloads, many tabs, a server that dies or is away."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visits
from tests.console.talking import DRAW, answers, completed, require_live, require_same, say, seen, session_of, watch
from tests.console.visiting import Visit, shoot
from tests.live.serving import Serving, serving, wait_for

PAUSE_SECONDS = 0.06
"""What the model waits before each word: long enough for something to happen in the middle of an answer."""
SECONDS = 15.0
LEADS = """(session) => navigator.locks.request('mine', async () => {
    const {held} = await navigator.locks.query()
    const mine = held.find((lock) => lock.name === 'mine')
    return held.some((lock) => lock.name.includes(session) && lock.clientId === mine.clientId)
})"""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server whose model takes its time, for all tests that leave it running."""
    with speaking_slowly(tmp_path_factory.mktemp("following")) as running:
        yield running


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Serving]:
    """The same, to be killed."""
    with speaking_slowly(tmp_path) as running:
        yield running


def speaking_slowly(directory: Path) -> AbstractContextManager[Serving]:
    return serving(directory, agent="puntini", model="offline", offline_pause_seconds=PAUSE_SECONDS)


def enter(visit: Visit, session: str) -> Page:
    """A tab in which the session is followed."""
    page = visit.open(f"/#/sessions/{session}")
    require_live(page)
    return page


def in_mid_answer(page: Page, server: Serving) -> None:
    """Wait until some of the answer can be read, but not all of it."""
    expect(answers(page)).to_contain_text("I drew a project")
    assert completed(server, session_of(page)) == 0


def streams(server: Serving) -> int:
    """How many streams the server has open."""
    return int(server.get("/v1/connections/stats")["open"])


def leads(page: Page) -> bool:
    """Whether this tab is the one that has the connection."""
    return bool(page.evaluate(LEADS, session_of(page)))


def test_a_reload_in_mid_answer_loses_nothing(slow: Serving, visits: Visits) -> None:
    page = enter(visits(slow), slow.create())
    say(page, DRAW)
    in_mid_answer(page, slow)

    page.reload()

    expect(answers(page)).to_have_attribute("aria-busy", "true")
    expect(answers(page)).to_contain_text("I drew a project")
    require_same(page, slow)


def test_two_tabs_stay_in_step_over_one_connection_which_the_second_takes_over(slow: Serving, visits: Visits) -> None:
    visit = visits(slow)
    first = enter(visit, slow.create())
    second = enter(visit, session_of(first))
    wait_for(lambda: streams(slow) == 1, SECONDS, "one connection for both")
    assert [leads(first), leads(second)] == [True, False]

    say(second, DRAW)
    expect(first.get_by_role("article", name="You")).to_contain_text(DRAW)
    in_mid_answer(second, slow)
    assert streams(slow) == 1
    in_mid_answer(first, slow)
    first.close()

    require_same(second, slow)
    assert streams(slow) == 1
    assert leads(second)


@pytest.mark.slow
def test_eight_tabs_get_by_with_the_six_connections_of_a_browser(slow: Serving, visits: Visits) -> None:
    visit = visits(slow)
    session = slow.create()
    tabs = [enter(visit, session) for _ in range(8)]
    wait_for(lambda: streams(slow) == 1, SECONDS, "one connection for all")

    say(tabs[-1], DRAW)

    for tab in tabs:
        require_same(tab, slow)


def test_an_answer_goes_on_after_the_server_was_killed(mortal: Serving, visits: Visits) -> None:
    visit = visits(mortal)
    visit.expect_lost_connections()
    page = enter(visit, mortal.create())
    say(page, DRAW)
    in_mid_answer(page, mortal)
    watch(page)

    mortal.kill()
    expect(page.get_by_role("button", name="Reconnecting")).to_be_visible()
    expect(answers(page)).to_contain_text("I drew a project")
    shoot(page, "following-reconnecting")
    mortal.start()

    require_live(page)
    require_same(page, mortal)
    assert seen(page)["nodes"] in ([], [21])


def test_a_request_that_meets_no_server_is_sent_once_when_it_is_back(mortal: Serving, visits: Visits) -> None:
    visit = visits(mortal)
    visit.expect_lost_connections()
    page = enter(visit, mortal.create())
    mortal.kill()
    expect(page.get_by_role("button", name="Reconnecting")).to_be_visible()

    say(page, DRAW)
    expect(page.get_by_role("article", name="You")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("article", name="You")).to_contain_text(DRAW)
    expect(page.get_by_text("Will be sent when the server is back")).to_be_visible()
    shoot(page, "following-away")
    mortal.start()

    require_live(page)
    require_same(page, mortal)
    prompts = [event for event in mortal.events(session_of(page)) if event["type"] == "user_prompt"]
    assert len(prompts) == 1


@pytest.mark.slow
def test_what_was_sent_to_no_server_is_sent_once_on_coming_back_to_the_session(mortal: Serving, visits: Visits) -> None:
    visit = visits(mortal)
    visit.expect_lost_connections()
    session = mortal.create()
    page = enter(visit, session)
    mortal.kill()
    expect(page.get_by_text("Live", exact=True)).to_have_count(0)
    say(page, DRAW)
    expect(page.get_by_text("Will be sent when the server is back")).to_be_visible()

    page.get_by_role("link", name="Puntini: start").click()
    expect(page.get_by_role("log", name="Conversation")).to_have_count(0)
    mortal.start()
    page.evaluate("session => { location.hash = `#/sessions/${session}` }", session)

    require_live(page)
    require_same(page, mortal)
    prompts = [event for event in mortal.events(session) if event["type"] == "user_prompt"]
    assert len(prompts) == 1


def test_a_session_that_is_opened_while_the_server_is_away_comes_by_itself(mortal: Serving, visits: Visits) -> None:
    visit = visits(mortal)
    visit.expect_lost_connections()
    mortal.create(title="Far away")
    page = visit.open()
    expect(page.get_by_role("link", name="Far away")).to_be_visible()

    mortal.kill()
    page.get_by_role("link", name="Far away").click()
    expect(page.get_by_role("button", name="Reconnecting")).to_be_visible()
    shoot(page, "following-unreached")
    mortal.start()

    require_live(page)
    expect(page.get_by_role("button", name="Far away")).to_be_visible()
    expect(page.get_by_role("button", name="Fit", exact=True)).to_be_enabled()
    say(page, "Add a person named Ada")
    require_same(page, mortal)
