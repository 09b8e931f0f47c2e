"""Open mode: a server that only this machine reaches, and on which nobody has an account, asks for no credential."""

from puntini.auth.revision import Revision
from puntini.auth.users import Users


class Openness:
    """Whether the server is open. It is looked up again after each change of anything."""

    def __init__(self, users: Users, revision: Revision, *, possible: bool) -> None:
        self._users = users
        self._revision = revision
        self._possible = possible
        self.known: bool | None = None if possible else False
        revision.also(self._forget)

    async def look(self) -> bool:
        """Find out. Once somebody has an account, it is never open again."""
        if self.known is None:
            revision = self._revision.number
            found = self._possible and not await self._users.exist()
            if revision == self._revision.number:
                self.known = found
            return found
        return self.known

    def _forget(self) -> None:
        self.known = None if self._possible else False
