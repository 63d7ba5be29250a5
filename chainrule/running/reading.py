"""How chainrule read a file, in words: notes beside the conventions, and what it did not understand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.contract.chapters import CORE_CHAPTERS
from chainrule.running.loading import Loaded
from chainrule.running.results import SpecResult

NOT_INSTALLED = re.compile(r"(\S+) is not installed: what needs it does not run")
NOT_UNDERSTOOD = " was not understood; tried "
UNPROVEN = re.compile(r"no (network|forward pass) was understood: (.*)", re.DOTALL)
MISSING = re.compile(r"(\w+) is missing: (.* has nothing of such a name)")
SHOWN = 4  # how many attempts, and definitions, a message lists
LOOKED_FOR = "a network: a class, or functions, with weights and a bias for every layer and a forward pass"


def notes_of(loaded: Loaded) -> tuple[str, ...]:
    """Notes on how chainrule read the code and on what did not run, the most important first."""
    supplied = loaded.description.supplied
    absent = [found[1] for found in map(NOT_INSTALLED.fullmatch, loaded.notes) if found]
    notes = [
        f"the code that ran does not define {name}: chainrule sets it to the number of samples before every call"
        for name in supplied
    ]
    if absent:
        are = "are" if len(absent) > 1 else "is"
        notes.append(
            f"{', '.join(absent)} {are} not installed: what needs {'them' if len(absent) > 1 else 'it'} did not run"
        )
    notes += [note for note in loaded.notes if not NOT_INSTALLED.fullmatch(note)]
    notes += [why for name, why in loaded.missing.items() if name not in supplied]
    return (*loaded.impl.notes, *notes)


def nothing_found(loaded: Loaded, specs: Sequence[SpecResult]) -> str:
    """What the file holds instead of anything to check; empty if there is something, understood or not."""
    read = loaded.description
    if not read.recognised or read.form or any(result.outcome != "todo" for result in specs) or read.offered:
        return ""
    if read.strangers or (loaded.loops and any(result.chapter in CORE_CHAPTERS for result in specs)):
        return ""
    defined = listed(read.defined) if read.defined else "no function and no class"
    beside = ", and nothing under a name that chainrule knows" if read.defined else ""
    return f"{loaded.path.name} defines {defined}{beside}; chainrule new FILE writes the names to fill in"


def listed(names: Sequence[str]) -> str:
    """The first names, and the number of the others."""
    return ", ".join([*names[:SHOWN], *([f"{len(names) - SHOWN} more"] if names[SHOWN:] else [])])


def not_understood(loaded: Loaded, specs: Sequence[SpecResult]) -> str:
    """Three lines: what chainrule looked for, what it found instead, and the command to run next.

    Empty if chainrule understood everything, or if the file has nothing yet to understand.
    """
    read = loaded.description
    if not read.recognised or not any(result.outcome == "todo" for result in specs):
        return ""
    if read.form:
        troubles = operations_not_understood(specs)
        if not troubles:
            return ""
        looked_for = f"{' and '.join(troubles)} of {read.form}"
        found = [f"{operation}: {why}" for operation, why in troubles.items()]
    else:
        core = any(result.chapter in CORE_CHAPTERS for result in specs)  # else no network is looked for
        if not core or "create" in read.offered or not (read.strangers or loaded.loops):
            return ""
        looked_for, found = LOOKED_FOR, list(dict.fromkeys([*read.refused, *read.strangers]))[: 2 * SHOWN]
        if not read.strangers:
            found = [f"loops at module level, which nothing can call ({listed(loaded.loops)})"]
            return "\n".join([f"looked for {looked_for}", f"found {found[0]}", "chainrule new FILE"])
    way_on = (
        "pass globals(), or the file's path to `chainrule adapt`" if loaded.live else f"chainrule adapt {loaded.target}"
    )
    return "\n".join([f"looked for {looked_for}", f"found {'; '.join(found)}", way_on])


def next_step(way_on: str, sketched: bool) -> str:
    """What the user should do about code that chainrule does not understand.

    way_on: the command for it.  sketched: whether lines that begin it stand below.
    """
    if way_on.startswith("chainrule new"):
        return "put the lines into a class as below, or into the file that this writes"
    below = ", as below or as this drafts it" if sketched else ""
    return f"write an adapter that says what each function does{below}"


def operations_not_understood(specs: Sequence[SpecResult]) -> dict[str, str]:
    """{operation: the functions tried for it, and why each was rejected}."""
    found: dict[str, str] = {}
    for result in specs:
        operation, tried, why = result.message.partition(NOT_UNDERSTOOD)
        missing, unproven = MISSING.match(result.message), UNPROVEN.match(result.message)
        if result.outcome == "todo" and tried:
            found.setdefault(operation, why)
        elif result.outcome == "todo" and unproven:
            found.setdefault("forward", unproven[2])
        elif result.outcome == "todo" and missing:
            found.setdefault(missing[1], missing[2])
    return {"forward": found["forward"]} if "forward" in found else found  # everything else builds on forward
