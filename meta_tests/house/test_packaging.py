"""The wheel contains every package of the checkout, and every file that is not Python."""

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
FOLDERS = {name: ROOT / folder for name, folder in SETTINGS["package-dir"].items()}


def packages():
    """{name: folder} of every folder with an __init__.py, by the name that it has once installed."""
    found = {}
    for name, folder in FOLDERS.items():
        for marker in folder.rglob("__init__.py"):
            inner = marker.parent.relative_to(folder).parts
            found[".".join([name, *inner])] = marker.parent
    return found


def test_every_package_is_listed():
    assert sorted(SETTINGS["packages"]) == sorted(packages())


def test_every_data_file_is_listed():
    listed = {
        path for name, patterns in SETTINGS["package-data"].items() for pattern in patterns
        for path in packages()[name].glob(pattern)
    }  # fmt: skip
    there = {path for folder in FOLDERS.values() for path in folder.rglob("*") if path.is_file()}
    assert {path for path in there if path.suffix not in (".py", ".pyc")} == listed
