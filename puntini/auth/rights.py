"""What an address asks of whoever calls it. There is no route without one (see ``puntini.api.http.resource``)."""

from typing import Literal

from msgspec import Struct

from puntini.auth.principals import Scope
from puntini.log.members import MemberRole


class Right(Struct, frozen=True):
    """``scope`` None lets anybody in. ``of`` names the path parameter that leads to a session, in which the caller must
    have the ``role`` or a higher one."""

    scope: Scope | None
    of: Literal["session_id", "task_id"] | None = None
    role: MemberRole = "viewer"


ANYBODY = Right(None)
READ = Right("read")
WRITE = Right("write")
ADMIN = Right("admin")
VIEW = Right("read", "session_id")
EDIT = Right("write", "session_id", "editor")
OWN = Right("write", "session_id", "owner")
VIEW_TASK = Right("read", "task_id")
EDIT_TASK = Right("write", "task_id", "editor")
