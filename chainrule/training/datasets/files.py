"""Published files of pictures: names, shapes, digests, and diagnoses of files that do not match.

A file's name proves nothing.  chainrule reads its bytes once, verifies them, and makes the array from the same bytes,
so that another process cannot exchange them in between.  Nothing is unpickled, and no archive is unpacked to disk.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
GZIP_MAGIC = b"\x1f\x8b"
IDX_MAGIC = b"\x00\x00\x08"  # begins an IDX file of unsigned bytes; the number of axes follows


class BadFile(Exception):
    """A file is missing, unreadable or not the published one; the message says which it is."""


class DataFile(Protocol):
    """One published file, from which an array is read."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int:
        """Its size as published, in bytes."""

    @property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of each content by which it is known, and what to call that content."""

    @property
    def names(self) -> Sequence[str]:
        """The paths in a folder at which it may be found, in the order in which it is looked for."""

    def read(self, folder: Path, known: Mapping[str, str]) -> Bytes:
        """Read it from a folder and verify it.

        known: what else is known by its SHA-256, to tell what a wrong file is.  Raises BadFile.
        """


@dataclass(frozen=True)
class IDXFile:
    """An array of unsigned bytes in IDX format, compressed by gzip.

    size, sha256: of the compressed file, as published.  content_sha256: of the decompressed content, for copies that
    were decompressed or compressed again; if it is empty, such copies are refused.
    """

    name: str
    shape: tuple[int, ...]
    size: int
    sha256: str
    content_sha256: str

    @property
    def names(self) -> Sequence[str]:
        return self.name, self.name.removesuffix(".gz")

    @property
    def digests(self) -> Mapping[str, str]:
        return {digest: self.name for digest in (self.sha256, self.content_sha256) if digest}

    @property
    def content_size(self) -> int:
        """The size of the decompressed file in bytes: magic number, length of each axis, entries."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)

    def read(self, folder: Path, known: Mapping[str, str]) -> Bytes:
        name, data = first_of(folder, self.names)
        content = self._content(data, name, known)
        # The header of verified bytes is known.  A view of the bytes would not be writable, so the array is a copy.
        entries = np.frombuffer(content, np.uint8, offset=self.content_size - math.prod(self.shape))
        return entries.reshape(self.shape).copy()

    def _content(self, data: bytes, name: str, known: Mapping[str, str]) -> bytes:
        """The decompressed content of DATA, read from the file NAME.  Raises BadFile if it is another."""
        digest = sha256(data)
        if digest == self.sha256:
            return gzip.decompress(data)
        if digest == self.content_sha256:
            return data
        refuse_what_is_known(name, digest, known)
        content = decompressed(data, name, self.size) if data.startswith(GZIP_MAGIC) else data
        digest = sha256(content)
        if digest != self.content_sha256:
            refuse_what_is_known(name, digest, known)
            raise BadFile(f"{name} {self._difference(content)}")
        return content

    def _difference(self, content: bytes) -> str:
        """What CONTENT is instead of the content of this file, in words."""
        if not content.startswith(IDX_MAGIC):
            return what_it_is(content) or f"is neither gzip nor IDX data (it starts with {content[:8]!r})"
        if len(content) < self.content_size:
            return f"is truncated ({len(content)} bytes of {self.content_size} once decompressed)"
        if not self.content_sha256:
            return "is not the file as published; of this one no decompressed copy is known: take the published file"
        return "has another content: a corrupted copy, or another dataset in MNIST's form (SHA-256 differs)"


@dataclass(frozen=True)
class Member:
    """A file in an archive, and its SHA-256."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Archive:
    """A tar archive compressed by gzip, whose members are records of labels and pixels, a byte each.

    folder: the folder in the archive.  record: bytes in a record.  records: how many all members have together.
    pickled: the name of an archive of the same pictures for Python's pickle, which could run any code.
    """

    name: str
    size: int
    sha256: str
    folder: str
    members: tuple[Member, ...]
    record: int
    records: int
    pickled: str

    @property
    def names(self) -> Sequence[str]:
        return self.name, f"{self.folder}/{self.members[0].name}", self.members[0].name

    @property
    def digests(self) -> Mapping[str, str]:
        return {self.sha256: self.name} | {member.sha256: member.name for member in self.members}

    def read(self, folder: Path, known: Mapping[str, str]) -> Bytes:
        """The records of all members, (records, record), in their order."""
        for within in (folder / self.folder, folder):
            if not (folder / self.name).exists() and (within / self.members[0].name).exists():
                contents = [self._member(member, first_of(within, [member.name])[1], known) for member in self.members]
                break
        else:
            if not (folder / self.name).exists() and (folder / self.pickled).exists():
                raise BadFile(
                    f"{self.pickled} is for Python's pickle, which could run any code: take {self.name}, with the same "
                    "pictures"
                )
            name, data = first_of(folder, [self.name])
            contents = self._unpacked(name, data, known)
        return np.frombuffer(b"".join(contents), np.uint8).reshape(self.records, self.record).copy()

    def _unpacked(self, name: str, data: bytes, known: Mapping[str, str]) -> list[bytes]:
        digest = sha256(data)
        if digest != self.sha256:
            refuse_what_is_known(name, digest, known)
            if not data.startswith(GZIP_MAGIC):
                raise BadFile(f"{name} {what_it_is(data) or f'is not gzip data (it starts with {data[:8]!r})'}")
            data = decompressed(data, name, self.size)
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                return [self._member(member, self._content(archive, member), known) for member in self.members]
        except (tarfile.TarError, KeyError) as error:
            raise BadFile(f"{name} is not the archive as published ({error.args[0]})") from error

    def _content(self, archive: tarfile.TarFile, member: Member) -> bytes:
        file = archive.extractfile(f"{self.folder}/{member.name}")
        return b"" if file is None else file.read()

    def _member(self, member: Member, content: bytes, known: Mapping[str, str]) -> bytes:
        digest = sha256(content)
        if digest == member.sha256:
            return content
        refuse_what_is_known(member.name, digest, known)
        raise BadFile(f"{member.name} {what_it_is(content) or 'has another content than published (SHA-256 differs)'}")


def first_of(folder: Path, names: Sequence[str]) -> tuple[str, bytes]:
    """The name and bytes of the first of these files that a folder has.  Raises BadFile."""
    for name in names:
        try:
            return name, (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise BadFile(f"{name} cannot be read ({error.strerror})") from error
    raise BadFile(f"{names[0]} is missing")


def refuse_what_is_known(name: str, digest: str, known: Mapping[str, str]) -> None:
    """Raise BadFile if a digest is that of another published file."""
    if digest in known:
        raise BadFile(f"{name} is {known[digest]}")


def decompressed(data: bytes, name: str, size: int) -> bytes:
    """The content of gzip data that should have SIZE bytes.  Raises BadFile."""
    try:
        return gzip.decompress(data)
    except EOFError as error:
        raise BadFile(f"{name} is truncated ({len(data)} bytes of {size})") from error
    except (OSError, zlib.error) as error:
        raise BadFile(f"{name} is corrupted ({error})") from error


def what_it_is(content: bytes) -> str:
    """What a content without any data is, in words; nothing if that is not seen."""
    if not content:
        return "is empty"
    if content.lstrip().startswith(b"<"):
        return "is a web page (of an error, or of a login?) saved under the file's name"
    return ""


def sha256(data: bytes) -> str:
    """The SHA-256 of data, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
