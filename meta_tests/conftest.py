"""What every meta-test leaves to the next: the search path as it was, and no module of a file that was checked."""

import sys

import pytest

from chainrule import loading


@pytest.fixture(autouse=True)
def imports():
    path = list(sys.path)
    yield
    for name in loading.BROUGHT:
        sys.modules.pop(name, None)
    loading.BROUGHT.clear()
    assert sys.path == path
