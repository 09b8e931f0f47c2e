"""Who one is: the first account, logging in and out, a log-in that ends, keys, other users."""

import re
from collections.abc import Iterator
from secrets import token_hex

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Visits
from tests.console.visiting import Visit, require_accessible, shoot
from tests.live.serving import Serving, serving

pytestmark = pytest.mark.slow  # accounts in detail; the whole visit is in the other files

PASSWORD = "wet hammock, nineteen lions"
KEY = "test-key-which-nobody-guesses-0123456789"
PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server that asks everybody who they are."""
    with serving(tmp_path_factory.mktemp("account"), agent="puntini", model="offline", key=KEY) as running:
        yield running


@pytest.fixture
def name(closed: Serving) -> str:
    """An admin, of whom only this test knows."""
    name = f"ann-{token_hex(4)}"
    closed.ask("POST", "/v1/register", {"username": name, "password": PASSWORD}).raise_for_status()
    closed.ask("PATCH", f"/v1/users/{name}", {"role": "admin"}).raise_for_status()
    return name


@pytest.fixture
def visit(closed: Serving, visits: Visits) -> Visit:
    """Somebody who is not logged in yet, which the browser writes down."""
    visit = visits(closed)
    visit.expect_refusals(401)
    return visit


def log_in(where: Page | Locator, name: str, password: str = PASSWORD) -> None:
    where.get_by_label("Name").fill(name)
    where.get_by_label("Password").fill(password)
    where.get_by_role("button", name="Log in").click()


def test_the_first_account_ends_open_mode(server: Serving, visits: Visits) -> None:
    server.create(title="From before")
    visit = visits(server)
    visit.expect_refusals(401)
    page = visit.open("/#/account")

    page.get_by_role("button", name="Make the first account").click()
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    shoot(page, "account-first")
    page.get_by_role("button", name="Make it, and end open mode").click()

    expect(page.get_by_role("heading", name="ann")).to_be_visible()
    page.get_by_role("link", name="Sessions").click()
    expect(page.get_by_role("link", name="From before")).to_be_visible()
    expect(page.get_by_text("by local")).to_be_visible()


def test_a_log_in_leads_to_where_one_wanted_to_go_and_a_log_out_away(closed: Serving, visit: Visit, name: str) -> None:
    session = closed.create(title="Wanted")
    page = visit.open(f"/#/sessions/{session}")
    expect(page.get_by_role("heading", name="Puntini")).to_be_visible()
    shoot(page, "login")
    require_accessible(page)

    log_in(page, name, "something else entirely")
    expect(page.get_by_role("alert")).to_contain_text("password")
    log_in(page, name)
    expect(page.get_by_role("button", name="Wanted")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()

    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_log_in_that_ends_is_begun_again_over_the_page_in_all_tabs(closed: Serving, visit: Visit, name: str) -> None:
    session = closed.create(title="Work")
    first = visit.open(f"/#/sessions/{session}")
    log_in(first, name)
    expect(first.get_by_text("Live", exact=True)).to_be_visible()
    second = visit.open("/#/sessions")
    second.get_by_label("Your request").fill("Half a thought")

    # An admin sets another password, which ends all log-ins.
    closed.ask("PATCH", f"/v1/users/{name}", {"password": PASSWORD + "!"}).raise_for_status()

    dialog = first.get_by_role("dialog", name="Log in to go on")
    expect(dialog).to_be_visible(timeout=PATIENCE_MS)
    second.bring_to_front()
    dialog = second.get_by_role("dialog", name="Log in to go on")
    expect(dialog).to_be_visible()
    shoot(second, "login-again")
    log_in(dialog, name, PASSWORD + "!")

    expect(second.get_by_role("dialog")).to_have_count(0)
    expect(second.get_by_label("Your request")).to_have_value("Half a thought")
    expect(first.get_by_role("dialog")).to_have_count(0)
    expect(first.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)


def test_a_key_is_shown_once_and_can_be_revoked(visit: Visit, name: str) -> None:
    page = visit.open("/#/account")
    log_in(page, name)

    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name").fill("nightly import")
    shoot(page, "key-new")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_text(re.compile(r"^pk_\w+$"))).to_be_visible()
    shoot(page, "key-made")
    page.get_by_role("button", name="I have it").click()

    line = page.get_by_role("listitem").filter(has_text="nightly import")
    line.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(line.get_by_text("revoked")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^pk_\w+$"))).to_have_count(0)


def test_an_admin_adds_a_user_with_whom_a_session_is_shared(visit: Visit, name: str) -> None:
    page = visit.open("/#/account")
    log_in(page, name)

    bob = f"bob-{token_hex(4)}"
    page.get_by_role("button", name="Add a user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(bob)
    dialog.get_by_label("Password").fill("a slow boat, eleven owls")
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_label(f"Role of {bob}")).to_be_visible()
    audit = page.get_by_role("region", name="Audit log")
    audit.get_by_role("button", name="Look again").click()
    expect(audit).to_contain_text("login")
    shoot(page, "account-admin")
    require_accessible(page)

    page.get_by_role("link", name="Sessions").click()
    page.get_by_role("button", name="Empty session").click()
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_label("Name of somebody to share with").fill(bob)
    page.get_by_role("dialog").get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_label(f"What {bob} may do")).to_have_value("viewer")
    shoot(page, "share")


def test_of_whoever_logs_out_nothing_stays_in_any_tab(closed: Serving, visit: Visit, name: str) -> None:
    other = f"bert-{token_hex(4)}"
    closed.ask("POST", "/v1/register", {"username": other, "password": PASSWORD}).raise_for_status()
    visit.expect_refusals(401, 404)
    session = closed.create(title="Nobody else's")
    first = visit.open(f"/#/sessions/{session}")
    log_in(first, name)
    expect(first.get_by_text("Live", exact=True)).to_be_visible()
    second = visit.open(f"/#/sessions/{session}")
    expect(second.get_by_role("button", name="Nobody else's")).to_be_visible()

    third = visit.open("/#/account")
    expect(third.get_by_role("heading", name=name)).to_be_visible()

    first.goto(f"{closed.url}/#/account")
    first.get_by_role("button", name="Log out").first.click()

    for tab in (second, third):
        expect(tab.get_by_role("button", name="Log in")).to_be_visible()
    expect(third.get_by_text(name)).to_have_count(0)
    expect(second.get_by_text("Nobody else's")).to_have_count(0)
    log_in(first, other)
    expect(second.get_by_text(f"There is no session `{session}`")).to_be_visible()
    expect(second.get_by_text("Nobody else's")).to_have_count(0)


def test_another_person_who_logs_in_does_not_go_on_with_what_was_begun(
    closed: Serving, visit: Visit, name: str
) -> None:
    other = f"bert-{token_hex(4)}"
    closed.ask("POST", "/v1/register", {"username": other, "password": PASSWORD}).raise_for_status()
    visit.expect_refusals(401)
    page = visit.open()
    log_in(page, name)
    expect(page.get_by_text("What shall we work on?")).to_be_visible()

    # Given a log-in that has ended, and a session that its person wants to begin,
    visit.context.clear_cookies()
    page.get_by_role("button", name="Empty session").click()
    again = page.get_by_role("dialog")
    # when somebody else logs in instead,
    log_in(again, other)

    # then the page is theirs, and nothing was begun in their name.
    expect(page.get_by_text("What shall we work on?")).to_be_visible()
    expect(again).to_have_count(0)
    titles = page.evaluate("async () => (await (await fetch('/v1/sessions')).json()).total")
    assert titles == 0
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_role("heading", name=other)).to_be_visible()
