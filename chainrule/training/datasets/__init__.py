"""Fashion-MNIST: finds or downloads the files, verifies them, and loads them.

70,000 grey pictures of clothes, 28 x 28, in ten classes: Xiao, Rasul and Vollgraf, *Fashion-MNIST: a Novel Image
Dataset for Benchmarking Machine Learning Algorithms* (2017), arXiv:1708.07747; MIT licence.

Two environment variables say where the files are:

    CHAINRULE_FASHION_MNIST   a folder that holds the four files; chainrule then looks nowhere else
    CHAINRULE_CACHE           the folder for downloaded files, instead of the user's cache folder
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import files, sources

FOLDER_VARIABLE = "CHAINRULE_FASHION_MNIST"
CACHE_VARIABLE = "CHAINRULE_CACHE"
SYSTEM_FOLDER = Path("/") / sources.PACKAGE_FOLDER  # where Debian's package installs the files

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

Arrays = dict[str, npt.NDArray[np.uint8]]


class DatasetUnavailable(RuntimeError):
    """Fashion-MNIST could not be loaded; the message says what was tried, why it failed, and every way to get it."""


class FashionMNIST(NamedTuple):
    """The dataset as published. Pixels are 0 (background) to 255, labels are indices into CLASSES."""

    train_images: npt.NDArray[np.uint8]  # (60000, 28, 28)
    train_labels: npt.NDArray[np.uint8]  # (60000,)
    test_images: npt.NDArray[np.uint8]  # (10000, 28, 28)
    test_labels: npt.NDArray[np.uint8]  # (10000,)


def fashion_mnist(folder: str | os.PathLike[str] | None = None, *, download: bool = True) -> FashionMNIST:
    """Load Fashion-MNIST from this machine; if it is not there, download it.

    With a FOLDER, or the environment variable CHAINRULE_FASHION_MNIST, chainrule looks only there.  Otherwise it looks
    in its cache, then in the folder of Debian's package.  Then, unless DOWNLOAD is false, it downloads the files into
    its cache, from the dataset's own mirrors or Debian's archive.  It verifies every file by its SHA-256 each time.

    Returns four arrays of uint8, which the caller may change: images (60000, 28, 28) and (10000, 28, 28), labels
    (60000,) and (10000,).  Raises DatasetUnavailable.  Warns (RuntimeWarning) if the cache cannot keep the downloaded
    files.
    Source: Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747.
    """
    given = folder or os.environ.get(FOLDER_VARIABLE)
    if given:
        return _dataset(_given(Path(given).expanduser(), "the folder argument" if folder else FOLDER_VARIABLE))
    found: Arrays = {}
    tried: list[str] = []
    for place in (cache_folder(), SYSTEM_FOLDER):
        if not _complete(found):
            there, problem = files.read_all(place)
            found = there | found
            tried.append(f"{place}: {problem}")
    if not _complete(found) and download:
        tried += _bring(found)
    if not _complete(found):
        raise DatasetUnavailable(_advice(tried if download else [*tried, "download: not tried, by request"]))
    return _dataset(found)


def scaled(images: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Flatten images to rows and scale their pixels from 0..255 to 0..1.

    images: (N, 28, 28) integers. Returns (N, 784) of DTYPE, a floating-point type.
    """
    pixels = np.asarray(images)
    rows: npt.NDArray[Any] = pixels.reshape(len(pixels), -1).astype(dtype)
    rows /= 255
    return rows


def cache_folder() -> Path:
    """The folder for downloaded files: in CHAINRULE_CACHE, else in the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser() / "fashion-mnist"
    import pooch

    return Path(pooch.os_cache("chainrule")) / "fashion-mnist"


def _dataset(found: Arrays) -> FashionMNIST:
    return FashionMNIST(*(found[file.name] for file in files.FILES))


def _complete(found: Arrays) -> bool:
    return len(found) == len(files.FILES)


def _given(folder: Path, origin: str) -> Arrays:
    """Read a folder that the user named.  Raises DatasetUnavailable, with everything that is wrong with it."""
    found, problem = files.read_all(folder)
    if not _complete(found):
        raise DatasetUnavailable(
            f"Fashion-MNIST cannot be loaded from {folder} (given by {origin}): {problem}.\n"
            f"It should hold {_listed(file.name for file in files.FILES)} (or the same decompressed)."
        )
    return found


def _bring(found: Arrays) -> list[str]:
    """Download the files that FOUND lacks, from the first sources that have them, and keep them in the cache.

    A verified file moves into the cache by one atomic rename, so that neither an interruption nor another process can
    leave half a file there or lose a good one.  Returns why sources failed.
    """
    cache, failures, unkept = cache_folder(), [], ""
    with _staging(cache) as folder, _progress() as progress:
        for name, source in sources.sources().items():
            lacking = [file for file in files.FILES if file.name not in found]
            try:
                for file in source(lacking, Path(folder), progress) if lacking else ():
                    found[file.name] = files.read(Path(folder), file)
                    unkept = _keep(Path(folder) / file.name, cache) or unkept
            except (sources.SourceFailed, files.BadFile) as failure:
                failures.append(f"{name}: {failure}")
    if unkept:
        warnings.warn(f"Fashion-MNIST was downloaded but cannot be kept: {unkept}", RuntimeWarning, stacklevel=3)
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


def _advice(tried: list[str]) -> str:
    names = _listed(file.name for file in files.FILES)
    return "\n".join(
        [
            "Fashion-MNIST is not on this machine and could not be downloaded. Tried:",
            *(f"  - {line}" for line in tried),
            "To make it available, do one of these:",
            f"  - set {FOLDER_VARIABLE} to a folder that holds {names}",
            f"  - put these four files into the cache, {cache_folder()} ({CACHE_VARIABLE} sets another)",
            f"  - on Debian and Ubuntu: apt-get install {sources.PACKAGE}",
            *(f"  - download them from {mirror}" for mirror in sources.MIRRORS),
        ]
    )


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}"
