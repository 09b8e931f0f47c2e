"""Nothing outside the workspace is ever read, nor what is hidden in it, by whatever path and in whatever moment."""

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.agent.tools.contract import ToolFailed
from puntini.agent.tools.enclosure import Enclosure, private
from puntini.agent.tools.workspace import list_files, read_file, search_files
from tests.agent.tools.asking import Asker

MARK = "not for you"
FREE = "for everyone"
ROUNDS = 300


def build(above: Path) -> Path:
    """A workspace with links of all kinds, beside what it must not show."""
    (above / "outside" / "deep").mkdir(parents=True)
    for path in ("outside/secret.txt", "outside/plain.txt", "outside/deep/plain.txt", "inside-too.txt"):
        (above / path).write_text(MARK, encoding="utf-8")
    root = above / "inside"
    (root / "sub").mkdir(parents=True)
    (root / ".git").mkdir()
    for path in (".env", ".git/config", "sub/id_rsa", "sub/key.pem", "puntini.toml"):
        (root / path).write_text(MARK, encoding="utf-8")
    for path in ("plain.txt", "sub/plain.txt"):
        (root / path).write_text(FREE, encoding="utf-8")
    link(root)
    return root


def link(root: Path) -> None:
    targets = {
        "out": "../outside",
        "out-file": "../outside/plain.txt",
        "absolute": str(root.parent / "outside" / "plain.txt"),
        "neighbour": str(root) + "-too.txt",
        "sub/up": "../../outside",
        "chain": "out/deep",
        "to-env": ".env",
        "to-git": ".git",
        "circle": "circle",
        "nowhere": "../outside/nothing",
        "self": ".",
        "good": "sub/plain.txt",
        ".door": "sub/plain.txt",
        "good-absolute": str(root / "sub"),
    }
    for name, target in targets.items():
        (root / name).symlink_to(target)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return build(tmp_path)


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """One workspace for all examples, which only read."""
    with tempfile.TemporaryDirectory() as folder:
        yield build(Path(folder))


steps = st.sampled_from(
    ["out", "out-file", "absolute", "neighbour", "sub", "up", "chain", "to-env", "to-git", "circle", "nowhere", "self"]
    * 2
    + ["good", "good-absolute", "plain.txt", "deep", "secret.txt", ".env", ".git", "config", "id_rsa", "key.pem"]
    + ["..", ".", "", "~", "...", "inside", "outside", "\0", "%2e%2e", "..\\outside", "\u2025", "\ud800", "x" * 300]
)
paths = st.lists(steps, max_size=6).map("/".join) | st.lists(steps, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(paths | st.text(max_size=30))
def test_no_path_leads_out(shared: Path, path: str) -> None:
    context = Asker(workspace=shared)

    for read in (
        partial(read_file, context, path),
        partial(search_files, context, MARK, path),
        partial(list_files, context, path, depth=8),
    ):
        with suppress(ToolFailed):
            shown = str(read())
            assert MARK not in shown.replace(path, "")
            assert not any(name in shown for name in (".env'", ".git'", "id_rsa'", "key.pem'", "deep"))


@pytest.mark.parametrize(
    "path", ["plain.txt", "./sub/plain.txt", "sub//plain.txt", "good", "self/good", "good-absolute/plain.txt"]
)
def test_what_is_inside_is_read_also_by_a_link(root: Path, path: str) -> None:
    assert read_file(Asker(workspace=root), path)["text"] == FREE


def test_a_workspace_may_be_a_link_itself(root: Path) -> None:
    door = root.parent / "door"
    door.symlink_to(root)

    assert read_file(Asker(workspace=door), "good")["text"] == FREE
    with pytest.raises(ToolFailed, match="leads out"):
        read_file(Asker(workspace=door), "out-file")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("../outside/plain.txt", "without `..`"),
        ("sub/../plain.txt", "without `..`"),
        ("/etc/passwd", "relative to it"),
        ("out/plain.txt", "leads out"),
        ("out-file", "leads out"),
        ("absolute", "leads out"),
        ("neighbour", "leads out"),
        ("chain/plain.txt", "leads out"),
        ("nowhere", "leads out"),
        ("circle", "can't be found|leads out|changed just now"),
        (".env", "is hidden or may hold secrets"),
        (".door", "is hidden or may hold secrets"),
        ("to-env", "is hidden or may hold secrets"),
        ("to-git/config", "is hidden or may hold secrets"),
        ("sub/id_rsa", "is hidden or may hold secrets"),
        ("puntini.toml", "is hidden or may hold secrets"),
        ("missing.txt", "There is no `missing.txt`"),
        ("plain.txt/more", "lies below what is none"),
        ("x" * 300, "can't be read"),
        ("x" * 1_001, "at most 1000 characters"),
        ("a\0b", "no NUL"),
        ("{0.__class__}", "There is no `{0.__class__}`"),
    ],
)
def test_a_path_that_won_t_do_is_told_why(root: Path, path: str, sentence: str) -> None:
    with pytest.raises(ToolFailed, match=sentence):
        read_file(Asker(workspace=root), path)


def test_devices_sockets_and_pipes_are_not_opened(root: Path) -> None:
    os.mkfifo(root / "pipe")  # to open it for reading the usual way would wait for a writer
    (root / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(root, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{here}/door")  # a socket's own path may not be long
        os.close(here)
        for path in ("pipe", "door", "zero"):
            with pytest.raises(ToolFailed, match=r"no ordinary file|leads out"):
                read_file(Asker(workspace=root), path)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_read_is_told(root: Path) -> None:
    (root / "plain.txt").chmod(0)

    with pytest.raises(ToolFailed, match="may not read"):
        read_file(Asker(workspace=root), "plain.txt")


def test_no_descriptor_stays_open(root: Path) -> None:
    context = Asker(workspace=root)
    before = descriptors()

    read_file(context, "sub/plain.txt")
    search_files(context, FREE)
    list_files(context, depth=8)
    with closing(Enclosure(root).walk(".", 8)) as walk:  # type: ignore[type-var]
        next(walk)
    for path in ("out-file", "sub", "missing.txt", "plain.txt/more"):
        with suppress(ToolFailed):
            read_file(context, path)

    assert descriptors() == before


def descriptors() -> int:
    """How many this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def swap_file(root: Path) -> None:
    """Put a link in the place of a file, and the file back."""
    (root / "new").symlink_to("../outside/plain.txt")
    (root / "new").replace(root / "sub" / "plain.txt")
    (root / "new").write_text(FREE, encoding="utf-8")
    (root / "new").replace(root / "sub" / "plain.txt")


def swap_directory(root: Path) -> None:
    """Put a link in the place of a directory, and the directory back."""
    (root / "sub").rename(root / "moved")
    (root / "sub").symlink_to("../outside")
    (root / "sub").unlink()
    (root / "moved").rename(root / "sub")


class Trap(type(Path())):  # type: ignore[misc]
    """A root in which, once a path has been found to be a good one, another thing stands there."""

    spring: Callable[[], object] = staticmethod(lambda: None)

    def resolve(self, strict: bool = False) -> Path:
        """Resolve, then spring."""
        found: Path = super().resolve(strict)
        if not strict:
            self.spring()
        return found


@pytest.mark.parametrize("put", ["file", "directory", "pipe"])
def test_what_is_exchanged_after_the_look_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch, put: str) -> None:
    def spring() -> None:
        match put:
            case "file":
                (root / "sub" / "plain.txt").unlink()
                (root / "sub" / "plain.txt").symlink_to("../../outside/plain.txt")
            case "directory":
                (root / "sub").rename(root / "moved")
                (root / "sub").symlink_to("../outside")
            case _:
                (root / "sub" / "plain.txt").unlink()
                os.mkfifo(root / "sub" / "plain.txt")

    monkeypatch.setattr(Trap, "spring", staticmethod(spring))

    with pytest.raises(ToolFailed):
        read_file(Asker(workspace=Trap(root)), "sub/plain.txt")


def test_a_walk_does_not_enter_what_was_exchanged(root: Path) -> None:
    walk = Enclosure(root).walk(".", 8)
    seen = []
    for found in walk:
        seen.append(found.path)
        if found.path == "sub":
            (root / "sub").rename(root / "moved")
            (root / "sub").symlink_to("../outside")

    assert "sub" in seen
    assert not any(path.startswith("sub/") for path in seen)


@pytest.mark.parametrize("swap", [swap_file, swap_directory])
def test_what_is_exchanged_meanwhile_leads_nowhere_else(root: Path, swap: Callable[[Path], None]) -> None:
    done = threading.Event()

    def exchange() -> None:
        while not done.is_set():
            swap(root)

    other = threading.Thread(target=exchange)
    other.start()
    context, shown = Asker(workspace=root), set()
    try:
        for _ in range(ROUNDS):
            with suppress(ToolFailed):
                shown.add(read_file(context, "sub/plain.txt")["text"])
            shown.update(match["text"] for match in search_files(context, "for", "self")["matches"])
    finally:
        done.set()
        other.join()

    assert shown == {FREE}


@pytest.mark.parametrize("name", [".x", "a.PEM", "id_ed25519.pub", "prod.env", "credentials.json", "Secrets.yaml"])
def test_names_that_promise_secrets(name: str) -> None:
    assert private(name)


@pytest.mark.parametrize("name", ["a.py", "environment.md", "keyboard.txt", "secretary.txt", "pem", "README"])
def test_names_that_promise_none(name: str) -> None:
    assert not private(name)
