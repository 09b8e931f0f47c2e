"""No rival but the ceiling: send() of one ready block to every socket in turn, and nothing else.

No server carries more on one core. A figure near this one speaks of the kernel and the load generator, not of a server.
"""

import json
import select
import socket

from bench.rivals.broadcast import event

BLOCK = 65_536
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def main() -> None:
    """Accept readers until ``POST /play`` comes, then send to them until they have gone."""
    with socket.create_server(("127.0.0.1", 0), backlog=4_096) as listener:
        print(f"Listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        readers, size = _gather(listener)
        blast({reader.fileno(): reader for reader in readers}, _block(size))


def _gather(listener: socket.socket) -> tuple[list[socket.socket], int]:
    """The readers, and the size of the events to play."""
    readers: list[socket.socket] = []
    while True:
        sock, _ = listener.accept()
        request = sock.recv(4_096)
        if request.startswith(b"POST"):
            return readers, _asked(sock, request)
        if request:
            sock.sendall(HEAD)
            sock.setblocking(False)
            readers.append(sock)


def _asked(sock: socket.socket, request: bytes) -> int:
    while b"}" not in request:
        request += sock.recv(4_096)
    sock.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
    sock.close()
    return int(json.loads(request.partition(b"\r\n\r\n")[2])["size"])


def _block(size: int) -> memoryview:
    said = event(1_000_000, size)
    one = f"id: {said['id']}\nevent: {said['event']}\ndata: {said['data']}\n\n".encode()
    return memoryview(one * (BLOCK // len(one)))


def blast(readers: dict[int, socket.socket], block: memoryview) -> None:
    """Send as fast as the sockets take it."""
    sent = dict.fromkeys(readers, 0)
    epoll = select.epoll()
    for fd in readers:
        epoll.register(fd, select.EPOLLOUT)
    while readers:
        for fd, _ in epoll.poll():
            try:
                sent[fd] = (sent[fd] + readers[fd].send(block[sent[fd] :])) % len(block)
            except OSError:
                epoll.unregister(fd)
                readers.pop(fd).close()


if __name__ == "__main__":
    main()
