"""What speaks against a check having been answered honestly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

REPLACED = "replaced"  # something that a check relies on is another object than before
DIFFERS = "differs"  # the code answers otherwise where no test is to be seen
FRESH = "fresh"  # the code is right on the specification's inputs, and wrong on others
RESULTS = "results"  # the results are not those of the specs that were to run
LOOKS = "looks"  # the code asks who calls it, which is no fault by itself
NOTES = (LOOKS,)


@dataclass(frozen=True)
class Finding:
    """kind: one of those above.  what: the thing by its name.  where: `file:line` of the code behind it, or None.

    explanation: the rest of the sentence that `what` begins.
    """

    kind: str
    what: str
    where: str | None
    explanation: str

    @property
    def fails(self) -> bool:
        """Whether it fails the check; a note does not."""
        return self.kind not in NOTES

    def __str__(self) -> str:
        return f"{self.what} {self.explanation}{f' ({self.where})' if self.where else ''}"

    def to_dict(self) -> dict[str, Any]:
        """The object of a JSON report."""
        return asdict(self) | {"fails": self.fails}


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Each once: of what is replaced again at every call, the first time."""
    found: dict[tuple[str, str, str | None], Finding] = {}
    for finding in findings:
        found.setdefault((finding.kind, finding.what, finding.where), finding)
    return list(found.values())
