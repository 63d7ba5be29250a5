"""`chainrule mistakes`: list the mistakes that a check knows by name."""

from __future__ import annotations

import argparse

from chainrule.cli.parsing import PASS
from chainrule.contract.errors import UnusableTarget


def run_mistakes(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from chainrule.diagnosis import mistakes
    from chainrule.reports.mistake import print_catalogue
    from chainrule.reports.terminal import console_of

    chapters = dict.fromkeys(mistake.chapter for mistake in mistakes().values())
    for chapter in arguments.chapter:
        if chapter not in chapters:
            raise UnusableTarget(f"{chapter}: not a chapter with known mistakes; expected one of {', '.join(chapters)}")
    print_catalogue(console_of(), [m for m in mistakes().values() if m.chapter in (arguments.chapter or chapters)])
    return PASS
