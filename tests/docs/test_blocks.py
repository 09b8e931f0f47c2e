"""No block of code in a page is left unchecked: each is read as what it says it is."""

import json
import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from jsonschema import Draft202012Validator

from puntini.app import described
from puntini.protocol.schema import command_schema, event_schema
from puntini.settings import Settings, load
from tests.docs.blocks import BLOCKS, Block, of
from tests.docs.commands import Call, calls, request, understood
from tests.live.serving import ROOT
from tests.protocol.sse import SseParser

CHECKED = {"python", "sh", "json", "toml", "ts", "tsx", "js", "yaml", "nginx", "sse", "ini", "caddyfile", "dockerfile"}
UNCHECKED = {
    "text": "drawings, and what a program prints, which differs from time to time; `prints` above one has it compared",
}
PARTS = "part: "
"""Above Python that is no program of its own, with the reason."""
PROGRAMS = {
    *(
        "pip",
        "/opt/puntini/bin/pip",
        "python",
        "python3",
        "uvicorn",
        "pytest",
        "npm",
        "node",
        "nginx",
        "openssl",
        "docker",
        "kubectl",
        "helm",
        "caddy",
    ),
    *("psql", "pg_dump", "pg_restore", "createdb", "systemctl", "journalctl", "systemd-analyze", "install", "promtool"),
    *(
        "cd",
        "read",
        "head",
        "mkdir",
        "cat",
        "cp",
        "mv",
        "echo",
        "export",
        "kill",
        "sed",
        "sleep",
        "source",
        "wait",
        "ls",
        "ulimit",
    ),
}
"""What readers have besides, and what the tests can't ask whether it understands a line."""
OURS = re.compile(r"^(https?://(127\.0\.0\.1:(8000|9000)|localhost:8000|[\w.-]*puntini\.example)|\$PUNTINI_URL)?(/.*)")
COMPILER = {
    "module": "esnext",
    "moduleResolution": "bundler",
    "target": "es2022",
    "lib": ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    "types": ["node"],
    "jsx": "react-jsx",
    "strict": True,
    "allowJs": True,
    "skipLibCheck": True,
    "noEmit": True,
}
EVENTS, COMMANDS = Draft202012Validator(event_schema()), Draft202012Validator(command_schema())


def each(*languages: str) -> pytest.MarkDecorator:
    """A test for each block in some languages."""
    found = of(*languages)
    return pytest.mark.parametrize("block", found, ids=[block.name for block in found])


def test_every_block_says_what_it_is_and_is_checked() -> None:
    assert [block.name for block in BLOCKS if block.language not in CHECKED | UNCHECKED.keys()] == []
    assert len(of("sh")) > 50, "blocks are found"


# Python.


@each("python")
def test_python_can_be_run(block: Block) -> None:
    program = compile(block.code, block.name, "exec")
    if not block.word.startswith((PARTS, "file: ")):
        exec(program, {"__name__": "page"})


def test_parts_of_programs_say_why_they_are_not_run() -> None:
    assert [block.name for block in of("python") if block.word.startswith(PARTS) and len(block.word) < 20] == []


# Shell.


@cache
def paths() -> dict[str, Any]:
    """The addresses of the OpenAPI document."""
    return document()["paths"]  # type: ignore[no-any-return]


@cache
def document() -> dict[str, Any]:
    return anyio.run(described)


@each("sh")
def test_lines_for_a_shell_are_understood(block: Block) -> None:
    subprocess.run(["bash", "-n"], input=block.code.encode(), check=True, timeout=20)
    for call in calls(block.code):
        check(call)


def check(call: Call) -> None:
    """One call. Raises whatever says what is wrong with it."""
    match call.program:
        case "puntini":
            understood(call.words)
        case "curl":
            asked(call)
        case "make":
            assert re.search(rf"^{call.words[0]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE), call.words
        case program:
            assert program in PROGRAMS, f"`{program}` is no program that pages call"


def asked(call: Call) -> None:
    """What curl asks for is there, by this method, and takes this body."""
    wanted = request(call.words)
    if not (found := OURS.match(wanted.url)):
        assert wanted.url.startswith("http"), wanted.url
        return  # another server, such as the reader's own application
    path = re.sub(r"\$\{?\w+\}?", "x", found[4].partition("?")[0])
    template = next((each for each in paths() if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", each), path)), None)
    assert template is not None, f"there is no {path}"
    method = "get" if wanted.method == "HEAD" else wanted.method.lower()
    assert method in paths()[template], f"{wanted.method} {template}"
    if wanted.body is not None and not wanted.body.startswith(("@", "<")):
        taken(paths()[template][method], wanted.body)


def taken(operation: dict[str, Any], body: str) -> None:
    """A body is what an operation takes. Variables of the shell stand for any words."""
    content = operation["requestBody"]["content"]["application/json"]
    # Between single quotes a variable is broken out of, as in '{"session_id": "'$S'"}'.
    given = json.loads(re.sub(r"\$\{?\w+\}?", "x", body))
    Draft202012Validator({**content["schema"], "components": document()["components"]}).validate(given)


# Data.


@each("json")
def test_json_is_json_and_events_are_events(block: Block) -> None:
    value = json.loads(block.code)
    if isinstance(value, dict) and "data" in value:
        assert EVENTS.is_valid(value) or COMMANDS.is_valid(value), value["type"]


@each("sse")
def test_an_event_stream_is_one(block: Block) -> None:
    parser = SseParser()
    parser.feed(block.code.encode())

    assert parser.blocks
    for said in parser.blocks:
        EVENTS.validate(json.loads(said.data))


@each("toml")
def test_toml_holds_settings(block: Block, tmp_path: Path) -> None:
    (tmp_path / "puntini.toml").write_text(block.code, "utf-8")

    loaded = load({}, {}, tmp_path)

    assert loaded != Settings()
    assert tomllib.loads(block.code)


@each("yaml")
def test_yaml_can_be_read(block: Block) -> None:
    assert list(yaml.safe_load_all(block.code))


@each("ini", "caddyfile")
def test_braces_and_sections_close(block: Block) -> None:
    assert block.code.count("{") == block.code.count("}")
    assert block.code.strip()


@each("nginx")
def test_nginx_reads_its_configuration(block: Block, tmp_path: Path) -> None:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    own = "\n".join(line for line in block.code.splitlines() if "ssl" not in line)
    inner = own if own.lstrip().startswith(("upstream", "server", "map")) else f"server {{ {own} }}"
    inner = re.sub(r"listen \d+.*;", f"listen unix:{tmp_path}/nginx.sock;", inner)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off;"
        f" client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path}; fastcgi_temp_path {tmp_path};"
        f" uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path}; {inner} }}"
    )

    said = subprocess.run(
        [program, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert said.returncode == 0, said.stderr


@each("dockerfile")
def test_an_image_is_made_from_another_by_words_that_there_are(block: Block) -> None:
    words = [line.split()[0] for line in re.sub(r"\\\n", " ", block.code).splitlines() if line and line[0] != "#"]

    assert words[0] in {"FROM", "ARG"}
    assert set(words) <= {
        "FROM",
        "ARG",
        "COPY",
        "RUN",
        "ENV",
        "USER",
        "WORKDIR",
        "CMD",
        "ENTRYPOINT",
        "EXPOSE",
        "VOLUME",
    }


# TypeScript.


@pytest.mark.skipif(
    not (ROOT / "node_modules/.bin/tsc").exists(), reason="the npm packages are not installed: `npm ci`"
)
def test_typescript_fits_the_sdks_types(tmp_path: Path) -> None:
    for number, block in enumerate(of("ts", "tsx", "js")):
        (tmp_path / f"block-{number}.{block.language}").write_text(block.code + "\nexport {}\n", "utf-8")
    source = ROOT / "sdk" / "typescript" / "src"
    options = COMPILER | {
        "typeRoots": [str(ROOT / "node_modules" / "@types")],
        "paths": {"@puntini/client": [str(source / "index.ts")], "@puntini/client/*": [str(source / "*.ts")]},
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["block-*"]}))

    said = subprocess.run(
        [ROOT / "node_modules/.bin/tsc", "-p", tmp_path], capture_output=True, text=True, timeout=60, check=False
    )

    assert said.stdout == ""
