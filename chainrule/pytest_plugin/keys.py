"""The key under which a pytest session holds its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chainrule.running.run import Run

RUN: pytest.StashKey[Run] = pytest.StashKey()
