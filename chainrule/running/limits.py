"""The limits of a run, set by --thorough, --seed and --timeout."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chainrule.contract.errors import UnusableTarget

DEFAULT_TIMEOUT = 60.0  # seconds for each spec
THOROUGH_TIMEOUT = 600.0  # a thorough run has forty times the cases
ACCURACY_TIMEOUT = 900.0  # for training on the real data
SEEDS = 2**32


@dataclass(frozen=True)
class Limits:
    """thorough: whether specs use many random inputs.  seed: decides these; None for other runs.

    timeout: seconds for a spec; 0 for no limit.
    """

    thorough: bool
    seed: int | None
    timeout: float

    @classmethod
    def asked(cls, thorough: bool, seed: int | None, timeout: float | None) -> Limits:
        """The limits for the given options, with a fresh seed and the usual timeout by default.

        Raises UnusableTarget for an invalid seed.
        """
        seconds = default_timeout(thorough) if timeout is None else timeout
        return cls(thorough, exploration_seed(thorough, seed), seconds)

    def seconds(self, chapter: str) -> float:
        """The time limit for a spec of a chapter, in seconds."""
        return max(self.timeout, ACCURACY_TIMEOUT) if chapter == "accuracy" and self.timeout else self.timeout


def exploration_seed(thorough: bool, seed: int | None) -> int | None:
    """The seed of a thorough run: the given one, else a fresh one; None for other runs.

    Raises UnusableTarget for a seed without `thorough`, or one that is not between 0 and 2^32 - 1.
    """
    if seed is not None and not thorough:
        raise UnusableTarget(f"--seed {seed}: only a --thorough run uses a seed; add --thorough or leave --seed out")
    if seed is not None and not 0 <= seed < SEEDS:
        raise UnusableTarget(f"--seed {seed}: expected an integer from 0 to {SEEDS - 1}")
    return (time.time_ns() % SEEDS if seed is None else seed) if thorough else None


def default_timeout(thorough: bool) -> float:
    """The default time limit for a spec, in seconds."""
    return THOROUGH_TIMEOUT if thorough else DEFAULT_TIMEOUT


def repeated(seed: int | None) -> tuple[str, ...]:
    """The note that says how to repeat a random run."""
    return () if seed is None else (f"random cases: --thorough --seed {seed} repeats this run",)
