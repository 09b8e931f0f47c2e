"""``/`` and ``/assets``: the console's files, small, kept for as long as they are right, and no others."""

from pathlib import Path

import httpx
import pytest

from puntini.api.console import POLICY, Console
from puntini.api.http import Address
from tests.api.calling import Api

pytestmark = pytest.mark.anyio

SCRIPT = "console.log('Puntini')\n" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves, and a file beside it that is nobody's business."""
    assets = tmp_path / "static" / "assets"
    assets.mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text("<!doctype html><p>one</p>")
    (tmp_path / "static" / "secret.txt").write_text("secret")
    (assets / "console-ABC.js").write_text(SCRIPT)
    (assets / "licences.txt").write_text("MIT")
    return tmp_path / "static"


@pytest.fixture
def http(folder: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """A client of a server whose console is in the folder."""
    own = {route.path: route for route in Console(folder).routes() if isinstance(route, Address)}
    routes = [own.get(getattr(route, "path", ""), route) for route in api.app.routes]
    monkeypatch.setattr(api.app.router, "routes", routes)
    return api.http


async def test_the_page_is_asked_for_each_time_and_sent_when_it_changed(http: httpx.AsyncClient, folder: Path) -> None:
    first = await http.get("/")
    again = await http.get("/", headers={"if-none-match": first.headers["etag"]})
    (folder / "index.html").write_text("<!doctype html><p>two</p>")
    after = await http.get("/", headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, first.headers["cache-control"]) == (200, "private, no-cache")
    assert first.headers["content-security-policy"] == POLICY
    assert "'unsafe" not in POLICY
    assert again.status_code == 304
    assert (after.status_code, after.text) == (200, "<!doctype html><p>two</p>")


async def test_an_asset_is_kept_for_ever_and_sent_small(http: httpx.AsyncClient) -> None:
    small = await http.get("/assets/console-ABC.js", headers={"accept-encoding": "gzip"})
    plain = await http.get("/assets/console-ABC.js", headers={"accept-encoding": "identity"})

    assert small.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert small.headers["content-type"] == "text/javascript; charset=utf-8"
    assert small.headers["x-content-type-options"] == "nosniff"
    assert (small.headers["content-encoding"], small.text) == ("gzip", SCRIPT)
    assert int(small.headers["content-length"]) < len(SCRIPT) / 10
    assert "content-encoding" not in plain.headers
    assert plain.text == SCRIPT
    assert small.headers["vary"] == plain.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "name", ["../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "none.js", "%00", ".", "..", "a" * 5_000]
)
async def test_no_other_file_can_be_had(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"/assets/{name}")

    assert answer.status_code in {400, 404} or answer.text.startswith("<!doctype html>"), "`.` and `..` are the page's"
    assert "secret" not in answer.text


async def test_a_checkout_without_a_built_console_says_what_to_do(http: httpx.AsyncClient, folder: Path) -> None:
    (folder / "index.html").unlink()

    answer = await http.get("/")

    assert answer.status_code == 503
    assert "make console" in answer.json()["detail"]
