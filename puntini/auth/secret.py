"""The server's secret, from which every key that it signs with is made."""

import hmac
import secrets

from puntini.errors import Misconfigured
from puntini.log.contract import Kept, Ledger
from puntini.settings import Secret

LEAST_BYTES, LEAST_KINDS = 32, 8
SPACE, KIND, KEY = "auth", "secret", "server"


async def server_secret(setting: Secret, store: Ledger) -> bytes:
    """The secret that is set; without one, the store's own, made once. Raises Misconfigured for a short one."""
    while (known := await known_secret(setting, store)) is None:
        await store.swap(Kept(SPACE, KIND, KEY, secrets.token_bytes(LEAST_BYTES)), None)
    return known


async def known_secret(setting: Secret, store: Ledger) -> bytes | None:
    """The same without making one. Raises Misconfigured for a short one."""
    return checked(setting) if setting else await store.kept(SPACE, KIND, KEY)


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
