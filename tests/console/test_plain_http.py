"""The console from another machine, without TLS: what browsers keep from such pages is not needed."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visits
from tests.live.clients.pages import FOREIGN
from tests.live.serving import serving

KEY = "test-key-which-nobody-guesses-0123456789"
PASSWORD = "wet hammock, nineteen lions"
NEEDS_TLS = re.compile("The Cross-Origin-Opener-Policy header has been ignored")


@pytest.mark.slow
def test_a_page_that_came_by_plain_http_can_work(tmp_path: Path, visits: Visits) -> None:
    with serving(tmp_path, agent="puntini", model="offline", key=KEY) as server:
        server.ask("POST", "/v1/register", {"username": "ann", "password": PASSWORD}).raise_for_status()
        session = server.create(title="From afar")
        server.ask("PATCH", "/v1/users/ann", {"role": "admin"}).raise_for_status()
        visit = visits(server)
        visit.url = f"http://{FOREIGN}:{server.port}"
        visit.expect_refusals(401)
        visit.expected.append(NEEDS_TLS)
        page = visit.open(f"/#/sessions/{session}")
        assert page.evaluate("isSecureContext") is False

        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_label("Message").fill("Is anybody there?")
        page.get_by_role("button", name="Send").click()

        expect(page.locator(".message.assistant")).not_to_be_empty()
