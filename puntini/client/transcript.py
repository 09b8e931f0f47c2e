"""A task as ``puntini chat`` shows it: the answer goes to the output, everything on the way to it beside."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import click

from puntini.client import text
from puntini.client.answers import choices
from puntini.client.names import Names
from puntini.client.said import Said

BAR = 20
LF = "\n"
_REASONING, _ANSWER = "reasoning ", "answer "
_VERBS = {"task_completed": "done", "task_failed": "failed", "task_cancelled": "stopped"}


class Transcript:
    """Shows events as they come. Text that comes in pieces is written as it grows; what was written is not repeated.

    What is ``held`` is kept back until ``finish``: what is written to a file or a pipe can't be taken back.
    A speaker is named when it is another than before. With ``quiet`` only what a person has to know goes beside.
    """

    def __init__(self, names: Names, *, held: bool, quiet: bool = False) -> None:
        # In a terminal, and with `2>&1`, the answer and what goes beside it meet: each needs lines of its own.
        self._mixed = os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
        self._held = held
        self._progress = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._quiet = quiet
        self._names = names
        self._said = Said()
        self._bar = 0
        self._open = ""
        self._message = ""
        self._speaker = ""
        self._spoken = False
        self._prompted = False
        self._call = ""
        """The call that began last."""
        self._last = ""
        """The type of the event before, if it told how far the task is."""

    def show(self, event: Mapping[str, Any]) -> None:
        """Show an event, if people want to see it."""
        self._names.learn(event)
        self._speaker = self._speaker or str(event.get("agent", ""))
        before, type_ = self._last, str(event.get("type"))
        self._last = type_ if type_ in _TELLING | _PROGRESS else before
        match type_:
            case "assistant_response":
                self._answer(event)
            case "approval_request" | "approval_resolved" | "task_retracted" | "gap":
                self._tell(event)
            case "task_progress" if event["data"].get("status") == "queued" and event["data"].get("detail"):
                self.note(event["data"]["detail"])
            case "task_completed" | "task_failed" | "task_cancelled":
                self._end(event)
            case _ if not self._quiet:
                self._work(event, before)

    def note(self, words: str) -> None:
        """Something about the connection or the command, not from the agent."""
        self.aside("note", words)

    def aside(self, name: str, words: object) -> None:
        """A line beside the answer."""
        self._close()
        self._clear_bar()
        click.secho(f"  {name:<8}{text.one_line(words)}", dim=True, err=True)

    def finish(self) -> None:
        """Write the answer that was kept back. What of it was retracted is not in it."""
        if not self._held:
            return
        for key, said in self._said.texts.items():
            if key.startswith(_ANSWER) and said:
                self._label(self._said.agents[key])
                self._spoken = True
                click.echo(text.harmless(said))
        self._said = Said()

    def _tell(self, event: Mapping[str, Any]) -> None:
        """What a person has to know."""
        data = event["data"]
        match event["type"]:
            case "approval_request":
                self.aside("ask", f"{text.question(data, self._names)} {text.options(choices(data))}")
            case "approval_resolved":
                self.aside("ask", text.decided(data))
            case "task_retracted":
                void = "it" if self._held else "what it said last does not count, and"
                self.note(f"attempt {data['attempt']} was cut off; {void} is done again")
                self._end_message()
                self._said.retract(data)
            case "gap":
                self.note(text.summary(event, self._names))

    def _work(self, event: Mapping[str, Any], before: str) -> None:  # noqa: C901 - one case a kind of event
        """How the agent works. What says no more than the line before it is left out."""
        data, type_ = event.get("data", {}), str(event.get("type"))
        match type_:
            case "user_prompt":
                self._overheard(data)
            case "task_started" if data.get("status") == "queued":
                self.note("queued: it waits for its turn")
            case "reasoning" if data.get("text"):
                self._think(event)
            case "reasoning":
                for step in data.get("steps", []):
                    self.aside("think", step)
            case "graph_update":
                for line in text.graph(data, self._names):
                    self.aside("graph", line)
            case "tool_call":
                self._tool(data, before)
            case "plan_update":
                self.aside("plan", " / ".join(data["current_plan"]))
            case "task_progress":
                self._task_progress(event, told=before in _TELLING)
            case "step" if data["success"] and before == "tool_call":
                pass
            case "task_paused" | "task_resumed" if before in {"approval_request", "approval_resolved"}:
                pass
            case "step" | "debug" | "task_paused" | "task_resumed" | "workflow_update" | "error":
                self.aside(_NAMES.get(type_, type_), text.summary(event, self._names))

    def _tool(self, data: Mapping[str, Any], before: str) -> None:
        """A tool begins or ends. The end of one whose change to the graph was just told says nothing new."""
        call_id, status = str(data.get("call_id", "")), data.get("status")
        if not (status == "succeeded" and before == "graph_update" and call_id == self._call):
            self.aside("tool", text.tool(data, self._names))
        if status == "started":
            self._call = call_id

    def _overheard(self, data: Mapping[str, Any]) -> None:
        """A prompt that reached the task while it ran. The first is the one that was typed here."""
        if self._prompted:
            self.aside("said", f"{data.get('user_id') or 'somebody'}: {data['prompt']}")
        self._prompted = True

    def _answer(self, event: Mapping[str, Any]) -> None:
        """Write what is new of an answer. One that no longer begins as it did is written anew."""
        key = _ANSWER + event["data"]["message_id"]
        before, whole = self._said.take(key, event)
        goes_on = whole.startswith(before)
        fresh = text.harmless(whole[len(before) :] if goes_on else whole)
        if self._held or not fresh:
            return
        if not (goes_on and self._message == key):
            self._end_message()
            self._message = key
        if self._open != key or not goes_on:
            self._begin(key)
            self._label(self._said.agents[key])
        self._spoken = True
        click.secho(fresh, nl=False)

    def _label(self, agent: str) -> None:
        """Who speaks, if it is another than before."""
        if agent and agent != self._speaker:
            self._speaker = agent
            click.echo(f"{LF if self._spoken else ''}{text.one_line(agent)}:")

    def _think(self, event: Mapping[str, Any]) -> None:
        """Write what is new of a thought."""
        key = _REASONING + event["data"].get("message_id", "")
        before, whole = self._said.take(key, event)
        goes_on = whole.startswith(before)
        fresh = text.harmless(whole[len(before) :] if goes_on else whole)
        if not fresh:
            return
        if self._open != key or not goes_on:
            self._begin(key)
            click.secho("  think   ", dim=True, nl=False, err=True)
        click.secho(fresh, dim=True, nl=False, err=True)

    def _task_progress(self, event: Mapping[str, Any], *, told: bool) -> None:
        """A bar that comes and goes; a line where there is no terminal, and nothing else tells of it."""
        progress = event["data"].get("progress")
        if progress is None or not self._progress:
            if not told and (progress is not None or event["data"].get("detail")):
                self.aside("task", text.summary(event, self._names))
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
        if answer and not any(key.startswith(_ANSWER) and said == answer for key, said in self._said.texts.items()):
            self._answer({"id": event.get("id", ""), "data": {"message_id": "", "text": answer}})
        self._close()
        self._end_message()
        self._clear_bar()
        self.finish()
        if self._quiet and event["type"] == "task_completed":
            return
        why = f": {text.one_line(data['error'])}" if data.get("error") else ""
        verb = _VERBS[event["type"]]
        click.secho(f"  {verb} after {data.get('duration_seconds', 0):.1f} s{why}", dim=True, err=True)

    def _begin(self, key: str) -> None:
        """Begin a line that will grow."""
        self._close()
        self._clear_bar()
        self._open = key

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
_TELLING = {
    "assistant_response",
    "reasoning",
    "graph_update",
    "tool_call",
    "plan_update",
    "step",
    "debug",
    "workflow_update",
    "approval_request",
    "approval_resolved",
}
"""After one of these a progress line says nothing new."""
_PROGRESS = {"task_progress"}
