"""What every meta-test leaves to the next: the search path as it was, and no module of a file that was checked."""

import sys

import pytest

from chainrule.cli import main
from chainrule.host.source import targets


@pytest.fixture(autouse=True)
def imports():
    path = list(sys.path)
    yield
    for name in targets.BROUGHT:
        sys.modules.pop(name, None)
    targets.BROUGHT.clear()
    assert sys.path == path


@pytest.fixture
def command(capsys):
    """Runs the command line in this process: (exit status, what it printed, what it complained)."""

    def command(*arguments):
        try:
            status = main(list(map(str, arguments)))
        except SystemExit as error:
            status = error.code
        return status, *capsys.readouterr()

    return command


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    """Works in an empty folder, before a plain terminal of so many columns."""

    def terminal(columns):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", str(columns))
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)

    return terminal
