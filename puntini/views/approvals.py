"""What people are asked to decide and have not decided yet."""

from collections.abc import Iterable

import msgspec

from puntini.protocol.events import ApprovalRequest, ApprovalView

MOST_OPEN = 1_000
MOST_BYTES = 16 << 20
"""Of all open requests together, as JSON: as much as an agent may say at once."""

_encoder = msgspec.json.Encoder()


class OpenApprovals:
    """Open requests in the order they were made. Those that come beyond the bounds are not shown.

    There is no clock here: a request that has expired is open until the log says so.
    """

    def __init__(self, approvals: Iterable[ApprovalView] = ()) -> None:
        self._open = {each.approval_id: each for each in approvals}
        self._sizes = {each.approval_id: _size(each) for each in self._open.values()}
        self._size = sum(self._sizes.values())

    def ask(self, event: ApprovalRequest) -> None:
        """An agent asks. Asked again under the same id, the later question stands."""
        data = event.data
        self.resolve(data.approval_id)
        approval = ApprovalView(
            approval_id=data.approval_id,
            task_id=event.task_id,
            agent=event.agent,
            question=data.question,
            tool_name=data.tool_name,
            parameters=data.parameters,
            options=data.options,
            response_schema=data.response_schema,
            expires_at=data.expires_at,
            requested_at=event.timestamp,
        )
        size = _size(approval)
        if len(self._open) >= MOST_OPEN or self._size + size > MOST_BYTES:
            return
        self._open[approval.approval_id] = approval
        self._sizes[approval.approval_id] = size
        self._size += size

    def resolve(self, approval_id: str) -> None:
        """It was decided, or time ran out."""
        if self._open.pop(approval_id, None) is not None:
            self._size -= self._sizes.pop(approval_id)

    def end(self, task_id: str) -> None:
        """A task has ended: nothing that it asked is waited for any more."""
        for each in [each for each in self._open.values() if each.task_id == task_id]:
            self.resolve(each.approval_id)

    def open(self) -> list[ApprovalView]:
        """The requests, oldest first."""
        return list(self._open.values())


def _size(approval: ApprovalView) -> int:
    return len(_encoder.encode(approval))
