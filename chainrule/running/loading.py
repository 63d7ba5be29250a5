"""Loads an implementation into a host and makes the boundary for the specs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from chainrule.boundary.boundary import Boundary
from chainrule.contract.implementation import Implementation
from chainrule.host.protocol import Description
from chainrule.host.source.session_definitions import open_any
from chainrule.host.source.targets import Opened, open_target


@dataclass(frozen=True)
class Loaded(Opened):
    """An implementation that is ready for a check.  impl: its boundary."""

    impl: Boundary = field(kw_only=True)

    @property
    def description(self) -> Description:
        """How chainrule reads the code, as far as it has been called."""
        return self.impl.host.description()


def load(
    target: str,
    adapter: str | None = None,
    *,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    run_all: bool = False,
) -> Loaded:
    """Load TARGET (a .py file, a notebook, a package folder or a module name) behind its adapter, if any.

    conventions, names: the user's declarations, which count more than those in the file.
    run_all: execute the whole file or notebook, not only its definitions and what they need.
    Raises UnusableTarget: the message says why it cannot be loaded and what to do.
    """
    return ready(open_target(target, adapter, conventions=conventions, names=names, run_all=run_all))


def load_any(
    target: Any,
    adapter: str | type[Implementation] | None = None,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    run_all: bool = False,
) -> Loaded:
    """Load a target of any kind that `chainrule.check` takes.  Raises UnusableTarget, or TypeError for other kinds."""
    return ready(open_any(target, adapter, conventions, names, run_all))


def ready(opened: Opened) -> Loaded:
    """An opened implementation with its boundary."""
    content = {part.name: getattr(opened, part.name) for part in fields(Opened)}
    return Loaded(**content, impl=Boundary(opened.host, opened.conventions, opened.reading_notes))
