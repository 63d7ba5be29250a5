"""Options of the command line and of the pytest plugin that take KEY=VALUE."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.contract import UnusableTarget

EXAMPLES = {"--convention": "samples=columns", "--name": "MLP=NeuralNetwork"}


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE arguments as a dictionary; of one key given twice the last counts.  Raises UnusableTarget."""
    found = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not (key.strip() and equals and value.strip()):
            raise UnusableTarget(f"{option} {pair}: expected KEY=VALUE, such as {EXAMPLES[option]}")
        found[key.strip()] = value.strip()
    return found
