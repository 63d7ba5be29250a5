"""Run the generator from a checkout: `python golden/generate [--check]`, with nothing installed but mpmath."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python looks for modules in this folder first, where numbers.py would stand before the standard library's.
    here = Path(__file__).resolve().parent
    sys.path[:] = [str(here.parent), *(entry for entry in sys.path if Path(entry).resolve() != here)]
    from generate import main  # type: ignore[import-not-found]

    sys.exit(main())
