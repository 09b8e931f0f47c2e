"""What many prompts have in common, and many errors: their first words without what differs from time to time."""

import re
import unicodedata

TOPIC_SHOWN = 100
REASON_SHOWN = 200
_LOOKED_AT = 500
_ID = re.compile(r"\b(?=[0-9a-f-]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b|\b[a-z]{2,4}_[0-9a-z]{12,}\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SPACE = re.compile(r"\s+")


def topic(prompt: str) -> str:
    """Prompts with the same topic ask for the same: case, spaces, numbers, ids and the last full stop don't count."""
    text = unicodedata.normalize("NFKC", prompt[:_LOOKED_AT]).casefold()
    return _cut(_blank(text).strip(" .!?…"), TOPIC_SHOWN)


def reason(error: str) -> str:
    """Errors with the same reason say the same in their first line, but for numbers and ids."""
    first, _, _ = error.strip().partition("\n")
    return _cut(_blank(first[:_LOOKED_AT]), REASON_SHOWN)


def _blank(text: str) -> str:
    return _SPACE.sub(" ", _NUMBER.sub("#", _ID.sub("#", text))).strip()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
