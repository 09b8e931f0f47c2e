"""The server's secret, from which every key that it signs with is made."""

import hmac
import secrets

import structlog

from puntini.errors import Misconfigured
from puntini.log.contract import Kept, Ledger
from puntini.settings import Secret

LEAST_BYTES, LEAST_KINDS = 32, 8
SPACE, KIND, KEY, COMPARISON = "auth", "secret", "server", "comparison"
log = structlog.get_logger("puntini.auth")


async def compare(secret: bytes, store: Ledger) -> None:
    """Warn where another node signs with another secret. What is kept tells nothing of either."""
    ours = derived(secret, "comparison")
    before = await store.kept(SPACE, KIND, COMPARISON)
    if before is not None and before != ours:
        log.warning("this node's secret is not the one of the node before it: what one signs, the other does not take")
    if before != ours:
        await store.keep([Kept(SPACE, KIND, COMPARISON, ours)])


async def server_secret(setting: Secret, store: Ledger) -> bytes:
    """The secret that is set; without one, the store's own, made once. Raises Misconfigured for a short one."""
    if setting:
        return checked(setting)
    while (kept := await store.kept(SPACE, KIND, KEY)) is None:
        await store.swap(Kept(SPACE, KIND, KEY, secrets.token_bytes(LEAST_BYTES)), None)
    return kept


def checked(setting: Secret) -> bytes:
    """A secret that is long enough. Raises Misconfigured."""
    secret = setting.reveal().encode()
    if len(secret) < LEAST_BYTES or len(set(secret)) < LEAST_KINDS:
        raise Misconfigured(
            f"The secret is too short, or too plain: give PUNTINI_SECRET at least {LEAST_BYTES} random characters, "
            "such as those of `openssl rand -hex 32`."
        )
    return secret


def derived(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose: what is signed for another is worth nothing here."""
    return hmac.digest(secret, purpose.encode(), "sha256")
