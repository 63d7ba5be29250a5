"""Data sets of pictures: finds or downloads the files, verifies them, and loads them.

Each has an environment variable that names a folder with its files, as CHAINRULE_FASHION_MNIST, CHAINRULE_CIFAR10;
chainrule then looks nowhere else.  CHAINRULE_CACHE names the folder for downloaded files, instead of the user's cache.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import files, sources
from .files import Bytes
from .published import DATASETS, FASHION_MNIST, Images, Published

CACHE_VARIABLE = "CHAINRULE_CACHE"
SYSTEM_FOLDER = Path("/") / sources.PACKAGES_FOLDER  # where Debian's packages install theirs

Arrays = dict[str, Bytes]


class DatasetUnavailable(RuntimeError):
    """A data set cannot be loaded; the message says what was tried, why it failed, and every way out."""


def fashion_mnist(folder: str | os.PathLike[str] | None = None, *, download: bool = True) -> Images:
    """Load Fashion-MNIST: 70,000 grey pictures of clothes, 28 x 28, in ten classes.

    The arguments, warnings and errors are those of `load`.  Images are (60000, 28, 28) and (10000, 28, 28), labels
    (60000,) and (10000,).  Source: Xiao, Rasul and Vollgraf, *Fashion-MNIST: a Novel Image Dataset for Benchmarking
    Machine Learning Algorithms* (2017), arXiv:1708.07747.
    """
    return load(FASHION_MNIST, folder, download=download, warn_at=3)


def load(
    dataset: Published, folder: str | os.PathLike[str] | None = None, *, download: bool = True, warn_at: int = 2
) -> Images:
    """Load a data set from this machine; if it is not there, download it.

    With a FOLDER, or the data set's environment variable, chainrule looks only there.  Otherwise it looks in its cache,
    then in the folder of Debian's package.  Then, unless DOWNLOAD is false, it downloads the files into its cache, from
    the data set's own mirrors or Debian's archive.  It verifies every file by its SHA-256 each time.

    Returns four arrays of uint8, which the caller may change.  Raises DatasetUnavailable.  Warns (RuntimeWarning), at
    this level of the stack, if the cache cannot keep the downloaded files.
    """
    given = folder or os.environ.get(dataset.variable)
    if given:
        return _given(dataset, Path(given).expanduser(), "the folder argument" if folder else dataset.variable)
    found: Arrays = {}
    tried: list[str] = []
    for place in (cache_folder(dataset), SYSTEM_FOLDER / dataset.name):
        if not _complete(dataset, found):
            there, problem = read_all(dataset, place)
            found = there | found
            tried.append(f"{place}: {problem}")
    if not _complete(dataset, found) and download:
        tried += _bring(dataset, found, warn_at + 1)
    if not _complete(dataset, found):
        raise DatasetUnavailable(_advice(dataset, tried if download else [*tried, "download: not tried, by request"]))
    return _images(dataset, found)


def held_by(folder: Path) -> Published | None:
    """The data set whose smallest file a folder holds, verified; else the first of whose names it has one."""
    for dataset in DATASETS.values():
        try:
            min(dataset.files, key=lambda file: file.size).read(folder, {})
        except files.BadFile:
            continue
        return dataset
    every = ((one, folder / name) for one in DATASETS.values() for file in one.files for name in file.names)
    return next((one for one, path in every if path.exists()), None)


def scaled(images: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Flatten images to rows and scale their pixels from 0..255 to 0..1.

    images: (N, ...) integers. Returns (N, D), for D pixels in each, of DTYPE, a floating-point type.
    """
    pixels = np.asarray(images)
    rows: npt.NDArray[Any] = pixels.reshape(len(pixels), -1).astype(dtype)
    rows /= 255
    return rows


def cache_folder(dataset: Published = FASHION_MNIST) -> Path:
    """The folder for downloaded files: in CHAINRULE_CACHE, else in the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser() / dataset.name
    import pooch

    return Path(pooch.os_cache("chainrule")) / dataset.name


def read_all(dataset: Published, folder: Path) -> tuple[Arrays, str]:
    """Read the good files in a folder.  Returns the arrays by file name, and messages on missing or bad files."""
    found, problems, known = {}, [], dataset.known()
    for file in dataset.files:
        try:
            found[file.name] = file.read(folder, known)
        except files.BadFile as problem:
            problems.append(str(problem))
    if not os.path.isdir(folder):
        return found, "this is a file, not a folder" if os.path.exists(folder) else "the folder does not exist"
    if problems and not any(os.path.exists(folder / name) for file in dataset.files for name in file.names):
        return found, "none of the four files is there" if len(dataset.files) == 4 else "; ".join(problems)
    return found, "; ".join(problems)


def _images(dataset: Published, found: Arrays) -> Images:
    return dataset.images([found[file.name] for file in dataset.files])


def _complete(dataset: Published, found: Arrays) -> bool:
    return len(found) == len(dataset.files)


def _given(dataset: Published, folder: Path, origin: str) -> Images:
    """Load from a folder that the user named.  Raises DatasetUnavailable, with everything that is wrong with it."""
    found, problem = read_all(dataset, folder)
    if not _complete(dataset, found):
        raise DatasetUnavailable(
            f"{dataset.title} cannot be loaded from {folder} (given by {origin}): {problem}.\n"
            f"It should hold {_names(dataset)} (or the same decompressed)."
        )
    return _images(dataset, found)


def _bring(dataset: Published, found: Arrays, warn_at: int) -> list[str]:
    """Download the files that FOUND lacks, from the first sources that have them, and keep them in the cache.

    A verified file moves into the cache by one atomic rename, so that neither an interruption nor another process can
    leave half a file there or lose a good one.  Returns why sources failed.
    """
    cache, failures, unkept, known = cache_folder(dataset), [], "", dataset.known()
    with _staging(cache) as folder, _progress() as progress:
        for name, source in sources.sources(dataset).items():
            lacking = [file for file in dataset.files if file.name not in found]
            try:
                for file in source(lacking, Path(folder), progress) if lacking else ():
                    found[file.name] = file.read(Path(folder), known)
                    unkept = _keep(Path(folder) / file.name, cache) or unkept
            except (sources.SourceFailed, files.BadFile) as failure:
                failures.append(f"{name}: {failure}")
    if unkept:
        warnings.warn(f"{dataset.title} was downloaded but cannot be kept: {unkept}", RuntimeWarning, warn_at)
    return failures


def _staging(cache: Path) -> tempfile.TemporaryDirectory[str]:
    """A temporary folder inside the cache, from which a file can be renamed; elsewhere if the cache is not writable."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".incoming-", dir=cache, ignore_cleanup_errors=True)
    except OSError:
        return tempfile.TemporaryDirectory(prefix="chainrule-", ignore_cleanup_errors=True)


def _keep(path: Path, cache: Path) -> str:
    """Move a verified file into the cache.  Returns why that failed, or None."""
    try:
        os.replace(path, cache / path.name)
    except OSError as error:
        return f"{cache} is not writable ({error.strerror})"
    return ""


def _progress() -> Any:
    """Progress bars on the error stream, if that is a terminal; they disappear at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    console.quiet = not console.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=console, transient=True, disable=console.quiet)


def _advice(dataset: Published, tried: list[str]) -> str:
    names = _names(dataset)
    these, them = ("this file", "it") if len(dataset.files) == 1 else ("these four files", "them")
    return "\n".join(
        [
            f"{dataset.title} is not on this machine and could not be downloaded. Tried:",
            *(f"  - {line}" for line in tried),
            "To make it available, do one of these:",
            f"  - set {dataset.variable} to a folder that holds {names}",
            f"  - put {these} into the cache, {cache_folder(dataset)} ({CACHE_VARIABLE} sets another)",
            *([f"  - on Debian and Ubuntu: apt-get install {dataset.package}"] if dataset.package else []),
            *(f"  - download {them} from {mirror}" for mirror in dataset.mirrors),
        ]
    )


def _names(dataset: Published) -> str:
    names: Sequence[str] = [file.name for file in dataset.files]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
