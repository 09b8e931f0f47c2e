"""A node that seems well, takes a command and hangs up without a word, and remembers what it was asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SECONDS = 5.0
WELL = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Silent:
    """Listens on a free port; ``heard`` has the first two words of each command."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])

    def run(self) -> None:
        """Take one request after the other, until it is closed."""
        with suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                with caller, suppress(OSError):
                    caller.settimeout(SECONDS)
                    self._hear(caller)

    def _hear(self, caller: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request and (piece := caller.recv(65_536)):
            request += piece
        if request.startswith(b"GET "):
            caller.sendall(WELL)
        elif request:
            self.heard.append(" ".join(request.decode("latin-1").split(" ")[:2]))

    def close(self) -> None:
        """No more requests."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


@contextmanager
def silent_node() -> Iterator[Silent]:
    """Such a node for the length of a block."""
    node = Silent()
    thread = threading.Thread(target=node.run)
    thread.start()
    try:
        yield node
    finally:
        node.close()
        thread.join(SECONDS)
