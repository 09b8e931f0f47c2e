"""Several people on one server: logging in, one graph under many hands, a log-in that ends, keys for programs."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Visits
from tests.console.seen import box, conversation, enter, graph_seen, graph_told, open_list, tasks
from tests.console.talking import PATIENCE_MS, say
from tests.console.visiting import Visit, shoot
from tests.live.serving import Serving, serving, wait_for

PASSWORD = "wet hammock, nineteen lions"
KEY = "test-key-which-nobody-guesses-0123456789"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server that asks everybody who they are."""
    with serving(
        tmp_path_factory.mktemp("users"), agent="puntini,scripted", model="offline", store="memory:", key=KEY
    ) as running:
        yield running


def account(server: Serving, called: str) -> str:
    """Somebody of whom only this test knows."""
    name = f"{called}-{token_hex(4)}"
    server.ask("POST", "/v1/register", {"username": name, "password": PASSWORD}).raise_for_status()
    return name


def arrive(server: Serving, visits: Visits, name: str) -> Visit:
    """Somebody who has logged in already."""
    visit = visits(server)
    ask(visit, "POST", "/v1/login", {"username": name, "password": PASSWORD, "cookie": True})
    return visit


def ask(visit: Visit, method: str, path: str, body: object = None) -> Any:
    """As a page of this visitor asks; returns the answer's JSON, if it has any."""
    answer = visit.context.request.fetch(visit.url + path, method=method, data=body, headers={"origin": visit.url})
    assert answer.ok, answer.text()
    return answer.json() if answer.body() else None


def share(server: Serving, visit: Visit, name: str, role: str) -> str:
    """A session of this visitor's with one person in its graph, shared with somebody."""
    session = str(ask(visit, "POST", "/v1/sessions", {"title": "Ours", "agent": "puntini"})["session_id"])
    node = {"id": "ada", "label": "Person", "key": "Ada", "props": {"team": "none"}}
    server.command(session, "graph_edit", base_version=0, delta=[{"action": "add_node", "node": node}])
    ask(visit, "PUT", f"/v1/sessions/{session}/members/{name}", {"role": role})
    return session


def log_in(where: Page | Locator, name: str, password: str = PASSWORD) -> None:
    """Fill the form, and send it."""
    where.get_by_role("textbox", name="Name").fill(name)
    where.get_by_label("Password").fill(password)
    where.get_by_role("button", name="Log in").click()


def nodes(page: Page) -> Locator:
    """The nodes in the graph's list."""
    return page.get_by_role("region", name="Nodes")


def test_a_wrong_password_is_one_sentence_and_the_right_one_opens(closed: Serving, visits: Visits) -> None:
    ann = account(closed, "ann")
    visit = visits(closed)
    visit.expect_refusals(401)
    page = visit.open("/#/agents")

    log_in(page, ann, "something else entirely")
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible(timeout=PATIENCE_MS)
    assert re.fullmatch(r"[A-Z][^.]*\.", alert.inner_text().strip()), alert.inner_text()
    expect(page.get_by_role("textbox", name="Name")).to_have_value(ann)
    assert page.get_by_role("main").get_by_role("heading", name="Agents").count() == 0
    log_in(page, ann)

    expect(page.get_by_role("main").get_by_role("heading", name="Agents", exact=True)).to_be_visible()
    assert ask(visit, "GET", "/v1/me")["username"] == ann


def test_what_one_draws_the_other_sees(closed: Serving, visits: Visits) -> None:
    ann, bob = account(closed, "ann"), account(closed, "bob")
    hers, his = arrive(closed, visits, ann), arrive(closed, visits, bob)
    session = share(closed, hers, bob, "editor")
    first, second = enter(hers, session), enter(his, session)
    open_list(first)
    open_list(second)
    for page, other, name in ((first, second, "Grace"), (second, first, "Linus")):
        page.get_by_role("button", name="Add node").click()
        page.get_by_label("Label, such as Person or Task").fill("Person")
        page.get_by_label("Key: what it is called").fill(name)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(nodes(other).get_by_role("button", name=name)).to_be_visible()
    say(second, "connect Grace to Linus as knows")
    wait_for(lambda: closed.get(f"/v1/sessions/{session}/graph")["edges"], PATIENCE_MS / 1000, "the edge")
    expect(tasks(second)).to_have_count(0, timeout=PATIENCE_MS)

    graph = closed.get(f"/v1/sessions/{session}/graph")
    assert {node["key"] for node in graph["nodes"]} == {"Ada", "Grace", "Linus"}
    assert len(graph["edges"]) == 1
    wait_for(lambda: graph_seen(first) == graph_seen(second) == graph_told(graph), 5, "the same graph")
    authors = [event["data"]["author"] for event in closed.events(session) if event["type"] == "graph_update"]
    assert authors[1:3] == [ann, bob]
    shoot(first, "users-graph")


def test_a_change_that_meets_anothers_is_told_and_both_end_alike(closed: Serving, visits: Visits) -> None:
    ann, bob = account(closed, "ann"), account(closed, "bob")
    hers, his = arrive(closed, visits, ann), arrive(closed, visits, bob)
    session = share(closed, hers, bob, "editor")
    first, second = enter(hers, session), enter(his, session)
    for page, team in ((first, "red"), (second, "blue")):
        open_list(page)
        nodes(page).get_by_role("button", name="Ada").click()
        page.get_by_role("textbox", name="team", exact=True).fill(team)

    first.get_by_role("button", name="Save", exact=True).click()
    expect(second.get_by_text(f"{ann} changed this meanwhile to red.")).to_be_visible()
    shoot(second, "users-meanwhile")
    second.get_by_role("button", name="Save", exact=True).click()

    told = second.get_by_role("status").filter(has_text=f"{ann} had changed team of Ada to red meanwhile")
    expect(told).to_contain_text("yours was taken.")
    for page in (first, second):
        expect(page.get_by_role("textbox", name="team", exact=True)).to_have_value("blue")
        expect(nodes(page).get_by_role("row", name="Ada")).to_contain_text("team: blue")
    (node,) = closed.get(f"/v1/sessions/{session}/graph")["nodes"]
    assert node["props"]["team"] == "blue"
    met = [event["data"]["details"]["conflicts"] for event in closed.events(session) if event["type"] == "debug"]
    assert [(each["mine"], each["theirs"], each["author"]) for (each,) in met] == [("blue", "red", ann)]


def test_a_viewer_looks_and_changes_nothing(closed: Serving, visits: Visits) -> None:
    ann, bob = account(closed, "ann"), account(closed, "bob")
    hers, his = arrive(closed, visits, ann), arrive(closed, visits, bob)
    session = share(closed, hers, bob, "viewer")
    mine, page = enter(hers, session), enter(his, session)
    say(mine, "clear the graph")
    asked = page.get_by_role("region", name="A decision for you")
    expect(asked).to_contain_text("May I call clear_graph?")
    before = closed.get(f"/v1/sessions/{session}/graph")

    expect(box(page)).to_be_disabled()
    expect(box(page)).to_have_attribute("placeholder", re.compile("ask its owner"))
    expect(asked.get_by_role("button")).to_have_count(0)
    expect(tasks(page).get_by_role("button")).to_have_count(0)
    open_list(page)
    assert graph_seen(page) == graph_told(before)
    expect(page.get_by_role("button", name="Add node")).to_be_disabled()
    nodes(page).get_by_role("button", name="Ada").click()
    expect(page.get_by_text("You may look at this graph but not change it").first).to_be_visible()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    assert closed.get(f"/v1/sessions/{session}/graph") == before
    shoot(page, "users-viewer")


@pytest.mark.slow
def test_an_access_token_that_expires_is_renewed_without_a_word(closed: Serving, visits: Visits) -> None:
    ann = account(closed, "ann")
    visit = arrive(closed, visits, ann)
    visit.expect_refusals(401)
    page = enter(visit, str(ask(visit, "POST", "/v1/sessions", {"agent": "puntini"})["session_id"]))
    box(page).fill("add a person named Ada")

    visit.context.clear_cookies(name="puntini_token")
    box(page).press("Enter")

    expect(page.get_by_role("toolbar", name="Graph")).to_contain_text("1 node, 0 edges", timeout=PATIENCE_MS)
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.slow
def test_a_log_in_that_ends_keeps_what_was_typed_and_what_was_sent(closed: Serving, visits: Visits) -> None:
    ann = account(closed, "ann")
    visit = arrive(closed, visits, ann)
    visit.expect_refusals(401)
    session = str(ask(visit, "POST", "/v1/sessions", {"agent": "puntini"})["session_id"])
    page = enter(visit, session)
    say(page, "add a person named Ada")
    expect(tasks(page)).to_have_count(0, timeout=PATIENCE_MS)
    box(page).fill("add a person named Grace")

    closed.ask("PATCH", f"/v1/users/{ann}", {"password": PASSWORD + "!"}).raise_for_status()
    box(page).press("Enter")
    dialog = page.get_by_role("dialog", name="Log in to go on")
    expect(dialog).to_be_visible(timeout=PATIENCE_MS)
    expect(conversation(page)).to_contain_text("add a person named Ada")
    log_in(dialog, ann, PASSWORD)
    expect(dialog.get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)
    log_in(dialog, ann, PASSWORD + "!")

    expect(page.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.get_by_role("toolbar", name="Graph")).to_contain_text("2 nodes, 0 edges", timeout=PATIENCE_MS)
    prompts = [event["data"]["prompt"] for event in closed.events(session) if event["type"] == "user_prompt"]
    assert prompts == ["add a person named Ada", "add a person named Grace"]


@pytest.mark.slow
def test_who_logs_out_in_one_tab_is_logged_out_in_all(closed: Serving, visits: Visits) -> None:
    ann = account(closed, "ann")
    visit = arrive(closed, visits, ann)
    visit.expect_refusals(401)
    session = str(ask(visit, "POST", "/v1/sessions", {"title": "Private"})["session_id"])
    other, page = enter(visit, session), visit.open("/#/account")

    page.get_by_role("button", name="Log out").click()

    for each in (page, other):
        expect(each.get_by_role("button", name="Log in")).to_be_visible(timeout=PATIENCE_MS)
    expect(other.get_by_role("button", name="Private")).to_have_count(0)
    log_in(other, ann)
    expect(other.get_by_role("button", name="Private")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name=ann)).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.slow
def test_a_key_is_shown_once_opens_by_curl_and_is_revoked(closed: Serving, visits: Visits) -> None:
    visit = arrive(closed, visits, account(closed, "ann"))
    session = str(ask(visit, "POST", "/v1/sessions", {"title": "By key"})["session_id"])
    page = visit.open("/#/account")
    page.get_by_role("button", name="New key").click()
    page.get_by_role("textbox", name="Name").fill("nightly import")
    page.get_by_role("button", name="Make the key").click()
    shown = page.get_by_role("dialog").get_by_text(re.compile(r"^pk_\w+$"))
    key = shown.inner_text()
    page.get_by_role("button", name="I have it").click()

    def curl() -> tuple[int, Any]:
        """What the server answers a program with this key."""
        line = f"curl -s -w '\n%{{http_code}}' -H {shlex.quote(f'X-API-Key: {key}')} {closed.url}/v1/sessions"
        out = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=20, check=True).stdout
        body, _, status = out.rpartition("\n")
        return int(status), json.loads(body)

    status, listed = curl()
    assert (status, [each["session_id"] for each in listed["items"]]) == (200, [session])
    page.reload()
    line = page.get_by_role("listitem").filter(has_text="nightly import")
    expect(line).to_contain_text("used")
    assert key not in page.content()
    line.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(line).to_contain_text("revoked")
    status, _ = curl()
    assert status == 401
