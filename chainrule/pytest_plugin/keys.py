"""The keys under which a pytest session holds its run and its baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chainrule.baseline.baseline import Baseline
    from chainrule.running.run import Run

RUN: pytest.StashKey[Run] = pytest.StashKey()
BASELINE: pytest.StashKey[Baseline | None] = pytest.StashKey()
