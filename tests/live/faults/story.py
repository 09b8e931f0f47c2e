"""What a session's log must amount to, whatever happened to the server that wrote it."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.live.serving import seq_of

Event = Mapping[str, Any]
ENDS = {"task_completed", "task_failed", "task_cancelled"}


def decoded(bodies: Iterable[bytes]) -> list[dict[str, Any]]:
    """Envelopes as they came, read."""
    return [json.loads(body) for body in bodies]


def tasks_of(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Each task's events, in order."""
    tasks: dict[str, list[Event]] = {}
    for event in events:
        if task_id := event.get("task_id"):
            tasks.setdefault(task_id, []).append(event)
    return tasks


def standing(events: Sequence[Event]) -> list[Event]:
    """What is not retracted."""
    void: set[int] = set()
    for event in events:
        if event["type"] == "task_retracted":
            void |= set(range(_seq(event["data"]["from_id"]), _seq(event["data"]["to_id"]) + 1))
    return [event for event in events if seq_of(event) not in void]


def _seq(event_id: str) -> int:
    return int(event_id.rpartition(".")[2])


def assert_task_told_once(events: Sequence[Event]) -> None:
    """One start, rising attempts that each say where they begin, one end and nothing after it."""
    types = Counter(event["type"] for event in events)
    attempts = [event["attempt"] for event in events]
    assert types["task_started"] == 1, types
    assert [event["type"] for event in events if event["type"] in ENDS] == [events[-1]["type"]]
    assert types["task_resumed"] == max(attempts) - 1, "each attempt after the first says that it took over"
    assert set(attempts) == set(range(1, max(attempts) + 1))
    spoken = [event["attempt"] for event in events if event["type"] != "task_resumed"]
    assert spoken == sorted(spoken), "a dead attempt spoke after another had taken over"


def numbers_played(events: Iterable[Event]) -> list[int]:
    """The numbers that the scripted agent said, in order."""
    return [number for event in events if (number := _number(event)) is not None]


def _number(event: Event) -> int | None:  # noqa: C901 - one case a kind of event
    data = event["data"]
    match event["type"]:
        case "assistant_response" if data.get("chunk"):
            return int(data["text"])
        case "reasoning":
            return int(data["text"].split()[1].rstrip("."))
        case "debug":
            return int(data["details"]["n"])
        case "graph_update" if event["data"].get("author") == "scripted":
            return int(data["delta"][0]["node"]["props"]["n"])
        case "tool_call":
            return int(data["parameters"]["n"])
        case "step":
            return int(data["step_number"])
        case "plan_update":
            return int(data["current_plan"][0].split()[1].rstrip("."))
    return None
