"""The conventions of an implementation: what holds by default, what its author declares, and what probing finds.

A declaration beats an inference.  An inference rests on an effect that no mistake can have: which shapes the code takes
and gives, or two of its results that agree with each other.  Where there is no such effect, or where two contradict
each other, the native value stands and the specs decide.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.arrays import kind, to_numpy
from chainrule.contract import Implementation, NotOffered, UnusableTarget
from chainrule.reference import MLP, softmax
from chainrule.recognition.forms import PROBES
from chainrule.recognition.recognised import Recognised, spelled
from chainrule.timeouts import TimedOut, limit
from chainrule.translation import SINGLE, Layout, Translated

NATIVE = {
    "samples": "rows",
    "weights": "in_out",
    "labels": "index",
    "reduction": "mean",
    "output": "probabilities",
    "precision": "float64",
    "initialization": "xavier",
    "seeding": "argument",
    "log_epsilon": "0",
    "architecture": "any",
    "arrays": "numpy",
}
SUPPORTED = {
    "samples": ("rows", "columns", "single"),
    "weights": ("in_out", "out_in"),
    "labels": ("index", "one_hot"),
    "reduction": ("mean", "sum"),
    "output": ("probabilities", "logits"),
    "precision": ("float64", "float32"),
    "initialization": ("xavier", "he", "lecun", "any"),
    "seeding": ("argument", "global", "fixed", "none"),
    "arrays": ("numpy", "lists", "torch", "jax", "cupy"),
}
PROBE_LIMIT = 2.0  # seconds
LARGEST_LOG_EPSILON = 1e-7  # accepted
LARGEST_PLAUSIBLE = 1e-2  # beyond this a loss at p = 0 is no logarithm of p + epsilon
BATCH = 7  # samples in a probe: no layer has as many units
AGREE = 1e-3  # how closely two results agree whose ratio is asked for, in any precision


@dataclass(frozen=True)
class Convention:
    """A key's value, its source: "default", "inferred" or "declared", and how it was found, in a sentence."""

    value: str
    source: str
    how: str = ""


Conventions = dict[str, Convention]


@dataclass(frozen=True)
class Settled:
    """implementation: in the native conventions.  notes: what probing found that no convention can hold."""

    implementation: Implementation
    conventions: Conventions
    notes: tuple[str, ...] = ()


def settle(raw: Implementation, declared: Mapping[str, Any]) -> Settled:
    """The conventions that hold: the native ones, then what probing finds, then what is declared.

    Raises UnusableTarget for a declaration that is no convention or that this version cannot follow.
    """
    told = {key: Convention(check(key, value), "declared") for key, value in declared.items()}
    conventions = {key: Convention(value, "default") for key, value in NATIVE.items()}
    probing = Probing(raw, {key: convention.value for key, convention in told.items()})
    with np.errstate(all="ignore"):
        probing.run()
    implementation = Translated(raw, probing.layout, probing.prepare)
    found = {key: Convention(value, "inferred", how) for key, (value, how) in probing.found.items()}
    for key, (value, how) in effects(implementation).items():
        found[key] = Convention(value, "inferred", how)
    conventions |= found
    notes = list(probing.notes)
    for key, convention in told.items():
        if key in found and found[key].value != convention.value and key not in ("log_epsilon",):
            notes.append(
                f"{key} is declared to be {convention.value}, but the code shows {found[key].value}: {found[key].how}"
            )
    return Settled(implementation, conventions | told, tuple(notes))


def check(key: str, value: Any) -> str:
    """A declared value as the text it stands for.  Raises UnusableTarget."""
    if key not in NATIVE:
        raise UnusableTarget(f"{key!r} is declared, which is no convention; there are: {', '.join(NATIVE)}")
    if key == "log_epsilon":
        try:
            return str(float(value))
        except (TypeError, ValueError):
            raise UnusableTarget(f"log_epsilon is declared to be {value!r}; expected a number such as 1e-12") from None
    if key == "architecture":
        return check_architecture(value)
    if value not in SUPPORTED[key]:
        raise UnusableTarget(
            f"{key} is declared to be {value!r}; expected {' or '.join(SUPPORTED[key])}: for anything else write an "
            "adapter (--adapter FILE) that translates"
        )
    return str(value)


def check_architecture(value: Any) -> str:
    """`any`, or layer sizes, of which those that are free are stars."""
    if value == "any":
        return "any"
    sizes = value if isinstance(value, (list, tuple)) else str(value).strip("[]() ").split(",")
    spelled_sizes = [str(size).strip() for size in sizes]
    if len(spelled_sizes) < 2 or not all(size == "*" or (size.isdigit() and int(size) > 0) for size in spelled_sizes):
        raise UnusableTarget(f"architecture is declared to be {value!r}; expected any, or sizes such as [784, 10, 10]")
    return f"[{', '.join(spelled_sizes)}]"


class Probing:
    """Finds the conventions of `raw` by trying, each for itself.

    layout: what was found, as a translation needs it.  found: {key: (value, how)}.  notes: what else there is to say.
    """

    def __init__(self, raw: Implementation, declared: Mapping[str, str]) -> None:
        self.raw, self.declared = raw, declared
        self.layout = Layout()
        self.found: dict[str, tuple[str, str]] = {}
        self.notes: list[str] = []
        self.form = raw.form if isinstance(raw, Recognised) else None

    def run(self) -> None:
        declared = self.declared
        self.layout.weights = declared.get("weights", "in_out")
        self.layout.samples = {"single": "vector"}.get(declared.get("samples", "rows"), declared.get("samples", "rows"))
        self.layout.reduction = declared.get("reduction", "mean")
        self.layout.output = declared.get("output", "probabilities")
        self.layout.arrays = declared.get("arrays", "numpy")
        if declared.get("labels") == "one_hot":
            self.layout.labels = dict.fromkeys(("loss", "backward", "fit", "cross_entropy"), "one_hot")
        sizes = self.form.probe_sizes() if self.form is not None else [4, 6, 5, 3]
        point = self.point(sizes)
        if point is not None:
            self.network(point)
        self.functions(point)

    def point(self, sizes: Sequence[int]) -> Point | None:
        """A network of generic parameters in which every size differs."""
        model = attempt_raw(lambda: self.raw.create(list(sizes), 0))
        if model is None:
            return None
        parameters = attempt_raw(lambda: self.raw.parameters(model))
        if parameters is None:
            return None
        shapes = [np.shape(to_numpy(w)) for w in parameters[0]]
        self.weights(shapes, sizes)
        self.arrays(model, parameters)
        point = Point(model, list(sizes))
        turn = self.layout.weights == "out_in"
        try:
            self.raw.assign(model, [w.T if turn else w for w in point.weights], [b.copy() for b in point.biases])
        except Exception:
            return None
        return point

    def weights(self, shapes: Sequence[tuple[int, ...]], sizes: Sequence[int]) -> None:
        """(s[l], s[l+1]) or (s[l+1], s[l]): in every layer alike, and told apart by one whose sizes differ."""
        fans = list(zip(sizes[:-1], sizes[1:], strict=True))
        if "architecture" not in self.declared and self.form is not None and self.form.pattern is not None:
            self.found["architecture"] = (spelled(self.form.pattern), f"{self.form.title} makes no other networks")
        for value, wanted in (("in_out", fans), ("out_in", [fan[::-1] for fan in fans])):
            if list(shapes) == wanted and any(a != b for a, b in fans):
                self.found["weights"] = (value, f"a network of sizes {list(sizes)} has weights of shape {shapes[0]}")
                if "weights" not in self.declared:
                    self.layout.weights = value

    def arrays(self, model: Any, parameters: Any) -> None:
        """The library whose arrays hold the parameters, and their type where another would not be taken."""
        first = self.first_parameter(model)
        library = kind(first) if first is not None else "numpy"
        if library == "numpy":
            return
        self.found["arrays"] = (library, f"the weights are {'nested lists' if library == 'lists' else library + ' arrays'}")
        if "arrays" not in self.declared:
            self.layout.arrays = library
        if library != "lists":
            self.layout.dtype = first.dtype
        if isinstance(self.raw, Recognised):
            self.raw.arrays, self.raw.dtype = self.layout.arrays, self.layout.dtype

    def first_parameter(self, model: Any) -> Any:
        if isinstance(self.raw, Recognised) and self.form is not None:
            return self.raw.first_parameter(model)
        found = attempt_raw(lambda: self.raw.parameters(model))
        return found[0][0] if found and found[0] else None

    def network(self, point: Point) -> None:
        """Samples, output, labels, reduction, seeding, in this order: each relies on those before."""
        if isinstance(self.raw, Recognised):
            self.raw.batch = self.batch
        out = self.samples(point)
        if out is None:
            return
        self.output(point, out)
        for operation in ("backward", "loss"):
            self.labels(operation, point)
        self.name_labels()
        self.logits(point, out)
        self.reduction(point)
        self.training(point)
        self.seeding(point)
        if isinstance(self.raw, Recognised):
            attempt_raw(lambda: self.raw.predict(point.model, self.one(point.x)))
            attempt_raw(lambda: self.raw.step(point.model, self.raw.parameters(point.model), 0.125))

    def one(self, x: np.ndarray) -> Any:
        return self.layout.inputs(x[:1] if self.layout.samples in SINGLE else x)

    def batch(self, sizes: Sequence[int]) -> tuple[Any, Any]:
        """Inputs and labels for a network of these sizes, in the code's own conventions."""
        rng = np.random.default_rng(5)
        n = 1 if self.layout.samples in SINGLE else BATCH
        x, y = rng.normal(size=(n, sizes[0])), np.arange(n) % sizes[-1]
        return self.layout.inputs(x), self.layout.targets(y, sizes[-1], "backward")

    def samples(self, point: Point) -> np.ndarray | None:
        """How a batch is taken: in rows, in columns, or one sample at a time.  The output must come as the input does."""
        n, k = BATCH, point.sizes[-1]
        ways = [self.layout.samples] if "samples" in self.declared and self.declared["samples"] != "single" else ["rows", "columns"]
        ways = [] if self.declared.get("samples") == "single" else ways
        trouble: list[str] = []
        odd: str | None = None
        for way in ways:
            out = self.forward(point, way, trouble)
            if out is None:
                continue
            wanted = (n, k) if way == "rows" else (k, n)
            if out.shape == wanted:
                self.found["samples"] = (way, f"forward takes {(n, point.sizes[0]) if way == 'rows' else (point.sizes[0], n)} and gives {out.shape}")
                self.layout.samples = way
                return out.T if way == "columns" else out
            odd = odd or f"forward takes samples in {way} and gives an array of shape {out.shape} for {n} samples and {k} classes"
        for way in SINGLE if odd is None and "samples" not in self.declared or self.declared.get("samples") == "single" else ():
            outs = [self.forward(point, way, trouble, row) for row in range(n)]
            if all(out is not None and out.size == k for out in outs):
                self.layout.samples = way
                self.found["samples"] = ("single", "forward takes one sample at a time, not a batch")
                return np.vstack([out.reshape(1, -1) for out in outs if out is not None])
        if odd is not None:
            self.notes.append(odd)
            return None
        if trouble:
            self.notes.append(f"no forward pass was found: {trouble[0]}")
        return None

    def forward(self, point: Point, way: str, trouble: list[str], row: int | None = None) -> np.ndarray | None:
        x = point.x if row is None else point.x[row : row + 1]
        try:
            with limit(PROBE_LIMIT):
                return to_numpy(self.raw.forward(point.model, self.layout.inputs(x, way)))
        except (Exception, SystemExit, TimedOut) as error:
            trouble.append(f"{error}" if isinstance(error, NotOffered) else f"forward raised {type(error).__name__}: {error}")
            return None

    def output(self, point: Point, out: np.ndarray) -> None:
        """Rows that are no probabilities may be logits: only the code's own loss, or gradient, can say so."""
        if are_rows_of_probabilities(out):
            self.found["output"] = ("probabilities", "every row that forward gives is positive and sums to 1")

    def logits(self, point: Point, out: np.ndarray) -> None:
        if "output" in self.found or "output" in self.declared:
            return
        p = softmax(out)
        own = [self.loss(point, y) for y in point.label_sets]
        exact = [float(np.mean(-np.log(p[np.arange(len(y)), y]))) for y in point.label_sets]
        if all(loss is not None for loss in own):
            ratios = np.array([loss / truth for loss, truth in zip(own, exact, strict=True)])  # type: ignore[operator]
            if any(np.allclose(ratios, c, rtol=AGREE) for c in (1.0, BATCH)):
                self.layout.output = "logits"
                self.found["output"] = ("logits", "loss is the cross-entropy of the softmax of what forward gives")
            return
        grads = self.backward(point, point.y)
        if grads is not None:
            right = (p - np.eye(p.shape[1])[point.y]).sum(axis=0)
            if abs(cosine(grads[1][-1], right)) > 1 - AGREE**2:
                self.layout.output = "logits"
                self.found["output"] = ("logits", "backward takes the softmax of what forward gives")

    def labels(self, operation: str, point: Point) -> None:
        """Integers or one-hot vectors: whichever the code takes; where it takes both, the form that its result follows."""
        if "labels" in self.declared:
            return
        fitting: dict[str, float] = {}
        error: Exception | None = None
        for form in ("index", "one_hot"):
            self.layout.labels[operation] = form
            try:
                with limit(PROBE_LIMIT):
                    fitting[form] = self.follows(operation, point)
            except (Exception, SystemExit, TimedOut) as raised:
                error = error or (raised if isinstance(raised, Exception) else None)
        if not fitting:
            self.layout.labels[operation] = "index"
            if isinstance(self.raw, Recognised) and isinstance(error, NotOffered):
                self.raw.close(operation, len(point.sizes) - 1, error)
            return
        best = max(fitting, key=lambda form: (round(fitting[form], 3), form == "index"))
        self.layout.labels[operation] = best

    def follows(self, operation: str, point: Point) -> float:
        """How closely results follow the labels, from 0 to 1: whatever their scale and sign."""
        if operation == "loss":
            p = softmax(point.logits)
            own = [self.raw_loss(point, y) for y in point.label_sets]
            exact = [float(np.mean(-np.log(p[np.arange(len(y)), y]))) for y in point.label_sets]
            return abs(cosine(np.array(own) - np.mean(own), np.array(exact) - np.mean(exact)))
        grads = self.raw_backward(point, point.y)
        p = softmax(point.logits)
        return abs(cosine(grads[1][-1], (p - np.eye(p.shape[1])[point.y]).sum(axis=0)))

    def raw_loss(self, point: Point, y: np.ndarray) -> float:
        if self.layout.samples in SINGLE:
            one = range(len(y))
            return float(np.mean([to_numpy(self.raw.loss(point.model, self.layout.inputs(point.x[i : i + 1]), self.layout.targets(y[i : i + 1], point.classes, "loss"))).reshape(()) for i in one]))
        return float(to_numpy(self.raw.loss(point.model, self.layout.inputs(point.x[: len(y)]), self.layout.targets(y, point.classes, "loss"))).reshape(()))

    def raw_backward(self, point: Point, y: np.ndarray) -> Any:
        if self.layout.samples in SINGLE:
            each = [self.raw.backward(point.model, self.layout.inputs(point.x[i : i + 1]), self.layout.targets(y[i : i + 1], point.classes, "backward")) for i in range(len(y))]
            return [[sum(to_numpy(g[group][l]) for g in each) for l in range(len(each[0][group]))] for group in (0, 1)]
        grads = self.raw.backward(point.model, self.layout.inputs(point.x[: len(y)]), self.layout.targets(y, point.classes, "backward"))
        return [[to_numpy(g) for g in group] for group in grads]

    def loss(self, point: Point, y: np.ndarray) -> float | None:
        return attempt_raw(lambda: self.raw_loss(point, y))

    def backward(self, point: Point, y: np.ndarray) -> Any:
        return attempt_raw(lambda: self.raw_backward(point, y))

    def name_labels(self) -> None:
        """The convention is what gradients take; what differs from it is said."""
        forms = self.layout.labels
        if not forms or "labels" in self.declared:
            return
        value = forms.get("backward") or next(iter(forms.values()))
        if value == "one_hot" or "one_hot" in forms.values():
            others = [f"{name} takes {form}" for name, form in forms.items() if form != value]
            self.found["labels"] = (value, "; ".join([f"backward takes labels as {value}", *others]))
        elif forms:
            self.found["labels"] = ("index", "integer labels are taken")

    def reduction(self, point: Point) -> None:
        """Twice the batch gives twice the loss and twice every gradient under `sum`, the same under `mean`.

        Only where loss and gradients agree is it a convention; a sum beside a mean is a mistake, or something to say.
        """
        if self.layout.samples in SINGLE:
            return
        twice = Point.doubled(point)
        losses = self.loss(point, point.y), self.loss(twice, twice.y)
        grads = self.backward(point, point.y), self.backward(twice, twice.y)
        of_loss = ratio(losses[0], losses[1])
        of_grads = None
        if grads[0] is not None and grads[1] is not None:
            each = [ratio(a, b) for group in (0, 1) for a, b in zip(grads[0][group], grads[1][group], strict=True)]
            of_grads = each[0] if len(set(each)) == 1 else "mixed"
        if of_loss == of_grads == "sum":
            self.found["reduction"] = ("sum", "loss and every gradient double when the batch is doubled")
            if "reduction" not in self.declared:
                self.layout.reduction = "sum"
        elif of_loss == of_grads == "mean":
            self.found["reduction"] = ("mean", "loss and gradients stay as they are when the batch is doubled")
        elif of_loss in ("sum", "mean") and of_grads in ("sum", "mean", "mixed") and of_loss != of_grads:
            said = {"sum": "doubles", "mean": "stays as it is"}
            grown = {"sum": "double", "mean": "stay as they are", "mixed": "change, each in its own way"}
            self.notes.append(
                f"when the batch is doubled the loss {said[of_loss]} while the gradients {grown[of_grads]}: "
                "they are read as they stand, against the mean"
            )

    def training(self, point: Point) -> None:
        """How fit takes samples and labels, and whether it moves by the sum or by the mean of the gradients."""
        if isinstance(self.raw, Recognised) and self.form is not None:
            self.fit_form(point)
        before = attempt_raw(lambda: [np.array(to_numpy(w)) for w in self.raw.parameters(point.model)[1]])
        grads = self.backward(point, point.y)
        if self.layout.reduction != "sum" or before is None or grads is None:
            return
        translated = Translated(self.raw, self.layout)
        with attempting():
            translated.fit(point.model, point.x, point.y, epochs=1, batch_size=BATCH, lr=0.125, seed=0)
            after = [to_numpy(b) for b in self.raw.parameters(point.model)[1]]
            moved = (before[-1] - after[-1]).reshape(-1) / 0.125
            if np.allclose(moved, np.reshape(grads[1][-1], -1), rtol=AGREE):
                self.raw.summed_fit = True  # type: ignore[attr-defined]
        self.reset(point)

    def fit_form(self, point: Point) -> None:
        if self.layout.samples in SINGLE:
            forms = [(training, samples_way, form) for training, samples_way in (("arrays", "rows"), ("pairs", None), ("arrays", "columns")) for form in ("index", "one_hot")]
        else:
            first = self.layout.labels.get("backward", "index")
            forms = [("arrays", self.layout.samples, form) for form in dict.fromkeys((first, "index", "one_hot"))]
            other = "columns" if self.layout.samples == "rows" else "rows"
            forms += [("arrays", other, form) for form in dict.fromkeys((first, "index", "one_hot"))]
        translated = Translated(self.raw, self.layout)
        best: tuple[float, int, Any] | None = None
        error: NotOffered | None = None
        for place, (training, way, form) in enumerate(forms):
            self.layout.training, self.layout.training_samples, self.layout.labels["fit"] = training, way, form
            before = attempt_raw(lambda: to_numpy(self.raw.parameters(point.model)[1][-1]))
            try:
                with limit(PROBE_LIMIT):
                    translated.fit(point.model, point.x, point.y, epochs=1, batch_size=BATCH, lr=0.0625, seed=0)
                after = to_numpy(self.raw.parameters(point.model)[1][-1])
            except NotOffered as raised:
                error = error or raised
                continue
            except (Exception, SystemExit, TimedOut):
                continue
            finally:
                self.reset(point)
            p = softmax(point.logits)
            score = round(abs(cosine(before - after, (p - np.eye(p.shape[1])[point.y]).sum(axis=0))), 2)
            if np.array_equal(before, after):
                continue
            if best is None or score > best[0]:
                best = (score, place, (training, way, form))
            if score > 0.9:
                break
        if best is None:
            self.layout.training, self.layout.training_samples = "arrays", None
            self.layout.labels["fit"] = self.layout.labels.get("backward", "index")
            if error is not None:
                self.raw.close("fit", len(point.sizes) - 1, error)
            return
        self.layout.training, self.layout.training_samples, self.layout.labels["fit"] = best[2]
        main = "rows" if self.layout.samples in SINGLE else self.layout.samples
        if best[2][1] not in (None, main):
            self.notes.append(f"fit takes samples in {best[2][1]}, forward in {self.layout.samples}")

    def reset(self, point: Point) -> None:
        turn = self.layout.weights == "out_in"
        with attempting():
            self.raw.assign(point.model, [w.T if turn else w for w in point.weights], [b.copy() for b in point.biases])

    def seeding(self, point: Point) -> None:
        """Whether a seed is an argument of the constructor, or NumPy's global generator decides, or neither."""
        if self.form is None or not isinstance(self.raw, Recognised):
            return
        if self.raw.takes_seed():
            return
        def drawn(seed: int) -> Any:
            return attempt_raw(lambda: [to_numpy(w) for w in self.raw.parameters(self.raw.create(point.sizes, seed))[0]])

        one, again, other = drawn(1), drawn(1), drawn(2)
        if one is None or again is None or other is None:
            return
        if not all(map(np.array_equal, one, again)):
            self.found["seeding"] = ("none", "two networks made from the same state of the global generator differ")
        elif all(map(np.array_equal, one, other)):
            self.found["seeding"] = ("fixed", "every new network has the same weights: the seed is fixed in the code")
        else:
            self.found["seeding"] = ("global", "no seed is an argument, and NumPy's global generator decides the weights")

    # Functions by themselves

    def functions(self, point: Point | None) -> None:
        """Functions follow the network's conventions, unless each is seen to have its own."""
        self.elementwise()
        self.softmax(point)
        self.cross_entropy()
        self.xavier()

    def elementwise(self) -> None:
        z = np.array([[1.0, -2.0, 0.5], [3.0, -1.0, 2.0]])
        if attempt_raw(lambda: to_numpy(self.raw.relu(self.layout.cast(z)))) is None:
            if attempt_raw(lambda: to_numpy(self.raw.relu(1.5))) is not None:
                self.layout.functions["relu"] = "entries"
                self.notes.append("relu takes one number at a time: it is applied entry by entry")

    def softmax(self, point: Point | None) -> None:
        z = np.random.default_rng(3).normal(size=(5, 3))
        right = softmax(z)
        sums_to_one: dict[str, bool] = {}
        for way in ("rows", "columns"):
            out = attempt_raw(lambda way=way: self.layout.outputs(self.raw.softmax(self.layout.inputs(z, way)), 5, way))
            if out is not None and out.shape == z.shape:
                sums_to_one[way] = bool(np.allclose(out.sum(axis=1), 1, atol=AGREE))
        del right
        main = self.layout.samples
        if main in SINGLE or not sums_to_one:
            if not sums_to_one and attempt_raw(lambda: to_numpy(self.raw.softmax(self.layout.inputs(z[:1], "vector")))) is not None:
                self.layout.functions["softmax"] = "vector"
            return
        if sums_to_one.get(main):
            return
        other = "columns" if main == "rows" else "rows"
        if sums_to_one.get(other) and point is not None and "samples" in self.found and "output" in self.found and self.found["output"][0] == "probabilities":
            self.layout.functions["softmax"] = other
            self.notes.append(f"softmax takes samples in {other}, forward in {main}; the probabilities that forward gives are normalized")

    def cross_entropy(self) -> None:
        rng = np.random.default_rng(4)
        p = softmax(rng.normal(size=(BATCH, 3)))
        sets = [np.arange(BATCH) % 3, (np.arange(BATCH) + 1) % 3, np.array([2, 2, 0, 1, 2, 0, 0])]
        exact = np.array([float(np.mean(-np.log(p[np.arange(BATCH), y]))) for y in sets])
        fitting: dict[tuple[str, str], float] = {}
        main = self.layout.samples
        ways = dict.fromkeys((main, "rows", "columns", "vector")) if "samples" not in self.declared else (main,)
        for way in ways:
            for form in (self.layout.labels.get("loss", "index"), "one_hot", "index"):
                if (way, form) in fitting:
                    continue
                trial = Layout(samples=way, labels={"cross_entropy": form}, arrays=self.layout.arrays, dtype=self.layout.dtype)
                own = attempt_raw(lambda trial=trial: np.array([float(to_numpy(Translated(self.raw, trial).cross_entropy(p, y)).reshape(())) for y in sets]))
                if own is not None:
                    fitting[way, form] = abs(cosine(own - own.mean(), exact - exact.mean()))
            if any(way == found and score > 0.99 for (found, _), score in fitting.items()):
                break
        if not fitting:
            self.layout.labels.setdefault("cross_entropy", self.layout.labels.get("loss", "index"))
            return
        way, form = max(fitting, key=lambda key: (round(fitting[key], 3), key[0] == main, key[1] == "index"))
        self.layout.labels["cross_entropy"] = self.declared.get("labels", form)
        if way != main and not (main in SINGLE and way in SINGLE):
            self.layout.functions["cross_entropy"] = way
            if "samples" in self.found:
                self.notes.append(f"cross_entropy takes samples in {way}, forward in {main}")

    def xavier(self) -> None:
        found = attempt_raw(lambda: to_numpy(self.raw.xavier(5, 3, np.random.default_rng(0))))
        if found is None or found.shape not in ((5, 3), (3, 5)):
            return
        way = "in_out" if found.shape == (5, 3) else "out_in"
        if way != self.layout.weights and "weights" not in self.declared:
            if "weights" not in self.found:
                return  # nothing else says so: a wrong shape stays a wrong shape
            self.layout.functions["xavier"] = way
            self.notes.append(f"xavier gives weights as {way}, networks have them as {self.layout.weights}")

    def prepare(self, sizes: Sequence[int]) -> None:
        """Try every operation of networks of another depth on generic data, before a spec looks at them."""
        if not isinstance(self.raw, Recognised) or self.form is None:
            return
        fitted = self.form.fitted(list(sizes))
        probe = next((s for s in map(self.form.fitted, PROBES) if s is not None and len(s) == len(sizes)), fitted)
        if probe is None:
            return
        with np.errstate(all="ignore"), attempting():
            model = self.raw.create(probe, 0)
            point = Point(model, list(probe))
            self.reset(point)
            attempt_raw(lambda: self.raw.forward(model, self.one(point.x)))
            self.loss(point, point.y)
            self.backward(point, point.y)
            attempt_raw(lambda: self.raw.predict(model, self.one(point.x)))
            attempt_raw(lambda: self.raw.step(model, self.raw.parameters(model), 0.125))
            self.reset(point)
            translated = Translated(self.raw, self.layout)
            attempt_raw(lambda: translated.fit(model, point.x, point.y, epochs=1, batch_size=BATCH, lr=0.0625, seed=0))


class Point:
    """A network, generic parameters for it, and a batch, all sizes different."""

    def __init__(self, model: Any, sizes: list[int], seed: int = 11) -> None:
        self.model, self.sizes, self.classes = model, sizes, sizes[-1]
        rng = np.random.default_rng(seed)
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        self.weights = [round32(rng.normal(size=pair) / math.sqrt(pair[0])) for pair in pairs]
        self.biases = [round32(rng.normal(scale=0.5, size=out)) for _, out in pairs]
        self.x = round32(rng.normal(size=(BATCH, sizes[0])))
        self.y = np.arange(BATCH) % sizes[-1]
        self.label_sets = [self.y, (self.y + 1) % sizes[-1], np.array([0, 0, 1, 1, 0, 1, 1]), rng.integers(0, sizes[-1], BATCH)]
        network = MLP(sizes)
        network.weights, network.biases = self.weights, self.biases
        self.logits = network.propagate(self.x)[1]

    @staticmethod
    def doubled(point: Point) -> Point:
        twice = Point(point.model, point.sizes)
        twice.x, twice.y = np.vstack([point.x, point.x]), np.concatenate([point.y, point.y])
        return twice


def round32(values: np.ndarray) -> np.ndarray:
    """Exact in every precision down to float32."""
    return values.astype(np.float32).astype(np.float64)


def are_rows_of_probabilities(out: np.ndarray) -> bool:
    return bool((out >= 0).all() and np.allclose(out.sum(axis=1), 1, atol=AGREE))


def cosine(a: Any, b: Any) -> float:
    a, b = np.asarray(a, float).reshape(-1), np.asarray(b, float).reshape(-1)
    if a.shape != b.shape or not np.isfinite(a).all():
        return 0.0
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else 0.0


def ratio(once: Any, twice: Any) -> str | None:
    """`sum` where doubling the batch doubles the result, `mean` where it changes nothing, else None."""
    if once is None or twice is None or np.shape(once) != np.shape(twice):
        return None
    once, twice = np.asarray(once, float), np.asarray(twice, float)
    scale = np.abs(once).max() if once.size else 0.0
    if not scale or not np.isfinite(scale):
        return None
    if np.abs(twice - 2 * once).max() <= AGREE * scale:
        return "sum"
    return "mean" if np.abs(twice - once).max() <= AGREE * scale else None


def effects(implementation: Implementation) -> dict[str, tuple[str, str]]:
    """Precision and epsilon, which show in what the arithmetic does."""
    precision, epsilon = infer_precision(implementation), infer_log_epsilon(implementation)
    found = {}
    if precision is not None:
        found["precision"] = (precision, f"results are exact in {precision}, and in nothing coarser")
    if epsilon is not None:
        found["log_epsilon"] = (epsilon, "the loss where the true label has probability 0 is -log of it")
    return found


def infer_precision(implementation: Implementation) -> str | None:
    """The coarsest format that holds every probability of a generic batch exactly, of softmax or of a new network.

    A float32 holds a generic float64 with probability 2^-29, so fifteen of them show what the arithmetic ends in,
    whatever kind of array carries them.
    """
    rng = np.random.default_rng(20)
    z, x = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    probes = (
        lambda: implementation.softmax(z),
        lambda: implementation.forward(implementation.create([2, 4, 3], 0), x),
    )
    results = [p for p in map(attempt, probes) if p is not None and p.shape == z.shape and len(np.unique(p)) == p.size]
    if not results:
        return None
    return "float32" if any(np.array_equal(p, p.astype(np.float32)) for p in results) else "float64"


def infer_log_epsilon(implementation: Implementation) -> str | None:
    """The larger epsilon inside the logarithms of the function and of the network's loss.

    It is exp(-loss) where the true label has probability 0.  An infinite loss means none; one so small that it could
    come from no epsilon is left to the specs.
    """

    def of_network() -> float:
        network = implementation.create([2, 2], 0)
        implementation.assign(network, [np.array([[1000.0, -1000.0], [0.0, 0.0]])], [np.zeros(2)])
        return implementation.loss(network, np.array([[1.0, 0.0]]), np.array([1]))

    probes = (lambda: implementation.cross_entropy(np.array([[0.0, 1.0, 0.0]]), np.array([0])), of_network)
    losses = [float(loss.reshape(())) for loss in map(attempt, probes) if loss is not None and loss.size == 1]
    if not losses:
        return None
    epsilons = [math.exp(-loss) for loss in losses if loss > 0]  # a nan is not above 0
    found = max((epsilon for epsilon in epsilons if 2.0**-1022 <= epsilon <= LARGEST_PLAUSIBLE), default=0.0)
    return f"{found:.6g}"


def attempt(probe: Any) -> np.ndarray | None:
    """What a probe finds, or None: whatever goes wrong here, the specs will say."""
    try:
        with np.errstate(all="ignore"), limit(PROBE_LIMIT):
            return to_numpy(probe())
    except (Exception, SystemExit, TimedOut):
        return None


def attempt_raw(probe: Callable[[], Any]) -> Any:
    """What a probe finds, as it is, or None."""
    try:
        with limit(PROBE_LIMIT):
            return probe()
    except (Exception, SystemExit, TimedOut):
        return None


@contextlib.contextmanager
def attempting() -> Iterator[None]:
    """Whatever goes wrong here, the specs will say."""
    with contextlib.suppress(Exception, SystemExit, TimedOut), limit(PROBE_LIMIT):
        yield
