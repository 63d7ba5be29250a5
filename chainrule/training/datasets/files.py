"""The four files of Fashion-MNIST: names, shapes, digests, and diagnoses of files that do not match.

A file's name proves nothing.  chainrule reads its bytes once, verifies them, and makes the array from the same bytes,
so that another process cannot exchange them in between.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

GZIP_MAGIC = b"\x1f\x8b"
IDX_MAGIC = b"\x00\x00\x08"  # begins an IDX file of unsigned bytes; the number of axes follows


class BadFile(Exception):
    """A file is missing, unreadable or not the published one; the message says which it is."""


class DataFile(NamedTuple):
    """One published file: an array of unsigned bytes in IDX format, compressed by gzip."""

    name: str
    shape: tuple[int, ...]
    size: int  # of the compressed file, in bytes
    sha256: str  # of the compressed file, as published
    content_sha256: str  # of the decompressed content, for copies that were decompressed or compressed again

    @property
    def names(self) -> tuple[str, str]:
        """The file's possible names: as published, and after gunzip."""
        return self.name, self.name.removesuffix(".gz")

    @property
    def content_size(self) -> int:
        """The size of the decompressed file in bytes: magic number, length of each axis, entries."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)


FILES = (
    DataFile(
        "train-images-idx3-ubyte.gz",
        (60000, 28, 28),
        26421856,
        "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    DataFile(
        "train-labels-idx1-ubyte.gz",
        (60000,),
        29491,
        "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    DataFile(
        "t10k-images-idx3-ubyte.gz",
        (10000, 28, 28),
        4422079,
        "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    DataFile(
        "t10k-labels-idx1-ubyte.gz",
        (10000,),
        5125,
        "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)

# The MD5 sums of the handwritten digits MNIST, whose files have the same names and shapes.
DIGITS_MD5 = {
    "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "d53e105ee54ea40749a09fcbcd1e9432",
    "9fb629c4189551a2d022fa330f9573f3",
    "ec29112dd5afa0611ce80d1b7f02629c",
}


def read(folder: Path, file: DataFile) -> npt.NDArray[np.uint8]:
    """Read FILE from FOLDER, compressed or not, and verify it.

    Returns an array of uint8 of shape `file.shape`. Raises BadFile.
    """
    for name in file.names:
        try:
            data = (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise BadFile(f"{name} cannot be read ({error.strerror})") from error
        return _array(_content(data, name, file), file)
    raise BadFile(f"{file.name} is missing")


def read_all(folder: Path) -> tuple[dict[str, npt.NDArray[np.uint8]], str]:
    """Read the good files in FOLDER.  Returns the arrays by file name, and messages on missing or bad files."""
    found, problems = {}, []
    for file in FILES:
        try:
            found[file.name] = read(folder, file)
        except BadFile as problem:
            problems.append(str(problem))
    if not os.path.isdir(folder):
        return found, "this is a file, not a folder" if os.path.exists(folder) else "the folder does not exist"
    if not any(os.path.exists(folder / name) for file in FILES for name in file.names):
        return found, "none of the four files is there"
    return found, "; ".join(problems)


def _array(content: bytes, file: DataFile) -> npt.NDArray[np.uint8]:
    # The header of verified bytes is known.  A view of the bytes would not be writable, so the array is a copy.
    entries = np.frombuffer(content, np.uint8, offset=file.content_size - math.prod(file.shape))
    return entries.reshape(file.shape).copy()


def _content(data: bytes, name: str, file: DataFile) -> bytes:
    """The decompressed content of DATA, read from the file NAME.  Raises BadFile if it is not that of FILE."""
    digest = _sha256(data)
    if digest == file.sha256:
        return gzip.decompress(data)
    if digest == file.content_sha256:
        return data
    if hashlib.md5(data, usedforsecurity=False).hexdigest() in DIGITS_MD5:
        raise BadFile(f"{name} is of the handwritten digits MNIST, which has the same file names, not Fashion-MNIST")
    for other in FILES:
        if digest in (other.sha256, other.content_sha256):
            raise BadFile(f"{name} holds {other.name} under the wrong name")
    content = _decompressed(data, name, file) if data.startswith(GZIP_MAGIC) else data
    if _sha256(content) != file.content_sha256:
        raise BadFile(f"{name} {_difference(content, file)}")
    return content


def _decompressed(data: bytes, name: str, file: DataFile) -> bytes:
    try:
        return gzip.decompress(data)
    except EOFError as error:
        raise BadFile(f"{name} is truncated ({len(data)} bytes of {file.size})") from error
    except (OSError, zlib.error) as error:
        raise BadFile(f"{name} is corrupted ({error})") from error


def _difference(content: bytes, file: DataFile) -> str:
    """What CONTENT is instead of the content of FILE, in words."""
    if not content:
        return "is empty"
    if content.lstrip().startswith(b"<"):
        return "is a web page (of an error, or of a login?) saved under the file's name"
    if not content.startswith(IDX_MAGIC):
        return f"is neither gzip nor IDX data (it starts with {content[:8]!r})"
    if len(content) < file.content_size:
        return f"is truncated ({len(content)} bytes of {file.content_size} once decompressed)"
    return "has another content: a corrupted copy, or another dataset in MNIST's form (SHA-256 differs)"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
