"""The past as the console shows it, compared with the past as the server tells it; forks of it; and its raw events."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Visits
from tests.console.seen import box, enter, graph_seen, graph_told, messages_seen, messages_told, open_list, tasks
from tests.console.talking import PATIENCE_MS, say
from tests.console.visiting import shoot
from tests.live.serving import Serving, serving, wait_for

PROMPTS = ("Create a project management graph", "add a person named Zoë", "who works on Wireframes?")
TYPES = ("graph_update", "tool_call")


@dataclass(frozen=True)
class Story:
    """A session that has ended what it was asked for, and its events. Nobody changes it."""

    server: Serving
    session: str
    events: list[dict[str, Any]]

    def number(self, type_: str, which: int = 0) -> int:
        """At which place, counted from 1, there is an event of a type."""
        return [number for number, event in enumerate(self.events, 1) if event["type"] == type_][which]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One session for all of these tests."""
    with serving(
        tmp_path_factory.mktemp("travel"),
        agent="puntini",
        model="offline",
        store="memory:",
        offline_pause_seconds=0.001,
    ) as server:
        session = server.create(title="A story")
        for prompt in PROMPTS:
            server.finish(server.play(session, prompt))
        yield Story(server, session, server.events(session))


def slider(page: Page) -> Locator:
    """The point in time."""
    return page.get_by_role("slider", name="Point in time")


def go(page: Page, number: int) -> None:
    """Drag the slider to an event, counted from 1."""
    slider(page).fill(str(int(slider(page).get_attribute("min") or 0) + number - 1))
    require_moment(page, number)


def require_moment(page: Page, number: int) -> None:
    """Raises AssertionError when the page does not come to say that it shows this moment."""
    banner = page.get_by_text("This is the past.")
    expect(banner).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile(rf"^event {number:,} of [\d,]+$"))).to_be_visible(timeout=PATIENCE_MS)


def require_shown(page: Page, story: Story, number: int) -> None:
    """Raises AssertionError where conversation and graph are not as they were after this event."""
    past = story.events[:number]
    graph = story.server.get(f"/v1/sessions/{story.session}/graph?at={past[-1]['id']}")
    wait_for(lambda: graph_seen(page) == graph_told(graph), 5, f"the graph after event {number}")
    wait_for(lambda: messages_seen(page) == messages_told(past), 5, f"the conversation after event {number}")


def test_every_moment_is_shown_as_the_server_tells_it(story: Story, visits: Visits) -> None:
    page = enter(visits(story.server), story.session)
    open_list(page)
    slider(page).focus()
    page.keyboard.press("Home")
    require_moment(page, 1)
    require_shown(page, story, 1)
    changes = [number for number, event in enumerate(story.events, 1) if event["type"] == "graph_update"]
    said = story.number("assistant_response", 3)
    for number in (*reversed(changes), changes[0] - 1, said, len(story.events)):
        go(page, number)
        require_shown(page, story, number)


def test_one_steps_by_keyboard_and_only_looks(story: Story, visits: Visits) -> None:
    page = enter(visits(story.server), story.session)
    open_list(page)
    number = len(story.events)
    slider(page).focus()
    page.keyboard.press("ArrowLeft")
    require_moment(page, number)
    page.keyboard.press("ArrowLeft")
    require_moment(page, number - 1)
    page.keyboard.press("ArrowRight")
    require_moment(page, number)
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    second = story.number("task_started", 1)
    require_moment(page, second)
    expect(slider(page)).to_have_attribute("aria-valuetext", re.compile(rf"task_started, event {second} of"))

    expect(box(page)).to_be_disabled()
    expect(box(page)).to_have_attribute("placeholder", "This is how it was: come back to the present to write.")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name="Add node")).to_be_disabled()
    shoot(page, "travel-past")

    page.keyboard.press("End")
    expect(page.get_by_text("This is the past.")).to_have_count(0)
    expect(box(page)).to_be_enabled()
    require_shown(page, story, len(story.events))
    assert story.server.events(story.session) == story.events


@pytest.mark.slow
def test_the_past_plays_until_it_is_now(story: Story, visits: Visits) -> None:
    page = enter(visits(story.server), story.session)
    open_list(page)
    slider(page).focus()
    page.keyboard.press("Home")
    require_shown(page, story, 1)
    page.get_by_role("combobox", name="Speed").select_option("100/s")

    page.get_by_role("button", name="Play on").click()
    page.get_by_role("button", name="Pause the replay").click()
    held = slider(page).input_value()
    expect(page.get_by_role("button", name="Play on")).to_be_visible()
    assert slider(page).input_value() == held
    page.get_by_role("button", name="Play on").click()

    expect(page.get_by_text("This is the past.")).to_have_count(0, timeout=PATIENCE_MS)
    require_shown(page, story, len(story.events))


@pytest.mark.slow
def test_a_link_to_a_moment_leads_there_also_after_a_reload(story: Story, visits: Visits) -> None:
    number = story.number("graph_update", 1)
    page = enter(visits(story.server), story.session, f"?at={story.events[number - 1]['id']}")
    open_list(page)
    require_moment(page, number)
    require_shown(page, story, number)

    page.reload()

    require_moment(page, number)
    expect(box(page)).to_be_disabled()
    open_list(page)
    require_shown(page, story, number)
    page.get_by_role("button", name="Back to now").click()
    require_shown(page, story, len(story.events))
    expect(slider(page)).to_be_focused()
    expect(page).to_have_url(re.compile(rf"/sessions/{story.session}$"))


def test_a_fork_goes_on_by_itself(story: Story, visits: Visits) -> None:
    server, number = story.server, story.number("graph_update", 2)
    page = enter(visits(server), story.session, f"?at={story.events[number - 1]['id']}")
    require_moment(page, number)
    page.get_by_role("button", name="Fork from here").click()
    page.get_by_role("textbox", name="Title of the new session").fill("Another way")
    page.get_by_role("button", name="Fork", exact=True).click()
    expect(page.get_by_role("button", name="Another way")).to_be_visible(timeout=PATIENCE_MS)
    fork = page.url.rpartition("/")[2]
    open_list(page)
    require_shown(page, story, number)

    say(page, "add a person named Yusuf")

    expect(page.get_by_role("region", name="Nodes").get_by_role("button", name="Yusuf")).to_be_visible()
    expect(tasks(page)).to_have_count(0)
    assert graph_seen(page) == graph_told(server.get(f"/v1/sessions/{fork}/graph"))
    assert [words for _, words in messages_seen(page)][-2] == "add a person named Yusuf"
    assert server.events(story.session) == story.events
    shoot(page, "travel-fork")


def test_raw_events_are_the_servers(story: Story, visits: Visits) -> None:
    page = enter(visits(story.server), story.session)
    page.get_by_role("tab", name="Events").click()
    require_found(page, story.events)
    page.get_by_role("checkbox", name="graph_update").press("Space")
    require_found(page, [event for event in story.events if event["type"] == "graph_update"])
    page.get_by_role("searchbox", name="Text in the events").fill("zoë")
    wanted = [
        event
        for event in story.events
        if event["type"] == "graph_update" and "zoë" in json.dumps(event, ensure_ascii=False).lower()
    ]
    assert len(wanted) == 1
    require_found(page, wanted)

    page.get_by_role("listbox", name="Events").get_by_role("option").click()

    detail = page.get_by_role("region", name="Event graph_update")
    assert json.loads(detail.get_by_label("JSON", exact=True).inner_text()) == wanted[0]
    page.get_by_role("button", name="Show all").click()
    require_found(page, story.events)


def require_found(page: Page, events: list[dict[str, Any]]) -> None:
    """Raises AssertionError where these are not the events that are shown."""
    expect(page.get_by_text(f"{len(events)} shown")).to_be_visible()
    last = page.get_by_role("listbox", name="Events").get_by_role("option").last
    expect(last).to_contain_text(str(events[-1]["id"]).rpartition(".")[2])
    expect(last).to_contain_text(events[-1]["type"])


@pytest.mark.slow
def test_the_command_line_gives_what_is_shown(story: Story, visits: Visits) -> None:
    page = enter(visits(story.server), story.session)
    page.get_by_role("tab", name="Events").click()
    page.get_by_role("button", name="Command line").click()
    for type_ in TYPES:
        page.get_by_role("checkbox", name=type_).press("Space")
    line = page.get_by_text(re.compile("^curl "))
    expect(line).to_contain_text(f"events={','.join(TYPES)}")
    chosen = [event for event in story.events if event["type"] in TYPES]
    with running(line.inner_text()) as frames:
        told = (json.loads(frame.removeprefix("data:")) for frame in frames if frame.startswith("data:"))
        logged = (event for event in told if event.get("type") in TYPES)
        assert [next(logged) for _ in chosen] == chosen

    page.get_by_role("searchbox", name="Text in the events").fill("It's $HOME")
    expect(line).to_contain_text("grep")
    assert shlex.split(line.inner_text())[-1] == "It's $HOME"
    page.get_by_role("searchbox", name="Text in the events").fill("wireframes")
    expect(line).to_contain_text("wireframes")
    chosen = [event for event in chosen if "wireframes" in json.dumps(event).lower()]
    with running(line.inner_text()) as lines:
        logged = (event for event in map(json.loads, lines) if event["type"] in TYPES)
        assert [next(logged) for _ in chosen] == chosen


@contextmanager
def running(line: str) -> Iterator[IO[str]]:
    """The output of a command, which follows the session without end."""
    command = ["timeout", "20", "sh", "-c", line]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.terminate()
