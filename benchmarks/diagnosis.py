"""How much longer a check takes that has something to diagnose.

    python benchmarks/diagnosis.py [--repeat N] [NAME ...]

For each style of the bank (all that run here, or those named), the processor's time of a check of the correct file, and
of the file with each of its mistakes; printed as ratios, with their median and their largest.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "meta_tests"))

from banks.style_bank import STYLES
from chainrule.running import run
from chainrule.running.loading import load


def seconds(style, mistake, repeat):
    """The least of some checks, loading included."""
    with tempfile.TemporaryDirectory() as folder:
        path = style.copy(Path(folder), mistake)
        taken = []
        for _ in range(repeat):
            started = time.process_time()
            run.check(load(str(path), conventions=style.declared))
            taken.append(time.process_time() - started)
    return min(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("names", metavar="NAME", nargs="*")
    asked = parser.parse_args()
    ratios = []
    for style in STYLES:
        if style.needs or (asked.names and not any(name in style.file for name in asked.names)):
            continue
        clean = seconds(style, None, asked.repeat)
        for mistake in style.mistakes:
            ratios.append(seconds(style, mistake, asked.repeat) / clean)
            print(f"{style.file:<28} {mistake.name:<44.44} {ratios[-1]:.2f} of {clean:.2f} s", flush=True)
    print(f"\n{len(ratios)} faulty files: median ratio {median(ratios):.2f}, largest {max(ratios):.2f}")
    print(f"{sum(ratio > 1.5 for ratio in ratios)} above 1.5")


if __name__ == "__main__":
    main()
