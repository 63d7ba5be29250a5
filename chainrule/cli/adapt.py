"""`chainrule adapt`: draft an adapter for code in another form."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from chainrule.cli.parsing import PASS, write_new
from chainrule.contract.errors import UnusableTarget

ADAPT = (
    "Write a draft of an adapter: what chainrule recognises in TARGET is filled in,\nthe rest is left as comments.  "
    "The draft runs as it is:\n`chainrule check TARGET --adapter DRAFT`."
)


def run_adapt(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from chainrule.contract.declarations import pairs
    from chainrule.host.adapters.drafting import draft
    from chainrule.host.source.targets import open_target

    path: Path = arguments.output or Path(f"{Path(arguments.target).stem.replace('.', '_')}_adapter.py")
    if os.path.exists(path):
        raise UnusableTarget(f"{path}: this file exists already and was not changed; name a new file with --output")
    opened = open_target(
        arguments.target,
        conventions=pairs("--convention", arguments.convention),
        names=pairs("--name", arguments.name),
        run_all=arguments.run_all,
    )
    written = draft(opened, str(path))
    write_new(path, written.source)
    print(f"{path}: {written.summary}\nchainrule check {arguments.target} --adapter {path}")
    return PASS
