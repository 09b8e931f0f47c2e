"""The log-ins that ``puntini login`` keeps: one a server, in a file that only its owner may read.

A refresh token is good once, so whoever refreshes holds the lock from reading the file to writing it. Reading alone
takes none: a file is replaced as a whole.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

import msgspec
from msgspec import Struct

from puntini.errors import Misconfigured

FILE = Path("puntini", "credentials.json")


class LogIn(Struct, frozen=True):
    """One log-in. Its tokens are in no representation of it."""

    username: str
    access_token: str
    refresh_token: str

    def __repr__(self) -> str:
        return f"LogIn({self.username!r})"


class LogIns:
    """The file. Every method raises Misconfigured where it can't be read or written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, url: str) -> LogIn | None:
        """The log-in at a server."""
        return self._read().get(url)

    def put(self, url: str, login: LogIn | None) -> None:
        """Keep a log-in, or forget it. To be called under the lock."""
        kept = self._read()
        kept.pop(url, None)
        if login is not None:
            kept[url] = login
        with self._told():
            self._replace(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all other processes of this user from changing the file, for the length of a block."""
        with self._told():
            self._check_place()
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with self._told():
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _read(self) -> dict[str, LogIn]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[str, LogIn])
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise Misconfigured(f"{self.path} can't be read: {error.strerror}.") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Misconfigured(f"{self.path} is damaged; delete it, and log in again with `puntini login`.") from None

    def _replace(self, content: bytes) -> None:
        """Write the file as a whole, or not at all. Nobody else may read it, whatever the umask."""
        file, name = mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with os.fdopen(file, "wb") as made:
                made.write(content)
                made.flush()
                os.fsync(made.fileno())
            Path(name).replace(self.path)
        except BaseException:  # Ctrl-C, too: no half-written file with tokens stays behind
            with suppress(OSError):
                Path(name).unlink()
            raise

    def _check_place(self) -> None:
        if not self.path.is_absolute():
            raise Misconfigured("There is no directory for log-ins; set HOME or XDG_CONFIG_HOME.")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Misconfigured(f"{self.path} can't be written: {error.strerror}.") from None


def own_log_ins(environ: Mapping[str, str]) -> LogIns:
    """The file of this user. As the XDG directory specification has it, a relative directory counts for nothing."""
    configured = environ.get("XDG_CONFIG_HOME", "")
    directory = configured if configured.startswith("/") else os.path.expanduser("~/.config")  # noqa: PTH111 - it never raises
    return LogIns(Path(directory) / FILE)
