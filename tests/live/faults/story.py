"""What a session's log must amount to, whatever happened to the server that wrote it."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from tests.live.faults.reader import Reader
from tests.live.faults.writer import Writer
from tests.live.serving import Asking, seq_of, wait_for

Event = Mapping[str, Any]
ENDS = {"task_completed", "task_failed", "task_cancelled"}


def whole_log(server: Asking, session_id: str) -> list[Event]:
    """A fresh reading, in pages, by somebody who saw nothing of what happened."""
    events: list[Event] = []
    after, live = "earliest", False
    while not live:
        path = f"/v1/sessions/{session_id}/stream?after={after}&limit=1000"
        page = wait_for(partial(_page, server, path), 10, "a page of the log")
        events += page["events"]
        after, live = page["next"], page["live"]
    return events


def _page(server: Asking, path: str) -> dict[str, Any]:
    """A page; an empty one where a proxy knows of nobody to ask, or the store is away, for the moment."""
    answer = server.ask("GET", path, headers={"accept": "application/json"})
    return {} if answer.status_code in {502, 503} else dict(answer.raise_for_status().json())


def all_quiet(server: Asking) -> None:
    """Wait until no task runs or waits."""
    wait_for(lambda: not any(server.get("/v1/status")["engine"].values()), 60, "the end of all tasks")


def assert_complete(log: Sequence[Event]) -> None:
    """Ids 1, 2, 3 … without holes, of one epoch."""
    ids = [event["id"].rpartition(".") for event in log]
    assert [int(seq) for _, _, seq in ids] == list(range(1, len(log) + 1))
    assert len({epoch for epoch, _, _ in ids}) == 1


def assert_read_by_all(readers: Sequence[Reader], log: Sequence[Event]) -> None:
    """Every reader was told exactly the log, the same bytes, and no gap."""
    for reader in readers:
        assert not reader.told("gap")
        assert not _jumps(reader.ids), "lost or repeated: (after, came) …"
        assert len(reader.ids) == len(log)
        assert len(reader.epochs) == 1
        assert reader.events == readers[0].events
    assert decoded(readers[0].events) == list(log)


def _jumps(ids: Sequence[int]) -> list[tuple[int, int]]:
    """Where a seq does not follow the one before."""
    return [(before, seq) for before, seq in pairwise([0, *ids]) if seq != before + 1]


def assert_carried_out_once(writer: Writer, log: Sequence[Event]) -> None:
    """Every acknowledged command is in the log, once."""
    assert writer.acknowledged
    done = Counter(event["data"]["delta"][0]["node"]["id"] for event in log if _is_edit(event))
    done += Counter(event["data"]["prompt"] for event in log if event["type"] == "user_prompt")
    asked = writer.marks()
    assert {mark: done[mark] for mark in asked} == dict.fromkeys(asked, 1)


def _is_edit(event: Event) -> bool:
    """Whether a person's edit, not the agent's."""
    return bool(event["type"] == "graph_update" and event["data"]["author"] != "scripted")


def assert_played_once(log: Sequence[Event]) -> None:
    """Every task has one end, and said what its script asks for, in order, once."""
    prompts = [event["data"]["prompt"] for event in log if event["type"] == "user_prompt"]
    tasks = tasks_of(log)
    assert len(tasks) == len(prompts)
    for prompt, events in zip(prompts, tasks.values(), strict=True):
        assert_task_told_once(events)
        played = numbers_played(standing(events))
        assert not _jumps(played), f"lost or said twice: (after, came) … {_jumps(played)[:9]}"
        assert len(played) == int(prompt.split()[1])


def attempts(log: Iterable[Event]) -> int:
    """How many attempts the task that was interrupted most often needed."""
    return max(int(event.get("attempt", 0)) for event in log)


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


def _number(event: Event) -> int | None:
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
