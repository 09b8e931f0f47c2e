"""Who may import whom. The rooms of the package know only what is below them, and this test keeps it so.

The imports are read from the source, not from a running program, so that one inside a function or under
``TYPE_CHECKING`` counts as well.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "puntini"

# The package itself holds its version and nothing else. Only the rooms that tell it to someone may ask for it.
VERSION = "puntini"

# A room is a folder or a file directly under puntini/. A new one has to be given a row: what it may import of ours.
ALLOWED = {
    VERSION: set(),
    "figures": set(),
    "errors": {"figures"},
    "lines": set(),
    "redaction": set(),
    "tracing": {"tracing_otel", "errors"},
    "tracing_otel": {"tracing"},
    "logs": {"redaction"},
    "settings": {"errors"},
    "protocol": {"errors"},
    "views": {"protocol", "errors"},
    "log": {"protocol", "errors"},
    "store": {"protocol", "log", "figures", "errors"},
    "agent": {"protocol", "views", "log", "redaction", "figures", "tracing", "errors"},
    "auth": {"protocol", "log", "store", "transport", "settings", "redaction", "errors"},
    "transport": {"protocol", "views", "log", "store", "auth", "settings", "figures", "tracing", "errors", VERSION},
    "api": {
        "protocol",
        "views",
        "log",
        "store",
        "auth",
        "transport",
        "metrics",
        "settings",
        "tracing",
        "errors",
        VERSION,
    },
    "metrics": {"protocol", "log", "transport", "figures", "errors", VERSION},
    "doctor": {"protocol", "log", "store", "auth", "metrics", "client", "settings", "redaction", "errors"},
    "console": {"errors"},
    "outfit": {"agent", "log", "settings", "errors"},
    "client": {"protocol", "redaction", "errors", VERSION},
}
# The parts meet here, so these may import anything; being absent from every row above, nothing else may import them.
MEETING_PLACES = {
    "app",
    "cli",
    "cli_account",
    "cli_doctor",
    "cli_server",
    "cli_store",
    "cli_user",
    "server",
    "testing",
    "__main__",
}

# Each of these is known to one or two files, so that it can be replaced, or to the one folder that is named after it.
CONFINED = {
    "langgraph",
    "anthropic",
    "psycopg",
    "uvicorn",
    "sse_starlette",
    "apsw",
    "httpx",
    "httpx2",
    "numpy",
    "argon2",
    "jwt",
    "prometheus_client",
    "opentelemetry",
}
MOST_FILES = 2
PLACES = {
    "uvicorn": ("puntini/server.py", "puntini/lines.py"),
    "apsw": ("puntini/store/sqlite/",),
    "psycopg": ("puntini/store/postgres/",),
    "anthropic": ("puntini/agent/models/anthropic.py",),
    "httpx2": ("puntini/agent/models/anthropic.py",),
    "httpx": ("puntini/client/",),
    "langgraph": ("puntini/agent/graphs/",),
    "numpy": ("puntini/store/nearest.py",),
    "prometheus_client": ("puntini/metrics/text.py",),
    "opentelemetry": ("puntini/tracing.py", "puntini/tracing_otel.py"),
    "argon2": ("puntini/auth/passwords.py",),
    "jwt": ("puntini/auth/tokens.py", "puntini/auth/outside.py"),
}
FOLDERS = {name for name, places in PLACES.items() if all(place.endswith("/") for place in places)}

# The words of the protocol are pure: no loop, no clock, no randomness, no socket, no files.
PURE_ROOM = "protocol"
PURE_PACKAGES = {"msgspec"}
IMPURE_MODULES = {"asyncio", "time", "random", "secrets", "socket", "os"}


class Import(NamedTuple):
    """``file`` (its path from above the package) imports ``module`` (its full dotted name) on ``line``."""

    file: str
    line: int
    module: str

    @property
    def room(self) -> str:
        """The room of the file that imports."""
        return VERSION if self.file == "puntini/__init__.py" else Path(self.file).parts[1].removesuffix(".py")

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports_of(package: Path) -> list[Import]:
    """Every import in the package's files, ours and others'."""
    return [found for path in sorted(package.rglob("*.py")) for found in imports_in(path, package)]


def imports_in(path: Path, package: Path) -> Iterator[Import]:
    file = path.relative_to(package.parent).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=file)):
        match node:
            case ast.Import(names=names):
                modules = [name.name for name in names]
            case ast.ImportFrom(names=names):
                base = absolute(node, path.relative_to(package.parent))
                # `from puntini import log` may name a room: the names count. Elsewhere the module says enough.
                modules = [f"{base}.{name.name}" for name in names] if base == "puntini" else [base]
            case _:
                continue
        yield from (Import(file, node.lineno, module) for module in modules)


def absolute(node: ast.ImportFrom, file: Path) -> str:
    """The full name of the module that a ``from`` line names, relative or not."""
    above = file.parts[: len(file.parts) - node.level] if node.level else ()
    return ".".join((*above, *([node.module] if node.module else ())))


def faults(package: Path) -> list[str]:
    """One sentence for each import that breaks a rule."""
    found = imports_of(package)
    return [*room_faults(found, rooms_of(package)), *confinement_faults(found), *purity_faults(found)]


def rooms_of(package: Path) -> set[str]:
    """The rooms that hold Python. ``__init__`` is not one of them."""
    folders = {path.relative_to(package).parts[0] for path in package.rglob("*.py")}
    return {name.removesuffix(".py") for name in folders} - {"__init__"}


def room_faults(found: list[Import], rooms: set[str]) -> Iterator[str]:
    for room in sorted(rooms - ALLOWED.keys() - MEETING_PLACES):
        yield f"puntini/{room} is a new room: say in ALLOWED what it may import"
    for each in found:
        if each.top != "puntini" or each.room not in ALLOWED:
            continue
        target = target_room(each.module, rooms)
        if target != each.room and target not in ALLOWED[each.room]:
            yield f"{each}: {each.room} may not know {target}"


def target_room(module: str, rooms: set[str]) -> str:
    """The room that a module of ours lies in; what is in none (``puntini.__version__``) is the package's own."""
    name = module.split(".")[1] if "." in module else VERSION
    return name if name in rooms else VERSION


def confinement_faults(found: list[Import]) -> Iterator[str]:
    files: dict[str, set[str]] = defaultdict(set)
    for each in found:
        if each.top in CONFINED:
            files[each.top].add(each.file)
            if not each.file.startswith(PLACES.get(each.top, ("puntini/",))):
                yield f"{each}: {each.top} belongs in {' or '.join(PLACES[each.top])} only"
    for name, where in files.items():
        if len(where) > MOST_FILES and name not in FOLDERS:
            yield f"{name} is imported in {len(where)} files, at most {MOST_FILES} may: {', '.join(sorted(where))}"


def purity_faults(found: list[Import]) -> Iterator[str]:
    pure = PURE_PACKAGES | {"puntini"} | (sys.stdlib_module_names - IMPURE_MODULES)
    for each in found:
        if each.room == PURE_ROOM and each.top not in pure:
            yield f"{each}: {PURE_ROOM} is pure, it may import only {', '.join(PURE_PACKAGES)} and what does no I/O"


def make_package(folder: Path, files: dict[str, str]) -> Path:
    """A package with the given files (and the rooms that the examples below import from)."""
    package = folder / "puntini"
    for name in ("protocol", "log", "agent", "store/sqlite", "transport", "api", "auth"):
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
    (package / "__init__.py").touch()
    for name, source in files.items():
        (package / name).write_text(source, encoding="utf-8")
    return package


def test_the_package_keeps_the_rules() -> None:
    assert imports_of(PACKAGE), "no import was found: is the package where this test looks for it?"
    assert faults(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "source", "expected"),
    [
        ("agent/runner.py", "import puntini.transport.sse", "agent may not know transport"),
        ("agent/runner.py", "from puntini.store import sqlite", "agent may not know store"),
        ("agent/runner.py", "from puntini import api", "agent may not know api"),
        ("agent/runner.py", "from ..auth import tokens", "agent may not know auth"),
        ("agent/runner.py", "from .. import auth", "agent may not know auth"),
        ("agent/runner.py", "def run():\n    from puntini.api import tasks", "runner.py:2 imports puntini.api"),
        ("log/hub.py", "if TYPE_CHECKING:\n    import puntini.store", "log may not know store"),
        ("log/hub.py", "from puntini import __version__", "log may not know puntini"),
        ("api/tasks.py", "from puntini.agent.runner import Runner", "api may not know agent"),
        ("transport/sse.py", "from puntini.api import tasks", "transport may not know api"),
        ("errors.py", "from puntini.protocol import ids", "errors may not know protocol"),
        ("settings.py", "from puntini.auth import tokens", "settings may not know auth"),
        ("__init__.py", "from puntini.log import hub", "puntini may not know log"),
        ("helpers.py", "", "puntini/helpers is a new room"),
        ("protocol/ids.py", "import secrets", "protocol is pure"),
        ("protocol/ids.py", "from os.path import join", "protocol is pure"),
        ("protocol/ids.py", "import starlette", "protocol is pure"),
        ("app.py", "import uvicorn", "uvicorn belongs in puntini/server.py or puntini/lines.py only"),
        ("log/hub.py", "import apsw", "apsw belongs in puntini/store/sqlite/ only"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, file: str, source: str, expected: str) -> None:
    package = make_package(tmp_path, {file: source})

    [fault] = faults(package)

    assert expected in fault


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("agent/runner.py", "from puntini.log import hub\nfrom puntini.agent.tools import call\nfrom . import tools"),
        ("api/tasks.py", "from puntini import __version__\nfrom puntini.transport import sse\nimport starlette"),
        ("app.py", "from puntini import agent, api\nimport puntini.store.sqlite"),
        ("protocol/ids.py", "import re, msgspec\nfrom datetime import UTC\nfrom puntini.errors import Invalid"),
        ("server.py", "import uvicorn"),
        ("store/sqlite/files.py", "import apsw"),
    ],
)
def test_an_allowed_import_is_left_alone(tmp_path: Path, file: str, source: str) -> None:
    package = make_package(tmp_path, {"errors.py": "", file: source})

    assert faults(package) == []


def test_a_confined_package_is_known_to_two_files_at_most(tmp_path: Path) -> None:
    two = {f"store/{name}.py": "import sse_starlette.sse" for name in ("log", "records")}
    assert faults(make_package(tmp_path / "two", two)) == []

    [fault] = faults(make_package(tmp_path / "three", {**two, "store/leases.py": "from sse_starlette import sse"}))

    assert fault.startswith("sse_starlette is imported in 3 files")
