"""A directory that can be read but not left: whatever a path says and wherever a link leads."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from msgspec import Struct

from puntini.agent.tools.contract import ToolFailed

MOST_PATH = 1_000
MOST_IN_DIRECTORY = 10_000
SECRETS = (
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.gpg", "*.asc", "*.ovpn"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.env", "env", "*.tfstate", "*.tfvars", "*htpasswd", "*netrc"),
    *("secret", "secrets", "secret.*", "secrets.*", "*credentials", "*credentials.*", "*service?account*.json"),
    *("passwords", "passwords.*", "kubeconfig*", "*client_secret*", "puntini.toml"),
)
"""Names, in lower case, of what is kept from models. So is whatever begins with a dot."""

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

Kind = Literal["file", "directory", "link", "other"]


class Found(Struct, frozen=True):
    """Something in the enclosure; ``path`` is relative to its root."""

    path: str
    kind: Kind
    size: int


def private(name: str) -> bool:
    """Whether a file or directory of this name is kept from models."""
    lower = name.lower()
    return name.startswith(".") or any(fnmatchcase(lower, pattern) for pattern in SECRETS)


class Enclosure:
    """What may be read below ``root``. Each method raises ToolFailed, with a sentence that names the path as given."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def file(self, path: str) -> Iterator[BinaryIO]:
        """A file, open."""
        parts = self._inside(path)
        if not parts:
            raise _no_file(path)
        with self._directory(parts[:-1], path) as folder, _open_file(folder, parts[-1], path) as opened:
            yield opened

    def walk(self, path: str, depth: int) -> Iterator[Found]:
        """What is in a directory and below it, ``depth`` levels of it, a directory before what it holds.

        Links are named and not followed, private names left out. Of a directory with more than ``MOST_IN_DIRECTORY``
        names some are left out.
        """
        parts = self._inside(path)
        with self._directory(parts, path) as folder:
            yield from _below(folder, "/".join(parts), depth)

    def kind(self, path: str) -> Kind:
        """What there is at a path, links followed."""
        parts = self._inside(path)
        if not parts:
            return "directory"
        with self._directory(parts[:-1], path) as folder, _sentences(path):
            return _found(folder, parts[-1], path).kind

    def _inside(self, path: str) -> tuple[str, ...]:
        """The names that lead to it from the root, with no link among them any more, unless one is put there now."""
        asked = PurePosixPath(path)
        if "\0" in path or len(path) > MOST_PATH:
            raise ToolFailed(f"A path has at most {MOST_PATH} characters and no NUL.")
        if asked.is_absolute() or ".." in asked.parts:
            raise ToolFailed(f"`{path}` may lead out of the workspace; name files relative to it, without `..`.")
        parts = self._resolved(asked)
        if any(private(name) for name in (*asked.parts, *parts)):
            raise ToolFailed(f"`{path}` is hidden or may hold secrets; such files are not read.")
        return parts

    def _resolved(self, asked: PurePosixPath) -> tuple[str, ...]:
        try:
            root = self._root.resolve(strict=True)
        except (OSError, RuntimeError):
            raise ToolFailed("The directory that the setting `workspace` names can't be read.") from None
        try:
            return (root / asked).resolve().relative_to(root).parts
        except ValueError:
            raise ToolFailed(f"`{asked}` leads out of the workspace.") from None
        except (OSError, RuntimeError):  # the latter is what a circle of links raises
            raise ToolFailed(f"`{asked}` can't be found in the workspace.") from None

    @contextmanager
    def _directory(self, parts: tuple[str, ...], path: str) -> Iterator[int]:
        """A directory's descriptor, reached step by step without following a link."""
        with ExitStack() as opened:
            with _sentences(path):
                here = _held(os.open(self._root, _DIRECTORY), opened)
                for name in parts:
                    here = _held(os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=here), opened)
            yield here


def _held(descriptor: int, opened: ExitStack) -> int:
    opened.callback(os.close, descriptor)
    return descriptor


def _open_file(folder: int, name: str, path: str) -> BinaryIO:
    with _sentences(path):
        # Looked at before it is opened, since opening a device can do things, and again once it can't be exchanged.
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise _no_file(path)
        descriptor = os.open(name, _FLAGS, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_file(path)
    return os.fdopen(descriptor, "rb")


def _below(folder: int, path: str, depth: int) -> Iterator[Found]:
    with os.scandir(folder) as listing:
        names = sorted(entry.name for entry in islice(listing, MOST_IN_DIRECTORY) if not private(entry.name))
    for name in names:
        with suppress(OSError):  # what has gone meanwhile, or may not be read, is no part of the walk
            found = _found(folder, name, f"{path}/{name}" if path else name)
            yield found
            if found.kind == "directory" and depth > 1:
                yield from _into(folder, name, found.path, depth - 1)


def _into(folder: int, name: str, path: str, depth: int) -> Iterator[Found]:
    with ExitStack() as opened:
        yield from _below(_held(os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=folder), opened), path, depth)


def _found(folder: int, name: str, path: str) -> Found:
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return Found(path, _KINDS.get(stat.S_IFMT(status.st_mode), "other"), status.st_size)


_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


@contextmanager
def _sentences(path: str) -> Iterator[None]:
    """Turn what the system says into what the tool says."""
    try:
        yield
    except OSError as error:
        raise ToolFailed(_SENTENCES.get(error.errno or 0, "`{}` can't be read.").format(path)) from None


def _no_file(path: str) -> ToolFailed:
    return ToolFailed(f"`{path}` is no ordinary file; `list_files` shows what there is.")


_SENTENCES = {
    errno.ENOENT: "There is no `{}` in the workspace; `list_files` shows what there is.",
    errno.ENOTDIR: "`{}` is no directory, or lies below what is none.",
    errno.EACCES: "The server may not read `{}`.",
    errno.ELOOP: "`{}` is a link that changed just now; try again.",
}
