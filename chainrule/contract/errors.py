"""What may go wrong between chainrule and an implementation, as exceptions."""

from __future__ import annotations


class NotOffered(NotImplementedError):
    """The implementation does not offer a name, or offers it in another form.  Specs that need it are `todo`."""


class Missing(NotOffered):
    """There is no such name.  Where a network can stand in for it, it is checked through the network."""


class Unseen(NotOffered):
    """The implementation does without a name, or keeps it where nobody outside can call it.  Specs that need it are
    `skipped`, and not required.
    """


class UnusableTarget(Exception):
    """A TARGET or adapter that cannot be loaded.  The message says why and what to do, in one or two lines."""
