"""What is counted and written down of an answer when it begins."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from puntini.errors import StoreUnavailable
from puntini.figures import figures
from puntini.transport.answers import AccessLog, Answers, resource_of
from puntini.transport.asgi import note_code


@pytest.mark.parametrize(
    ("access_log", "told"), [("off", []), ("errors", [500, 503]), ("all", [101, 200, 404, 429, 500, 503])]
)
def test_the_access_log_tells_what_is_set(access_log: AccessLog, told: list[int]) -> None:
    answers = Answers(access_log)
    with capture_logs() as lines:
        for status in (101, 200, 404, 429, 500, 503):
            answers.begun({"type": "http", "method": "GET", "path": "/v1/tasks"}, status, 0.01)
    assert [line["status"] for line in lines] == told
    assert all(line["log_level"] == ("warning" if line["status"] >= 500 else "info") for line in lines)


def test_a_line_says_why_an_answer_is_a_fault() -> None:
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/v1/tasks"}
    note_code(scope, StoreUnavailable("The database does not answer."))
    with capture_logs() as lines:
        Answers("errors").begun(scope, 503, 0.01)
    assert lines[0]["code"] == "store_unavailable"


class Ready:
    """The route."""

    path = "/v1/ready"


def test_a_server_that_is_not_ready_fills_no_log() -> None:
    with capture_logs() as lines:
        Answers("errors").begun({"type": "http", "method": "GET", "path": "/", "endpoint": Ready()}, 503, 0.01)
    assert lines == []


def test_a_method_of_nobody_s_is_no_label_of_its_own() -> None:
    before = figures.requests["none", "other", 405]
    Answers("off").begun({"type": "http", "method": "BREW", "path": "/"}, 405, 0.01)
    assert figures.requests["none", "other", 405] == before + 1


@pytest.mark.parametrize(
    ("route", "resource"),
    [
        ("", "none"),
        ("/", "console"),
        ("/assets/{asset}", "console"),
        ("/metrics", "metrics"),
        ("/openapi.json", "openapi"),
        ("/docs/{file}", "docs"),
        ("/v1/ready", "ready"),
        ("/v1/sessions/{session_id}/members/{username}", "sessions"),
        ("/v1/sessions/{session_id}/stream", "streams"),
        ("/v1/tasks/{task_id}/stream", "streams"),
        ("/v1/sessions/{session_id}/ws", "streams"),
        ("/ws/chat", "streams"),
    ],
)
def test_a_route_is_about_one_kind_of_thing(route: str, resource: str) -> None:
    assert resource_of(route) == resource
