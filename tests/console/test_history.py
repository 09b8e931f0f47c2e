"""The past of a session: travelling in it, playing it, forking from it, and its raw events."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Visits
from tests.console.visiting import NARROW, require_accessible, shoot
from tests.live.serving import Serving, wait_for

pytestmark = pytest.mark.slow  # history in detail; the whole visit is in the other files

PROMPT = "Create a project management graph"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>';$(touch it) \u202e"
SEEKS = """async () => {
  const slider = document.querySelector('input[aria-label="Point in time"]')
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
  const times = []
  for (let turn = 1; turn <= 60; turn++) {
    const began = performance.now()
    set.call(slider, String((turn * 7919) % Number(slider.max)))
    slider.dispatchEvent(new InputEvent("input", { bubbles: true }))
    await drawn()
    times.push(performance.now() - began)
  }
  return times.sort((a, b) => a - b)
}"""
SEEK_MS = 50.0
"""What a move may take until it is drawn; many take longer where the machine has other things to do."""


def drawn(server: Serving, **body: object) -> tuple[str, list[dict[str, Any]]]:
    """A session in which an agent drew a graph, and its events."""
    session = server.create(**body)
    server.finish(server.play(session, PROMPT))
    return session, server.events(session)


def slider(page: Page) -> Locator:
    return page.get_by_label("Point in time")


def banner(page: Page) -> Locator:
    return page.locator(".past-when")


def download(page: Page) -> list[dict[str, Any]]:
    with page.expect_download() as started:
        page.get_by_role("button", name="Download").click()
    return [json.loads(line) for line in started.value.path().read_text(encoding="utf-8").splitlines()]


def test_travelling_shows_the_session_as_it_was_and_a_link_leads_there(server: Serving, visits: Visits) -> None:
    session, events = drawn(server, title="Then and now")
    page = visits(server).open(f"/#/sessions/{session}")
    conversation = page.get_by_label("Conversation")
    expect(conversation).to_contain_text("21 nodes", timeout=10_000)

    slider(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")

    expect(banner(page)).to_contain_text(f"event 2 of {len(events)}")
    expect(banner(page)).to_contain_text("task_started")
    expect(conversation).to_contain_text(PROMPT)
    expect(conversation).not_to_contain_text("21 nodes")
    expect(page).to_have_url(re.compile(rf"at={events[1]['id']}$"))
    shoot(page, "history-past")

    page.reload()
    expect(banner(page)).to_contain_text("event 2 of")
    page.get_by_role("button", name="Back to now").click()
    expect(banner(page)).to_have_count(0)
    expect(conversation).to_contain_text("21 nodes")
    expect(page).to_have_url(re.compile(rf"{session}$"))


def test_one_jumps_from_change_to_change_and_plays_up_to_now(server: Serving, visits: Visits) -> None:
    session, events = drawn(server)
    changes = [number for number, event in enumerate(events, 1) if event["type"] == "graph_update"]
    page = visits(server).open(f"/#/sessions/{session}")

    page.get_by_label("Jump by").select_option("by graph change")
    for number in reversed(changes):
        page.get_by_role("button", name="Previous graph change").click()
        expect(banner(page)).to_contain_text(f"event {number} of")
        expect(banner(page)).to_contain_text("graph_update")

    page.get_by_label("Speed").select_option("100/s")
    page.get_by_role("button", name="Play on").click()
    expect(page.get_by_role("button", name="Pause the replay")).to_be_visible()
    expect(banner(page)).to_have_count(0, timeout=10_000)
    expect(page.get_by_role("button", name="Play from the beginning")).to_be_visible()


def test_a_fork_begins_as_the_session_was_then(server: Serving, visits: Visits) -> None:
    session, events = drawn(server, title="First try")
    first = next(str(event["id"]) for event in events if event["type"] == "graph_update")
    page = visits(server).open(f"/#/sessions/{session}?at={first}")

    page.get_by_role("button", name="Fork from here").click()
    page.get_by_label("Title of the new session").fill("Second try")
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Second try")).to_be_visible()
    expect(banner(page)).to_have_count(0)
    fork = page.url.rpartition("/")[2]
    assert fork != session
    assert server.get(f"/v1/sessions/{fork}/graph") == server.get(f"/v1/sessions/{session}/graph?at={first}")


def test_a_moment_that_the_log_does_not_have_is_told(server: Serving, visits: Visits) -> None:
    session, _ = drawn(server)
    page = visits(server).open(f"/#/sessions/{session}?at=elsewhere.5")

    expect(page.get_by_role("alert")).to_contain_text("not in this log")
    expect(banner(page)).to_have_count(0)


def test_events_are_found_opened_and_taken_along(server: Serving, visits: Visits) -> None:
    session, events = drawn(server)
    page = visits(server).open(f"/#/sessions/{session}")
    page.get_by_role("tab", name="Events").click()
    expect(page.get_by_text(f"{len(events)} shown")).to_be_visible()
    assert download(page) == events

    page.get_by_label("Text in the events").fill("ADD_NODES")
    page.locator("label", has_text="tool_call").click()
    wanted = [event for event in events if event["type"] == "tool_call" and "add_nodes" in json.dumps(event)]
    expect(page.get_by_text(f"{len(wanted)} shown")).to_be_visible()
    assert download(page) == wanted

    page.get_by_role("listbox", name="Events").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    detail = page.get_by_role("region", name="Event tool_call")
    expect(detail).to_contain_text(str(wanted[1]["id"]))
    page.get_by_role("button", name="Command line").click()
    expect(page.get_by_text(f"curl -N -H 'Accept: application/x-ndjson' '{server.url}/v1/sessions/")).to_be_visible()
    shoot(page, "history-events")
    require_accessible(page)

    detail.get_by_role("button", name="Travel here").click()
    expect(page.get_by_role("listbox", name="Events").get_by_role("option", selected=True)).to_have_class(
        re.compile("here")
    )
    expect(banner(page)).to_contain_text("tool_call")


def test_twenty_thousand_events_are_travelled_at_once(server: Serving, visits: Visits) -> None:
    session = server.create(agent="scripted")
    server.finish(server.play(session, "play 20000 events every 0 ms"))
    page = visits(server).open(f"/#/sessions/{session}")
    page.get_by_role("tab", name="Events").click()
    expect(page.get_by_text("20,020 shown")).to_be_visible(timeout=15_000)
    rows = page.locator(".event-row")
    expect(rows.last).to_contain_text("task_completed")
    assert rows.count() < 100

    page.get_by_role("button", name="One event back").click()
    expect(banner(page)).to_contain_text("event 20,020 of 20,020")
    times = page.evaluate(SEEKS)

    assert times[len(times) // 4] < SEEK_MS, times


def test_events_come_on_over_a_restart_and_the_connection_tells_of_it(server: Serving, visits: Visits) -> None:
    session = server.create(agent="scripted")
    visit = visits(server)
    visit.expect_lost_connections()
    page = visit.open(f"/#/sessions/{session}")
    page.get_by_role("tab", name="Events").click()
    page.get_by_label("Connection", exact=True).check()
    task = server.play(session, "play 600 events every 2 ms")
    shown = page.get_by_text(re.compile(r"^\d+ shown$"))
    wait_for(lambda: int(shown.inner_text().split()[0]) > 100, 10, "the first hundred events")

    server.kill()
    server.start()
    server.finish(task)

    expect(page.locator("label", has_text="task_completed")).to_be_visible(timeout=20_000)
    written = server.events(session)
    wait_for(lambda: [event for event in download(page) if "id" in event] == written, 10, "the whole log")
    told = [event["data"]["status"] for event in download(page) if event["type"] == "connection"]
    assert told[-1] == "open"
    assert "waiting" in told


def test_hostile_events_stay_text(server: Serving, visits: Visits) -> None:
    session = server.create()
    server.finish(server.play(session, HOSTILE))
    node = {"id": "<b>x", "label": "<i onclick=alert(3)>", "key": "javascript:alert(4)", "props": {"<u>": HOSTILE}}
    server.command(session, "graph_edit", base_version=0, delta=[{"action": "add_node", "node": node}])
    page = visits(server, viewport=NARROW).open(f"/#/sessions/{session}")
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("tab", name="Events").click()

    for type_ in ("user_prompt", "graph_update"):
        page.locator("label", has_text=type_).click()
        page.get_by_role("listbox", name="Events").focus()
        page.keyboard.press("Home")
        expect(page.get_by_role("region", name=f"Event {type_}")).to_contain_text("<img src=x onerror=alert(1)>")
        page.get_by_role("button", name="Show all").click()

    assert page.locator(".events img, .events script, .events i, .events b").count() == 0
    shoot(page, "history-narrow")
