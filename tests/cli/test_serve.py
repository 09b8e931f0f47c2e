"""``puntini serve``: what it says, what it listens to, and what stops the start."""

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from puntini import __version__
from puntini.errors import StoreUnavailable
from puntini.server import sentence_of
from tests.cli.conftest import Call
from tests.cli.terminal import Started, environment, puntini, sentence, started
from tests.live.serving import Serving

OK, FAILED, USAGE = 0, 1, 2
READY = "Ctrl-C stops the server."


def address_of(serve: Started) -> str:
    """Where a server says it is."""
    serve.wait_for(READY)
    found = re.search(r"^  address  (http://\S+)$", serve.out, re.MULTILINE)
    assert found, serve.out
    return found[1]


# What it says.


def test_it_says_where_it_is_what_it_uses_and_how_it_guards_itself(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--port=0") as serve:
        url = address_of(serve)
        health = httpx.get(f"{url}/v1/health", trust_env=False)
        serve.interrupt()
        ran = serve.end()

    assert health.status_code == OK + 200
    assert ran.out.splitlines()[:6] == [
        f"Puntini {__version__}",
        f"  address  {url}",
        "  store    puntini.db",
        "  agent    puntini (others: creator, driver, generator, scripted)",
        "  model    offline",
        "  mode     open: this machine only, no credential needed",
    ]
    assert ran.code == OK
    [stopping] = ran.err.splitlines()
    assert "stopping" in stopping
    assert "streams=0" in stopping


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_line_to_try_works_as_it_is_pasted(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--port=0", "--store=memory:") as serve:
        address_of(serve)
        [line] = [line for line in serve.out.splitlines() if "curl" in line]
        pasted = subprocess.run(
            line, shell=True, capture_output=True, env=environment(), timeout=20, check=True, executable="/bin/sh"
        )

    assert b"event: task_completed\n" in pasted.stdout


def test_two_servers_that_pick_a_port_live_side_by_side(tmp_path: Path) -> None:
    with (
        started(tmp_path / "one", "serve", "--port=0") as one,
        started(tmp_path / "two", "serve", "--port=0") as two,
    ):
        assert address_of(one) != address_of(two)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "::1"])
def test_every_name_of_this_machine_will_do(tmp_path: Path, host: str) -> None:
    if host == "::1" and not Path("/proc/net/if_inet6").read_text("ascii").strip():
        pytest.skip("this machine has no IPv6")
    with started(tmp_path, "serve", "--port=0", "--store=memory:", f"--host={host}") as serve:
        assert httpx.get(f"{address_of(serve)}/v1/health", trust_env=False).status_code == 200


def test_a_start_does_not_wait_for_what_it_may_not_need() -> None:
    large = {"anthropic", "cryptography", "jwt", "langchain_core", "langgraph", "numpy", "pydantic"}
    line = f"import sys, puntini.server; print(*sorted({large!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, env=environment(), timeout=20, check=True)

    assert done.stdout.split() == []


# What it refuses.


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_address_that_others_can_reach_takes_a_secret(call: Call, host: str) -> None:
    told = sentence(call("serve", f"--host={host}"), USAGE)

    assert told.startswith(f"Others can reach {host}, so set PUNTINI_SECRET")
    assert "--host 127.0.0.1" in told


@pytest.mark.parametrize(
    ("secret", "told"), [("s3cr3t", "too short"), ("0123456789abcdef" * 2, "there is no admin yet")]
)
def test_a_secret_is_long_and_somebody_rules(tmp_path: Path, secret: str, told: str) -> None:
    ran = puntini("serve", "--host=0.0.0.0", "--port=0", cwd=tmp_path, env={"PUNTINI_SECRET": secret})

    assert told in sentence(ran, USAGE)
    assert secret not in ran.err


@pytest.mark.parametrize("lines", ["text", "json"])
def test_set_up_prints_a_link_that_works_once(tmp_path: Path, lines: str) -> None:
    with started(tmp_path, "serve", "--port=0", "--store=memory:", "--setup", f"--log-format={lines}") as serve:
        serve.wait_for("/setup?token=")
        url = serve.out.partition("/setup?")[0].rpartition(" ")[2]
        found = re.search(rf"^  ({url}/setup\?token=(\S+))$", serve.out, re.MULTILINE)
        assert found, serve.out
        page = httpx.get(found[1], trust_env=False)
        form = {"token": found[2], "username": "ann", "password": "wet hammock, nineteen lions"}
        done, again = (httpx.post(f"{url}/setup", data=form, trust_env=False) for _ in range(2))
        closed = httpx.get(f"{url}/v1/sessions", trust_env=False)
        serve.interrupt()
        ran = serve.end()

    assert (page.status_code, done.status_code, again.status_code, closed.status_code) == (200, 200, 403, 401)
    assert form["password"] not in ran.out + ran.err


def test_a_port_that_is_taken_is_told(server: Serving, tmp_path: Path) -> None:
    told = sentence(puntini("serve", f"--port={server.port}", cwd=tmp_path), USAGE)

    assert told.startswith(f"Can't listen on 127.0.0.1 port {server.port}: ")
    assert "--port" in told


def no_store(directory: Path, kind: str) -> str:
    """The name of a store that can't be used."""
    path = directory / kind
    match kind:
        case "a text":
            path.write_text("This is no database, and longer than a database's header would be.\n" * 20, "utf-8")
        case "a directory":
            path.mkdir()
        case "another's database":
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE sessions (name TEXT)")
            connection.close()
        case "nowhere":
            path /= "puntini.db"
    return str(path)


@pytest.mark.parametrize("kind", ["a text", "a directory", "another's database", "nowhere"])
def test_a_store_that_can_not_be_used_is_told(tmp_path: Path, kind: str) -> None:
    store = no_store(tmp_path, kind)

    assert store in sentence(puntini("serve", "--port=0", f"--store={store}", cwd=tmp_path), USAGE)


@pytest.mark.not_on_postgres("a file has one server")
def test_a_store_that_another_server_uses_is_told(server: Serving, tmp_path: Path) -> None:
    store = server.directory / "puntini.db"

    assert str(store) in sentence(puntini("serve", "--port=0", f"--store={store}", cwd=tmp_path), USAGE)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_database_that_is_away_is_told_and_may_be_tried_again(tmp_path: Path, scheme: str) -> None:
    store = f"{scheme}://puntini:hunter2@127.0.0.1:1/puntini"

    said = sentence(puntini("serve", "--port=0", f"--store={store}", cwd=tmp_path), FAILED)

    assert "The database can't be reached: " in said
    assert "port 1 failed: Connection refused" in said
    assert "hunter2" not in said


def test_a_database_that_goes_away_in_the_middle_of_the_start_is_told_in_a_sentence() -> None:
    lost = StoreUnavailable("The database does not answer.")
    nested = BaseExceptionGroup("", [ExceptionGroup("", [lost])])

    assert sentence_of(nested) is lost
    assert sentence_of(BaseExceptionGroup("", [lost, ValueError()])) is None


def test_the_rest_of_a_password_is_not_told_as_a_host_s_name(tmp_path: Path) -> None:
    store = "postgresql://puntini:hunter@2@127.0.0.1:1/puntini"

    said = sentence(puntini("serve", "--port=0", f"--store={store}", cwd=tmp_path), USAGE)

    assert "@ and / in a password as %40 and %2F" in said
    assert "2@127" not in said


def test_a_store_of_no_known_kind_is_told(tmp_path: Path) -> None:
    assert "There is no store of the kind mysql:" in sentence(
        puntini("serve", "--port=0", "--store=mysql://x/y", cwd=tmp_path), USAGE
    )


def test_a_worker_that_is_given_a_file_makes_none(tmp_path: Path) -> None:
    assert "same Postgres" in sentence(puntini("worker", "--store=new.db", cwd=tmp_path), USAGE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--port=99999", "`port` (in the command line) can't be '99999'"),
        ("--port=http", "`port` (in the command line) can't be 'http'"),
        ("--grace=-1", "`grace` (in the command line) can't be '-1'"),
        ("--max-streams=0", "`max_streams` (in the command line) can't be '0'"),
        ("--ping-seconds=nan", "`ping_seconds` (in the command line) can't be 'nan'"),
        ("--cors-origins=app.example", "write origins as browsers send them"),
        ("--store=", "`store` (in the command line) can't be ''"),
        (
            "--agent=nobody",
            (
                "There is no agent `nobody`; name creator, driver, generator, puntini, scripted, or your own as "
                "module:attribute."
            ),
        ),
        ("--config=none.toml", "none.toml can't be read: No such file or directory."),
    ],
)
def test_a_value_that_can_not_be_is_told(tmp_path: Path, flag: str, says: str) -> None:
    assert says in sentence(puntini("serve", "--port=0", flag, cwd=tmp_path), USAGE)


def test_a_variable_that_can_not_be_is_told(tmp_path: Path) -> None:
    told = sentence(puntini("serve", cwd=tmp_path, env={"PUNTINI_PORT": "http"}), USAGE)

    assert told.startswith("`port` (in the environment) can't be 'http'")


def test_a_name_that_is_nearly_one_is_told_with_the_right_one(tmp_path: Path) -> None:
    told = sentence(puntini("serve", cwd=tmp_path, env={"PUNTINI_PROT": "1"}), USAGE)

    assert told == "There is no setting `prot` (in the environment); did you mean `port`?"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("port = ", "puntini.toml is not TOML: "),
        ("port = true", "`port` (in puntini.toml) can't be True"),
        ("[server]\nport = 1", "There is no setting `server` (in puntini.toml)"),
    ],
)
def test_a_file_that_can_not_be_is_told(tmp_path: Path, toml: str, says: str) -> None:
    (tmp_path / "puntini.toml").write_text(toml, "utf-8")

    assert says in sentence(puntini("serve", cwd=tmp_path), USAGE)


# Where settings come from.


@pytest.mark.parametrize(
    ("flags", "env", "store"),
    [
        ([], {}, "from-the-file.db"),
        ([], {"PUNTINI_STORE": "from-the-environment.db"}, "from-the-environment.db"),
        (["--store=from-a-flag.db"], {"PUNTINI_STORE": "from-the-environment.db"}, "from-a-flag.db"),
        (["--config=other.toml"], {}, "from-the-other-file.db"),
    ],
    ids=["the file", "the environment", "a flag", "another file"],
)
def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, flags: list[str], env: dict[str, str], store: str
) -> None:
    (tmp_path / "puntini.toml").write_text('port = 0\nstore = "from-the-file.db"\n', "utf-8")
    (tmp_path / "other.toml").write_text('port = 0\nstore = "from-the-other-file.db"\n', "utf-8")

    with started(tmp_path, "serve", *flags, env=env) as serve:
        address_of(serve)

    assert f"  store    {store}\n" in serve.out
    assert [path.name for path in tmp_path.glob("*.db")] == [store]
