"""Publishes events to nchan, one after the other: ``python -m bench.rivals.publish PORT COUNT EVERY_MS SIZE``."""

import socket
import sys
import time

from bench.rivals.broadcast import event


def main(port: int, count: int, every_ms: float, size: int) -> None:
    """Publish. nginx answers when its one worker has handed the event on, which paces this loop."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.monotonic()
        for number in range(1, count + 1):
            sock.sendall(_request(number, size))
            if not sock.recv(4_096).startswith(b"HTTP/1.1 20"):
                sys.exit("nchan refused an event")
            due += every_ms / 1000
            time.sleep(max(0.0, due - time.monotonic()) if every_ms else 0)


def _request(number: int, size: int) -> bytes:
    said = event(number, size)
    head = (
        f"POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nX-EventSource-Event: {said['event']}\r\n"
        f"Content-Length: {len(said['data'])}\r\n\r\n"
    )
    return (head + said["data"]).encode()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
