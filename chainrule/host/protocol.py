"""The data that a host and the boundary exchange, which can be written as bytes and read again.

A value is None, a truth value, a number, a string, a NumPy array, a NumPy generator, a reference to an object that the
host keeps, or a list, tuple or dictionary of values.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from chainrule.contract.moves import Moves

# How a call ended.  VALUE: with a result.  MISSING: the code does not define the name.  OFFERED_OTHERWISE: it is a
# stub, or has another form.  UNSEEN: it cannot be called from outside.  RAISED: the code raised.  UNREADABLE: it
# returned something else.
VALUE, MISSING, OFFERED_OTHERWISE, UNSEEN, RAISED, UNREADABLE = (
    *("value", "missing", "offered otherwise", "unseen"),
    *("raised", "unreadable"),
)


@dataclass(frozen=True)
class Reference:
    """The number of a network, cache or function that the host keeps."""

    number: int


@dataclass(frozen=True)
class Answer:
    """How a call ended, and with what.

    kind: one of the above.  value: the result as data.  message: why there is no result, in a sentence; where:
    `file:line` in the learner's code that raised; refused: whether it raised because it checks its arguments itself.
    modified: the arguments that the code wrote into.
    number: the call's number, for `Host.reread`.
    """

    kind: str
    value: Any = None
    message: str = ""
    where: str | None = None
    modified: tuple[str, ...] = ()
    number: int = 0
    refused: bool = False


@dataclass(frozen=True)
class Traits:
    """What specs must know about an implementation beside its conventions.

    summed_fit: whether fit steps by the rate times the summed gradients of a batch.
    fit_takes_seed: whether the training function takes a seed; if not, the code may contain a fixed one.
    recovery_rate: the learning rate at which chainrule computes gradients from updates; None if the code returns them.
    biases: `own` arrays, `inside` the weights, or `none`.
    penalized: what has the strength of an L2 penalty: the `network`, or operations, with blanks; empty without one.
    penalizes_biases: whether its functions take all parameters, so that vectors among the weights are biases.
    extensions: conventions of extension chapters that reading found by their effect: (key, value, how).
    """

    summed_fit: bool = False
    fit_takes_seed: bool = True
    recovery_rate: float | None = None
    biases: str = "own"
    penalized: str = ""
    penalizes_biases: bool = False
    extensions: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Served:
    """An operation of the contract, the function (with its parameters) that computes it, or "", and how, in words.

    shown: what showed that it is this function.  proof: what showed that chainrule calls it rightly.
    doubted: whether a name alone showed it, although the file has calls of its own, which were not understood.
    """

    operation: str
    by: str
    how: str
    shown: str = ""
    proof: str = ""
    doubted: bool = False


@dataclass(frozen=True)
class Description:
    """A description of how chainrule reads the code.

    offered: the operations of the contract that the code defines.  recognised: False for an adapter.
    form: the kind of network that chainrule recognised, empty for the native style.
    names: {contract's name: the code's name}, if the code can be called without translation.
    served: the function of each operation.  refused: candidates for the network, and why chainrule rejected them.
    strangers: unrecognised definitions that look like parts of a network, with their signatures.
    defined: the names of all functions and classes of the code.  sketch: lines that would make the code fit, if
    chainrule recognised no network.
    supplied: globals that the code does not define and chainrule sets to the number of samples.
    unchecked: names of functions and classes from courses that no chapter checks yet.
    """

    offered: tuple[str, ...]
    recognised: bool = False
    form: str = ""
    names: dict[str, str] | None = None
    served: tuple[Served, ...] = ()
    refused: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    defined: tuple[str, ...] = ()
    sketch: str = ""
    supplied: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function of the checked code that ran, identified by its file, name and lines.

    source: its statement; for a method, a class with only this method.  begins: the line of the file at which the
    source begins.  lines: those that ran.  numpy: the file's name for NumPy, or empty.
    """

    filename: str
    name: str
    first_line: int
    last_line: int
    source: str = field(compare=False)
    begins: int = field(compare=False)
    lines: tuple[int, ...] = field(compare=False)
    numpy: str = field(compare=False)

    @property
    def key(self) -> tuple[str, int]:
        """Identifies its code among the functions of the file."""
        return self.name, self.first_line

    def overlaps(self, other: Function) -> bool:
        """Whether one of the two contains the other."""
        return (
            self.filename == other.filename
            and self.first_line <= other.last_line
            and other.first_line <= self.last_line
        )


MESSAGES = {cls.__name__: cls for cls in (Reference, Answer, Moves, Traits, Served, Description, Function)}


def encode(value: Any) -> bytes:
    """Write a value as bytes: a header in JSON, then the arrays.  Raises TypeError for other values."""
    arrays: list[np.ndarray] = []
    header = json.dumps(_written(value, arrays)).encode()
    return struct.pack("<Q", len(header)) + header + b"".join(array.tobytes() for array in arrays)


def decode(message: bytes) -> Any:
    """Read the value that `encode` wrote.  Its arrays are new and writable."""
    (length,) = struct.unpack_from("<Q", message)
    start = struct.calcsize("<Q")
    return _Reader(message, start + length).value(json.loads(message[start : start + length]))


def _written(value: Any, arrays: list[np.ndarray]) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return {"int": str(int(value))}
    if isinstance(value, (float, np.floating)):
        return {"float": float(value).hex()}
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError(f"an array of objects is not data: {value!r:.80}")
        arrays.append(value)
        return {"array": [value.dtype.str, value.shape]}
    if isinstance(value, np.random.Generator):
        return {"generator": _written(value.bit_generator.state, arrays)}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__ if type(value) in (list, tuple) else "tuple": [_written(v, arrays) for v in value]}
    if isinstance(value, dict):
        return {"dict": [[_written(key, arrays), _written(entry, arrays)] for key, entry in value.items()]}
    if type(value).__name__ in MESSAGES and type(value) is MESSAGES[type(value).__name__]:
        content = [_written(getattr(value, one.name), arrays) for one in fields(value)]
        return {"message": [type(value).__name__, content]}
    raise TypeError(f"a {type(value).__name__} is not data: {value!r:.80}")


class _Reader:
    """Reads a header's value; its arrays begin at byte `at`."""

    def __init__(self, message: bytes, at: int) -> None:
        self.message, self.at = message, at

    def value(self, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        ((kind, content),) = written.items()
        return getattr(self, f"read_{kind}")(content)

    def values(self, written: Sequence[Any]) -> list[Any]:
        return [self.value(item) for item in written]

    def read_int(self, content: str) -> int:
        return int(content)

    def read_float(self, content: str) -> float:
        return float.fromhex(content)

    def read_array(self, content: Any) -> np.ndarray:
        dtype, shape = np.dtype(content[0]), tuple(content[1])
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(self.message, dtype, count, self.at).reshape(shape).copy()
        self.at += array.nbytes
        return array

    def read_generator(self, content: Any) -> np.random.Generator:
        state = self.value(content)
        bits = getattr(np.random, state["bit_generator"])()
        bits.state = state
        return np.random.Generator(bits)

    def read_list(self, content: Any) -> list[Any]:
        return self.values(content)

    def read_tuple(self, content: Any) -> tuple[Any, ...]:
        return tuple(self.values(content))

    def read_dict(self, content: Any) -> dict[Any, Any]:
        return {self.value(key): self.value(entry) for key, entry in content}

    def read_message(self, content: Any) -> Any:
        return MESSAGES[content[0]](*self.values(content[1]))
