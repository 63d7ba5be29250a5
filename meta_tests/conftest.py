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
