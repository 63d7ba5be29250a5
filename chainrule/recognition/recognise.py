"""From a namespace to an Implementation: the native style where it is that, else the form that fits."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chainrule.contract import NotOffered
from chainrule.native import NETWORK_METHODS, Native
from chainrule.recognition.binding import Unbound
from chainrule.recognition.forms import (
    PROBES,
    ClassForm,
    FunctionForm,
    GlobalForm,
    SignatureForm,
    methods_of,
    network_classes,
    own_functions,
    ranked,
)
from chainrule.recognition.layers import StackForm, WiredForm
from chainrule.recognition.recognised import Recognised
from chainrule.recognition.vocabulary import rank, role


def recognise(target: Any, names: Mapping[str, str], missing: Iterable[str] = ()) -> Recognised:
    """The implementation in a namespace (a module, a dictionary, an object), in its own conventions.

    names: {contract's name: the name the code uses}, declared.  missing: globals that its functions read and that
    nothing defines; one that can only be the number of samples is supplied.
    """
    namespace = target if isinstance(target, dict) else vars(target)
    counts = tuple(name for name in missing if role(name) == "samples")
    namespace |= dict.fromkeys(counts, 1)
    if names.get("MLP", "MLP") in namespace and is_native(target, names):
        return Recognised(target, namespace, None, names)
    tried: list[str] = []
    for attempt in forms(namespace, names):
        try:
            form = attempt()
        except (Exception, SystemExit) as error:
            said = f"nothing is known for its parameter {error}" if isinstance(error, Unbound) and " " not in str(error) else f"{type(error).__name__}: {error}"
            tried.append(f"{describe_attempt(attempt)}: {said}")
            continue
        return Recognised(target, namespace, form, names, tuple(tried), counts)
    return Recognised(target, namespace, None, names, tuple(tried))


def forms(namespace: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Any]:
    """Every form that the namespace may have, the likeliest first, as functions that make it or raise."""
    classes = network_classes(namespace)
    if "MLP" in names:
        classes = [(name, cls) for name, cls in classes if name == names["MLP"]] or classes
    for name, cls in classes:
        yield named(name, lambda name=name, cls=cls: ClassForm(name, cls, namespace))
        yield named(name, lambda name=name, cls=cls: WiredForm(name, cls, namespace))
    for name, function in ranked("init", own_functions(namespace)):
        yield named(name, lambda name=name, function=function: FunctionForm(name, function, namespace))
    yield named("layers", lambda: StackForm(namespace))
    for name, function in ranked("forward", own_functions(namespace)):
        yield named(name, lambda name=name, function=function: SignatureForm(name, function, namespace))
    yield named("globals", lambda: GlobalForm(dict_of(namespace)))


def dict_of(namespace: Mapping[str, Any]) -> dict[str, Any]:
    return namespace if isinstance(namespace, dict) else dict(namespace)


def named(name: str, attempt: Any) -> Any:
    attempt.title = name
    return attempt


def describe_attempt(attempt: Any) -> str:
    return str(attempt.title)


def is_native(target: Any, names: Mapping[str, str]) -> bool:
    """Whether the class is written as the contract has it, so far as it is written: nothing needs to be recognised."""
    native = Native(target, dict(names))
    cls = native._find(target, "MLP")
    if not inspect.isclass(cls):
        return True
    try:
        inspect.signature(cls).bind([1, 2], seed=0)
    except TypeError:
        return False
    except ValueError:
        return True
    try:
        network = native.create(PROBES[0], 0)
    except Exception:
        return True  # the specs will say what it raises
    for attribute in ("weights", "biases"):
        try:
            if len(native._read(network, attribute)) != len(PROBES[0]) - 1:
                return False
        except NotOffered:
            return False
    arguments: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "forward": ((0,), {}), "loss": ((0, 0), {}), "backward": ((0, 0), {}), "step": ((0, 0), {}), "predict": ((0,), {}),
        "fit": ((0, 0), {"epochs": 1, "batch_size": 1, "lr": 1.0, "seed": 0}),
    }  # fmt: skip
    others = methods_of(network)
    for name in NETWORK_METHODS:
        method = getattr(network, native.name(name), None)
        if method is None:
            if any(rank(name, other) is not None and other not in NETWORK_METHODS for other, _ in others):
                return False
            continue
        try:
            inspect.signature(method).bind(*arguments[name][0], **arguments[name][1])
        except TypeError:
            return False
        except ValueError:
            continue
    return True
