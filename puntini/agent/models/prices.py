"""What the tokens of known models cost, as Anthropic published it in October 2026."""

import re

from msgspec import Struct

MILLION = 1_000_000
LONG_PROMPT = 100_000
SNAPSHOT = re.compile(r"[-@]\d{8}$|-latest$")
"""What a name may end with without being another model: a date, or ``latest``."""


class Price(Struct, frozen=True):
    """US dollars for a million tokens of each kind. Writing to the cache is priced for five minutes."""

    input: float
    output: float
    cache_write: float
    cache_read: float


class Tokens(Struct, frozen=True):
    """What one request took. ``input`` is what was neither written to the cache nor read from it."""

    input: int = 0
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0

    @property
    def prompt(self) -> int:
        """All that was sent."""
        return self.input + self.cache_write + self.cache_read


_FABLE_5_1 = Price(10, 50, 12.5, 0.25)
_FABLE_5 = Price(10, 50, 12.5, 1)
_OPUS = Price(5, 25, 6.25, 0.5)
_SONNET_4 = Price(3, 15, 3.75, 0.3)

PRICES = {
    "claude-fable-5-1": _FABLE_5_1,
    "claude-mythos-5-1": _FABLE_5_1,
    "claude-fable-5": _FABLE_5,
    "claude-mythos-5": _FABLE_5,
    "claude-opus-5-5": Price(4, 20, 5, 0.2),
    "claude-opus-5": _OPUS,
    "claude-opus-4-8": _OPUS,
    "claude-opus-4-7": _OPUS,
    "claude-opus-4-6": _OPUS,
    "claude-opus-4-5": _OPUS,
    "claude-sonnet-5-5": Price(2, 10, 2.5, 0.1),
    "claude-sonnet-5": Price(2, 10, 2.5, 0.2),
    "claude-sonnet-4-6": _SONNET_4,
    "claude-sonnet-4-5": _SONNET_4,
    "claude-haiku-5-5": Price(0.1, 0.5, 0.125, 0.01),
    "claude-haiku-4-5": Price(1, 5, 1.25, 0.1),
}

LONG_PRICES = {"claude-haiku-5-5": Price(0.5, 2.5, 0.625, 0.05)}
"""Of models that cost more, answer and all, where the prompt is longer than ``LONG_PROMPT``."""


def price(model: str, *, prompt: int = 0) -> Price | None:
    """What a model costs for a prompt of so many tokens; None for one that is not listed, however like its name."""
    family = SNAPSHOT.sub("", model)
    known = PRICES.get(family)
    return LONG_PRICES.get(family, known) if prompt > LONG_PROMPT else known


def cost(model: str, tokens: Tokens) -> float | None:
    """What a request cost in US dollars, or None where no price is known."""
    found = price(model, prompt=tokens.prompt)
    if found is None:
        return None
    dollars = (
        tokens.input * found.input
        + tokens.output * found.output
        + tokens.cache_write * found.cache_write
        + tokens.cache_read * found.cache_read
    )
    return dollars / MILLION
