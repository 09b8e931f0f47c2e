"""The agent's state, folded from snapshots and patches."""

from typing import Any

import msgspec

from puntini.protocol.events import StateUpdateData
from puntini.views import patch

MOST_BYTES = 16 << 20
"""A patch that would make the state larger than this, as JSON, fails. A snapshot is as large as its event."""

_encoder = msgspec.json.Encoder()


class AgentState:
    """``value`` is never changed in place: who was given it keeps what it was.

    ``version`` is the highest of the updates that applied, and of those that were taken back: it never goes back.
    """

    def __init__(self, value: Any = None, version: int = 0) -> None:
        self.value = value
        self.version = version
        self._at_most = MOST_BYTES

    def apply(self, data: StateUpdateData) -> None:
        """Take in an update. A patch that fails changes nothing, neither value nor version."""
        if data.patch is None:
            self.value, self._at_most = data.snapshot, MOST_BYTES
        else:
            try:
                self._patch(data.patch)
            except patch.PatchFailed:
                return
        self.passed(data.version)

    def passed(self, version: int) -> None:
        """There has been this version."""
        self.version = max(self.version, version)

    def _patch(self, operations: list[dict[str, Any]]) -> None:
        # ``_at_most`` is the state's size when it was last measured, and its growth since, rounded up. Only when that
        # leaves no room is it measured again, so that whether a patch fails depends on state and patch alone.
        try:
            value, growth = patch.apply(self.value, operations, room=MOST_BYTES - self._at_most)
        except patch.NoRoom:
            self._at_most = len(_encoder.encode(self.value))
            value, growth = patch.apply(self.value, operations, room=MOST_BYTES - self._at_most)
        self.value = value
        self._at_most += growth
