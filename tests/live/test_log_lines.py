"""Log lines and traces of a real server: what belongs together can be found together."""

import json
from pathlib import Path

import httpx

from tests.live.collecting import collecting
from tests.live.serving import Serving, wait_for


def test_lines_name_the_request_the_session_the_node_and_the_trace(tmp_path: Path) -> None:
    with collecting() as (address, collector):
        server = Serving(tmp_path, access_log="all", node="node-1", otlp_endpoint=address).start()
        try:
            session_id = httpx.post(f"{server.url}/v1/sessions", json={}, trust_env=False).json()["session_id"]
            httpx.get(
                f"{server.url}/v1/sessions/{session_id}?token=hidden-1",
                headers={"x-request-id": "mine-1"},
                trust_env=False,
            )
            httpx.get(f"{server.url}/v1/ready", trust_env=False)
        finally:
            server.stop()
        wait_for(lambda: len(collector.spans) >= 3, 5, "the spans, which are sent at the end at the latest")

    lines = [json.loads(line) for line in server.said().splitlines() if line.startswith("{")]
    [line] = [line for line in lines if line.get("request_id") == "mine-1"]
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["status"]) == ("GET", f"/v1/sessions/{session_id}", 401)
    assert (line["session_id"], line["node"], line["user"]) == (session_id, "node-1", "")
    assert "hidden-1" not in server.said()
    assert collector.services == {"puntini"}
    [span] = [span for span in collector.spans if span.span_id.hex() == line["span_id"]]
    assert span.trace_id.hex() == line["trace_id"]
