"""Chance that can be repeated: a failure prints its seed; ``PUNTINI_TEST_SEED=<seed>`` plays the same again."""

import os
import random

SEED = "PUNTINI_TEST_SEED"


def repeatable() -> random.Random:
    """A source of chance for one test, which says its seed."""
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1 << 32))
    print(f"{SEED}={seed}")  # noqa: T201 - pytest shows it when the test fails
    return random.Random(seed)
