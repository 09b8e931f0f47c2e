"""With whom a session is shared: its owner is in its record, others are members of it."""

from typing import Literal, Protocol

from msgspec import Struct

MemberRole = Literal["viewer", "editor", "owner"]
RANKS: dict[MemberRole, int] = {"viewer": 0, "editor": 1, "owner": 2}
"""Each may do what the ones before it may."""


class Member(Struct, frozen=True):
    """A user with whom a session is shared."""

    session_id: str
    user: str
    role: MemberRole


class Members(Protocol):
    """What is kept of members. A session's go with it."""

    async def members(self, session_id: str) -> list[Member]:
        """A session's members without its owner, in the order of their names. Raises NotFound."""
        ...

    async def share(self, session_id: str, user: str, role: MemberRole | None) -> bool:
        """Give a user a role in a session, or take it away; whether that changed anything. Raises NotFound."""
        ...

    async def role(self, session_id: str, user: str) -> MemberRole | None:
        """What a user is in a session: its owner, what it was shared with them as, or nothing."""
        ...
