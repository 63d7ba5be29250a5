"""The table of diagnoses: every mistake planted in the bank of styles, the first clause that fails, and what the check
calls it.

    python -m programs.diagnoses [--processes N] [--every N] [NAME ...]

--every: of the mistakes every N-th.  NAME: part of a style's file or of a mistake's name.  Exit status 0 if every
faulty file fails in a chapter of its mistake's, at least 90 % of the first diagnoses are right, and no wrong one is
certain.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

from banks.style_bank import FOLDER, STYLES, Mistake, Style
from chainrule import api
from chainrule.running.loading import load

ENOUGH = 0.9
PLACE = re.compile(r":(cell \d+:)?(\d+)$")
CODE_CELL = '"cell_type": "code"'
# What each planted mistake is called in the catalogue, by the words of its name; several where its numbers cannot tell
# which.  The first line that fits counts.
CALLED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("mask of the activations", ("mask-missing",)),
    ("mask without the bias", ("mask-without-bias",)),
    ("mask of the next layer", ("mask-of-another-layer",)),
    ("mask of the gradient's sign", ("mask-of-delta", "layer-mask-of-gradient")),
    ("mask of the first batch for ever", ("forward-stale",)),
    ("relu mask missing", ("mask-missing",)),
    ("gradients of a product swapped", ()),  # in an engine of nodes: the catalogue has no name for it
    ("relu behind the last layer", ("forward-relu-on-output",)),
    ("gradients of a bias not summed", ("bias-gradient-not-summed", "bias-gradient-of-one-sample")),
    ("W1 of variance 1", ("init-constant-scale",)),
    ("mask inverted", ("mask-inverted",)),
    ("mask that is", ("mask-missing",)),
    ("relu derivative missing in one", ("mask-missing-in-one-layer",)),
    ("relu derivative missing", ("mask-missing",)),
    ("relu derivative of ones", ("layer-mask-missing",)),
    ("the sigmoid's derivative for relu's", ("mask-of-sigmoid",)),
    ("db summed over units", ("bias-gradient-over-all-entries",)),
    ("over all entries", ("bias-gradient-over-all-entries", "loss-averaged-over-classes")),
    ("db averaged twice", ("array-averaged-twice",)),
    ("bias gradients averaged twice", ("array-averaged-twice",)),
    ("averaged bias gradient", ("array-averaged-twice",)),
    ("db averaged", ("layer-bias-gradient-averaged",)),
    ("averaged dW beside", ("array-averaged-twice",)),
    ("1/m twice", ("array-averaged-twice", "gradient-averaged-twice")),
    ("1/m missing everywhere", ("gradient-not-averaged",)),
    ("1/N missing everywhere", ("gradient-not-averaged",)),
    ("1/N missing in dx", ("gradient-not-averaged",)),
    ("1/m missing in", ("array-not-averaged", "gradient-not-averaged")),
    ("b1 from the unmasked gradient", ("bias-gradient-unmasked",)),
    ("updated before", ("carry-updated-weights",)),
    ("not transposed", ("carry-not-transposed",)),
    ("weights transposed", ("carry-not-transposed",)),
    ("only the diagonal", ("gradient-true-class-only", "gradient-softmax-diagonal")),
    ("one-hot off by one", ("gradient-one-hot-shifted", "loss-of-wrong-class")),
    ("cache of the layer before", ("weight-gradient-of-another-layer",)),
    ("inputs of the first batch for ever", ("cache-stale",)),
    ("bias gradients accumulate", ("gradients-accumulate",)),
    ("gradients accumulate over batches", ("fit-gradients-accumulate",)),
    ("gradients accumulate", ("gradients-accumulate",)),
    ("averaged loss beside summed gradients", ("gradient-not-averaged",)),
    ("summed loss beside", ("loss-summed",)),
    ("loss not averaged", ("loss-summed",)),
    ("averaged over classes", ("loss-averaged-over-classes",)),
    ("in bits", ("loss-log-base",)),
    ("without the shift", ("softmax-no-shift",)),
    ("softmax over the batch too", ("softmax-over-everything",)),
    ("softmax over the batch", ("softmax-over-batch",)),
    ("leaky relu", ("relu-leaky",)),
    ("bias not added", ("forward-bias-missing",)),
    ("dx not reshaped", ("layer-input-gradient-shape",)),
    ("climb", ("step-ascends", "step-ascends-in-part")),
    ("not updated", ("step-leaves-out", "array-zero")),  # where gradients are read off an update
    ("at rate 1", ("step-rate-unused-in-part",)),
    ("the rate is not used", ("step-rate-unused",)),
    ("biases not averaged over the mini-batch", ("fit-along-sum-in-part",)),
    ("labels not shuffled", ("fit-labels-not-shuffled",)),
    ("not shuffled", ("fit-not-shuffled",)),
    ("batch dropped", ("fit-last-batch-dropped",)),
    ("half of He's range", ("init-he-uniform-limit", "init-he")),
    ("Xavier for He", ("init-xavier",)),
    ("in one layer", ("init-network-other-scheme", "init-he")),
    ("He for", ("init-he",)),
    ("He's range for Xavier's", ("init-he",)),
    ("fan-out for fan-in", ("init-fan-out",)),
    ("half of Xavier's variance", ("init-half-variance",)),
    ("LeCun's normal deviation as Xavier's range", ("init-pytorch-range",)),
    ("scikit-learn's range", ("init-third-variance",)),
)


@dataclass(frozen=True)
class Row:
    """What a check says of one faulty file.

    line: of the planted change, by its cell in a notebook; where: of the diagnosis; change: what it offers, or empty.
    """

    style: str
    mistake: str
    verdict: str
    failed: tuple[str, ...]
    clause: str
    id: str
    certainty: str
    where: str
    change: str
    line: tuple[str, int]

    @property
    def right(self) -> bool:
        return self.id in called(self.mistake)

    @property
    def located(self) -> bool:
        """Whether the place is that of the planted change, or a line beside it."""
        found = PLACE.search(self.where)
        return found is not None and (found[1] or "") == self.line[0] and abs(int(found[2]) - self.line[1]) <= 1


def called(name: str) -> tuple[str, ...]:
    """The ids that are right for a planted mistake.  Raises LookupError for one that has none yet."""
    for words, ids in CALLED:
        if words in name:
            return ids
    raise LookupError(f"{name}: not in diagnoses.CALLED: say what it is called in the catalogue")


def planted_line(style: Style, mistake: Mistake) -> tuple[str, int]:
    """(cell, line) of the change, in the file that it is made in: `cell 3:`, or nothing outside of notebooks."""
    text = Path(FOLDER, mistake.file or style.file).read_text(encoding="utf-8")
    before = text[: text.index(mistake.old)]
    inside = len(mistake.old) - len(mistake.old.lstrip("\n"))
    if not style.file.endswith(".ipynb"):
        return "", before.count("\n") + 1 + inside
    _, _, cell = before.rpartition('"source": [')
    return f"cell {before.count(CODE_CELL)}:", cell.count("\n") + inside


def row(style: Style, mistake: Mistake) -> Row:
    """Check one faulty file."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = api.check_loaded(load(str(style.copy(Path(folder), mistake)), conventions=style.declared))
    wrong = [result for result in outcome.specs if result.outcome in ("failed", "error")]
    first = outcome.diagnoses[0] if outcome.diagnoses else None
    return Row(
        style.file,
        mistake.name,
        outcome.verdict,
        tuple({result.chapter for result in wrong}),
        wrong[0].id if wrong else "",
        first.id if first else "",
        first.certainty if first else "",
        (first.where or "") if first else "",
        " => ".join(first.change) if first and first.change else "",
        planted_line(style, mistake),
    )


def chosen(names: Sequence[str]) -> list[tuple[Style, Mistake]]:
    """The planted mistakes that can run here, or of these those that are named."""
    return [
        (style, mistake)
        for style in STYLES
        for mistake in style.mistakes
        if (style.needs is None or find_spec(style.needs))
        and (not names or any(name in style.file or name in mistake.name for name in names))
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("names", metavar="NAME", nargs="*")
    asked = parser.parse_args(arguments)
    pairs = chosen(asked.names)[:: asked.every]
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        rows = []
        for found in pool.map(row, *zip(*pairs, strict=True)):
            rows.append(found)
            mark = "" if found.right else "   <- " + " or ".join(called(found.mistake))
            print(
                f"{found.style:<28} {found.mistake:<44.44} {found.clause:<30} {found.certainty:<8} {found.id:<34} "
                f"{'line' if found.located else '    '} {found.change}{mark}",
                flush=True,
            )
    chapters = {(style.file, mistake.name): set(mistake.chapters) for style, mistake in pairs}
    caught = [r for r in rows if r.verdict == "fail" and set(r.failed) & chapters[r.style, r.mistake]]
    right = [r for r in rows if r.right]
    wrong = [r for r in rows if not r.right and r.certainty == "certain" and r.id != "unnamed"]
    located = sum(r.located for r in rows)
    print(f"\n{len(rows)} faulty files over {len({r.style for r in rows})} correct ones")
    print(f"{len(caught)} fail where they should")
    for lost in (r for r in rows if r not in caught):
        print(f"    {lost.style}, {lost.mistake}: {lost.verdict}, failed in {', '.join(lost.failed)}")
    by_certainty = dict(Counter(found.certainty for found in right))
    print(f"{len(right)} first diagnoses right ({len(right) / len(rows):.1%}): {by_certainty}")
    print(f"{len(wrong)} wrong ones reported as certain")
    print(f"{located} with the line of the planted change ({located / len(rows):.1%})")
    changes = sum(bool(found.change) for found in rows)
    print(f"{changes} with a change that mends ({changes / len(rows):.1%})")
    return 0 if len(caught) == len(rows) and len(right) >= ENOUGH * len(rows) and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
