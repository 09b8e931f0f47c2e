"""Decisions, pauses, stops and queues by the console's buttons, and what the server's log says of them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.console.conftest import Visits
from tests.console.seen import conversation, enter, messages_told, tasks
from tests.console.talking import PATIENCE_MS, say
from tests.console.visiting import Visit, shoot
from tests.live.serving import Serving, serving, wait_for

AGENTS = "puntini,scripted,broken=tests.console.speakers:broken"
LONG = "play 2000 events every 10 ms"
ENDS = {"task_completed", "task_failed", "task_cancelled"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of these tests, each in a session of its own."""
    with serving(tmp_path_factory.mktemp("control"), agent=AGENTS, model="offline", store="memory:") as running:
        yield running


@pytest.fixture
def visit(shared: Serving, visits: Visits) -> Visit:
    """Somebody with a browser."""
    return visits(shared)


def question(page: Page) -> Locator:
    """What an agent asks."""
    return page.get_by_role("region", name="A decision for you")


def button(page: Page, name: str) -> Locator:
    """What can be done about a task that has not ended."""
    return tasks(page).get_by_role("button", name=name)


def types(server: Serving, session: str) -> list[str]:
    """What the log has, by kind."""
    return [event["type"] for event in server.events(session)]


@pytest.mark.parametrize(
    ("choice", "decision", "left"), [("Approve", "approved", 0), ("Deny", "denied", 1)], ids=["approve", "deny"]
)
def test_a_decision_is_made_in_one_tab_seen_in_another_and_carried_out(
    shared: Serving, visit: Visit, choice: str, decision: str, left: int
) -> None:
    session = shared.create(agent="puntini")
    shared.finish(shared.play(session, "add a person named Ada"))
    page, other = enter(visit, session), enter(visit, session)
    say(page, "clear the graph")
    for each in (page, other):
        expect(question(each)).to_contain_text("May I call clear_graph?")
        expect(tasks(each)).to_contain_text("waits for you")
    (asked,) = shared.get(f"/v1/sessions/{session}/approvals")["items"]
    assert asked["question"] == "May I call clear_graph?"

    question(other).get_by_role("button", name=choice, exact=True).click()

    for each in (page, other):
        expect(question(each)).to_have_count(0)
        expect(conversation(each)).to_contain_text(f"May I call clear_graph?{decision}")
        expect(tasks(each)).to_have_count(0)
    task = shared.get(f"/v1/tasks/{asked['task_id']}")
    assert task["status"] == "completed"
    assert len(shared.get(f"/v1/sessions/{session}/graph")["nodes"]) == left
    (resolved,) = [event for event in shared.events(session) if event["type"] == "approval_resolved"]
    assert resolved["data"]["decision"] == decision
    _, answer = messages_told(shared.events(session))[-1]
    for each in (page, other):
        expect(conversation(each).get_by_role("article").last).to_contain_text(answer)
    shoot(page, f"control-{decision}")


@pytest.mark.slow
def test_whoever_decides_second_sees_what_was_decided_first(shared: Serving, visits: Visits) -> None:
    session = shared.create(agent="puntini")
    shared.finish(shared.play(session, "add a person named Ada"))
    visit = visits(shared)
    visit.expect_refusals(409)
    page = enter(visit, session)
    say(page, "clear the graph")
    expect(question(page)).to_be_visible()
    (asked,) = shared.get(f"/v1/sessions/{session}/approvals")["items"]

    def be_late(route: Route) -> None:
        """Somebody else decides while this page's decision is under way."""
        shared.command(session, "approval_response", approval_id=asked["approval_id"], decision="denied")
        route.continue_()

    page.route("**/commands", be_late)
    question(page).get_by_role("button", name="Approve", exact=True).click()

    expect(conversation(page)).to_contain_text("May I call clear_graph?denied")
    expect(question(page)).to_have_count(0)
    shared.finish(asked["task_id"])
    assert len(shared.get(f"/v1/sessions/{session}/graph")["nodes"]) == 1


@pytest.mark.slow
def test_a_question_that_is_out_of_sight_is_a_button_away_and_goes_with_its_task(shared: Serving, visit: Visit) -> None:
    session = shared.create(agent="puntini")
    page = enter(visit, session)
    say(page, "clear the graph")
    button(page, "Decide").click()
    expect(question(page)).to_be_focused()

    button(page, "Stop").click()

    expect(question(page)).to_have_count(0)
    expect(tasks(page)).to_have_count(0)
    assert shared.get(f"/v1/sessions/{session}/approvals")["items"] == []
    assert types(shared, session)[-1] == "task_cancelled"


def test_a_task_is_held_goes_on_and_says_everything_once(shared: Serving, visit: Visit) -> None:
    session = shared.create(agent="scripted")
    page = enter(visit, session)
    say(page, "play 210 events every 10 ms")
    button(page, "Pause").click()
    expect(tasks(page)).to_contain_text("paused")
    (task,) = shared.get(f"/v1/tasks?session_id={session}")["items"]
    assert shared.get(f"/v1/tasks/{task['task_id']}")["status"] == "paused"
    held = shared.events(session)
    assert held[-1]["type"] == "task_paused"

    button(page, "Resume").click()

    expect(tasks(page)).to_have_count(0, timeout=PATIENCE_MS)
    events = shared.events(session)
    assert events[: len(held)] == held
    thoughts = [event["data"]["text"] for event in events if event["type"] == "reasoning"]
    assert thoughts == sorted(set(thoughts), key=thoughts.index)
    assert shared.get(f"/v1/tasks/{task['task_id']}")["status"] == "completed"


def test_a_task_is_stopped_in_the_middle(shared: Serving, visit: Visit) -> None:
    session = shared.create(agent="scripted")
    page, other = enter(visit, session), enter(visit, session)
    say(page, LONG)

    button(other, "Stop").click()

    for each in (page, other):
        expect(tasks(each)).to_have_count(0)
        expect(conversation(each).get_by_text("Stopped")).to_be_visible()
    assert types(shared, session)[-1] == "task_cancelled"
    (task,) = shared.get(f"/v1/tasks?session_id={session}&status=all")["items"]
    assert shared.get(f"/v1/tasks/{task['task_id']}")["status"] == "cancelled"


@pytest.mark.slow
def test_a_prompt_waits_its_turn_or_is_taken_back(shared: Serving, visit: Visit) -> None:
    session = shared.create(agent="scripted")
    page = enter(visit, session)
    say(page, LONG)
    expect(tasks(page)).to_contain_text("running")
    say(page, "Never mind.")
    say(page, "play 3 events")
    expect(tasks(page)).to_have_count(3)
    expect(tasks(page).nth(1)).to_contain_text("waits its turn")
    shoot(page, "control-queue")

    tasks(page).nth(1).get_by_role("button", name="Cancel: Never mind.").click()
    expect(tasks(page)).to_have_count(2)
    button(page, f"Stop: {LONG}").click()

    expect(tasks(page)).to_have_count(0, timeout=PATIENCE_MS)
    events = shared.events(session)
    prompts = {event["task_id"]: event["data"]["prompt"] for event in events if event["type"] == "user_prompt"}
    ends = [(prompts[event["task_id"]], event["type"]) for event in events if event["type"] in ENDS]
    assert ends == [("Never mind.", "task_cancelled"), (LONG, "task_cancelled"), ("play 3 events", "task_completed")]
    answered = {prompts[event["task_id"]] for event in events if event["type"] == "assistant_response"}
    assert "Never mind." not in answered


@pytest.mark.slow
def test_an_error_is_a_sentence_and_one_can_go_on(shared: Serving, visit: Visit) -> None:
    session = shared.create(agent="broken")
    page = enter(visit, session)
    say(page, "Go on.")
    failed = wait_for(
        lambda: [event for event in shared.events(session) if event["type"] == "task_failed"], 10, "the failure"
    )
    sentence = failed[0]["data"]["error"]
    assert "The shelf is empty: fill it." in sentence
    expect(conversation(page).get_by_text(sentence, exact=True)).to_be_visible()
    expect(conversation(page)).not_to_contain_text("Traceback")

    page.get_by_role("combobox", name="Agent").select_option("puntini")
    say(page, "add a person named Ada")

    expect(page.get_by_role("toolbar", name="Graph")).to_contain_text("1 node, 0 edges")
    expect(tasks(page)).to_have_count(0)
