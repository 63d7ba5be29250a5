"""Makes functions of methods that pass the parameters on to each other, while their object keeps none.

`net = Net([16, 3], rate)` with `net.init(sizes)`, `net.forward(params, x)` and `net.train(x, y)` becomes functions of
one such object.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any

from chainrule.host.recognition.binding import switched
from chainrule.host.recognition.choices import Choices, chosen
from chainrule.host.recognition.learnt import NOTHING, learn
from chainrule.host.recognition.structures import inside, label
from chainrule.host.recognition.surroundings import seeded
from chainrule.host.recognition.vocabulary import rank, role
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.holding import at_line, own_of
from chainrule.host.rehearsal.network import MAKES
from chainrule.host.rehearsal.recording import Call, Key, key_of

KEPT_BY_OBJECTS = ("lr", "epochs", "batch_size")  # numbers of a training that an object may keep
PARAMETERS = "parameters_of_chainrule"  # the parameter of a training that would make its own


def functions_of_methods(
    evidence: Evidence, functions: Mapping[Key, FunctionType], words: Choices
) -> dict[str, FunctionType]:
    """{name: a function} for the methods of one object that compute with parameters which it does not keep.

    words: of the code, for ReLU and plain gradient descent.
    """
    init = next((call for call in evidence.calls if evidence.operations.get(call.number) == "init"), None)
    made = None if init is None or evidence.net.objects else maker_of(evidence, init)
    if init is None or made is None or made.key not in functions:
        return {}
    cls = functions[made.key].__globals__.get(type(own_of(made)).__name__)
    if not isinstance(cls, type):
        return {}
    given = {**made.arguments, **made.given}
    settings = {name: given[name] for name, _ in evidence.given(made) if name != next(iter(made.arguments))}
    settings = {name: switched(name, chosen(name, value, words, words)) for name, value in settings.items()}
    try:
        with seeded(0):  # a constructor may seed the global generator
            owner = cls(**copy.deepcopy(settings))
    except Exception:
        return {}
    found: dict[str, FunctionType] = {}
    shown = evidence.learnt()
    for name, method in vars(cls).items():
        learnt = shown.get(key_of(method.__code__), NOTHING) if isinstance(method, FunctionType) else NOTHING
        if name not in MAKES and (learnt.operation or rank("predict", name) is not None):
            alone, roles = function_of(owner, method, init.name if learnt.operation == "fit" else "")
            learn(alone, replace(learnt, roles={**learnt.roles, **roles}))
            found[name] = alone
    return found


def maker_of(evidence: Evidence, init: Call) -> Call | None:
    """The call that made the object whose method makes the parameters."""
    own = own_of(init)
    return next((call for call in evidence.calls if call.name in MAKES and own_of(call) is own), None)


def function_of(owner: Any, method: FunctionType, init: str) -> tuple[FunctionType, dict[str, str]]:
    """A function that calls the method of an object like this one, and the roles of its further parameters.

    init: the name of the method by which a training makes parameters; it gets them instead.
    """
    kept = {label((step,)): value for step, value in inside(owner)} if init else {}
    numbers = {name: role(name) or "" for name, value in kept.items() if type(value) in (int, float)}
    roles = {name: wanted for name, wanted in numbers.items() if wanted in KEPT_BY_OBJECTS}
    taken = list(inspect.signature(method).parameters.values())[1:]
    roles = {name: wanted for name, wanted in roles.items() if name not in {one.name for one in taken}}

    def run(given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        own = copy.deepcopy(owner)
        for name in roles:
            setattr(own, name, named.pop(name))
        if init:
            parameters = named.pop(PARAMETERS)
            setattr(own, init, lambda *_arguments, **_keywords: parameters)
        return method(own, *given, **named)

    found = at_line(key_of(method.__code__), "lambda *given, **named: run(given, named)", run, method.__module__)
    further = [*roles, PARAMETERS] if init else []
    keywords = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in further]
    found.__signature__ = inspect.Signature([*taken, *keywords])  # type: ignore[attr-defined]
    found.__wrapped__ = method  # type: ignore[attr-defined]
    found.__name__ = found.__qualname__ = method.__name__
    return found, {**roles, PARAMETERS: "params"} if init else {}
