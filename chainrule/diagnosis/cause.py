"""What explains failing specs, on its way to a diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chainrule.diagnosis import Mistake
from chainrule.diagnosis.repair.search import Repair


@dataclass
class Cause:
    """mistake: None where none is known.  certainty, found: as in Diagnosis.  clauses: the specs that it explains.

    concerns: the operations to look into.  title: of a cause without a name.  where, placed: its line, and how it was
    found.  elsewhere: other lines that read like it.  begins: the line of the function, by default the first concern's.
    rivals: whether other mistakes explain as much.  checks: what has to hold while a change is tried, beside the specs.
    shared: whether the specs fail by a second, known mistake as well, so that they cannot pass with this one mended.
    repair: what mends it.  explanation: where title and found say all of it.  searched: whether a line is looked for.
    raised: whether the code raised at `where`.  line: the text of that line.  doubted: whether the code raised as well,
    where the mistake alone would not.
    """

    mistake: Mistake | None
    certainty: str
    found: str
    clauses: list[str]
    concerns: tuple[str, ...] = ()
    title: str = ""
    where: str | None = None
    placed: str = ""
    elsewhere: str = ""
    begins: str | None = None
    rivals: bool = False
    checks: Sequence[Callable[[], bool]] = ()
    shared: bool = False
    repair: Repair | None = None
    explanation: str = ""
    searched: bool = True
    raised: bool = False
    line: str = ""
    doubted: bool = False
