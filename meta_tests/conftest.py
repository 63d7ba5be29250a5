"""What every meta-test leaves to the next: the search path as it was, and no module of a file that was checked."""

import sys

import pytest

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
def patience(monkeypatch):
    """A search that a slow machine does not cut short: these tests are about what is found, not about how fast."""
    monkeypatch.setattr("chainrule.diagnosis.diagnose.LEAST", 30.0)
    monkeypatch.setattr("chainrule.diagnosis.diagnose.LONGEST", 120.0)
    monkeypatch.setattr("chainrule.diagnosis.repair.search.LONGEST_TRY", 20.0)
