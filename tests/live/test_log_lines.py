"""Log lines and traces of a real server: what belongs together can be found together."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.live.serving import Serving, wait_for


class Collector:
    """What a server sends by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: set[str] = set()

    def take(self, body: bytes) -> None:
        """Read one request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.services.add(named["service.name"])
            for scope in resource.scope_spans:
                self.spans += scope.spans


@contextmanager
def collecting() -> Iterator[tuple[str, Collector]]:
    """A collector and its address."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") is None and self.path == "/v1/traces":
                collector.take(body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_request(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
