"""`chainrule check --watch`: the check at every save."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from chainrule.cli.for_ci import baseline_of
from chainrule.cli.parsing import PASS, reading_options
from chainrule.contract.declarations import pairs
from chainrule.contract.errors import UnusableTarget
from chainrule.host.source.targets import require_readable


def run_watch(arguments: argparse.Namespace, rest: Sequence[str]) -> int:
    """Check TARGET at every save, until the user quits.  Raises UnusableTarget where watching is impossible."""
    require_watchable(arguments, rest)
    baseline_of(arguments)
    from chainrule.desk.checks import Asked
    from chainrule.desk.desk import Desk
    from chainrule.reports.terminal import console_of

    (target,) = arguments.targets
    asked = Asked(
        target,
        arguments.adapter,
        pairs("--convention", arguments.convention),
        pairs("--name", arguments.name),
        arguments.run_all,
        arguments.baseline,
        (target, *reading_options(arguments)),
        {
            "chapters": arguments.chapter,
            "full": arguments.full,
            "thorough": arguments.thorough,
            "seed": arguments.seed,
            "timeout": arguments.timeout,
            "from_scratch": arguments.from_scratch,
        },
    )
    named = [Path(name) for name in (target, arguments.adapter, arguments.baseline) if name]
    files = [file for name in named for file in ([name] if name.is_file() else name.glob("*.py"))]
    Desk(asked, files, console_of()).run()
    return PASS


def require_watchable(arguments: argparse.Namespace, rest: Sequence[str]) -> None:
    """Raise UnusableTarget for what cannot be watched, or without the library that watches."""
    if len(arguments.targets) > 1:
        raise UnusableTarget("--watch: name one TARGET")
    if arguments.format != "text" or arguments.output is not None or arguments.update_baseline or rest:
        other = rest[0] if rest else "--format, --output and --update-baseline"
        raise UnusableTarget(f"--watch: reports in the terminal alone, without {other}")
    for named in filter(None, (arguments.targets[0], arguments.adapter)):
        require_readable(named)
    target = Path(arguments.targets[0])
    if not target.exists():
        raise UnusableTarget(f"--watch {target}: no such file or folder; `chainrule new {target}` writes a skeleton")
    if find_spec("watchfiles") is None:
        raise UnusableTarget("--watch needs watchfiles: pip install 'chainrule[watch]'")
