"""Checks every style of the bank without its training: the rest is right, and says nothing else.

    python -m programs.untrained [--every N] [NAME ...]

A row is a style: the verdict, and every outcome that is neither passed nor todo.  Exit status 1 if any verdict is
`fail`.
"""

import argparse
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from banks.style_bank import STYLES
from banks.untrained import untrained, untrained_notebook
from chainrule import api
from chainrule.running.loading import load

QUIET = ("passed", "todo", "skipped", "blocked")


def row(style, folder):
    """(the verdict on a style without its training, {spec: outcome} of those that failed)."""
    path = style.copy(Path(folder))
    text = path.read_text(encoding="utf-8")
    path.write_text(untrained_notebook(text) if path.suffix == ".ipynb" else untrained(text), encoding="utf-8")
    outcome = api.check_loaded(load(str(path), conventions=style.declared))
    return outcome.verdict, {spec.id: spec.outcome for spec in outcome.specs if spec.outcome not in QUIET}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="styles whose files contain one of these")
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args(arguments)
    wanted = [style for style in STYLES if not asked.names or any(name in style.file for name in asked.names)]
    failed = 0
    for style in wanted[:: asked.every]:
        if style.needs and not find_spec(style.needs):
            print(f"{style.file:<40} needs {style.needs}", flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder:
            verdict, wrong = row(style, folder)
        failed += verdict == "fail"
        print(f"{style.file:<40} {verdict:<10} {' '.join(wrong)}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
