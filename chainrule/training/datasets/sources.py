"""Sources of a data set: its own public mirrors, and Debian's package if there is one.

A source is a function (wanted, folder, progress) that downloads the wanted files into a folder and yields each, still
unverified.  It raises SourceFailed with a message of one line.
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

from .files import DataFile
from .published import Published

if TYPE_CHECKING:
    from rich.progress import Progress

ANSWER_SECONDS = 4.0  # for a server's first answer: short, so that a machine without a network notices soon
STALL_SECONDS = 15.0  # without data in the middle of a download
PACKAGES_FOLDER = Path("usr/share/datasets")  # in which Debian's packages install a folder for each data set
APT_SECONDS = 300.0  # for each of apt-get's commands
ENVIRONMENT = {
    "LC_ALL": "C",  # so that messages begin with E: or W:
    "RES_OPTIONS": "timeout:2 attempts:1",  # apt-get looks up one host after another without a timeout
}

Source = Callable[[Sequence[DataFile], Path, "Progress"], Iterator[DataFile]]


class SourceFailed(Exception):
    """A source could not download a file; the message says why in one line."""


def sources(dataset: Published) -> dict[str, Source]:
    """The sources of a data set by name, in the order in which chainrule tries them."""
    smallest = min(dataset.files, key=lambda file: file.size).name
    silent = _silent(dataset.mirrors, smallest)

    def from_mirror(mirror: str) -> Source:
        return lambda wanted, folder, progress: _from_mirror(mirror, silent.get(mirror), wanted, folder, progress)

    def from_debian(wanted: Sequence[DataFile], folder: Path, progress: Progress) -> Iterator[DataFile]:
        return _from_debian(dataset, wanted, folder, progress)

    of_debian = {f"Debian's package {dataset.package}": from_debian} if dataset.package else {}
    return {mirror: from_mirror(mirror) for mirror in dataset.mirrors} | of_debian


def _silent(mirrors: Sequence[str], file: str) -> dict[str, str]:
    """The mirrors that do not answer when they are asked for a file, and why.

    chainrule asks all mirrors at once, each in a thread: looking up a name and trying its addresses can take far longer
    than the timeout of a request.
    """
    import pooch

    silent = dict.fromkeys(mirrors, f"no answer within {ANSWER_SECONDS:g} s")

    def ask(mirror: str) -> None:
        downloader = pooch.HTTPDownloader(timeout=2 * ANSWER_SECONDS)  # ends the thread later
        try:
            downloader(mirror + file, None, None, check_only=True)
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
        # Ask for plain bytes: a server may otherwise compress them again and announce the compressed length.
        download = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=1 << 16,
            timeout=(ANSWER_SECONDS, STALL_SECONDS),
            headers={"Accept-Encoding": "identity"},
        )
        try:
            download(mirror + file.name, str(folder / file.name), None)
        except OSError as error:  # all exceptions of requests are OSErrors
            raise SourceFailed(f"{file.name}: {_root_cause(error)}") from error
        yield file


def _from_debian(
    dataset: Published, wanted: Sequence[DataFile], folder: Path, progress: Progress
) -> Iterator[DataFile]:
    """Download Debian's package with private package lists: without root, and without changes to the system."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SourceFailed(f"{program} is not installed")
    package = dataset.package
    progress.add_task(f"{package} (Debian's package)", total=None)  # apt-get does not report progress
    private = _private_apt(folder)
    complaint = _run(["apt-get", "update", *private], folder)
    try:
        _run(["apt-get", "download", package, *private], folder)
    except SourceFailed as failure:  # apt-get update exits with 0 even without a network
        raise SourceFailed(f"{failure} ({complaint})" if complaint else str(failure)) from failure
    for deb in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", deb.name, "unpacked"], folder)
    for file in wanted:
        unpacked = folder / "unpacked" / PACKAGES_FOLDER / dataset.name / file.name
        if not unpacked.is_file():
            raise SourceFailed(f"the package does not contain {file.name}")
        os.replace(unpacked, folder / file.name)
        yield file


def _private_apt(folder: Path) -> list[str]:
    """Options with which apt-get writes only inside FOLDER and gives up soon."""
    for needed in ("lists/partial", "cache/archives/partial"):
        (folder / needed).mkdir(parents=True)
    hooks = folder / "apt.conf"
    names = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success")
    hooks.write_text("".join(f"#clear {name};\n" for name in names))  # the system's hooks would change the system
    settings = {
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",  # apt-get's sandbox user cannot enter a private folder
        "Acquire::Languages": "none",
        "Acquire::Retries": 0,
        "Acquire::http::Timeout": int(ANSWER_SECONDS),
        "Acquire::https::Timeout": int(ANSWER_SECONDS),
    }
    return ["-q", "-c", str(hooks), *(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))]


def _run(command: list[str], folder: Path) -> str:
    """Run COMMAND in FOLDER.  Returns its warnings in one line.  Raises SourceFailed."""
    name = " ".join(command[:2])
    log = folder / "log"
    with log.open("wb") as errors:  # a file, as a process left behind could keep a pipe open beyond the timeout
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
    """The innermost exception's message in one line: requests wraps "Connection refused" five times."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return " ".join(str(error).split()) or type(error).__name__


class _Bar:
    """A progress bar of rich with the interface that pooch expects, which is tqdm's."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=None)

    @property
    def total(self) -> float | None:
        return self._progress.tasks[self._task].total

    @total.setter
    def total(self, size: int) -> None:
        self._progress.update(self._task, total=size or None)  # pooch passes 0 if the server does not announce a size

    def update(self, size: int) -> None:
        self._progress.update(self._task, advance=size)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        """Do nothing: `_progress` closes all bars."""
