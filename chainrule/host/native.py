"""The native style: a module, or another namespace, that uses the contract's names."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.contract.chapters import NETWORK_METHODS, OPERATIONS
from chainrule.contract.errors import Missing, NotOffered
from chainrule.contract.implementation import Implementation, source_line
from chainrule.contract.operation import Operation
from chainrule.support.arrays import describe, like

EXPECTED = {operation.native_name: operation.native_signature for operation in OPERATIONS.values()}


class Native(Implementation):
    """Finds relu, softmax, cross_entropy, xavier and MLP in `target`, and the methods on what MLP returns.

    names: {contract's name: the name the code uses}.
    """

    def __init__(self, target: Any, names: dict[str, str] | None = None) -> None:
        super().__init__(target)
        self.names = names or {}
        self._checked: set[tuple[str, int]] = set()

    def relu(self, z: Any) -> Any:
        return self._call(self.target, "relu", z)

    def softmax(self, z: Any) -> Any:
        return self._call(self.target, "softmax", z)

    def cross_entropy(self, p: Any, y: Any) -> Any:
        return self._call(self.target, "cross_entropy", p, y)

    def xavier(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> Any:
        return self._call(self.target, "xavier", fan_in, fan_out, rng)

    def create(self, sizes: Sequence[int], seed: int) -> Any:
        return self._call(self.target, "MLP", sizes if isinstance(sizes, list) else list(sizes), seed=seed)

    def parameters(self, model: Any) -> Any:
        return self._read(model, "weights"), self._read(model, "biases")

    def assign(self, model: Any, weights: Any, biases: Any) -> None:
        for attribute, values in (("weights", weights), ("biases", biases)):
            current = self._read(model, attribute)
            if len(current) != len(values):
                raise NotOffered(f"MLP.{attribute}: expected a list of {len(values)} arrays, found {len(current)}")
            new = self._alike(values, current, attribute)
            ways = (assign_in_place, assign_items, assign_list)
            if not any(way(model, self.name(attribute), new) and self._holds(model, attribute, new) for way in ways):
                raise NotOffered(
                    f"MLP.{attribute}: the network does not keep assigned values, "
                    "neither in place nor by item nor as a new list"
                )

    def forward(self, model: Any, x: Any) -> Any:
        return self._call(model, "forward", x)

    def loss(self, model: Any, x: Any, y: Any) -> Any:
        return self._call(model, "loss", x, y)

    def backward(self, model: Any, x: Any, y: Any) -> Any:
        grads = self._call(model, "backward", x, y)
        if not (isinstance(grads, (tuple, list)) and len(grads) == 2):
            if grads is None:
                return None
            raise NotOffered(f"backward: expected (weight_grads, bias_grads), found {describe(grads)}")
        return grads

    def step(self, model: Any, grads: Any, lr: float) -> None:
        shaped = tuple(
            self._alike(group, self._read(model, attribute), attribute)
            for group, attribute in zip(grads, ("weights", "biases"), strict=True)
        )
        return self._call(model, "step", shaped, lr)

    def fit(self, model: Any, x: Any, y: Any, *, epochs: int, batch_size: int, lr: float, seed: int) -> Any:
        return self._call(model, "fit", x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)

    def predict(self, model: Any, x: Any) -> Any:
        return self._call(model, "predict", x)

    def extension(self, operation: Operation, *arguments: Any) -> Any:
        """The result of an extension chapter's function: one part, or a tuple with all parts of the operation."""
        result, names = self._call(self.target, operation.name, *arguments), [part.name for part in operation.gives]
        fits = isinstance(result, (tuple, list)) and len(result) == len(names)
        if result is not None and (isinstance(result, tuple) if len(names) == 1 else not fits):
            expected = f"{names[0]}, an array" if len(names) == 1 else f"({', '.join(names)})"
            raise NotOffered(f"{self.name(operation.name)}: expected {expected}, found {describe(result)}")
        return result

    def offers(self, name: str) -> bool:
        return callable(getattr(self.target, self.name(OPERATIONS[name].native_name), None))

    def where(self, name: str) -> str | None:
        owner = getattr(self.target, self.name("MLP"), None) if name in NETWORK_METHODS else self.target
        return source_line(
            getattr(owner, self.name("MLP" if name in ("create", "parameters", "assign") else name), None)
        )

    def name(self, name: str) -> str:
        """The name that the code under test uses for a name of the contract."""
        return self.names.get(name, name)

    def _find(self, owner: Any, name: str) -> Any:
        try:
            return getattr(owner, self.name(name))
        except AttributeError:
            raise Missing(f"{self.name(name)} is missing") from None

    def _read(self, model: Any, attribute: str) -> Any:
        try:
            values = self._find(model, attribute)
        except Missing as error:
            raise Missing(f"{error}: no line of the class sets self.{self.name(attribute)}") from None
        if values is None:
            raise NotOffered(f"MLP.{attribute} is None")
        if not isinstance(values, (list, tuple)):
            raise NotOffered(f"MLP.{attribute}: expected a list of arrays, found {describe(values)}")
        return values

    def _call(self, owner: Any, name: str, *arguments: Any, **keywords: Any) -> Any:
        function = self._find(owner, name)
        if not callable(function):
            raise NotOffered(f"{self.name(name)}: expected a function, found {describe(function)}")
        self._check_signature(name, function, arguments, keywords)
        return function(*arguments, **keywords)

    def _check_signature(self, name: str, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Raise NotOffered if the function takes other arguments: it is then something else, not wrong."""
        key = (name, id(getattr(function, "__func__", function)))
        if key in self._checked:
            return
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # builtins and ufuncs do not have a signature
            return
        try:
            signature.bind(*arguments, **keywords)
        except TypeError as error:
            raise NotOffered(
                f"{self.name(name)}: expected {self.name(name)}({EXPECTED[name]}), "
                f"found {self.name(name)}{signature} ({error})"
            ) from None
        self._checked.add(key)

    def _alike(self, values: Any, current: Any, attribute: str) -> list[Any]:
        try:
            return [like(value, old) for value, old in zip(values, current, strict=True)]
        except ValueError as error:
            raise NotOffered(f"MLP.{attribute}: {error}") from None

    def _holds(self, model: Any, attribute: str, new: list[Any]) -> bool:
        current = self._read(model, attribute)
        return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(current, new, strict=True))


def assign_in_place(model: Any, attribute: str, new: list[Any]) -> bool:
    arrays = getattr(model, attribute)
    if not all(isinstance(array, np.ndarray) and array.flags.writeable for array in arrays):
        return False
    for array, value in zip(arrays, new, strict=True):
        array[...] = value
    return True


def assign_items(model: Any, attribute: str, new: list[Any]) -> bool:
    items = getattr(model, attribute)
    if not isinstance(items, list):
        return False
    items[:] = new
    return True


def assign_list(model: Any, attribute: str, new: list[Any]) -> bool:
    try:
        setattr(model, attribute, new)
    except AttributeError:  # a property without a setter
        return False
    return True
