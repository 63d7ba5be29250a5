"""`chainrule completion`: a script with which a shell completes chainrule's commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from chainrule.cli.parsing import PASS
from chainrule.contract.errors import UnusableTarget

SHELLS = ("bash", "zsh", "tcsh")


def run_completion(arguments: argparse.Namespace, make_parser: Callable[[], argparse.ArgumentParser]) -> int:
    """Print the script.  Raises UnusableTarget without the library that writes it."""
    try:
        import shtab
    except ImportError:
        raise UnusableTarget("completion needs shtab: pip install 'chainrule[completion]'") from None
    print(shtab.complete(make_parser(), arguments.shell))
    return PASS
