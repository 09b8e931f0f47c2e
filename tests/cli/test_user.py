"""``puntini user``: accounts in the store's file, without a server and beside one."""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.terminal import Ran, puntini, sentence, terminal
from tests.live.serving import Serving, serving, store_of, wait_for

OK, FAILED, USAGE = 0, 1, 2
PASSWORD = "wet hammock, nineteen lions"
OTHER_PASSWORD = "a cello on the 3rd balcony"


def add(directory: Path, name: str, *options: str, password: str = PASSWORD) -> Ran:
    """Make an account in a directory's store."""
    return puntini(
        "user", "add", name, "--password-stdin", f"--store={store_of(directory)}", *options, typed=f"{password}\n"
    )


def login(server: Serving, name: str, password: str = PASSWORD) -> Any:
    """A log-in's answer."""
    return server.ask("POST", "/v1/login", {"username": name, "password": password})


def notices(server: Serving, path: str, status: int, **headers: str) -> None:
    """Wait until a server answers so."""
    wait_for(lambda: server.ask("GET", path, headers=headers).status_code == status, 5.0, f"{status} at {path}")


@pytest.mark.not_on_postgres("who may read the file")
def test_the_first_account_is_an_admin_s_and_the_file_is_made(tmp_path: Path) -> None:
    ran = add(tmp_path, "Ann")

    assert (ran.code, ran.err, ran.out) == (OK, "", "ann can log in now, as an admin.\n")
    assert stat.S_IMODE((tmp_path / "puntini.db").stat().st_mode) == 0o600
    with serving(tmp_path) as server:
        assert server.ask("GET", "/v1/sessions").status_code == 401
        assert login(server, "ann").status_code == 200


def test_accounts_are_listed(tmp_path: Path, call: Call) -> None:
    add(tmp_path, "ann")
    add(tmp_path, "bob")
    file = f"--store={store_of(tmp_path)}"
    assert call("user", "disable", "bob", file).out == "bob is disabled.\n"

    ran = call("user", "list", file)

    assert (ran.code, ran.err) == (OK, "")
    assert ran.out == "ann\tadmin\tenabled\tnever\nbob\tuser\tdisabled\tnever\n"


def test_a_running_server_notices(tmp_path: Path, call: Call) -> None:
    with serving(tmp_path) as server:
        file = f"--store={store_of(tmp_path)}"
        session_id = server.create()
        server.finish(server.play(session_id, "play 3 events"))
        assert add(tmp_path, "ann").code == OK
        notices(server, "/v1/sessions", 401)
        add(tmp_path, "bob")
        tokens = login(server, "bob").json()
        bob = {"authorization": f"Bearer {tokens['access_token']}"}
        notices(server, "/v1/me", 200, **bob)

        assert call("user", "role", "bob", "admin", file).out == "bob is an admin now.\n"
        notices(server, "/v1/me", 401, **bob)
        tokens = server.ask("POST", "/v1/token/refresh", {"refresh_token": tokens["refresh_token"]}).json()
        bob = {"authorization": f"Bearer {tokens['access_token']}"}
        assert server.ask("GET", "/v1/users", headers=bob).json()["total"] == 2

        assert call("user", "disable", "bob", file).code == OK
        notices(server, "/v1/me", 401, **bob)
        assert call("user", "enable", "bob", file).out == "bob is enabled.\n"
        assert server.ask("GET", "/v1/me", headers=bob).status_code == 401, "what was ended stays so"

        changed = puntini("user", "password", "bob", "--password-stdin", file, typed=f"{OTHER_PASSWORD}\n")
        assert changed.out == "bob has another password now.\n"
        assert login(server, "bob").status_code == 401
        assert login(server, "bob", OTHER_PASSWORD).status_code == 200
        assert server.ask("GET", f"/v1/sessions/{session_id}").status_code == 401
        anns = {"authorization": f"Bearer {login(server, 'ann').json()['access_token']}"}
        log = server.ask("GET", "/v1/audit?limit=100", headers=anns).json()["items"]
        terminal = [(each["what"], each["of"]) for each in reversed(log) if each["credential"].startswith("terminal:")]
        said = server.said()

    assert terminal == [
        *(("registered", name) for name in ("ann", "bob")),
        *((f"user_{what}", "bob") for what in ("role", "disabled", "disabled", "password")),
    ]

    assert PASSWORD not in said
    assert tokens["access_token"] not in said
    assert call("store", "check", file).code == OK


def test_changes_beside_a_server_that_is_busy_are_all_made(tmp_path: Path) -> None:
    add(tmp_path, "ann")
    with serving(tmp_path) as server:
        token = login(server, "ann").json()["access_token"]
        bearer = {"authorization": f"Bearer {token}"}
        session_id = server.ask("POST", "/v1/sessions", {}, headers=bearer).json()["session_id"]
        prompt = {"type": "user_prompt", "data": {"prompt": "play 3000 events every 0 ms"}}
        assert server.ask("POST", f"/v1/sessions/{session_id}/commands", prompt, headers=bearer).is_success
        ran = [add(tmp_path, f"user{number}") for number in range(2)]
        assert [each.code for each in ran] == [OK] * 2
        assert server.ask("GET", "/v1/users", headers=bearer).json()["total"] == 3
        assert server.ask("GET", f"/v1/sessions/{session_id}", headers=bearer).is_success


def test_the_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    file = f"--store={store_of(tmp_path)}"
    with terminal("user", "add", "ann", file) as opened:
        opened.wait_for("Password")
        opened.type(f"{PASSWORD}\n")
        opened.wait_for("Again")
        opened.type(f"{PASSWORD}\n")
        opened.wait_for("ann can log in now")
        assert opened.end() == OK
        assert PASSWORD not in opened.shown


# What can't be.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add", "no name"], "Use up to 63 letters"),
        (["add", "local"], "open mode"),
        (["add", "bob"], "no terminal"),
        (["password", "ann"], "no terminal"),
        (["role", "ann", "king"], "king"),
        (["disable"], "NAME"),
    ],
    ids=str,
)
def test_a_command_line_that_can_not_be_meant_is_told(tmp_path: Path, words: list[str], told: str) -> None:
    add(tmp_path, "ann")
    assert told in sentence(puntini("user", *words, f"--store={store_of(tmp_path)}"), USAGE)


@pytest.mark.parametrize("password", ["short", "password1234", "", "qwertyuiop"])
def test_a_bad_password_is_told_and_not_repeated(tmp_path: Path, password: str) -> None:
    told = sentence(add(tmp_path, "ann", password=password), USAGE)
    assert not password or password not in told
    assert not (tmp_path / "puntini.db").exists()


def test_what_is_refused_is_told(tmp_path: Path, call: Call) -> None:
    add(tmp_path, "ann")
    file = f"--store={store_of(tmp_path)}"
    assert "taken" in sentence(add(tmp_path, "ann"), FAILED)
    assert "last admin" in sentence(call("user", "disable", "ann", file), FAILED)
    assert "last admin" in sentence(call("user", "role", "ann", "user", file), FAILED)
    assert "no user `bob`" in sentence(call("user", "enable", "bob", file), FAILED)


@pytest.mark.parametrize("words", [["list"], ["disable", "ann"], ["role", "ann", "user"]], ids=str)
def test_a_store_that_is_none_is_told(call: Call, tmp_path: Path, words: list[str]) -> None:
    assert "memory:" in sentence(call("user", *words, "--store=memory:"), USAGE)
    assert "There is no store" in sentence(call("user", *words, f"--store={tmp_path / 'x.db'}"), USAGE)
    (tmp_path / "text").write_text("This is no database, and longer than its header.\n", "utf-8")
    assert "not a SQLite file" in sentence(call("user", *words, f"--store={tmp_path / 'text'}"), USAGE)
