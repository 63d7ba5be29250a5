"""Classes that train a network which they are given: Trainer(net, lr).run(x, y, epochs)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Known, bind, parameters_of
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.namespaces import Operation, fits, methods_of, own_classes, own_functions, ranked
from chainrule.host.recognition.vocabulary import is_called, plain, role

HELD = {"lr": 0.1, "epochs": 1, "batch_size": 1, "seed": 0}  # until a training sets them


def trainings_beside(network: Any, namespace: Mapping[str, Any]) -> Iterator[Operation]:
    """The trainings of new objects of the file's other classes whose constructors take the network."""
    for name, cls in own_classes(namespace):
        if isinstance(network, cls) or not takes_network(cls) or not ranked("fit", list(vars(cls).items())):
            continue
        try:
            arguments = bind(cls, Known({**HELD, "params": network, "rng": np.random.default_rng(0)}))
            made = cls(*arguments.arguments, **arguments.keywords)
        except Exception:
            continue
        if any(kept is network for kept in getattr(made, "__dict__", {}).values()):
            for method_name, method in ranked("fit", methods_of(made)):
                yield f"{name}.{method_name}", method


def takes_network(cls: type) -> bool:
    """Whether a constructor takes a network, by the author's calls or by the name of a parameter."""
    shown = learnt_of(cls).roles
    names = [parameter.name for parameter in parameters_of(cls)] if "__init__" in vars(cls) else []
    return any(
        shown.get(name) == "params" or (role(name) == "params" and is_called("classes", "network", name))
        for name in names
    )


def trainings_of_any_kind(namespace: Mapping[str, Any], network: Any) -> Iterator[tuple[str, FunctionType]]:
    """The functions, and the methods of other classes than the network's, whose names say that they train."""
    for name, cls in own_classes(namespace):
        for method, member in vars(cls).items():
            if not isinstance(network, cls) and isinstance(member, FunctionType) and trains(method, member):
                yield f"{name}.{method}", member
    yield from (one for one in own_functions(namespace) if trains(*one))


def trains(name: str, function: FunctionType) -> bool:
    words = ("train", "learn", "fit")
    return fits("fit", name, function) or any(word in plain(name) for word in words)
