"""Evidence that the code did not answer a check honestly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

REPLACED = "replaced"  # the code replaced an object that a check relies on
DIFFERS = "differs"  # the code answers differently when it does not see a test
FRESH = "fresh"  # the code is right on the specification's inputs and wrong on others
RESULTS = "results"  # the results do not belong to the specs that had to run
LOOKS = "looks"  # the code asks who calls it, which alone is not a fault
NOTES = (LOOKS,)


@dataclass(frozen=True)
class Finding:
    """Evidence against a file, or a note on it.

    kind: one of those above.  what: the name of the thing.  where: `file:line` of the code behind it, or None.
    explanation: the rest of the sentence that `what` begins.
    """

    kind: str
    what: str
    where: str | None
    explanation: str

    @property
    def fails(self) -> bool:
        """Whether the finding fails the check; a note does not."""
        return self.kind not in NOTES

    def __str__(self) -> str:
        return f"{self.what} {self.explanation}{f' ({self.where})' if self.where else ''}"

    def to_dict(self) -> dict[str, Any]:
        """The object of a JSON report."""
        return asdict(self) | {"fails": self.fails}


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once: if the code replaces something at every call, the first one."""
    found: dict[tuple[str, str, str | None], Finding] = {}
    for finding in findings:
        found.setdefault((finding.kind, finding.what, finding.where), finding)
    return list(found.values())
