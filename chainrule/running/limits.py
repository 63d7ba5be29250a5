"""How far and how long the specs of a run look: what --thorough, --seed and --timeout ask for."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chainrule.contract.errors import UnusableTarget

DEFAULT_TIMEOUT = 60.0  # seconds for each spec
THOROUGH_TIMEOUT = 600.0  # forty times the cases, and most specs are far from the limit without them
ACCURACY_TIMEOUT = 900.0  # training on the real data is given longer
SEEDS = 2**32


@dataclass(frozen=True)
class Limits:
    """thorough: whether specs look at many inputs at random.  seed: what decides these; None of any other run.

    timeout: seconds that a spec may take; 0 for no limit.
    """

    thorough: bool
    seed: int | None
    timeout: float

    @classmethod
    def asked(cls, thorough: bool, seed: int | None, timeout: float | None) -> Limits:
        """Those that the options ask for: a fresh seed where none is given, the usual timeout likewise.

        Raises UnusableTarget for a seed that is none.
        """
        seconds = default_timeout(thorough) if timeout is None else timeout
        return cls(thorough, exploration_seed(thorough, seed), seconds)

    def seconds(self, chapter: str) -> float:
        """Seconds that a spec of a chapter may take."""
        return max(self.timeout, ACCURACY_TIMEOUT) if chapter == "accuracy" and self.timeout else self.timeout


def exploration_seed(thorough: bool, seed: int | None) -> int | None:
    """The seed of a thorough run: the one given, else a fresh one; None of a run that is not.

    Raises UnusableTarget for a seed without `thorough`, or one that is not between 0 and 2^32 - 1.
    """
    if seed is not None and not thorough:
        raise UnusableTarget(f"--seed {seed}: only a --thorough run is random; without it every run is the same")
    if seed is not None and not 0 <= seed < SEEDS:
        raise UnusableTarget(f"--seed {seed}: expected an integer from 0 to {SEEDS - 1}")
    return (time.time_ns() % SEEDS if seed is None else seed) if thorough else None


def default_timeout(thorough: bool) -> float:
    """Seconds that a spec may take if the user does not say how many."""
    return THOROUGH_TIMEOUT if thorough else DEFAULT_TIMEOUT


def repeated(seed: int | None) -> tuple[str, ...]:
    """The note that tells how to repeat a run that was at random."""
    return () if seed is None else (f"at random: --thorough --seed {seed} is the same run again",)
