"""Run the generator from a checkout: `python golden/generate [--check]`. It needs only mpmath."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python searches this folder first, where numbers.py would hide the standard library's module.
    here = Path(__file__).resolve().parent
    sys.path[:] = [str(here.parent), *(entry for entry in sys.path if Path(entry).resolve() != here)]
    from generate import main  # type: ignore[import-not-found]

    sys.exit(main())
