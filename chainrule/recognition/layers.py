"""Networks made of layer objects: wired by a class that takes a list of them, or wired here where nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.recognition.binding import Unbound
from chainrule.recognition.forms import Form


class WiredForm(Form):
    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any]) -> None:
        super().__init__()
        raise Unbound("not yet")


class StackForm(Form):
    def __init__(self, namespace: Mapping[str, Any]) -> None:
        super().__init__()
        raise Unbound("not yet")
