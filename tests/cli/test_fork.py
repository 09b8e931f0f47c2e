"""``puntini fork``."""

import pytest

from tests.cli.conftest import Call
from tests.cli.terminal import sentence
from tests.live.serving import Serving


@pytest.mark.parametrize(("at_flag", "events"), [([], 8), (["--at", "3"], 4), (["--at", "earliest"], 0)])
def test_a_fork_is_told_by_its_id_alone(server: Serving, call: Call, at: str, at_flag: list[str], events: int) -> None:
    session_id = server.create()
    assert server.finish(server.play(session_id, "play 3 events")) == "completed"

    made = call("fork", session_id, *at_flag, at)

    assert (made.code, made.err) == (0, "")
    assert server.get(f"/v1/sessions/{made.out.strip()}")["events"] == events


def test_what_can_not_be_forked_is_a_sentence(server: Serving, call: Call, at: str) -> None:
    assert "There is no session `ses_none`." in sentence(call("fork", "ses_none", at), 1)
    session_id = server.create()
    assert "does not reach forward" in sentence(call("fork", session_id, "--at", "9", at), 1)
