"""Exceptions for what may go wrong between chainrule and an implementation."""

from __future__ import annotations


class NotOffered(NotImplementedError):
    """The implementation does not offer a name, or offers it in another form.  Specs that need it are `todo`."""


class Missing(NotOffered):
    """The implementation does not define this name.  If its network computes the same, the specs check it there."""


class Unseen(NotOffered):
    """A name that the implementation does not need, or that nothing outside can call.

    Specs that need it are `skipped`, and not required.
    """


class UnusableTarget(Exception):
    """A TARGET or adapter that cannot be loaded.  The message says why and what to do, in one or two lines."""
