"""Where Fashion-MNIST can be had from: its own public mirrors, and Debian's package.

A source is a function (wanted, folder, progress) that puts the wanted files into a folder one at a time and yields each
as it comes, unverified. It raises SourceFailed, whose text is one line, when it can go no further.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import files
from .files import DataFile

if TYPE_CHECKING:
    from rich.progress import Progress

MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
ANSWER_SECONDS = 4.0  # for a server's first answer: offline must be noticed soon
STALL_SECONDS = 15.0  # of silence in the middle of a download
PACKAGE = "dataset-fashion-mnist"
PACKAGE_FOLDER = Path("usr/share/datasets/fashion-mnist")  # within the package
APT_SECONDS = 300.0  # for each of apt-get's commands
ENVIRONMENT = {
    "LC_ALL": "C",  # complaints begin with E: or W:
    "RES_OPTIONS": "timeout:2 attempts:1",  # apt-get asks for one host after another, with no timeout of its own
}

Source = Callable[[Sequence[DataFile], Path, "Progress"], Iterator[DataFile]]


class SourceFailed(Exception):
    """A source could not bring a file; the text says why in one line."""


def sources() -> dict[str, Source]:
    """The sources by name, in the order in which they are tried."""
    silent = _silent(MIRRORS)

    def from_mirror(mirror: str) -> Source:
        return lambda wanted, folder, progress: _from_mirror(mirror, silent.get(mirror), wanted, folder, progress)

    return {mirror: from_mirror(mirror) for mirror in MIRRORS} | {f"Debian's package {PACKAGE}": _from_debian}


def _silent(mirrors: Sequence[str]) -> dict[str, str]:
    """The mirrors that do not answer, and why.

    All are asked at once and in threads of their own: looking a name up, and trying each address that it stands for,
    can take far longer than any timeout that a request knows.
    """
    import pooch

    smallest = min(files.FILES, key=lambda file: file.size).name
    silent = dict.fromkeys(mirrors, f"no answer within {ANSWER_SECONDS:g} s")

    def ask(mirror: str) -> None:
        downloader = pooch.HTTPDownloader(timeout=2 * ANSWER_SECONDS)  # ends the thread, once nobody waits for it
        try:
            downloader(mirror + smallest, None, None, check_only=True)
        except OSError as error:
            silent[mirror] = _root_cause(error)
        else:
            del silent[mirror]

    threads = [threading.Thread(target=ask, args=(mirror,), daemon=True) for mirror in mirrors]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + ANSWER_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(silent)


def _from_mirror(
    mirror: str, silent: str | None, wanted: Sequence[DataFile], folder: Path, progress: Progress
) -> Iterator[DataFile]:
    import pooch

    if silent:
        raise SourceFailed(silent)
    for file in wanted:
        bar = _Bar(progress, file.name)
        # Plain bytes, else a server may compress them once more and count those in the length it announces.
        download = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=1 << 16,
            timeout=(ANSWER_SECONDS, STALL_SECONDS),
            headers={"Accept-Encoding": "identity"},
        )
        try:
            download(mirror + file.name, str(folder / file.name), None)
        except OSError as error:  # every exception of requests is one
            raise SourceFailed(f"{file.name}: {_root_cause(error)}") from error
        yield file


def _from_debian(wanted: Sequence[DataFile], folder: Path, progress: Progress) -> Iterator[DataFile]:
    """Bring Debian's package through package lists of our own: without root, and nothing of the system is touched."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SourceFailed(f"there is no {program} here")
    progress.add_task(f"{PACKAGE} (Debian's package)", total=None)  # a pulse: apt-get counts for itself
    private = _private_apt(folder)
    complaint = _run(["apt-get", "update", *private], folder)
    try:
        _run(["apt-get", "download", PACKAGE, *private], folder)
    except SourceFailed as failure:  # apt-get update succeeds without a network and merely complains
        raise SourceFailed(f"{failure} ({complaint})" if complaint else str(failure)) from failure
    for package in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", package.name, "unpacked"], folder)
    for file in wanted:
        unpacked = folder / "unpacked" / PACKAGE_FOLDER / file.name
        if not unpacked.is_file():
            raise SourceFailed(f"the package holds no {file.name}")
        os.replace(unpacked, folder / file.name)
        yield file


def _private_apt(folder: Path) -> list[str]:
    """Options under which apt-get writes within FOLDER alone and gives up soon."""
    for needed in ("lists/partial", "cache/archives/partial"):
        (folder / needed).mkdir(parents=True)
    hooks = folder / "apt.conf"
    names = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success")
    hooks.write_text("".join(f"#clear {name};\n" for name in names))  # the system's own hooks would touch the system
    settings = {
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",  # the user that root's apt-get downloads as cannot enter a private folder
        "Acquire::Languages": "none",
        "Acquire::Retries": 0,
        "Acquire::http::Timeout": int(ANSWER_SECONDS),
        "Acquire::https::Timeout": int(ANSWER_SECONDS),
    }
    return ["-q", "-c", str(hooks), *(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))]


def _run(command: list[str], folder: Path) -> str:
    """Run COMMAND in FOLDER. Returns what it complained about, in one line. Raises SourceFailed."""
    name = " ".join(command[:2])
    log = folder / "log"
    with log.open("wb") as errors:  # a file: a pipe kept open by a process left behind would outlast the timeout
        try:
            status = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                timeout=APT_SECONDS,
                env={**os.environ, **ENVIRONMENT},
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise SourceFailed(f"{name} took longer than {APT_SECONDS:g} s") from error
        except OSError as error:
            raise SourceFailed(f"{name}: {error}") from error
    lines = log.read_text(errors="replace").splitlines()
    complaint = next((line for kind in ("E:", "W:", "") for line in lines if line.startswith(kind)), "")
    if status:
        raise SourceFailed(f"{name} failed: {complaint or f'exit status {status}'}")
    return complaint


def _root_cause(error: BaseException) -> str:
    """The innermost reason in one line: requests wraps "Connection refused" in five others."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return " ".join(str(error).split()) or type(error).__name__


class _Bar:
    """What pooch asks of a progress bar (the interface of tqdm), drawn by rich."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=None)

    @property
    def total(self) -> float | None:
        return self._progress.tasks[self._task].total

    @total.setter
    def total(self, size: int) -> None:
        self._progress.update(self._task, total=size or None)  # pooch says 0 where the server announces no size

    def update(self, size: int) -> None:
        self._progress.update(self._task, advance=size)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        """Nothing to do: the bars are closed together."""
