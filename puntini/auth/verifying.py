"""What the doorman asks of whoever knows one kind of credential."""

from typing import Protocol

from puntini.auth.principals import Principal


class Verifier(Protocol):
    """Knows tokens, or keys, or tickets: the kind before the colon of ``Principal.credential``."""

    def known(self, text: str) -> Principal | None:
        """Whom a credential names that was verified since the last change of anything; without any wait."""
        ...

    async def principal(self, text: str) -> Principal:
        """Whom it names. Raises Unauthorized, with a sentence that repeats nothing of it."""
        ...

    async def still(self, who: Principal) -> Principal | None:
        """The principal as of now, perhaps of another role; None when the credential was revoked or has ended."""
        ...
