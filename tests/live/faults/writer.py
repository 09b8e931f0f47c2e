"""An impatient client: sends each command twice at once, and both again, under one id, until they are acknowledged."""

import asyncio
from collections.abc import Mapping
from typing import Any

import anyio
import httpx

from tests.live.serving import Asking

AGAIN_SECONDS = 0.05


class Writer:
    """Sends prompts and graph edits in turn. ``acknowledged`` holds each command's answer, ``sent`` each command."""

    def __init__(self, server: Asking, session_id: str) -> None:
        self.session_id = session_id
        self.sent: dict[str, dict[str, Any]] = {}
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.repeated = 0
        self.stopping = False
        self._server = server

    async def run(self) -> None:
        """Send one command after the other until ``stopping``; the last is acknowledged too."""
        async with httpx.AsyncClient(trust_env=False, timeout=10.0) as http:
            while not self.stopping:
                command_id = f"command-{len(self.sent)}"
                self.sent[command_id] = self._command(len(self.sent), command_id)
                self.acknowledged[command_id] = await self._send_twice(http, self.sent[command_id])
                await anyio.sleep(0.02)

    async def _send_twice(self, http: httpx.AsyncClient, command: Mapping[str, Any]) -> dict[str, Any]:
        one, other = await asyncio.gather(self._send(http, command), self._send(http, command))
        assert one == other, "a repeat is answered with the first outcome"
        return one

    def _command(self, n: int, command_id: str) -> dict[str, Any]:
        if n % 8 == 0:
            return {
                "type": "user_prompt",
                "command_id": command_id,
                "data": {"prompt": f"play {n + 1} events every 1 ms"},
            }
        node = {"id": command_id, "label": "Edit", "props": {"n": n}}
        return {
            "type": "graph_edit",
            "command_id": command_id,
            "data": {"base_version": 0, "delta": [{"action": "add_node", "node": node}]},
        }

    async def _send(self, http: httpx.AsyncClient, command: Mapping[str, Any]) -> dict[str, Any]:
        while True:
            try:
                answer = await http.post(f"{self._server.url}/v1/sessions/{self.session_id}/commands", json=command)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code < 500:
                assert answer.status_code == 202, answer.text
                return dict(answer.json())
            self.repeated += 1
            await anyio.sleep(AGAIN_SECONDS)

    def marks(self) -> list[str]:
        """What each command leaves in the log, and no other does: a prompt's text, an edit's node."""
        return [command["data"].get("prompt") or command["command_id"] for command in self.sent.values()]

    async def repeat_all(self) -> None:
        """Send everything once more; the answers must be the first ones."""
        async with httpx.AsyncClient(trust_env=False, timeout=10.0) as http:
            for command_id, command in self.sent.items():
                assert await self._send(http, command) == self.acknowledged[command_id]
