"""What may not slip into a commit, and what the files beside the code promise each other."""

import json
import re
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUN_TIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
NODE_LOCK = ROOT / "package-lock.json"

# The dots are written `[.]` and the names in parts, so that this file does not hold what it looks for.
REGISTRY = re.compile(
    r"(pypi|pythonhosted|npmjs|npmmirror|yarnpkg|crates|rubygems)[.](org|com|io)\b"
    r"|(deb|security)[.](debian|ubuntu)[.]|(--|_)(extra-)?index-url[ =]|find-links[ =]",
    re.IGNORECASE,
)
# Folders under which people and build machines keep their work; /tmp, /etc, /usr and /var are everyone's.
MACHINE_PATH = re.compile(
    r"(?<![\w.:/-])/(root|home/\w+|Users/\w+|work|workspace|github/workspace)/\w|\b[A-Z]:\\Users\\"
)
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bsk-(ant-)?[\w-]{24,}"  # Anthropic and those who took its form
    r"|\bAKIA[0-9A-Z]{16}\b"  # Amazon
    r"|\b(gh[pousr]_|github_pat_|glpat-|npm_|xox[abp]-)\w[\w-]{15,}"  # GitHub, GitLab, npm, Slack
    r"|\bpypi-[\w-]{40,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"  # a signed token
)
FORBIDDEN = {"a package registry": REGISTRY, "a path of one machine": MACHINE_PATH, "a secret": SECRET}


def files_of_the_project() -> list[Path]:
    """What is tracked or could be: everything but what .gitignore names."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: which files belong to the project is not known")
    return [path for name in listing.decode().split("\0") if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """The file's text, or nothing when it is not text."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def slips(text: str) -> Iterator[str]:
    """What may not be in a file, each with its line; the words themselves are not repeated, they may be secret."""
    for number, line in enumerate(text.splitlines(), start=1):
        yield from (f"line {number} holds {what}" for what, pattern in FORBIDDEN.items() if pattern.search(line))


def pins(lock: Path) -> dict[str, str]:
    """The versions in a lock file, by canonical name. Any line that is neither a pin nor a comment is an error."""
    found: dict[str, str] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pin = re.fullmatch(r"([A-Za-z0-9][\w.-]*)==([\w.]+)", line)
        assert pin, f"{lock.name}: {line!r} is not name==version"
        found[canonicalize_name(pin[1])] = pin[2]
    return found


def project() -> dict[str, list[str]]:
    """The requirements in pyproject.toml: for running, and for developing besides."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"run": table["dependencies"], "dev": table["optional-dependencies"]["dev"]}


def unmet(requirements: list[str], pinned: dict[str, str]) -> list[str]:
    """The requirements for which a lock has no version, or one out of range."""
    return [line for line in requirements if not met(Requirement(line), pinned)]


def met(requirement: Requirement, pinned: dict[str, str]) -> bool:
    version = pinned.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version)


def make_targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def make_targets_named(markdown: str) -> set[str]:
    """The targets that a page tells its reader to make: in a block of code or between backticks, not in prose."""
    code = re.findall(r"```.*?```|`[^`\n]+`", markdown, re.DOTALL)
    return {target for part in code for target in re.findall(r"\bmake +([a-z][a-z-]*)", part)}


def test_no_file_holds_what_may_not_be_committed() -> None:
    files = files_of_the_project()
    assert Path(__file__) in files

    found = [f"{path.relative_to(ROOT)}: {slip}" for path in files for slip in slips(text_of(path))]

    assert found == []


def test_no_file_names_the_folder_of_this_checkout() -> None:
    if len(ROOT.parts) < 3:
        pytest.skip(f"{ROOT} is too short a name to look for")
    here = re.compile(rf"(?<![\w.]){re.escape(str(ROOT))}(?!\w)")

    assert [path.relative_to(ROOT) for path in files_of_the_project() if here.search(text_of(path))] == []


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        (("https://", "pypi", ".org/simple"), "a package registry"),
        (('"resolved": "https://registry.', "npmjs", '.org/x.tgz"'), "a package registry"),
        (("--extra-", "index-url https://example.org"), "a package registry"),
        (("cd /", "root/project"), "a path of one machine"),
        (('"/', "home/someone/project"), "a path of one machine"),
        (("see /", "work/main/notes"), "a path of one machine"),
        (("C:", "\\Users\\someone"), "a path of one machine"),
        (("-----BEGIN RSA ", "PRIVATE KEY-----"), "a secret"),
        (("key = sk-", "ant-api03-0123456789abcdefghij"), "a secret"),
        (("AKIA", "0123456789ABCDEF"), "a secret"),
        (("token: ghp", "_0123456789abcdefghij0123456789"), "a secret"),
        (("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiJ1c2VyIn0.", "c2lnbmF0dXJlc2lnbmF0dXJl"), "a secret"),
    ],
)
def test_a_slip_is_found(parts: tuple[str, ...], what: str) -> None:
    assert list(slips("a harmless line\n" + "".join(parts))) == [f"line 2 holds {what}"]


@pytest.mark.parametrize(
    "line",
    [
        "pip install puntini",
        "puntini serve --store /var/lib/puntini/puntini.db",
        "https://example.org/home/page and https://example.org/work/1",
        "a task-based, risk-averse design",
        "ANTHROPIC_API_KEY=sk-ant-...",
    ],
)
def test_a_harmless_line_is_left_alone(line: str) -> None:
    assert list(slips(line)) == []


@pytest.mark.parametrize("line", ["anyio>=4", "anyio @ file:///x.whl", "-r other.lock", "anyio==4.0 --hash=sha256:0"])
def test_a_lock_holds_nothing_but_exact_versions(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "bad.lock"
    lock.write_text(f"# a comment\nclick==8.0\n{line}\n", encoding="utf-8")

    with pytest.raises(AssertionError, match="is not name==version"):
        pins(lock)


def test_the_locks_hold_what_the_project_requires() -> None:
    required = project()

    assert unmet(required["run"], pins(RUN_TIME_LOCK)) == []
    assert unmet(required["run"] + required["dev"], pins(DEV_LOCK)) == []
    assert unmet(["click>=99", "no-such-package"], pins(DEV_LOCK)) == ["click>=99", "no-such-package"]


def test_the_development_lock_holds_the_run_time_lock() -> None:
    assert pins(RUN_TIME_LOCK).items() <= pins(DEV_LOCK).items()


def test_the_npm_lock_says_what_to_install_and_not_from_where() -> None:
    packages = json.loads(NODE_LOCK.read_text(encoding="utf-8"))["packages"]

    assert "node_modules/eventsource" in packages
    own = {"", "console", "sdk/typescript", "tests/live/node"}
    linked = {name for name, package in packages.items() if package.get("link")}
    assert [name for name, package in packages.items() if name not in own | linked and "integrity" not in package] == []
    assert {packages[name]["resolved"] for name in linked} == own - {""}
    assert [name for name, package in packages.items() if name not in linked and "resolved" in package] == []


def test_the_readme_names_only_targets_that_exist() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("there is no README.md yet")
    targets = make_targets((ROOT / "Makefile").read_text(encoding="utf-8"))

    assert make_targets_named(readme.read_text(encoding="utf-8")) <= targets


def test_targets_are_read_from_code_and_not_from_prose() -> None:
    page = "To make sure of it, run `make test`:\n```sh\nmake serve ARGS=-h\ncd x && make  bench\n```\nIt will make do."

    assert make_targets_named(page) == {"test", "serve", "bench"}
    assert make_targets("a-b: c ## d\nVENV := x\n\techo: y\n.PHONY: z\ne:\n") == {"a-b", "e"}


def test_the_ci_script_can_be_run() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & stat.S_IXUSR
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
