"""The fixtures that specs use.  The plugin brings them in beside `--impl` only, so that nobody else's are shadowed."""

from __future__ import annotations

import time

import pytest

from chainrule.boundary import Boundary
from chainrule.plugin import LOADED
from chainrule.strategies import Networks


@pytest.fixture(scope="session")
def impl(request: pytest.FixtureRequest) -> Boundary:
    """The implementation under test, behind its boundary."""
    return request.config.stash[LOADED].impl


@pytest.fixture(scope="session")
def networks(request: pytest.FixtureRequest) -> Networks:
    """The network cases of this run."""
    thorough = request.config.option.thorough
    return Networks(thorough, seed=time.time_ns() % 2**32 if thorough else 0)
