"""Good requests and frames, and what becomes of them on a bad line."""

import json
import random
from collections.abc import Iterator

from tests.live.clients.wire import HANDSHAKE, Wire, masked

SPLICES = (b"\r\n", b"%00", b"%0d%0a", b"\x00", b"chunked", b": ", b"9" * 20, b"\xff", b"Upgrade: websocket\r\n")
TEXT, BINARY, CLOSE = 0x81, 0x82, 0x88
OPCODES = (TEXT, TEXT, TEXT, BINARY, 0x01, 0x80, 0x89, 0x8A)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The data with a few bytes changed, doubled, lost, or something in between them."""
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(spoilt))
        match chance.randrange(4):
            case 0:
                spoilt[at] = chance.randrange(256)
            case 1:
                spoilt[at:at] = bytes([chance.randrange(256)]) * chance.choice([1, 1, 50])
            case 2:
                del spoilt[at : at + chance.randint(1, 5)]
            case _:
                spoilt[at:at] = chance.choice(SPLICES)
        spoilt = spoilt or bytearray(b"\n")
    return bytes(spoilt)


def requests(wire: Wire, session_id: str) -> list[bytes]:
    """One good request of every kind."""
    session = f"/v1/sessions/{session_id}"
    bodies = {
        f"{session}/commands": commands(session_id)[0],
        "/v1/sessions": b'{"title": "damaged"}',
        "/v1/chat": b'{"prompt": "play 2 events every 0 ms"}',
    }
    asked = [
        wire.head("GET", f"{session}/stream?after=1&events=step", "Accept: application/json", "Last-Event-ID: 3"),
        wire.head("GET", f"{session}/graph?at=3"),
        wire.head("GET", "/v1/sessions?limit=2&offset=1&status=active"),
        wire.head("GET", f"{session}/stream", *HANDSHAKE),
    ]
    return asked + [wire.head("POST", path, length=len(body)) + body for path, body in bodies.items()]


def commands(session_id: str) -> list[bytes]:
    """One good command of most kinds."""
    data = {
        "ping": [1, 2],
        "resume": {"after": "3"},
        "init_session": {"session_id": session_id, "events": ["step"], "after": "now"},
        "chat_history": {"limit": 3},
        "control": {"task_id": "tsk_x", "action": "stop"},
        "agent_status_request": {},
        "graph_edit": {"base_version": 0, "delta": [{"action": "add_node", "node": {"id": "a", "label": "b"}}]},
    }
    return [json.dumps({"type": name, "data": value}).encode() for name, value in data.items()]


def frames(session_id: str, chance: random.Random) -> Iterator[bytes]:
    """A few frames of a client that means well most of the time."""
    for _ in range(chance.randint(1, 6)):
        command = chance.choice(commands(session_id))
        yield masked(chance.choice(OPCODES), damaged(command, chance) if chance.random() < 0.5 else command)
    if chance.random() < 0.3:
        yield masked(CLOSE, chance.choice([b"", b"\x03\xe8", b"\x00", b"\xff\xff", b"\x03\xe8bye\xff"]))
