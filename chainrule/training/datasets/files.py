"""The four files of Fashion-MNIST: names, shapes, digests, and what is wrong with a file that does not match.

Nothing is believed for its name. A file's bytes are read once, verified, and those same bytes become the array, so that
what was verified is what is used, whatever another process does to the folder meanwhile.
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
IDX_MAGIC = b"\x00\x00\x08"  # of the IDX format: two zeros, the code of unsigned bytes; the number of axes follows


class BadFile(Exception):
    """A file is missing, unreadable or not the published one; the text names it and says what it is instead."""


class DataFile(NamedTuple):
    """One published file: an array of unsigned bytes in IDX format, compressed by gzip."""

    name: str
    shape: tuple[int, ...]
    size: int  # of the compressed file, in bytes
    sha256: str  # of the compressed file, as published
    content_sha256: str  # of what it decompresses to, for copies that were decompressed or compressed anew

    @property
    def names(self) -> tuple[str, str]:
        """The names it is looked for under: as published, and as gunzip leaves it."""
        return self.name, self.name.removesuffix(".gz")

    @property
    def content_size(self) -> int:
        """Bytes of the decompressed file: the magic number, the length of each axis, the entries."""
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

# The handwritten digits MNIST has files of the same names and shapes. These are the MD5 sums it is known by.
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
    """Read from FOLDER what is good there. Returns the arrays by file name, and in words what is missing or bad."""
    found, problems = {}, []
    for file in FILES:
        try:
            found[file.name] = read(folder, file)
        except BadFile as problem:
            problems.append(str(problem))
    if not os.path.isdir(folder):
        return found, "this is a file, not a folder" if os.path.exists(folder) else "there is no such folder"
    if not any(os.path.exists(folder / name) for file in FILES for name in file.names):
        return found, "none of the four files is there"
    return found, "; ".join(problems)


def _array(content: bytes, file: DataFile) -> npt.NDArray[np.uint8]:
    # Verified bytes need no parsing: the header is known. The copy is writable, a view of bytes would not be.
    entries = np.frombuffer(content, np.uint8, offset=file.content_size - math.prod(file.shape))
    return entries.reshape(file.shape).copy()


def _content(data: bytes, name: str, file: DataFile) -> bytes:
    """The decompressed bytes of the file NAME that holds DATA, once they are known to be those of FILE."""
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
    """What CONTENT is, in words, known not to be that of FILE."""
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
