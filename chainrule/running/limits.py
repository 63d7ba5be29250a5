"""What `--thorough` does: the same specs, with a thousand cases at random each, from a seed that the report tells."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import HealthCheck, Phase, settings

from chainrule.contract.errors import UnusableTarget
from chainrule.running.pytest_plugin import DEFAULT_TIMEOUT
from chainrule.specification.networks import AT_RANDOM

USUAL = 25  # Hypothesis's examples without it
THOROUGH_TIMEOUT = 600.0  # forty times the cases, and most specs are far from the limit without them
SEEDS = 2**32


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
    """Seconds that a spec may take where nobody says how many."""
    return THOROUGH_TIMEOUT if thorough else DEFAULT_TIMEOUT


def repeated(seed: int | None) -> tuple[str, ...]:
    """The note that tells how to have a run again that was at random."""
    return () if seed is None else (f"at random: --thorough --seed {seed} is the same run again",)


def search(thorough: bool) -> settings:
    """How Hypothesis searches: the same examples every time, or many more at random."""
    return settings(
        max_examples=AT_RANDOM if thorough else USUAL,
        derandomize=not thorough,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )


def prepare(test: Any, seed: int | None) -> None:
    """Hand the run's settings to a property spec, and let it count its examples and begin each with an empty record.

    test: the function that `given` made.  What Hypothesis reads when the test runs, whenever its module was imported.
    """
    test._hypothesis_internal_use_settings = settings.default
    test._hypothesis_internal_use_seed = seed
    inner = test.hypothesis.inner_test
    if hasattr(inner, "body"):
        return

    def example(*arguments: Any, **keywords: Any) -> Any:
        keywords["impl"].forget()
        keywords["impl"].cases += 1
        return inner(*arguments, **keywords)

    example.body = inner  # type: ignore[attr-defined]
    test.hypothesis.inner_test = example
