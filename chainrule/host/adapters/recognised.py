"""Lets adapters build on what chainrule recognises: `self.found = chainrule.recognised(target)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chainrule.contract.declarations import Declared
from chainrule.host.inference.infer import infer_conventions
from chainrule.host.source.printed import silence
from chainrule.host.source.targets import recognised_in
from chainrule.host.translation import Translated


def recognised(
    target: Any,
    *,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    missing: Iterable[str] = (),
) -> Translated:
    """The implementation that chainrule recognises in a loaded TARGET, in the native conventions.

    target: a module, or another object with the definitions as attributes.  conventions, names: declarations, which
    count more than the target's CHAINRULE dictionary.  missing: undefined globals that the code reads; chainrule sets
    one that can only be the number of samples.
    The model is the network itself in the native style; otherwise `model.value` is an object of the code's class, or
    the parameters that its functions pass to each other.
    """
    own = dict(getattr(target, "CHAINRULE", None) or {})
    asked = Declared(dict(conventions or {}), dict(names or {}))
    raw, declared = recognised_in(target, own, asked, getattr(target, "__name__", "target"), missing)
    with silence():
        settled = infer_conventions(raw, declared)
    assert isinstance(settled.implementation, Translated)
    return settled.implementation
