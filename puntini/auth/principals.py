"""Who asks: the user behind a credential, and how far the credential reaches."""

from math import inf
from typing import Literal

from msgspec import Struct

Role = Literal["user", "admin"]
Scope = Literal["read", "write", "admin"]
EVERYTHING: frozenset[Scope] = frozenset({"read", "write", "admin"})


class Principal(Struct, frozen=True):
    """A user by one of their credentials.

    ``credential`` names it, for limits, for the audit log and for what revokes it: its kind, a colon, its id. It ends
    at ``expires_at`` (seconds since the epoch). Nobody has the empty name.
    """

    user: str
    role: Role = "user"
    scopes: frozenset[Scope] = EVERYTHING
    credential: str = ""
    expires_at: float = inf

    @property
    def is_admin(self) -> bool:
        """Whether this is an admin, by a credential that lets them be one."""
        return self.role == "admin" and "admin" in self.scopes

    def may(self, scope: Scope) -> bool:
        """Whether the credential reaches so far."""
        return self.is_admin if scope == "admin" else scope in self.scopes


LOCAL = Principal("local", "admin", credential="open")
"""The one principal of open mode."""
NOBODY = Principal("", scopes=frozenset())
"""Whoever shows no credential."""
