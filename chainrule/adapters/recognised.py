"""What chainrule recognises in code, for adapters to fall back on: `self.found = chainrule.recognised(target)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chainrule.contract.declarations import Declared
from chainrule.host.inference.infer import settle
from chainrule.host.source.targets import recognised_in, silence
from chainrule.host.translation import Translated


def recognised(
    target: Any,
    *,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    missing: Iterable[str] = (),
) -> Translated:
    """The implementation that chainrule recognises in a loaded TARGET, in the native conventions.

    target: a module, or another object with the definitions as attributes.  conventions, names: declared, and stronger
    than a CHAINRULE dictionary in the target.  missing: globals that the code reads and nothing defines; chainrule
    supplies one that can only be the number of samples.
    A network of the contract's own style is its model; another is `model.value`: an object of the code's class, or the
    parameters that its functions hand around.
    """
    own = dict(getattr(target, "CHAINRULE", None) or {})
    asked = Declared(dict(conventions or {}), dict(names or {}))
    raw, declared = recognised_in(target, own, asked, getattr(target, "__name__", "target"), missing)
    with silence():
        settled = settle(raw, declared)
    assert isinstance(settled.implementation, Translated)
    return settled.implementation
