"""Log lines, and what none of them shows."""

import json
import subprocess
import sys

import pytest

from puntini.settings import Secret, Settings

SAYS = """
import logging
from puntini.logs import configure, structlog
configure({form!r}, "info", ["sk-hidden-1", "abc"])
log = structlog.get_logger("x")
log.info("asked with sk-hidden-1", header="Bearer sk-hidden-1", letters="abc")
try:
    raise ValueError("refused: sk-hidden-1")
except ValueError:
    log.exception("it failed")
logging.getLogger("library").error("sent sk-hidden-1")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_shows_a_secret_whoever_writes_it(form: str) -> None:
    done = subprocess.run([sys.executable, "-c", SAYS.format(form=form)], capture_output=True, text=True, check=True)

    assert "sk-hidden" not in done.stderr + done.stdout
    assert done.stderr.count("(secret)") >= 4
    assert "abc" in done.stderr  # too short to be one


def test_the_settings_know_their_secrets() -> None:
    settings = Settings(anthropic_api_key=Secret("sk-1"), anthropic_base_url="https://proxy:hunter2@example.org")

    assert settings.secrets == ["sk-1", "hunter2"]


QUOTES = """
import logging
from puntini.logs import configure, structlog
configure({form!r}, "info", redact_prompts=True)
log = structlog.get_logger("x")
log.info("our own words stay", task_id="tsk_1", error="SAID by a model", reason="SAID by a person")
try:
    raise ValueError("can't answer: SAID by a person")
except ValueError as error:
    log.exception("it failed")
    log.error("it failed again", exc_info=error)
    logging.getLogger("library").exception("no answer to %s", "SAID by a person")
logging.getLogger("library").warning("f-string: SAID by a person")
log.info("nothing failed", exc_info=None)
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_with_redact_prompts_no_line_quotes_what_others_said_yet_says_where_it_failed(form: str) -> None:
    done = subprocess.run([sys.executable, "-c", QUOTES.format(form=form)], capture_output=True, text=True, check=True)

    assert "SAID" not in done.stderr + done.stdout
    for words in (
        "our own words stay",
        "tsk_1",
        "it failed again",
        "nothing failed",
        "library: its words are left out",
    ):
        assert words in done.stderr
    assert done.stderr.count("ValueError") == 3
    assert done.stderr.count("line 8, in <module>") == 3


A_TASK = """
import anyio
from structlog.contextvars import bind_contextvars
from puntini.app import create_app
from puntini.logs import configure
from puntini.settings import Settings
configure("json", "info", node="node-1", ids=lambda: {"trace_id": "t1"})

class Failing:
    name = "failing"
    async def run(self, task):
        raise ValueError("on purpose")

async def main():
    app = create_app(Settings(store="memory:", agent=("failing",), access_log="all"), [Failing()])
    import httpx
    async with app.router.lifespan_context(app), httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000"
    ) as http:
        answer = await http.post("/v1/chat", json={"prompt": "hello"}, headers={"accept": "application/json"})
        print(answer.json()["task_id"], answer.json()["session_id"])
        await http.get("/v1/none")

anyio.run(main)
"""


def test_a_task_s_lines_name_the_task_and_not_the_request_that_set_it_off() -> None:
    done = subprocess.run([sys.executable, "-c", A_TASK], capture_output=True, text=True, check=True)

    task_id, session_id = done.stdout.split()
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    [failed] = [line for line in lines if line["event"] == "agent failed"]
    assert (failed["task_id"], failed["session_id"]) == (task_id, session_id)
    assert (failed["node"], failed["trace_id"]) == ("node-1", "t1")
    assert "request_id" not in failed
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["path"] for line in requests] == ["/v1/chat", "/v1/none"]
    assert all(line["request_id"].startswith("req_") for line in requests)
