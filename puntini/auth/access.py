"""Which sessions a principal sees, and what they may do there. What may not be seen does not exist: 404."""

from puntini.auth.principals import Principal
from puntini.errors import Forbidden, NotFound
from puntini.log.contract import Store
from puntini.log.members import RANKS, MemberRole


class Access:
    """Answers from one store, whatever the door."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def role(self, who: Principal, session_id: str) -> MemberRole | None:
        """What somebody is in a session; None when they may not know that it is there."""
        return "owner" if who.is_admin else await self._store.role(session_id, who.user)

    async def require(self, who: Principal, session_id: str, role: MemberRole = "viewer") -> MemberRole:
        """The role somebody has, which is ``role`` or more. Raises NotFound or Forbidden.

        To an admin every session is their own, also one that is not there: whoever looks for it will notice.
        """
        found = await self.role(who, session_id)
        if found is None:
            raise NotFound(f"There is no session `{session_id}`.")
        if RANKS[found] < RANKS[role]:
            raise Forbidden(f"You are {_a(found)} of this session; this takes {_a(role)}.")
        return found

    async def require_task(self, who: Principal, task_id: str, role: MemberRole = "viewer") -> MemberRole:
        """The same for the session of a task."""
        if who.is_admin:
            return "owner"
        row = await self._store.task(task_id)
        found = await self.role(who, row.session_id) if row else None
        if row is None or found is None:
            raise NotFound(f"There is no task `{task_id}`.")
        return await self.require(who, row.session_id, role)


def _a(role: MemberRole) -> str:
    return f"a {role}" if role == "viewer" else f"an {role}"
