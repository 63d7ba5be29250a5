"""Words by which code chooses activations, losses and optimizers: those that it knows, and those of a classifier."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, isfunction
from types import CodeType, FunctionType
from typing import Any

from chainrule.host.recognition.learnt import PerLayer
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.vocabulary import is_called, names, plain, role


@dataclass(frozen=True)
class Choices:
    """The words of a code for what an MLP needs, as it spells them; empty for others."""

    relu: str = ""
    softmax: str = ""
    cross_entropy: str = ""
    gradient_descent: str = ""

    def for_a_classifier(self, words: Sequence[str], layers: int) -> list[Callable[[str], str]]:
        """Functions that replace the words of a network, in their order, by those of a classifier, the likeliest first.

        layers: how many it has with weights.  Empty for a network that has softmax.  Where there are more words than
        layers, the first may belong to the inputs, or the last to nothing; fewer are those of hidden layers.  Hidden
        layers keep their words in a code without ReLU.
        """
        activations = [word for word in words if is_called("choices", "activation", word)]
        says_softmax = any(is_called("choices", "softmax", word) for word in activations)
        others = any(word != self.relu for word in activations)
        if not says_softmax and self.relu and 0 < len(activations) < layers and others:
            return [partial(self.replaced, iter(range(len(activations))), len(activations))]
        loses = any(is_called("choices", "loss", word) for word in words)  # and if it knows no other, softmax has none
        if says_softmax or not self.softmax or len(activations) < layers or (loses and not self.cross_entropy):
            return []
        return [
            partial(self.replaced, iter(range(len(activations))), last)
            for last in range(len(activations) - 1, layers - 2, -1)
        ]

    def of_layers(self, given: PerLayer) -> PerLayer:
        """The activations that the author gives for each layer, as names or objects, or those of a classifier."""
        if not all(isinstance(word, str) for word in given.values):
            return with_relu(given)
        found = self.for_a_classifier(given.values, len(given.values))
        return PerLayer(tuple(map(found[0], given.values))) if found else given

    def replaced(self, places: Iterator[int], last: int, word: str) -> str:
        """The word in place of another.  places: that of the next activation.  last: the first place of the output."""
        if is_called("choices", "activation", word):
            return (self.relu or word) if next(places) < last else self.softmax
        return self.loss(word)

    def optimizer(self, word: str) -> str:
        """The word for gradient descent in place of that for another optimizer."""
        return self.gradient_descent if self.gradient_descent and is_called("choices", "optimizer", word) else word

    def loss(self, word: str) -> str:
        """The word for the cross-entropy in place of that for another loss."""
        return self.cross_entropy if self.cross_entropy and is_called("choices", "loss", word) else word


def with_relu(given: PerLayer) -> PerLayer:
    """ReLU for the hidden layers in place of other activations, where these are objects or functions of one file."""
    *hidden, last = given.values
    places = {module_of(one) for one in hidden}
    space = vars(sys.modules[places.pop()]) if len(places) == 1 and places <= sys.modules.keys() else {}
    known = ("activation", "identity")
    if not all(any(is_called("choices", kind, name_of(one)) for kind in known) for one in hidden):
        return given
    makers: list[Any] = list(own_functions(space)) if hidden and isfunction(hidden[0]) else list(own_classes(space))
    found = next((maker for name, maker in makers if is_called("choices", "relu", name)), None)
    if found is None or all(is_called("choices", "relu", name_of(one)) for one in hidden):
        return given
    return PerLayer((*(found if isfunction(found) else found() for _ in hidden), last))


def name_of(value: Any) -> str:
    return value.__name__ if isfunction(value) else type(value).__name__


def module_of(value: Any) -> str:
    return str(value.__module__ if isfunction(value) else type(value).__module__)


def choices_of(functions: Iterable[Any]) -> Choices:
    """The words that these functions compare or look up, and words by themselves."""
    words = list(dict.fromkeys(word for one in functions for word in words_in(getattr(one, "__code__", one))))

    def likeliest(kind: str) -> str:
        places = {word: names("choices")[kind].position(plain(word)) for word in words}
        return min((word for word in words if places[word]), key=lambda word: places[word] or 0, default="")

    return Choices(*map(likeliest, ("relu", "softmax", "cross_entropy", "gradient_descent")))


def descending(function: Any, parameter: Parameter) -> str:
    """The word for gradient descent, for a parameter that takes an optimizer's, or has another as default; else empty.

    The function knows it, or a method of its class.
    """
    default = parameter.default
    needed = default is parameter.empty and role(parameter.name) == "optimizer"
    if not (needed or (isinstance(default, str) and is_called("choices", "optimizer", default))):
        return ""
    owner = function if isinstance(function, type) else type(getattr(function, "__self__", None))
    members = [member for base in owner.__mro__[:-1] for member in vars(base).values()]
    own = getattr(function, "__func__", function)
    known = choices_of(one for one in (*members, own) if isinstance(one, FunctionType))
    return known.gradient_descent if known.gradient_descent != default else ""


def of_the_output(function: Any, parameters: Sequence[Parameter]) -> dict[str, str]:
    """{parameter: word} of a constructor whose defaults name another activation of the outputs than softmax.

    They are the words for softmax and cross-entropy, if the code knows both; else the outputs keep their default.
    """
    said = [one for one in parameters if isinstance(one.default, str)]
    chosen = [one for one in said if is_called("choices", "activation", one.default)]
    outputs = [one for one in chosen if any(word in plain(one.name) for word in OF_OUTPUTS)]
    if not outputs or any(is_called("choices", "softmax", one.default) for one in outputs):
        return {}
    losses = [one for one in said if is_called("choices", "loss", one.default)]
    known = choices_of(written_beside(function))
    if not known.softmax or (losses and not known.cross_entropy):
        return {one.name: one.default for one in outputs}
    return {one.name: known.softmax for one in outputs} | {one.name: known.cross_entropy for one in losses}


def written_beside(function: Any) -> list[Any]:
    """The functions and methods of the file in which a function or class stands."""
    members = vars(function).values() if isinstance(function, type) else [function]
    spaces = (getattr(getattr(one, "__func__", one), "__globals__", None) for one in members)
    space: dict[str, Any] = next((found for found in spaces if found is not None), {})
    methods = [one for _, cls in own_classes(space) for one in vars(cls).values() if isinstance(one, FunctionType)]
    keys = [key for _, cls in own_classes(space) for one in vars(cls).values() if isinstance(one, dict) for key in one]
    return [*methods, *(one for _, one in own_functions(space)), *keys]


def words_in(value: Any) -> Iterator[str]:
    """The texts among the constants of a function, without its documentation."""
    if isinstance(value, CodeType):
        for constant in value.co_consts:
            yield from words_in(constant)
    elif isinstance(value, (tuple, frozenset)):
        for item in value:
            yield from words_in(item)
    elif isinstance(value, str) and len(value) < LONGEST:
        yield value


LONGEST = 40  # letters of a word
OF_OUTPUTS = ("out", "last", "final")  # in the names of parameters for the activation of the last layer


def chosen(name: str, value: Any, choices: Choices, words: Choices) -> Any:
    """The value for a parameter in place of the author's: words for ReLU, cross-entropy and plain gradient descent.

    choices: for the loss.  words: of the code.
    """
    if isinstance(value, PerLayer):
        return words.of_layers(value)
    if not isinstance(value, str):
        return value
    hidden = role(name) == "activation" and is_called("choices", "activation", value)
    if hidden and words.relu and not is_called("choices", "softmax", value):
        return words.relu
    return words.optimizer(choices.loss(value))
