"""The chapters of the specification and their operations: a file for each chapter.

A file here holds `OPERATIONS`, and may hold `PRECISION` and `LOSS_AT_ZERO`: calls that show in which precision its
operations compute, and which epsilon their logarithm contains.  The extension chapters are the files beside
network.py, in the order of their names.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from chainrule.contract.operation import MODEL, Operation, Stage

CORE_CHAPTERS = (
    "activations",
    "softmax",
    "cross_entropy",
    "initialization",
    "shapes",
    "gradients",
    "golden",
    "training",
    "accuracy",
)
CORE = "network"


def held(file: str, name: str) -> tuple[Any, ...]:
    """The tuple that a file of this folder defines under a name; an empty one if it does not."""
    found: tuple[Any, ...] = getattr(importlib.import_module(f"{__name__}.{file}"), name, ())
    return found


def operations_in(file: str) -> tuple[Operation, ...]:
    """The operations that a file of this folder defines."""
    return held(file, "OPERATIONS")


EXTENSION_CHAPTERS = tuple(module.name for module in pkgutil.iter_modules(__path__) if module.name != CORE)
CHAPTERS = CORE_CHAPTERS + EXTENSION_CHAPTERS
OPERATIONS = {operation.name: operation for file in (CORE, *EXTENSION_CHAPTERS) for operation in operations_in(file)}
EXTENSIONS = {name: operation for name, operation in OPERATIONS.items() if operation.chapter in EXTENSION_CHAPTERS}

NETWORK_METHODS = tuple(name for name, operation in OPERATIONS.items() if operation.of_network)
FUNCTIONS = tuple(  # the core's functions, which are not methods of the network
    operation.name
    for operation in operations_in(CORE)
    if MODEL not in {*(argument.kind for argument in operation.takes), *(part.kind for part in operation.gives)}
)
CORE_NAMES = (*FUNCTIONS, "create")
PRECISION: tuple[Stage, ...] = tuple(stage for file in EXTENSION_CHAPTERS for stage in held(file, "PRECISION"))
LOSS_AT_ZERO: tuple[Stage, ...] = tuple(stage for file in EXTENSION_CHAPTERS for stage in held(file, "LOSS_AT_ZERO"))
EXTENSION_NAMES = {
    chapter: tuple(name for name, operation in EXTENSIONS.items() if operation.chapter == chapter)
    for chapter in EXTENSION_CHAPTERS
}
# Names from deep-learning courses, such as Stanford's cs231n; the report mentions those that no chapter checks yet.
COURSE_NAMES = (
    *("layernorm_forward", "layernorm_backward"),
    *("forward_propagation_with_dropout", "backward_propagation_with_dropout"),
    *("spatial_batchnorm_forward", "spatial_batchnorm_backward"),
    *("spatial_groupnorm_forward", "spatial_groupnorm_backward"),
    *("svm_loss", "svm_loss_naive", "svm_loss_vectorized", "softmax_loss_naive", "softmax_loss_vectorized"),
)
UNCHECKED_NAMES = tuple(name for name in COURSE_NAMES if name not in OPERATIONS)
