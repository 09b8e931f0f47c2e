"""``puntini login``, ``logout``, ``whoami`` and ``key``, and the other commands at a server with accounts."""

import json
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call, web_server
from tests.cli.terminal import Ran, puntini, sentence, started, terminal
from tests.live.serving import Serving, serving, store_of

OK, FAILED, USAGE = 0, 1, 2
PASSWORD = "wet hammock, nineteen lions"
ASKS = "This server asks for a credential: log in with `puntini login`, or set PUNTINI_API_KEY."
SHORT = 1.5 / 60
"""Minutes of an access token that ends while one looks."""


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server on which ann, an admin, has an account."""
    directory = tmp_path_factory.mktemp("closed")
    add_ann(directory)
    (directory / "puntini.toml").write_text('api_keys = "ci:user:a-fixed-key-of-the-job-that-runs-at-night"\n', "utf-8")
    with serving(directory) as running:
        yield running


def add_ann(directory: Path) -> None:
    """Make an account in a directory's store."""
    store = f"--store={store_of(directory)}"
    assert puntini("user", "add", "ann", "--password-stdin", store, typed=f"{PASSWORD}\n").code == OK


class User:
    """Somebody with a home, at a server."""

    def __init__(self, server: Serving, home: Path, **env: str) -> None:
        self.file = home / "puntini" / "credentials.json"
        self.env: Mapping[str, str] = {"XDG_CONFIG_HOME": str(home), "PUNTINI_URL": server.url, **env}
        self._server = server

    def run(self, *arguments: str, typed: str = "") -> Ran:
        """Run a command to its end."""
        return puntini(*arguments, typed=typed, env=self.env)

    def log_in(self) -> Ran:
        """Log in as ann."""
        return self.run("login", "Ann", "--password-stdin", typed=f"{PASSWORD}\n")

    @property
    def kept(self) -> dict[str, Any]:
        """The log-in that the file has."""
        return dict(json.loads(self.file.read_text("utf-8"))[self._server.url])

    def spoil(self) -> None:
        """Have an access token that is not good any more."""
        self.file.write_text(json.dumps({self._server.url: self.kept | {"access_token": "spoiled"}}), "utf-8")


@pytest.fixture
def user(closed: Serving, tmp_path: Path) -> User:
    """Somebody who has never logged in."""
    return User(closed, tmp_path / "config")


@pytest.mark.parametrize(
    "words",
    ["chat hello", "tail x", "replay x", "tasks", "answer x y approve", "fork x", "knowledge search x", "whoami"],
)
def test_without_a_credential_one_is_told_how_to_get_one(call: Call, closed: Serving, words: str) -> None:
    assert sentence(call(*words.split(), f"--url={closed.url}"), FAILED) == ASKS


def test_a_log_in_lets_the_other_commands_in_until_the_log_out(user: User, closed: Serving) -> None:
    ran = user.log_in()

    assert (ran.code, ran.out, ran.err) == (OK, "", f"ann is logged in at {closed.url}.\n")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (user.file, user.file.parent)] == [0o600, 0o700]
    assert user.run("whoami") == (OK, "ann\tadmin\tadmin,read,write\n", "")
    assert user.run("chat", "play 1 event").out == "Played 1 events.\n"

    ran = user.run("logout")

    assert (ran.code, ran.out, ran.err) == (OK, "", f"ann is logged out of {closed.url}.\n")
    assert json.loads(user.file.read_text("utf-8")) == {}
    assert sentence(user.run("whoami"), FAILED) == ASKS
    assert user.run("logout") == (OK, "", f"Nobody was logged in at {closed.url}.\n")


def test_terminals_that_refresh_at_once_do_not_burn_each_others_token(user: User, tmp_path: Path) -> None:
    user.log_in()
    user.spoil()
    first = user.kept["refresh_token"]
    with ExitStack() as stack:
        under_way = [stack.enter_context(started(tmp_path / str(n), "whoami", env=user.env)) for n in range(4)]
        ran = [each.end() for each in under_way]

    assert [each.code for each in ran] == [OK] * 4, ran
    assert user.kept["refresh_token"] != first
    assert user.run("whoami").code == OK


def test_a_log_in_that_was_ended_elsewhere_is_told_and_forgotten(user: User, closed: Serving) -> None:
    user.log_in()
    closed.ask("POST", "/v1/logout", {"refresh_token": user.kept["refresh_token"]}).raise_for_status()

    told = sentence(user.run("whoami"), FAILED)

    assert told == f"The log-in at {closed.url} has ended; log in again with `puntini login`."
    assert sentence(user.run("whoami"), FAILED) == ASKS


def test_a_log_in_is_forgotten_though_the_server_can_not_be_told(tmp_path: Path) -> None:
    file = tmp_path / "puntini" / "credentials.json"
    file.parent.mkdir()
    login = {"username": "ann", "access_token": "a-secret-of-ann", "refresh_token": "b-secret-of-ann"}
    file.write_text(json.dumps({"http://127.0.0.1:1": login}), "utf-8")

    ran = puntini("logout", "--url=http://127.0.0.1:1", env={"XDG_CONFIG_HOME": str(tmp_path)})

    assert "the server was not told: No server answers" in sentence(ran, FAILED)
    assert json.loads(file.read_text("utf-8")) == {}


def test_who_shows_a_token_that_is_not_good_is_told_in_the_servers_words(user: User) -> None:
    told = sentence(puntini("tail", "x", env={**user.env, "PUNTINI_TOKEN": "not-a-good-token"}), FAILED)

    assert told not in {ASKS, ""}
    assert "not-a-good-token" not in told


def test_who_follows_goes_on_where_the_access_token_ended(tmp_path: Path) -> None:
    add_ann(tmp_path)
    with serving(tmp_path, access_minutes=SHORT) as server:
        user = User(server, tmp_path / "config")
        user.log_in()
        first = user.kept["access_token"]
        with started(tmp_path / "chat", "chat", "play 35 events every 60 ms", "--json", env=user.env) as chat:
            ran = chat.end()
        events = [json.loads(line) for line in ran.out.splitlines()]
        numbers = [int(event["id"].rpartition(".")[2]) for event in events if "id" in event]

        assert (ran.code, ran.err) == (OK, "")
        assert user.kept["access_token"] != first
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert {"error", "auth_expiring"}.isdisjoint(event["type"] for event in events)
        assert events[-1]["type"] == "task_completed"


def test_the_name_and_the_password_are_asked_for_and_the_password_not_shown(user: User) -> None:
    with terminal("login", env=user.env) as opened:
        opened.wait_for("Name")
        opened.type("ann\n")
        opened.wait_for("Password")
        opened.type(f"{PASSWORD}\n")
        opened.wait_for("ann is logged in")
        assert opened.end() == OK
        assert PASSWORD not in opened.shown


def test_a_wrong_password_is_told_in_the_servers_words(user: User) -> None:
    told = sentence(user.run("login", "ann", "--password-stdin", typed="wrong\n"), FAILED)

    assert "password" in told
    assert not user.file.exists()


@pytest.mark.parametrize(("words", "told"), [(["ann"], "no terminal"), (["--password-stdin"], "puntini login NAME")])
def test_a_log_in_without_a_terminal_needs_all_of_it(user: User, words: list[str], told: str) -> None:
    assert told in sentence(user.run("login", *words), USAGE)


@pytest.mark.parametrize("url", ["http://ann:hidden@127.0.0.1:1", "ftp://ann:hidden@127.0.0.1"])
def test_an_address_with_a_password_is_refused_without_telling_it(call: Call, url: str) -> None:
    assert "hidden" not in sentence(call("whoami", f"--url={url}"), USAGE)


def test_a_server_that_quotes_a_credential_is_not_quoted(tmp_path: Path) -> None:
    problem = json.dumps({"detail": "no entry for a-secret-of-mine"})
    with web_server((403, "application/problem+json", problem)) as url:
        env = {"PUNTINI_API_KEY": "a-secret-of-mine", "PUNTINI_URL": url}
        assert sentence(puntini("whoami", env=env), FAILED) == "no entry for (secret)."


# Keys.


def test_a_key_is_made_shown_alone_used_and_revoked(user: User, closed: Serving, tmp_path: Path) -> None:
    user.log_in()

    made = user.run("key", "add", "nightly import", "--scope=read", "--days=90")

    key = made.out.removesuffix("\n")
    key_id = key.split("_")[1]
    assert key.startswith("pk_")
    assert made.err.startswith(f"{key_id} may read, until 2")
    job = User(closed, tmp_path / "job", PUNTINI_API_KEY=key)
    assert job.run("whoami").out == "ann\tadmin\tread\n"
    assert "`write` scope" in sentence(job.run("chat", "hello"), FAILED)
    listed = user.run("key", "list").out
    assert [line.split("\t")[1:4] for line in listed.splitlines()] == [["nightly import", "read", "valid"]]
    assert key not in listed

    assert user.run("key", "revoke", key_id) == (OK, f"{key_id} is revoked.\n", "")
    assert "revoked" in user.run("key", "list").out
    told = sentence(job.run("whoami"), FAILED)
    assert key not in told
    assert told != ASKS


def test_a_fixed_key_and_a_token_come_from_the_environment(user: User, closed: Serving, tmp_path: Path) -> None:
    user.log_in()
    token = user.kept["access_token"]

    by_key = User(closed, tmp_path / "other", PUNTINI_API_KEY="a-fixed-key-of-the-job-that-runs-at-night")
    by_token = User(closed, tmp_path / "other", PUNTINI_TOKEN=token)

    assert by_key.run("whoami").out == "ci\tuser\tread,write\n"
    assert by_token.run("whoami").out == "ann\tadmin\tadmin,read,write\n"
    assert "PUNTINI_API_KEY comes first" in by_key.log_in().err
