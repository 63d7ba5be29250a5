"""From a namespace to an Implementation: in the native style, else in the form that fits."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.contract.chapters import NETWORK_METHODS, OPERATIONS
from chainrule.contract.errors import NotOffered
from chainrule.contract.operation import MODEL
from chainrule.host.native import Native
from chainrule.host.recognition.binding import Unbound
from chainrule.host.recognition.epoch_form import EpochForm
from chainrule.host.recognition.fitted_form import FittedForm
from chainrule.host.recognition.folded import FOLDS, Folded
from chainrule.host.recognition.forms import PROBES, ClassForm, Form
from chainrule.host.recognition.function_forms import FunctionForm, GlobalForm, SignatureForm
from chainrule.host.recognition.graph_forms import GraphForm, StackGraphForm, WiredGraphForm
from chainrule.host.recognition.layers import StackForm, WiredForm
from chainrule.host.recognition.namespaces import methods_of, network_classes, own_functions, ranked
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.host.recognition.recipes import RecipeForm, recipes_first
from chainrule.host.recognition.recognised import Recognised
from chainrule.host.recognition.structures import shape
from chainrule.host.recognition.tensors import TensorGraph, named_nodes
from chainrule.host.recognition.vocabulary import rank, role
from chainrule.support.source_positions import came_of


def recognise(target: Any, names: Mapping[str, str], missing: Iterable[str] = ()) -> NativeStyle:
    """The implementation in a namespace (a module, a dictionary, an object), in its own conventions.

    names: {contract's name: the name the code uses}, declared.  missing: undefined globals that its functions read;
    chainrule sets one that can only be the number of samples.
    """
    namespace = target if isinstance(target, dict) else vars(target)
    counts = tuple(name for name in missing if role(name) == "samples")
    namespace |= dict.fromkeys(counts, 1)
    if names.get("MLP", "MLP") in namespace and is_native(target, names):
        return NativeStyle(target, namespace, names)
    tried: list[str] = []
    for name, attempt in forms(namespace, names):
        try:
            form = attempt()
        except (Exception, SystemExit) as error:
            tried.append(reason(name, error))
            continue
        if isinstance(form, FunctionForm) and form.pattern is None:
            form.pattern = only_depth(Recognised(target, namespace, form, names, (), counts))
        return Recognised(target, namespace, form, names, tuple(tried), counts)
    for attempt in folded_forms(namespace, names):
        with contextlib.suppress(Exception, SystemExit):
            found = Folded(target, namespace, attempt(), names, tuple(tried), counts)
            if found.depends_on_biases():
                return found
    return NativeStyle(target, namespace, names, tuple(tried))


def only_depth(found: Recognised) -> list[int | None] | None:
    """The free sizes of the only depth for which a forward pass works; None if there are several.

    A function that makes networks of any depth may stand beside a forward pass of W1, W2 and W3.
    """
    working = [sizes for sizes in PROBES if len(sizes) > SHALLOWEST and gives_outputs(found, sizes)]
    return [None] * len(working[0]) if len(working) == 1 else None


def gives_outputs(found: Recognised, sizes: Sequence[int]) -> bool:
    """Whether a forward pass gives a number for every class and sample in a network of these sizes."""
    samples = math.prod(sizes) + 1  # unlike any size
    for x in (np.ones((samples, sizes[0])), np.ones((sizes[0], samples))):
        with contextlib.suppress(Exception, SystemExit):
            output = found.forward(found.create(list(sizes), 0), x)
            if sorted(shape(output)) == sorted((samples, sizes[-1])):
                return True
    return False


def reason(name: str, error: BaseException) -> str:
    """Why the form of this name does not fit."""
    if isinstance(error, Unbound):
        said = str(error)
        return f"{name}: {said if ' ' in said else f'chainrule knows no value for its parameter {said}'}"
    return came_of(name, error)


def forms(namespace: dict[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, Callable[[], Form]]]:
    """(name, function that makes the form or raises) of every possible form, the likeliest first."""
    classes = possible_classes(namespace, names)
    for name, cls in recipes_first(classes):
        yield name, partial(RecipeForm, name, cls, namespace)
    for name, cls in classes:
        yield name, partial(GraphForm, name, cls, namespace)
        yield name, partial(of_arrays, ClassForm, name, cls, namespace)
        yield name, partial(WiredForm, name, cls, namespace)
        yield name, partial(WiredGraphForm, name, cls, namespace)
    for name, cls in classes:
        yield name, partial(RecipeForm, name, cls, namespace)
    for name, cls in classes:
        yield name, partial(of_arrays, FittedForm, name, cls, namespace)
    for name, function in initializations(namespace):
        yield name, partial(FunctionForm, name, function, namespace)
    yield "layers", partial(StackGraphForm, namespace)
    yield "layers", partial(StackForm, namespace)
    for name, function in ranked("forward", own_functions(namespace)):
        yield name, partial(SignatureForm, name, function, namespace)
    yield "globals", partial(GlobalForm, namespace)


def initializations(namespace: Mapping[str, Any]) -> list[tuple[str, FunctionType]]:
    """The functions that may make the parameters of a network, without methods that stand outside of a class."""
    found = ranked("init", own_functions(namespace))
    return [(name, function) for name, function in found if function.__code__.co_varnames[:1] != ("self",)]


def of_arrays(kind: type[ClassForm], name: str, cls: type, namespace: Mapping[str, Any]) -> Form:
    """The form of a class that computes with arrays, and does not hold tensors.  Raises Unbound."""
    form = kind(name, cls, namespace)
    sizes = form.probe_sizes()
    made = form.construct(sizes, 0)
    if any(True for _ in named_nodes(made, set())) and not TensorGraph(made, sizes).takes_arrays(sizes[0]):
        raise Unbound("its objects contain nodes that know their gradients")
    return form


def folded_forms(namespace: dict[str, Any], names: Mapping[str, str]) -> Iterator[Callable[[], Form]]:
    """The same for networks without arrays of their own for biases."""
    for fold in FOLDS:
        for name, cls in possible_classes(namespace, names):
            yield partial(ClassForm, name, cls, namespace, fold)
            yield partial(FittedForm, name, cls, namespace, fold)
            yield partial(WiredForm, name, cls, namespace, fold)
        for name, function in initializations(namespace):
            yield partial(FunctionForm, name, function, namespace, fold)
        yield partial(StackForm, namespace, fold)
    for name, function in own_functions(namespace):
        yield partial(EpochForm, name, function, namespace, FOLDS[-1])


def possible_classes(namespace: dict[str, Any], names: Mapping[str, str]) -> list[tuple[str, type]]:
    """The classes that may be networks; of a declared name, that one alone."""
    classes = network_classes(namespace)
    return [(name, cls) for name, cls in classes if name == names.get("MLP")] or classes


SAMPLES = 7  # of a batch that is tried
SHALLOWEST = 2  # layer sizes of a network without a hidden layer


def is_native(target: Any, names: Mapping[str, str]) -> bool:
    """Whether the class, as far as it is written, has the contract's names and arguments."""
    native = Native(target, dict(names))
    cls = native._find(target, "MLP")
    if not inspect.isclass(cls):
        return True
    if not takes(cls, [1, 2], seed=0):
        return False
    try:
        network = native.create(PROBES[0], 0)
    except Exception:
        return True  # the specs report what it raises
    return has_parameters(native, network) and all(is_native_method(native, network, name) for name in NETWORK_METHODS)


def has_parameters(native: Native, network: Any) -> bool:
    """Whether the network has weights and biases, one of each for every layer.

    If it has more or fewer and computes nothing so, the specs report that.
    """
    try:
        found = [native._read(network, attribute) for attribute in ("weights", "biases")]
    except NotOffered:
        return False
    if all(len(arrays) == len(PROBES[0]) - 1 for arrays in found):
        return True
    with contextlib.suppress(Exception, SystemExit):
        return shape(network.forward(np.ones((SAMPLES, PROBES[0][0])))) != (SAMPLES, PROBES[0][-1])
    return True


def is_native_method(native: Native, network: Any, name: str) -> bool:
    """Whether a method takes the contract's arguments, or is missing without another name for it."""
    method = getattr(network, native.name(name), None)
    if method is not None:
        given = [argument for argument in OPERATIONS[name].takes if argument.kind != MODEL]
        positional = [argument for argument in given if not argument.keyword]
        return takes(method, *positional, **{argument.name: argument for argument in given if argument.keyword})
    others = (other for other, _ in methods_of(network) if other not in NETWORK_METHODS)
    return all(rank(name, other) is None for other in others)


def takes(function: Any, *arguments: Any, **keywords: Any) -> bool:
    """Whether a function takes these arguments; True if its signature is unknown, and then the specs decide."""
    try:
        inspect.signature(function).bind(*arguments, **keywords)
    except TypeError:
        return False
    except ValueError:
        return True
    return True
