"""How a log-in is refreshed: one terminal at a time, and without losing it."""

import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from puntini.client.logins import LogIn, LogIns, own_log_ins
from puntini.client.refusals import Later, Refused
from puntini.client.showing import Fixed, Nothing, Stored, own_credential
from puntini.errors import Misconfigured

URL = "http://puntini.test"
REFRESH = "/v1/token/refresh"
FIRST, SECOND = LogIn("ann", "access-1", "refresh-1"), LogIn("ann", "access-2", "refresh-2")
PRIVATE = 0o600

Server = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def file(tmp_path: Path) -> LogIns:
    """A file with a log-in."""
    made = LogIns(tmp_path / "config" / "credentials.json")
    keep(made, FIRST)
    return made


def keep(file: LogIns, login: LogIn | None) -> None:
    """What another terminal does."""
    with file.locked():
        file.put(URL, login)


def asked(file: LogIns, server: Server, held: LogIn = FIRST) -> httpx.Response:
    """The answer to a prompt, from one who holds a log-in."""
    with httpx.Client(transport=httpx.MockTransport(server), auth=Stored(file, URL, held)) as client:
        return client.post(f"{URL}/v1/chat", content=b"hello")


class Good:
    """Lets in who shows one access token, and answers a refresh."""

    def __init__(self, login: LogIn, refresh: Server) -> None:
        self._login, self._refresh = login, refresh
        self.refreshed: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == REFRESH:
            self.refreshed.append(msgspec.json.decode(request.read())["refresh_token"])
            assert "authorization" not in request.headers
            return self._refresh(request)
        is_good = request.headers["authorization"] == f"Bearer {self._login.access_token}"
        return httpx.Response(200 if is_good else 401, content=request.read())


def tokens(login: LogIn) -> httpx.Response:
    """What a refresh is answered with."""
    return httpx.Response(200, json={"access_token": login.access_token, "refresh_token": login.refresh_token})


def test_an_access_token_that_has_ended_is_refreshed_and_the_question_asked_again(file: LogIns) -> None:
    server = Good(SECOND, lambda _: tokens(SECOND))

    answer = asked(file, server)

    assert (answer.status_code, answer.content) == (200, b"hello")
    assert server.refreshed == ["refresh-1"]
    assert file.get(URL) == SECOND
    assert stat.S_IMODE(file.path.stat().st_mode) == PRIVATE
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["credentials.json", "credentials.lock"]


def test_what_another_terminal_has_refreshed_is_taken(file: LogIns) -> None:
    server = Good(SECOND, lambda _: httpx.Response(500))
    keep(file, SECOND)

    assert asked(file, server).status_code == 200
    assert server.refreshed == []


def test_what_another_terminal_has_refreshed_long_ago_is_refreshed(file: LogIns) -> None:
    third = LogIn("ann", "access-3", "refresh-3")
    server = Good(third, lambda _: tokens(third))
    keep(file, SECOND)

    assert asked(file, server).status_code == 200
    assert server.refreshed == ["refresh-2"]


def test_a_token_that_was_used_a_moment_ago_is_not_used_again_but_the_file_read(file: LogIns) -> None:
    def used_just_now(_: httpx.Request) -> httpx.Response:
        file.put(URL, SECOND)
        return httpx.Response(409)

    server = Good(SECOND, used_just_now)

    assert asked(file, server).status_code == 200
    assert server.refreshed == ["refresh-1"]


def test_a_log_in_that_has_ended_is_forgotten(file: LogIns) -> None:
    assert asked(file, Good(SECOND, lambda _: httpx.Response(401))).status_code == 401
    assert file.get(URL) is None


@pytest.mark.parametrize(("status", "error"), [(429, Later), (503, Later), (500, Refused)])
def test_a_server_that_can_not_refresh_now_costs_no_log_in(file: LogIns, status: int, error: type[Refused]) -> None:
    detail = {"detail": "refresh-1 and access-1 are fine"}
    with pytest.raises(error) as raised:
        asked(file, Good(SECOND, lambda _: httpx.Response(status, json=detail)))

    assert file.get(URL) == FIRST
    assert raised.value.message == "(secret) and (secret) are fine"


def test_a_log_in_is_in_no_representation() -> None:
    assert repr(FIRST) == "LogIn('ann')"


# What is shown.


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    keep(own_log_ins(home), FIRST)

    assert isinstance(own_credential(URL, home), Stored)
    assert isinstance(own_credential("http://elsewhere.test", home), Nothing)
    assert isinstance(own_credential(URL, home | {"PUNTINI_API_KEY": "pk"}), Fixed)
    assert isinstance(own_credential(URL, home | {"PUNTINI_TOKEN": "token\n"}), Fixed)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"PUNTINI_TOKEN": "a", "PUNTINI_API_KEY": "b"}, "not both"),
        ({"PUNTINI_TOKEN": "hid\nden"}, "PUNTINI_TOKEN holds is no credential"),
        ({"PUNTINI_API_KEY": "hidden é"}, "PUNTINI_API_KEY holds is no credential"),
    ],
)
def test_what_can_not_be_shown_is_told_without_it(environ: dict[str, str], told: str) -> None:
    with pytest.raises(Misconfigured, match=told) as raised:
        own_credential(URL, environ)

    assert "hid" not in raised.value.message


def test_a_relative_directory_of_the_environment_counts_for_nothing() -> None:
    assert own_log_ins({"XDG_CONFIG_HOME": "config"}).path == own_log_ins({}).path
    assert own_log_ins({"XDG_CONFIG_HOME": "/c"}).path == Path("/c/puntini/credentials.json")


def test_a_damaged_file_is_told(file: LogIns) -> None:
    file.path.write_bytes(b'{"http')

    with pytest.raises(Misconfigured, match="is damaged; delete it"):
        file.get(URL)


def test_a_place_that_can_not_be_written_is_told() -> None:
    with pytest.raises(Misconfigured, match="can't be written"):
        keep(LogIns(Path("/dev/null/none/credentials.json")), FIRST)
