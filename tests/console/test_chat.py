"""The conversation of a session: prompts, answers, what was done for them, and what people decide."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Visits
from tests.console.visiting import NARROW, Visit, require_accessible, shoot
from tests.live.serving import Serving, serving

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.slow  # the conversation in detail; the whole visit is in the other files

PASSWORD = "a long enough password"
SPEAKERS = "tests.console.speakers"
AGENTS = f"puntini,scripted,echo={SPEAKERS}:echo,census={SPEAKERS}:census,broken={SPEAKERS}:broken"
HOSTILE = """# <img src=x onerror="window.pwned=1">

<script>window.pwned = 1</script><iframe src="https://evil.example/"></iframe>

[a](javascript:window.pwned=1) [b](data:text/html,<script>window.pwned=1</script>) ![a cat](http://evil.example/cat.png)

<svg><animate onbegin=window.pwned=1 attributeName=x></svg><math><mtext><table><mglyph><style><img src=x>

```"><img src=x onerror=window.pwned=1>
<script>window.pwned = 1</script>
```
"""


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of these tests, each in a session of its own."""
    with serving(tmp_path_factory.mktemp("chat"), agent=AGENTS, model="offline", store="memory:") as running:
        yield running


@pytest.fixture
def visit(speaking: Serving, visits: Visits) -> Visit:
    """Somebody who visits it."""
    return visits(speaking)


def enter(visit: Visit, session: str) -> Page:
    """The session's page, when it can be written in."""
    page = visit.open(f"/#/sessions/{session}")
    expect(box(page)).to_be_enabled()
    return page


def go(page: Page, address: str) -> None:
    """To another place, without loading the page anew."""
    page.evaluate("address => { location.hash = address }", address)


def box(page: Page) -> Locator:
    """Where one writes."""
    return page.get_by_role("textbox", name="Message")


def say(page: Page, prompt: str) -> None:
    """Write something, and send it."""
    box(page).fill(prompt)
    box(page).press("Enter")


def answers(page: Page) -> Locator:
    """What agents said."""
    return page.locator(".message.assistant")


def done(page: Page) -> None:
    """Wait until the log has what was said, and no task is left."""
    expect(page.locator(".sending")).to_have_count(0)
    expect(page.locator(".task")).to_have_count(0, timeout=15_000)


def test_a_suggestion_becomes_a_plan_that_is_ticked_off_and_an_answer(speaking: Serving, visit: Visit) -> None:
    page = enter(visit, speaking.create(agent="puntini"))
    page.get_by_role("button", name="Create a project management graph").click()
    expect(page.locator(".message-prompt")).to_have_text("Create a project management graph")
    page.locator(".chat-plan li[data-state=done]").first.wait_for()
    shoot(page, "chat-plan")
    expect(answers(page)).to_contain_text("I drew a project management graph")
    done(page)
    expect(page.locator(".message")).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="21 nodes")).to_have_count(1)


def test_what_was_done_is_folded_below_the_answer_also_after_a_reload(speaking: Serving, visit: Visit) -> None:
    page = enter(visit, speaking.create(agent="puntini"))
    say(page, "Create a project management graph")
    done(page)
    for summary in ("Thoughts, 4 tool calls, 4 steps", "What it did"):
        page.locator(".deeds > summary", has_text=summary).click()
        expect(page.locator(".thought").first).to_contain_text("As the offline model I read this")
        page.locator(".tool > summary", has_text="add_nodes").first.click()
        expect(page.get_by_role("cell", name="Website relaunch").first).to_be_visible()
        expect(page.locator(".chat-plan")).to_contain_text("4 of 4")
        page.reload()


@pytest.mark.parametrize(("choice", "verdict", "left"), [("Approve", "approved", 0), ("Deny", "denied", 1)])
def test_a_decision_is_made_by_a_button_and_stays_in_sight(
    speaking: Serving, visit: Visit, choice: str, verdict: str, left: int
) -> None:
    session = speaking.create(agent="puntini")
    page = enter(visit, session)
    say(page, "add a person named Ada")
    done(page)
    say(page, "clear the graph")
    expect(page.locator(".chat-approval")).to_contain_text("May I call clear_graph?")
    shoot(page, "chat-approval")
    page.get_by_role("button", name=choice, exact=True).click()
    expect(page.locator(".verdict")).to_contain_text(verdict)
    done(page)
    page.reload()
    expect(page.locator(".verdict")).to_contain_text(verdict)
    asked = page.locator(".row-item", has=page.locator(".verdict"))
    expect(asked.locator("xpath=preceding-sibling::*[1]")).to_contain_text("clear the graph")
    expect(asked.locator("xpath=following-sibling::*[1]").locator(".message.assistant")).to_have_count(1)
    assert len(speaking.get(f"/v1/sessions/{session}/graph")["nodes"]) == left


def test_a_value_that_a_schema_describes_has_a_field_of_its_own(speaking: Serving, visit: Visit) -> None:
    page = enter(visit, speaking.create(agent="census"))
    say(page, "Count the people.")
    page.get_by_role("spinbutton", name="Age").fill("36")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(answers(page)).to_contain_text("Ada is 36 years old.")
    expect(page.locator(".verdict")).to_contain_text("36")


def test_a_task_that_runs_is_paused_resumed_and_stopped_and_one_that_waits_is_cancelled(
    speaking: Serving, visit: Visit
) -> None:
    page = enter(visit, speaking.create(agent="scripted"))
    say(page, "play 2000 events every 10 ms")
    running = page.locator(".task").first
    running.get_by_role("button", name="Pause").click()
    expect(running).to_contain_text("paused")
    running.get_by_role("button", name="Resume").click()
    expect(running).to_contain_text("running")
    say(page, "Hello")
    expect(page.locator(".task").nth(1)).to_contain_text("waits its turn")
    page.get_by_role("button", name="Cancel: Hello").click()
    expect(page.locator(".task")).to_have_count(1)
    page.get_by_role("button", name="Stop").click()
    done(page)
    expect(page.get_by_text("Stopped").first).to_be_visible()


def test_a_prompt_reaches_the_task_that_runs(speaking: Serving, visit: Visit) -> None:
    session = speaking.create(agent="scripted")
    page = enter(visit, session)
    say(page, "play 2000 events every 10 ms")
    page.get_by_label("While a task runs").select_option("steer")
    say(page, "Faster, please.")
    expect(page.locator(".message.user")).to_have_count(2)
    expect(page.locator(".sending")).to_have_count(0)
    assert speaking.get(f"/v1/tasks?session_id={session}&status=all")["total"] == 1
    page.get_by_role("button", name="Stop").click()
    done(page)


def test_why_a_task_failed_is_said_in_sight(speaking: Serving, visit: Visit) -> None:
    page = enter(visit, speaking.create(agent="broken"))
    say(page, "Go on.")
    expect(page.locator(".work .notice.bad")).to_contain_text("The shelf is empty: fill it.")
    expect(page.get_by_role("status").filter(has_text="The task failed.")).to_have_count(1)


def test_hostile_markdown_stays_inert(speaking: Serving, visit: Visit) -> None:
    page = enter(visit, speaking.create(agent="echo"))
    say(page, HOSTILE)
    done(page)
    answer = answers(page)
    expect(answer.get_by_role("link", name="a cat")).to_have_attribute("rel", "noopener noreferrer")
    expect(answer.get_by_role("link")).to_have_count(1)
    expect(answer.locator(".markdown").locator("img, script, iframe, svg, math, style")).to_have_count(0)
    expect(answer).to_contain_text("<script>window.pwned = 1</script>")
    assert page.evaluate("window.pwned") is None


def test_what_is_read_further_up_stays_where_it_is_while_more_comes(speaking: Serving, visit: Visit) -> None:
    page = enter(visit, speaking.create(agent="echo"))
    say(page, "A line.\n\n" * 80)
    done(page)
    scroller = page.locator(".conversation-scroll")
    expect(page.get_by_role("button", name="Jump to the newest")).to_have_count(0)
    scroller.hover()
    page.mouse.wheel(0, -600)
    expect(page.get_by_role("button", name="Jump to the newest")).to_be_visible()
    place = scroller.evaluate("(each) => each.scrollTop")
    session = page.url.rpartition("/")[2]
    speaking.play(session, "Another line.\n\n" * 80)
    expect(answers(page)).to_have_count(2)
    done(page)
    assert scroller.evaluate("(each) => each.scrollTop") == place
    page.get_by_role("button", name="Jump to the newest").click()
    expect(page.get_by_role("button", name="Jump to the newest")).to_have_count(0)


def test_a_prompt_that_could_not_be_sent_is_sent_later_and_counts_once(speaking: Serving, visit: Visit) -> None:
    session = speaking.create(agent="echo")
    page = enter(visit, session)
    expect(page.get_by_role("heading", name="Untitled session")).to_be_visible()
    visit.expected.append(re.compile("net::ERR_(INTERNET_DISCONNECTED|NETWORK_CHANGED)"))
    visit.context.set_offline(True)
    say(page, "Is anybody there?")
    expect(page.get_by_text("Will be sent when the server is back")).to_be_visible()
    visit.context.set_offline(False)
    expect(answers(page)).to_contain_text("Is anybody there?", timeout=15_000)
    done(page)
    expect(page.locator(".message.user")).to_have_count(1)
    assert speaking.get(f"/v1/tasks?session_id={session}&status=all")["total"] == 1


def test_the_box_takes_lines_and_brings_the_last_prompt_back(speaking: Serving, visit: Visit) -> None:
    page = enter(visit, speaking.create(agent="echo"))
    box(page).press_sequentially("one")
    box(page).press("Shift+Enter")
    box(page).press_sequentially("two")
    box(page).press("Enter")
    expect(page.locator(".message-prompt")).to_have_text("one\ntwo", use_inner_text=True)
    done(page)
    box(page).press("ArrowUp")
    expect(box(page)).to_have_value("one\ntwo")


def test_a_closed_session_says_why_nothing_can_be_written(speaking: Serving, visit: Visit) -> None:
    session = speaking.create(agent="puntini")
    page = enter(visit, session)
    speaking.ask("PATCH", f"/v1/sessions/{session}", {"status": "closed"}).raise_for_status()
    expect(box(page)).to_be_disabled()
    expect(box(page)).to_have_attribute("placeholder", "This session is closed: fork it to go on.")
    page.get_by_role("button", name="Fork it").click()
    page.get_by_role("textbox", name="Title of the new session").fill("Going on")
    shoot(page, "chat-fork")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Going on")).to_be_visible()
    expect(box(page)).to_be_enabled()
    expect(page.get_by_role("button", name="Fork from now")).to_be_visible()
    shoot(page, "chat-forked")


def test_messages_before_the_newest_hundred_come_when_asked_for(speaking: Serving, visit: Visit) -> None:
    session = speaking.create(agent="broken")
    for number in range(105):
        speaking.play(session, f"prompt {number}", if_busy="interrupt")
    page = enter(visit, session)
    expect(page.locator(".message")).to_have_count(100)
    page.get_by_role("button", name="Show earlier messages").click()
    expect(page.locator(".message")).to_have_count(105)
    expect(page.locator(".message").first).to_contain_text("prompt 0")
    expect(page.get_by_role("button", name="Show earlier messages")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_conversation_is_accessible(speaking: Serving, visits: Visits, scheme: str) -> None:
    visit = visits(speaking, color_scheme=scheme)
    page = enter(visit, speaking.create(agent="puntini"))
    say(page, "Create a project management graph")
    done(page)
    page.locator(".deeds > summary").click()
    page.locator(".tool > summary").first.click()
    say(page, "clear the graph")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    shoot(page, f"chat-{scheme}")
    require_accessible(page)


def test_a_narrow_screen_shows_the_conversation_by_itself(speaking: Serving, visits: Visits) -> None:
    page = visits(speaking, viewport=NARROW).open(f"/#/sessions/{speaking.create(agent='echo')}")
    page.get_by_role("tab", name="Chat").click()
    say(page, "| a | b |\n|---|---|\n| 1 | " + "wide" * 40 + " |\n\n```\n" + "code " * 40 + "\n```")
    done(page)
    shoot(page, "chat-narrow")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_viewer_reads_and_is_told_whom_to_ask(tmp_path: Path, visits: Visits) -> None:
    with serving(tmp_path, agent="puntini", model="offline", store="memory:", registration="open") as server:
        for name in ("ann", "bob"):
            server.ask("POST", "/v1/register", {"username": name, "password": PASSWORD}).raise_for_status()
        ann, bob = visits(server), visits(server)
        ask(ann, "POST", "/v1/login", {"username": "ann", "password": PASSWORD, "cookie": True})
        ask(bob, "POST", "/v1/login", {"username": "bob", "password": PASSWORD, "cookie": True})
        session = ask(ann, "POST", "/v1/sessions", {})["session_id"]
        ask(ann, "PUT", f"/v1/sessions/{session}/members/bob", {"role": "viewer"})
        page = bob.open(f"/#/sessions/{session}")
        expect(box(page)).to_be_disabled()
        expect(box(page)).to_have_attribute("placeholder", re.compile("ask its owner"))
        page.close()


def ask(visit: Visit, method: str, path: str, body: object) -> Any:
    """As a page of this visitor asks."""
    headers = {"origin": visit.url}
    answer = visit.context.request.fetch(visit.url + path, method=method, data=body, headers=headers)
    assert answer.ok, answer.text()
    return answer.json()


def test_what_is_being_written_outlives_the_page_until_it_is_sent(speaking: Serving, visit: Visit) -> None:
    session = speaking.create(agent="echo")
    page = enter(visit, session)
    box(page).fill("half a thought")
    go(page, "#/")
    page.get_by_role("textbox", name="Your request").fill("another")
    page.reload()
    expect(page.get_by_role("textbox", name="Your request")).to_have_value("another")
    go(page, f"#/sessions/{session}")
    expect(box(page)).to_have_value("half a thought")
    box(page).press("Enter")
    done(page)
    page.reload()
    expect(box(page)).to_have_value("")


def test_what_is_unfolded_stays_where_it_is(speaking: Serving, visit: Visit) -> None:
    page = enter(visit, speaking.create(agent="puntini"))
    page.set_viewport_size({"width": 1280, "height": 480})
    say(page, "Create a project management graph")
    done(page)
    page.reload()
    summary = page.locator(".deeds > summary")
    expect(summary).to_have_text(re.compile("^What it did"))
    summary.scroll_into_view_if_needed()
    before = summary.evaluate("of => of.getBoundingClientRect().top")
    summary.click()
    expect(page.locator(".tool")).to_have_count(4)
    expect(page.get_by_role("button", name="Jump to the newest")).to_be_visible()
    assert summary.evaluate("of => of.getBoundingClientRect().top") == before
    summary.click()
    expect(page.get_by_role("button", name="Jump to the newest")).to_have_count(0)


def test_a_blank_title_is_not_taken(speaking: Serving, visit: Visit) -> None:
    session = speaking.create(agent="echo", title="A good name")
    page = enter(visit, session)
    page.get_by_role("button", name="A good name").click()
    page.get_by_role("textbox", name="Title").fill("   ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="A good name")).to_be_visible()
    assert speaking.get(f"/v1/sessions/{session}")["title"] == "A good name"
