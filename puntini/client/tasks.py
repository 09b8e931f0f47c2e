"""What ``puntini tasks`` does: a list of tasks, or one of them looked into."""

import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import click
import msgspec

from puntini.client import text
from puntini.client.http import Client
from puntini.client.names import Names

NONE_SUCH = "There are no such tasks."
NONE_OPEN = (
    "No task is open; --session ID lists a session's, ended ones too, and --status completed those that ended well."
)

Item = dict[str, Any]


def listed(url: str, *, as_json: bool, **query: str) -> int:
    """Show tasks, one a line. Where there are none, say what was looked for."""
    wanted = {name: value for name, value in query.items() if value}
    found = False
    with Client(url) as client:
        for task in client.items("/v1/tasks", **wanted):
            found = True
            _say(task, _task(task), as_json=as_json)
    if not found:
        click.echo(NONE_SUCH if "status" in wanted or "session_id" in wanted else NONE_OPEN, err=True)
    return 0


def looked_into(url: str, task_id: str, view: str, *, as_json: bool) -> int:
    """Show one task: what it came to, or its steps, plan or tool calls."""
    path = f"/v1/tasks/{quote(task_id, safe='')}"
    with Client(url) as client:
        if view in {"steps", "tools"}:
            for item in client.items(f"{path}/{view}"):
                words = text.step(item) if view == "steps" else text.tool(item, Names())
                _say(item, text.one_line(words), as_json=as_json)
            return 0
        found = client.ask("GET", f"{path}/{view or 'result'}")
        if as_json:
            _say(found, "", as_json=True)
            return 0
        for line in _plan(found) if view == "plan" else _result(found):
            click.echo(text.harmless(line))
    return 0


def _say(item: Item, words: str, *, as_json: bool) -> None:
    """A line: as JSON, which for a terminal has escaped what could drive it, or in words."""
    if not as_json:
        click.echo(text.harmless(words))
        return
    raw = msgspec.json.encode(item)
    click.echo(text.quoted(raw.decode()) if sys.stdout.isatty() else raw)


def _task(task: Item) -> str:
    at = str(task["submitted_at"])[:19].replace("T", " ")
    return f"{task['task_id']}  {task['status']:<9}  {at}  {task['agent']}  {text.one_line(text.short(task['task']))}"


def _plan(plan: Item) -> Iterator[str]:
    for number, step in enumerate(plan["current_plan"], 1):
        yield f"{number}. {text.one_line(step)}"
    if plan["last_reflection"]:
        yield str(plan["last_reflection"])


def _result(result: Item) -> Iterator[str]:
    if "success" not in result:
        yield f"{result['status']}, not ended yet"
        for approval in result["approvals"]:
            yield f"It asks: {approval['question']} ({', '.join(approval['options'])})"
        return
    error = f": {result['error']}" if result["error"] else ""
    yield f"{result['status']} after {result['duration_seconds']:.1f} s{error}"
    if result["final_answer"]:
        yield str(result["final_answer"])
