"""The console's other pages: agents, tasks, templates, documents and analytics, with a real server's data."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visits
from tests.console.visiting import shoot
from tests.live.serving import Serving, serving

pytestmark = pytest.mark.slow  # the pages in detail; the whole visit is in the other files

PATIENCE = 15_000
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of these: each test names what it makes, and looks for no more than that."""
    with serving(tmp_path_factory.mktemp("pages"), agent="puntini", model="offline") as running:
        yield running


def finish(server: Serving, prompt: str, **more: object) -> str:
    """The id of a task that was asked for, and has ended."""
    answer = server.ask("POST", "/v1/chat", {"prompt": prompt} | more, headers={"accept": "application/json"})
    task_id: str = answer.json()["task_id"]
    return task_id


def test_an_agent_is_made_told_something_and_deleted(server: Serving, visits: Visits) -> None:
    visit = visits(server)
    visit.expect_refusals(400)
    page = visit.open("/#/agents")
    page.get_by_role("link", name="New agent").click()

    page.get_by_role("button", name="Create").click()
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_label("Reason")).to_have_accessible_description("Fill this in.")

    page.get_by_label("Name").fill("two words")
    page.get_by_label("Role").fill("To be written")
    page.get_by_label("Reason").fill("To be written")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name")).to_have_accessible_description(re.compile("A letter, then up to 59"))

    page.get_by_label("Name").fill("Critic")
    page.get_by_label("Role").fill(f"You find faults. {HOSTILE}")
    page.get_by_label("Capabilities").fill("reads\nasks")
    page.get_by_label("Reason").fill("Somebody has to.")
    page.get_by_label("It has all the tools that puntini has").uncheck()
    page.get_by_role("checkbox", name=re.compile("^calculate")).check()
    page.get_by_role("button", name="Create").click()

    expect(page.get_by_role("heading", name="Critic")).to_be_visible()
    expect(page.get_by_label("About")).to_contain_text(HOSTILE)
    page.get_by_label("Say something to Critic").fill("calculate 6 * 7")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the session")).to_be_visible()
    expect(page.get_by_label("Messages", exact=True)).to_contain_text("42", timeout=PATIENCE)
    shoot(page, "agent")

    page.get_by_role("button", name="Delete the agent Critic").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="Agents")).to_be_visible()
    expect(page.get_by_role("link", name="puntini", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Critic")).to_have_count(0)


def test_a_team_is_made(server: Serving, visits: Visits) -> None:
    page = visits(server).open("/#/agents?do=create")
    page.get_by_label("Name").fill("Panel")
    page.get_by_label("Role").fill("You discuss.")
    page.get_by_label("Capabilities").fill("discusses")
    page.get_by_label("Reason").fill("Two heads.")
    page.get_by_label("It works").select_option("group_chat")
    for member in ("puntini", "generator"):
        page.get_by_role("checkbox", name=re.compile(f"^{member}")).check()
    page.get_by_label("Turns at most").fill("4")
    page.get_by_label("Ends when a member says").fill("DONE")

    page.get_by_role("button", name="Create").click()

    about = page.get_by_label("About")
    expect(about).to_contain_text("group chat")
    expect(about).to_contain_text("at most 4")
    expect(about.get_by_role("link", name="generator")).to_be_visible()


def test_a_running_task_is_followed_paused_resumed_and_stopped(server: Serving, visits: Visits) -> None:
    finish(server, "calculate 20 + 2")
    running = server.ask("POST", "/v1/tasks", {"task": "play 100000 events every 20 ms", "agent": "scripted"}).json()[
        "task_id"
    ]
    page = visits(server).open("/#/tasks?agent=scripted")
    rows = page.get_by_role("main").get_by_role("listitem")
    expect(rows).to_have_count(1)
    rows.first.click()

    steps = page.get_by_label("Steps", exact=True)
    expect(steps).to_contain_text("of", timeout=PATIENCE)
    before = steps.inner_text()
    expect(steps).not_to_have_text(before, timeout=PATIENCE)

    head = page.get_by_role("main")
    page.get_by_role("button", name="Pause").click()
    expect(head.get_by_text("paused", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Resume").click()
    expect(head.get_by_text("running", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Stop").click()
    expect(head.get_by_text("cancelled", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert server.get(f"/v1/tasks/{running}")["status"] == "cancelled"

    page.goto(f"{server.url}/#/tasks?status=completed")
    expect(page.get_by_role("link", name="calculate 20 + 2")).to_be_visible()
    expect(page.get_by_role("link", name="play 100000 events")).to_have_count(0)


def test_a_task_tells_what_it_did_and_why_it_failed(server: Serving, visits: Visits) -> None:
    done = finish(server, "Create a project management graph")
    failed = finish(server, "Create a project management graph", max_steps=1)
    page = visits(server).open(f"/#/tasks/{done}")

    expect(page.get_by_role("region", name="Result")).to_contain_text("21 nodes")
    expect(page.get_by_label("Plan", exact=True)).to_contain_text("Add the people")
    call = page.get_by_label("Tool calls").get_by_role("listitem").first
    call.locator("summary").click()
    expect(call).to_contain_text('"key": "Website relaunch"')
    shoot(page, "task")

    page.goto(f"{server.url}/#/tasks/{failed}")
    expect(page.get_by_role("region", name="Result")).to_contain_text("larger max_steps")


def test_templates_are_found_and_begun(server: Serving, visits: Visits) -> None:
    page = visits(server).open("/#/templates")
    cards = page.get_by_role("main").get_by_role("heading", level=2)
    expect(page.get_by_role("link", name="REST API")).to_be_visible()
    page.get_by_role("searchbox").fill("phones")
    expect(cards.first).to_have_text("Mobile app")
    expect(page.get_by_role("link", name="REST API")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=phones"))
    page.get_by_role("link", name="Mobile app").click()

    expect(page.get_by_label("Tasks", exact=True)).to_contain_text("after: ")
    shoot(page, "template")
    page.get_by_label("Title of the session").fill("Our app")
    page.get_by_label("Only draw the plan").check()
    page.get_by_role("button", name="Begin").click()

    expect(page).to_have_url(re.compile("#/sessions/ses_"))
    begun = server.get("/v1/sessions")["items"]
    assert "Our app" in [each["title"] for each in begun]


def test_a_template_of_ones_own_goes_out_comes_in_and_is_changed(
    server: Serving, visits: Visits, tmp_path: Path
) -> None:
    file = tmp_path / "house.json"
    tasks = [{"id": "boxes", "title": "Pack the boxes", "hours": 6}, {"id": "drive", "title": HOSTILE}]
    file.write_text(json.dumps({"title": "Move house", "tags": ["home"], "tasks": tasks}), encoding="utf-8")
    visit = visits(server)
    visit.expect_refusals(400)
    page = visit.open("/#/templates?do=create")

    page.get_by_label("A template's file").set_input_files(file)
    expect(page.get_by_label("Title").first).to_have_value("Move house")
    page.get_by_label("Id").nth(1).fill("not good")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_label("Id").nth(1)).to_be_focused()
    page.get_by_label("Id").nth(1).fill("drive")
    page.get_by_role("group", name="After").nth(1).get_by_role("checkbox").check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_label("Tasks", exact=True)).to_contain_text("after: Pack the boxes")

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Description").first.fill("With friends.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("With friends.")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Export as JSON").click()
    exported = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert exported["description"] == "With friends."
    assert [each["depends_on"] for each in exported["tasks"]] == [[], ["boxes"]]

    page.get_by_role("button", name="Delete the template Move house").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page).to_have_url(re.compile("#/templates$"))
    assert "Move house" not in [each["title"] for each in server.get("/v1/templates")["items"]]


def test_documents_are_added_found_and_deleted(server: Serving, visits: Visits, tmp_path: Path) -> None:
    file = tmp_path / "Garden.md"
    file.write_text(f"# Garden\n\nWater the tomatoes at dusk. {HOSTILE}\n", encoding="utf-8")
    page = visits(server).open("/#/documents")

    page.get_by_role("link", name="Add a document").click()
    page.get_by_label("From a file").set_input_files(file)
    expect(page.get_by_label("Title")).to_have_value("Garden")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Added Garden, in 1 passage.")).to_be_visible()

    page.get_by_role("searchbox").fill("tomatoes")
    expect(page.get_by_text(f"Water the tomatoes at dusk. {HOSTILE}")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Delete Garden").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("button", name="Delete Garden")).to_have_count(0)


def test_analytics_draw_what_their_tables_say(server: Serving, visits: Visits) -> None:
    about: dict[str, object] = {"role": "You count.", "capabilities": ["counts"], "reason": "To be counted."}
    server.ask("POST", "/v1/agents", about | {"name": "Counter"})
    finish(server, "calculate 2 + 2", agent="Counter")
    finish(server, "calculate 3 + 3", agent="Counter")
    finish(server, "Create a project management graph", agent="Counter", max_steps=1)
    page = visits(server).open("/#/analytics?period=24h&agent=Counter")

    chart = page.get_by_role("figure", name="Tasks ended by hour")
    expect(chart.get_by_role("img")).to_have_accessible_name(re.compile("completed at most 2, failed at most 1"))
    box = chart.get_by_role("img").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 60)
    expect(chart.locator(".plot-tip")).to_contain_text("completed2")
    shoot(page, "analytics")
    chart.get_by_role("button", name="Table").click()
    expect(chart.get_by_role("row").last).to_have_text(re.compile("UTC\\)210$"))

    page.get_by_label("Groups by").select_option("by status")
    expect(page).to_have_url(re.compile("by=status"))
    expect(page.get_by_label("Groups", exact=True).get_by_role("row", name="failed")).to_be_visible()

    page.get_by_role("link", name="Performance").click()
    expect(page.get_by_label("Why tasks failed")).to_contain_text("larger max_steps")
    page.get_by_role("link", name="Trending").click()
    expect(page.get_by_label("Asked for most")).to_contain_text("calculate # + #")

    page.goto(f"{server.url}/#/analytics?period=custom&from=2020-01-01&to=2020-01-02")
    expect(page.get_by_text("No task ended in this time")).to_be_visible()


def test_what_is_gone_says_where_to_go(server: Serving, visits: Visits) -> None:
    visit = visits(server)
    visit.expect_refusals(404)
    page = visit.open("/#/tasks/tsk_none")
    expect(page.get_by_text("There is no task `tsk_none`.")).to_be_visible()

    page.get_by_role("link", name="← Tasks").click()

    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
