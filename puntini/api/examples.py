"""A request for every operation of the OpenAPI document. A test sends each of them to a server, by curl."""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct

SERVER = "http://127.0.0.1:8000"
ID_EXAMPLES = {
    "session_id": "ses_b1a5c0ffee5e551047",
    "task_id": "tsk_0b5e55edba5eba11ad",
    "document_id": "doc_acc01adefacade5ca1",
    "agent_id": "puntini",
    "file": "style.css",
    "asset": "licences.txt",
    "template_id": "rest-api",
    "key_id": "key_0ld5cafe5eed",
    "user": "grace",
}
"""What stands for an id in an address."""
OWN_TEMPLATE = "tpl_ca7a10a5e7ec0de5"
"""The built-in ones can't be changed."""
REFRESH_TOKEN = "grace.0ff1ce5eed.c0ffee5ecre7"


class Example(Struct, frozen=True):
    """What a request says: in its body, its query, and ``ids`` in its address where the usual ones will not do."""

    body: Any = None
    query: Mapping[str, str] = {}
    ids: Mapping[str, str] = {}
    accept: str = ""


_PAGE = "application/json"
EXAMPLES: dict[str, Example] = {
    "getSessionStream": Example(query={"after": "earliest"}, accept=_PAGE),
    "getTaskStream": Example(accept=_PAGE),
    "getStreamTask": Example(accept=_PAGE),
    "chat": Example({"prompt": "play 10 events", "agent": "scripted"}, accept=_PAGE),
    "createSession": Example({"title": "A walk through the archive"}),
    "listSessions": Example(query={"status": "active", "limit": "10"}),
    "updateSession": Example({"title": "A longer walk through the archive"}),
    "sendCommand": Example({"type": "user_prompt", "data": {"prompt": "play 10 events", "agent": "scripted"}}),
    "importSessionGraph": Example(
        {
            "nodes": [
                {"id": "n1", "label": "Person", "key": "Ada"},
                {"id": "n2", "label": "Machine", "key": "Engine", "props": {"year": 1837}},
            ],
            "edges": [{"id": "e1", "label": "WROTE_ABOUT", "source": "n1", "target": "n2"}],
        }
    ),
    "queryGraph": Example(query={"label": "Person"}),
    "getSessionGraphNeighbourhood": Example(query={"node": "Person:Ada", "depth": "2"}),
    "getSessionGraphPath": Example(query={"from": "Ada", "to": "Engine"}),
    "createTask": Example({"task": "play 10 events", "agent": "scripted", "max_steps": 20}),
    "listTasks": Example(query={"status": "all"}),
    "controlTask": Example({"action": "pause"}),
    "getTaskMemory": Example(query={"q": "events"}),
    "sendMessageToAgent": Example({"message": "play 10 events"}, ids={"agent_id": "scripted"}),
    "createAgent": Example(
        {
            "name": "archivist",
            "role": "You keep an archive, and know what is in it.",
            "capabilities": ["finding", "citing"],
            "reason": "Questions about the archive come every day.",
        }
    ),
    "deleteAgent": Example(ids={"agent_id": "librarian"}),
    "createDocument": Example(
        {"title": "On engines", "text": "The engine weaves algebraic patterns.", "source": "Ada"}
    ),
    "register": Example({"username": "hedy", "password": "frequency hopping 1942"}),
    "login": Example({"username": "grace", "password": "nanoseconds of wire"}),
    "logout": Example({"refresh_token": REFRESH_TOKEN}),
    "refreshToken": Example({"refresh_token": REFRESH_TOKEN}),
    "changePassword": Example({"password": "picoseconds of wire", "current_password": "nanoseconds of wire"}),
    "updateUser": Example({"role": "admin"}),
    "createKey": Example({"name": "The archive's nightly import", "expires_in": 2_592_000}),
    "createTicket": Example({"session_id": ID_EXAMPLES["session_id"]}),
    "listAuditEntries": Example(query={"what": "login_failed"}),
    "shareSession": Example({"role": "editor"}),
    "forkSession": Example({"title": "Another way from here"}, query={"at": "now"}),
    "listTemplates": Example(query={"q": "api"}),
    "createTemplate": Example(
        {
            "title": "Catalogue an archive",
            "tasks": [
                {"id": "sort", "title": "Sort the boxes", "hours": 2},
                {"id": "list", "title": "List what is in them", "depends_on": ["sort"], "hours": 6},
            ],
            "tags": ["archive"],
        }
    ),
    "updateTemplate": Example({"title": "Catalogue a larger archive"}, ids={"template_id": OWN_TEMPLATE}),
    "deleteTemplate": Example(ids={"template_id": OWN_TEMPLATE}),
    "startTemplate": Example({"agent": "scripted", "max_steps": 20}),
    "searchDocuments": Example(query={"q": "algebraic patterns"}),
}
"""By operation; whoever is missing here needs neither a body nor a query."""


def curl(method: str, path: str, example: Example) -> str:
    """The command line that sends an example."""
    for name, value in {**ID_EXAMPLES, **example.ids}.items():
        path = path.replace(f"{{{name}}}", quote(value))
    query = f"?{urlencode(example.query, safe=':')}" if example.query else ""
    words = [f"curl {shlex.quote(SERVER + path + query)}"]
    if method != ("GET" if example.body is None else "POST"):
        words[0] = f"curl -X {method} {words[0].removeprefix('curl ')}"
    if example.accept:
        words.append(f"-H 'Accept: {example.accept}'")
    if example.body is not None:
        words += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(example.body))}"]
    return " \\\n  ".join(words)
