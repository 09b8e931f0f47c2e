"""A team over real sockets: created with the documented line, killed in the middle of a turn, and taken up again."""

import re
from pathlib import Path

import pytest

from tests.live.clients import curl as client
from tests.live.faults.story import standing
from tests.live.serving import ROOT, Serving, serving, wait_for

pytestmark = pytest.mark.skipif(not client.available(), reason="curl is not installed")
PAGE = (ROOT / "docs" / "agents.md").read_text("utf-8")


def documented(beginning: str) -> str:
    """An example of the page, which may go over several lines."""
    found = re.search(rf"^{beginning}.*?(?=^\S|^```)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0]


def speakers(server: Serving, task: str) -> list[str]:
    """Whose turns there were so far. One that was cut off before it was kept is void, and comes again."""
    said = standing(server.events(server.get(f"/v1/tasks/{task}")["session_id"]))
    return [event["data"]["to_agent"] for event in said if event["type"] == "workflow_update"]


def test_a_group_chat_that_is_killed_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    goal = documented("puntini chat --agent editors").partition('"')[2].partition('"')[0]
    with serving(tmp_path, offline_pause_seconds=0.005) as server:
        client.run(client.typed(documented(f"curl {client.HOST}/v1/agents -d"), server.url))
        session = server.create(agent="editors")
        task = server.play(session, goal)
        wait_for(lambda: len(speakers(server, task)) == 2, 20.0, "the second turn")
        server.kill()
        server.start()
        assert server.finish(task) == "completed"

        assert speakers(server, task) == ["puntini", "generator", "puntini"]
        words = [message["content"] for message in server.get(f"/v1/sessions/{session}/messages")["items"]]
    assert words[0] == goal
    assert words[1].startswith("I drew a project management graph")
    assert words[2].startswith("Here is a plain report about Wireframes")
    assert words[3].endswith("ALL DONE")
    assert len(words) == 4
