"""The number of attempts: the short form of `make test`, or the full one of `make torture`."""

import os
import random
import sys

FULL = os.environ.get("TORTURE") == "1"
SEED = int(
    os.environ.get("TORTURE_SEED") or (random.SystemRandom().randrange(10**6) if FULL else 7)
)


def chance(name: str) -> random.Random:
    """The randomness of one test, from the seed that it prints."""
    sys.stdout.write(f"\n{name}: TORTURE_SEED={SEED}\n")
    return random.Random(f"{SEED} {name}")
