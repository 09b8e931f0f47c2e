"""A task as ``puntini chat`` shows it: the answer goes to the output, everything on the way to it beside."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import click

from puntini.client import text

BAR = 20
_REASONING = "reasoning "


class Transcript:
    """Shows events as they come. Text that comes in pieces is written as it grows; what was written is not repeated."""

    def __init__(self) -> None:
        # In a terminal, and with `2>&1`, the answer and what goes beside it meet: each needs lines of its own.
        self._mixed = os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
        self._progress = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._bar = 0
        self._open = ""
        self._message = ""
        self._written: dict[str, str] = {}

    def show(self, event: Mapping[str, Any]) -> None:  # noqa: C901 - one case a kind of event
        """Show an event, if people want to see it."""
        data = event.get("data", {})
        match event.get("type"):
            case "assistant_response":
                self._grow(data["message_id"], data, answer=True)
            case "reasoning" if data.get("text"):
                self._grow(_REASONING + data.get("message_id", ""), data, answer=False)
            case "reasoning":
                for step in data.get("steps", []):
                    self.aside("think", step)
            case "graph_update":
                for line in text.graph(data):
                    self.aside("graph", line)
            case "tool_call":
                self.aside("tool", text.tool(data))
            case "plan_update":
                self.aside("plan", " / ".join(data["current_plan"]))
            case "task_progress":
                self._task_progress(event)
            case "task_retracted":
                self.note(f"retracted: {text.summary(event)}")
                self._end_message()
                self._written.clear()
            case "approval_request" | "approval_resolved":
                self.aside("ask", f"approval {text.summary(event)}")
            case "step" | "debug" | "task_paused" | "task_resumed" | "workflow_update" | "error":
                self.aside(_NAMES.get(str(event["type"]), str(event["type"])), text.summary(event))
            case "gap":
                self.note(text.summary(event))
            case "task_completed" | "task_failed" | "task_cancelled":
                self._end(event)

    def note(self, words: str) -> None:
        """Something about the connection or the command, not from the agent."""
        self.aside("note", words)

    def _grow(self, key: str, data: Mapping[str, Any], *, answer: bool) -> None:
        """Write what is new of a text. One that no longer begins as it did is written anew."""
        before, said = self._written.get(key, ""), str(data["text"])
        whole = self._written[key] = before[: data.get("offset", 0)] + said if data.get("chunk") else said
        goes_on = whole.startswith(before)
        fresh = text.harmless(whole[len(before) :] if goes_on else whole)
        if not fresh:
            return
        if answer and not (goes_on and self._message == key):
            self._end_message()
            self._message = key
        if self._open != key or not goes_on:
            self._close()
            self._clear_bar()
            self._open = key
            if not answer:
                click.secho("  think   ", dim=True, nl=False, err=True)
        click.secho(fresh, dim=not answer, nl=False, err=not answer)

    def aside(self, name: str, words: object) -> None:
        """A line beside the answer."""
        self._close()
        self._clear_bar()
        click.secho(f"  {name:<8}{text.one_line(words)}", dim=True, err=True)

    def _task_progress(self, event: Mapping[str, Any]) -> None:
        progress = event["data"].get("progress")
        if progress is None or not self._progress:
            self.aside("task", text.summary(event))
            return
        self._close()
        done = round(BAR * min(1.0, max(0.0, progress)))
        detail = text.one_line(event["data"].get("detail", ""))
        line = f"  [{'#' * done}{'.' * (BAR - done)}] {progress:4.0%} {detail}"
        line = line[: shutil.get_terminal_size().columns - 1]
        click.echo(f"\r{line:<{self._bar}}", nl=False, err=True)
        self._bar = len(line)

    def _end(self, event: Mapping[str, Any]) -> None:
        data = event["data"]
        answer = data.get("final_answer", "")
        if answer and answer not in self._written.values():
            self._grow("final answer", {"text": answer}, answer=True)
        self._close()
        self._end_message()
        self._clear_bar()
        verb = {"task_completed": "done", "task_failed": "failed", "task_cancelled": "stopped"}[event["type"]]
        why = f": {text.one_line(data['error'])}" if data.get("error") else ""
        click.secho(f"  {verb} after {data.get('duration_seconds', 0):.1f} s{why}", dim=True, err=True)

    def _close(self) -> None:
        """End the line that is being written. An answer that goes elsewhere is not broken for what goes beside it."""
        if self._open.startswith(_REASONING):
            click.echo(err=True)
        elif self._open and self._mixed:
            click.echo()
        self._open = ""

    def _end_message(self) -> None:
        """End an answer that goes elsewhere."""
        if self._message and not self._mixed:
            click.echo()
        self._message = ""

    def _clear_bar(self) -> None:
        if self._bar:
            click.echo(f"\r{'':<{self._bar}}\r", nl=False, err=True)
            self._bar = 0


_NAMES = {"task_paused": "task", "task_resumed": "task", "workflow_update": "team"}
