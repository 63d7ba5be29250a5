"""Compute the golden values with mpmath at 50 digits.

    python golden/generate [--output DIR]            write one JSON file per case, and SHA256SUMS
    python golden/generate [--output DIR] --check    compare the files with what would be written, byte by byte

This program shares no code with the reference, so that it cannot repeat its mistakes: it uses mpmath and the standard
library, and computes each formula in its plainest form (mpmath's exponents are unbounded, so nothing can overflow and
nothing need be shifted). It confirms its gradients by a central difference of its loss, and its digits by a second run
at 100: it writes a case only if both give the same doubles.

Inputs are dyadic rationals, exact as doubles and short as text. They come from `random.Random(seed).random()`, the one
method whose sequence Python promises to keep. Every output is the double nearest to the 50-digit value.

A chapter is a module of this folder with a function `cases`, which returns {file: what computes its content}.
"""

import argparse
import hashlib
import importlib
import json
import pkgutil
from pathlib import Path

from mpmath import mp

from .numbers import require

DIGITS = 50
FOLDER = Path(__file__).resolve().parent.parent / "data"


def chapters():
    """The modules of this folder that offer cases, by name."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name != "__main__")
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [module for module in modules if hasattr(module, "cases")]


def assured(solution):
    """The result of `solution` at 50 digits, confirmed at 100 digits: the same doubles, so no digit was lost."""
    with mp.workdps(DIGITS):
        content = solution()
    with mp.workdps(2 * DIGITS):
        again = solution()
    for key, value in content.items():
        require(
            value == again[key], content.get("name", content["description"]), f"{DIGITS} digits are too few for {key}"
        )
    return content


def texts():
    """{file: text} of every chapter's cases, and SHA256SUMS, which lists them in order."""
    solutions = {file: solution for chapter in chapters() for file, solution in chapter.cases().items()}
    files = {file: as_text(assured(solution)) + "\n" for file, solution in solutions.items()}
    sums = [f"{hashlib.sha256(text.encode()).hexdigest()}  {file}\n" for file, text in files.items()]
    return files | {"SHA256SUMS": "".join(sums)}


def as_text(value, indent=""):
    """JSON that diffs well: each innermost list, such as the row of a matrix, has its own line."""
    deeper = indent + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {as_text(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(deeper + item for item in items) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], list | dict):
        return "[\n" + ",\n".join(deeper + as_text(item, deeper) for item in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)


def difference(path, text):
    """How the file at `path` differs from `text`, in words; None if it does not."""
    if not path.is_file():
        return f"{path}: missing"
    found, expected = path.read_bytes(), text.encode()
    if found == expected:
        return None
    pairs = zip(found.split(b"\n"), expected.split(b"\n"), strict=False)
    line = next((number for number, (a, b) in enumerate(pairs, 1) if a != b), "last")
    return f"{path}: differs from the generator's output, first at line {line}"


def check(folder, files):
    """The differences between a folder and the generator's output, one line each."""
    found = [difference(folder / name, text) for name, text in files.items()]
    there = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.json"))}
    strays = [f"{path}: the generator does not write this file" for name, path in there.items() if name not in files]
    return [line for line in found if line] + strays


def main(arguments=None):
    """Write the files or compare them.  Returns the exit status."""
    parser = argparse.ArgumentParser(prog="golden/generate", description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=FOLDER, metavar="DIR", help="default: golden/data")
    parser.add_argument("--check", action="store_true", help="write nothing, compare; exit 1 if a file differs")
    options = parser.parse_args(arguments)
    files = texts()
    if options.check:
        problems = check(options.output, files)
        print("\n".join(problems) or f"{len(files)} files in {options.output} are the generator's output")
        return 1 if problems else 0
    for name, text in files.items():
        path = options.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    print(f"wrote {len(files)} files to {options.output}")
    return 0
