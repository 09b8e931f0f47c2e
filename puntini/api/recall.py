"""Working memory as the API shows it: what was said in tasks, and what of it a query finds."""

from collections.abc import Iterable
from typing import Literal

import anyio.lowlevel
from msgspec import Struct
from starlette.requests import Request

from puntini.errors import Invalid
from puntini.views.work import WorkView

QUERY_LIMIT = 200
MOST_HITS = 20
SHOWN = 16_384
"""So many characters of a message or a summary are shown, and searched; streams have all of it."""
SEARCHED = 64
"""So many are searched between two turns of the others."""


class Said(Struct, frozen=True):
    """A message of a task, or a summary of older ones. ``cut`` says that it goes on."""

    role: Literal["user", "assistant", "summary"]
    content: str
    timestamp: str
    task_id: str
    cut: bool


def said(view: WorkView) -> list[Said]:
    """What a task was asked and answered, the oldest first."""
    return [_shown(each.role, each.content, each.timestamp, view.task_id) for each in view.messages()]


def summaries(view: WorkView) -> list[Said]:
    """What a task's agent summed up, the oldest first."""
    return [_shown("summary", each.text, each.timestamp, view.task_id) for each in view.summaries]


def _shown(role: Literal["user", "assistant", "summary"], text: str, timestamp: str, task_id: str) -> Said:
    return Said(role, text[:SHOWN], timestamp, task_id, cut=len(text) > SHOWN)


def query(request: Request) -> list[str]:
    """The words of ``q``. Raises Invalid when it is too long."""
    text = request.query_params.get("q", "")
    if len(text) > QUERY_LIMIT:
        raise Invalid(f"q: use at most {QUERY_LIMIT} characters", path="q")
    return text.casefold().split()


async def hits(among: Iterable[Said], words: list[str]) -> list[Said]:
    """Those that hold all of the words, the newest first; none for no words."""
    if not words:
        return []
    found: list[Said] = []
    for number, each in enumerate(among):
        content = each.content.casefold()
        if all(word in content for word in words):
            found.append(each)
        if number % SEARCHED == 0:
            await anyio.lowlevel.checkpoint()
    return sorted(found, key=lambda each: each.timestamp, reverse=True)[:MOST_HITS]
