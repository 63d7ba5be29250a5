"""The conventions of an implementation: what holds by default, what its author declares, and what probing finds.

A declaration beats an inference.  An inference rests on an effect that no mistake can have: which shapes the code takes
and gives, or two of its results that agree with each other.  Where there is no such effect, or where two contradict
each other, the native value stands and the specs decide.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.architecture import Architecture
from chainrule.arrays import kind, to_numpy
from chainrule.contract import Implementation, NotOffered, Unseen, UnusableTarget
from chainrule.precision import infer_precision
from chainrule.recognition.forms import PROBES, spelled
from chainrule.recognition.function_forms import SignatureForm
from chainrule.recognition.recognised import Recognised
from chainrule.recognition.sites import Site
from chainrule.reference import MLP, cross_entropy, softmax
from chainrule.through import passing_parameters, passing_sizes
from chainrule.timeouts import TimedOut, limit
from chainrule.translation import SINGLE, Layout, Translated, lie, singles

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
    "precision": ("float64", "float32", "float16"),
    "initialization": ("xavier", "he", "lecun", "any"),
    "seeding": ("argument", "global", "fixed", "none"),
    "arrays": ("numpy", "lists", "torch", "jax", "cupy"),
}
PROBE_LIMIT = 2.0  # seconds
LARGEST_LOG_EPSILON = 1e-7  # accepted
LARGEST_PLAUSIBLE = 1e-2  # beyond this a loss at p = 0 is no logarithm of p + epsilon
BATCH = 7  # samples in a probe: no layer has as many units
SINGLE_WAYS = set(SINGLE)
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
    pattern = (told.get("architecture") or found.get("architecture") or conventions["architecture"]).value
    for key, (value, how) in effects(implementation, pattern, probing.held).items():
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
        self.layout = Layout(
            samples={"single": "vector"}.get(declared.get("samples", "rows"), declared.get("samples", "rows")),
            weights=declared.get("weights", "in_out"),
            reduction=declared.get("reduction", "mean"),
            output=declared.get("output", "probabilities"),
            arrays=declared.get("arrays", "numpy"),
        )
        if "labels" in declared:
            self.layout.labels = dict.fromkeys(("loss", "backward", "fit", "cross_entropy"), declared["labels"])
        self.found: dict[str, tuple[str, str]] = {}
        self.notes: list[str] = []
        self.held: str | None = None  # the precision of the parameters, if it is below float64
        self.translated = Translated(raw, self.layout)
        self.form = raw.form if isinstance(raw, Recognised) else None

    def find(self, key: str, value: str, how: str) -> bool:
        """Note what was found; whether it is to be followed, as nothing else is declared."""
        self.found[key] = (value, how)
        return key not in self.declared

    def run(self) -> None:
        point = self.point(self.form.probe_sizes() if self.form is not None else [4, 6, 5, 3])
        if point is not None:
            self.network(point)
            point = self.ten_classes(point) or point
        self.functions(point)

    def ten_classes(self, point: Point) -> Point | None:
        """Where something works with ten classes only, as a number written into the code has it, look at ten classes."""
        form, raw = self.form, self.raw
        if form is None or form.pattern is None or form.pattern[-1] is not None or not isinstance(raw, Recognised):
            return None
        refused = [raw.sites.get((operation, len(point.sizes))) for operation in ("backward", "loss", "fit")]
        if not any(isinstance(site, NotOffered) and not isinstance(site, Unseen) for site in refused):
            return None
        trial = Probing(raw, self.declared)
        before = dict(raw.sites)
        raw.sites.clear()
        form.pattern[-1] = 10
        again = trial.point(form.probe_sizes())
        if again is not None:
            trial.network(again)
            found = [raw.sites.get((operation, len(point.sizes))) for operation in ("backward", "loss", "fit")]
            if sum(isinstance(site, Site) for site in found) > sum(isinstance(site, Site) for site in refused):
                self.layout.__dict__.update(trial.layout.__dict__)
                self.found, self.notes = trial.found, [*trial.notes, "the code works with ten classes only"]
                return again
        form.pattern[-1] = None
        raw.sites.clear()
        raw.sites.update(before)
        return None

    # The network

    def point(self, sizes: Sequence[int]) -> Point | None:
        """A network of generic parameters in which every size differs where it can."""
        parameters = None
        model = attempt_raw(lambda: self.raw.create(list(sizes), 0))
        if model is not None:
            parameters = attempt_raw(lambda: self.raw.parameters(model))
        if parameters is None:
            return None
        if self.form is not None and self.form.pattern is not None:
            self.find("architecture", spelled(self.form.pattern), f"{self.form.title} makes no other networks")
        self.weights([np.shape(to_numpy(w)) for w in parameters[0]], sizes)
        self.arrays(model, parameters)
        point = Point(model, list(sizes))
        return point if self.reset(point) else None

    def reset(self, point: Point) -> bool:
        """Put the point's parameters back; whether that can be done."""
        return attempt_raw(lambda: (self.translated.assign(point.model, *point.copies()), True)) is not None

    def weights(self, shapes: Sequence[tuple[int, ...]], sizes: Sequence[int]) -> None:
        """(s[l], s[l+1]) or (s[l+1], s[l]): in every layer alike, and told apart by one whose sizes differ."""
        fans = list(zip(sizes[:-1], sizes[1:], strict=True))
        for value, wanted in (("in_out", fans), ("out_in", [fan[::-1] for fan in fans])):
            if list(shapes) == wanted and any(a != b for a, b in fans):
                how = f"a network of sizes {list(sizes)} has weights of shape {shapes[0]}"
                if self.find("weights", value, how):
                    self.layout.weights = value

    def ambiguous_weights(self, point: Point, out: np.ndarray) -> np.ndarray:
        """Square weights tell nothing by their shape: of the two ways, the one whose output is nearer to z = x W + b."""
        found: dict[str, np.ndarray] = {}
        for way in ("in_out", "out_in"):
            self.layout.weights = way
            self.reset(point)
            result = attempt_raw(lambda: to_numpy(self.translated.forward(point.model, point.x)))
            found[way] = out if result is None else result
        near = {way: cosine(result, softmax(point.logits)) for way, result in found.items()}
        self.layout.weights = "out_in" if near["out_in"] > near["in_out"] else "in_out"
        self.find("weights", self.layout.weights, "all layers are square; read so, the output is nearer to z = x W + b")
        self.reset(point)
        return found[self.layout.weights]

    def arrays(self, model: Any, parameters: Any) -> None:
        """The library whose arrays hold the parameters, and their type where another would not be taken."""
        raw = self.raw.first_parameter(model) if isinstance(self.raw, Recognised) and self.form else parameters[0][0]
        library = kind(raw)
        name = str(getattr(raw, "dtype", "")).rpartition(".")[2]
        self.held = name if name in ("float32", "float16") else None
        if library == "numpy":
            return
        held = "nested lists" if library == "lists" else f"{library} arrays"
        if self.find("arrays", library, f"the weights are {held}"):
            self.layout.arrays = library
        if library != "lists":
            self.layout.dtype = raw.dtype
        if isinstance(self.raw, Recognised):
            self.raw.arrays, self.raw.dtype = self.layout.arrays, self.layout.dtype

    def network(self, point: Point) -> None:
        """Samples, output, labels, reduction, seeding, in this order: each relies on those before."""
        if isinstance(self.raw, Recognised):
            self.raw.batch = self.batch
        out = self.samples(point)
        if out is None:
            return
        if "weights" not in self.found and "weights" not in self.declared:
            out = self.ambiguous_weights(point, out)
        for operation in ("backward", "loss"):
            self.labels(operation, point)
        out = self.one_at_a_time(point, out)
        if are_rows_of_probabilities(out):
            self.find("output", "probabilities", "every row that forward gives is positive and sums to 1")
        self.name_labels()
        if "output" not in self.found and "output" not in self.declared:
            self.logits(point, out)
        self.fit(point)
        self.reduction(point)
        self.summed_fit(point)
        self.counted_labels(point)
        self.seeding(point)
        self.remaining(point)

    def remaining(self, point: Point) -> None:
        """Have predict and step found, too, on this point."""
        if self.form is not None:
            for way in dict.fromkeys((self.layout.way("forward"), "rows", "columns")):
                self.layout.ways["predict"] = way
                labels = attempt_raw(lambda: to_numpy(self.translated.predict(point.model, point.x)))
                if labels is not None and labels.size == len(point.x):
                    break
            else:
                del self.layout.ways["predict"]
            attempt_raw(lambda: self.translated.step(point.model, point.copies(), 0.125))
            self.reset(point)

    def batch(self, sizes: Sequence[int]) -> tuple[Any, Any]:
        """Inputs and labels for a network of these sizes, in the code's own conventions."""
        way = self.layout.way("backward")
        n = 1 if way in SINGLE else BATCH
        x, y = np.random.default_rng(5).normal(size=(n, sizes[0])), labels_of(n, sizes[-1])
        return self.layout.inputs(x, way), self.layout.targets(y, sizes[-1], "backward")

    def samples(self, point: Point) -> np.ndarray | None:
        """How a batch is taken: in rows, in columns, or one sample at a time.  The output must come as the input does.

        Of several functions that may be the forward pass, the one with the likelier name counts, whichever way it takes.
        """
        trouble: list[str] = []
        odd = ""
        ways = {None: ("rows", "columns"), "single": ()}.get(self.declared.get("samples"), (self.declared.get("samples"),))
        for candidate in self.candidates("forward", point):
            if isinstance(self.raw, Recognised):
                self.raw.only["forward"] = candidate
            for way in ways:
                out = self.forward(point, str(way), point.x, trouble)
                if out is None:
                    continue
                if out.shape == (BATCH, point.classes):
                    self.samples_found(str(way), point, point.x)
                    return out
                odd = odd or (
                    f"forward takes {BATCH} samples in {way}, {np.shape(lie(point.x, str(way)))}, and gives an array of "
                    f"shape {(out.T if way == 'columns' else out).shape} for {point.classes} classes"
                )
                if isinstance(self.raw, Recognised):
                    self.raw.forget("forward", len(point.sizes))
            for way in SINGLE if "samples" not in self.declared or not ways else ():
                outs = [self.forward(point, way, row, trouble) for row in singles(point.x)]
                if all(out is not None and out.size == point.classes for out in outs):
                    self.samples_found(way, point, point.x[:1])
                    return np.vstack(outs)  # type: ignore[arg-type]
        if odd or trouble:
            self.notes.append(odd or f"no forward pass was found: {trouble[0]}")
        return None

    def candidates(self, operation: str, point: Point) -> list[str | None]:
        if self.form is None or not isinstance(self.raw, Recognised):
            return [None]
        return [name for name, _ in self.raw.candidates(operation, point.model)] or [None]

    def samples_found(self, way: str, point: Point, x: np.ndarray) -> None:
        value = "single" if way in SINGLE else way
        taken = np.shape(lie(x, way))
        how = f"forward takes an array of shape {taken}" + (" and no batch" if way in SINGLE else f" for {BATCH} samples")
        self.find("samples", value, how)
        self.layout.samples = way

    def forward(self, point: Point, way: str, x: np.ndarray, trouble: list[str]) -> np.ndarray | None:
        """What forward gives for x, as rows; None, and the reason among the troubles, if nothing."""
        try:
            with limit(PROBE_LIMIT):
                return self.layout.outputs(self.raw.forward(point.model, self.layout.inputs(x, way)), way)
        except (Exception, SystemExit, TimedOut) as error:
            said = str(error) if isinstance(error, NotOffered) else f"forward raised {type(error).__name__}: {error}"
            trouble.append(said)
            return None

    def logits(self, point: Point, out: np.ndarray) -> None:
        """Rows that are no probabilities may be logits: only the code's own loss, or its gradient, can say so."""
        p = softmax(out)
        own = [self.loss(point, y) for y in point.label_sets]
        if all(loss is not None for loss in own):
            ratios = np.array(own) / np.array([cross_entropy(p, y) for y in point.label_sets])
            if any(np.allclose(ratios, c, rtol=AGREE) for c in (1.0, BATCH)):
                self.find("output", "logits", "loss is the cross-entropy of the softmax of what forward gives")
                self.layout.output = "logits"
            return
        grads = self.backward(point)
        if grads is not None and abs(cosine(grads[1][-1], surplus(p, point.y))) > 1 - AGREE**2:
            self.find("output", "logits", "backward takes the softmax of what forward gives")
            self.layout.output = "logits"

    def labels(self, operation: str, point: Point) -> None:
        """Integers or one-hot vectors: whichever the code takes; where it takes both, the form its result follows."""
        forms = [self.declared["labels"]] if "labels" in self.declared else ["index", "one_hot"]
        ways = [self.layout.samples]
        ways += [way for way in ("column", "vector", "row") if self.layout.samples not in SINGLE]
        ways += ["pairs"] if operation == "loss" and self.layout.samples in SINGLE else []
        error: NotOffered | None = None
        for way in ways:
            fitting: dict[str, float] = {}
            for form in forms:
                self.layout.ways[operation], self.layout.labels[operation] = way, form
                try:
                    with limit(PROBE_LIMIT):
                        fitting[form] = round(self.follows(operation, point), 3)
                except NotOffered as raised:
                    error = error or raised
                except (Exception, SystemExit, TimedOut):
                    continue
            if fitting:
                self.layout.labels[operation] = max(fitting, key=lambda form: (fitting[form], form == "index"))
                if way != self.layout.samples and way != "pairs":
                    self.notes.append(f"{operation} takes one sample at a time, forward takes a batch in {ways[0]}")
                return
        del self.layout.ways[operation]
        if "labels" not in self.declared:
            del self.layout.labels[operation]
        if isinstance(self.raw, Recognised) and error is not None:
            self.raw.close(operation, len(point.sizes), error)

    def one_at_a_time(self, point: Point, out: np.ndarray) -> np.ndarray:
        """A forward pass that takes a batch only because arrays happen to fit: gradients take one sample, and of one
        sample forward gives probabilities, of a batch none.
        """
        way = self.layout.way("backward")
        if way not in SINGLE or self.layout.samples in SINGLE or are_rows_of_probabilities(out):
            return out
        outs = [self.forward(point, way, row, []) for row in singles(point.x)]
        if not all(single is not None and single.size == point.classes for single in outs):
            return out
        alone = np.vstack(outs)  # type: ignore[arg-type]
        if are_rows_of_probabilities(alone):
            self.samples_found(way, point, point.x[:1])
            if self.layout.way("loss") != way:
                self.labels("loss", point)
            return alone
        return out

    def follows(self, operation: str, point: Point) -> float:
        """How closely results follow the labels, from 0 to 1: whatever their scale and sign."""
        p = softmax(point.logits)
        if operation == "loss":
            own = np.array([float(self.translated.loss(point.model, point.x, y)) for y in point.label_sets])
            exact = np.array([cross_entropy(p, y) for y in point.label_sets])
            return abs(cosine(own - own.mean(), exact - exact.mean()))
        grads = self.translated.backward(point.model, point.x, point.y)
        return abs(cosine(to_numpy(grads[1][-1]), surplus(p, point.y)))

    def loss(self, point: Point, y: np.ndarray, times: int = 1) -> float | None:
        x, y = np.tile(point.x, (times, 1)), np.tile(y, times)
        return attempt_raw(lambda: float(self.translated.loss(point.model, x, y)))

    def backward(self, point: Point, times: int = 1) -> Any:
        x, y = np.tile(point.x, (times, 1)), np.tile(point.y, times)
        grads = attempt_raw(lambda: self.translated.backward(point.model, x, y))
        return None if grads is None else [[to_numpy(g) for g in group] for group in grads]

    def name_labels(self) -> None:
        """The convention is what gradients take; what differs from it is said."""
        forms = self.layout.labels
        if not forms or "labels" in self.declared:
            return
        value = forms.get("backward") or next(iter(forms.values()))
        others = [f"{name} takes {form}" for name, form in forms.items() if form != value]
        self.find("labels", value, "; ".join([f"backward takes {value}", *others]))
        self.notes += [f"{other} labels, backward {value}" for other in others]

    def reduction(self, point: Point) -> None:
        """Twice the batch gives twice the loss and twice every gradient under `sum`, the same under `mean`.

        Only where loss and gradients agree is it a convention; a sum beside a mean is a mistake, or something to say.
        """
        if SINGLE_WAYS & {self.layout.way("loss"), self.layout.way("backward")} or "reduction" in self.declared:
            return
        of_loss = ratio(self.loss(point, point.y), self.loss(point, point.y, 2))
        of_grads = None
        grads = self.backward(point), self.backward(point, 2)
        if grads[0] is not None and grads[1] is not None:
            each = [ratio(a, b) for group in (0, 1) for a, b in zip(grads[0][group], grads[1][group], strict=True)]
            of_grads = each[0] if len(set(each)) == 1 else "mixed"
        if of_loss == of_grads and of_loss in ("sum", "mean"):
            done = {"sum": "double", "mean": "stay as they are"}[of_loss]
            self.find("reduction", of_loss, f"loss and every gradient {done} when the batch is doubled")
            self.layout.reduction = of_loss
        elif of_loss is None and of_grads == "sum" and self.trains_by_the_mean(point, grads[0]):
            how = "every gradient doubles when the batch is doubled, and training divides it by the number of samples"
            self.find("reduction", "sum", how)
            self.layout.reduction = "sum"
        elif of_loss and of_grads:
            loss_does = {"sum": "doubles", "mean": "stays as it is"}[of_loss]
            grads_do = {"sum": "double", "mean": "stay as they are", "mixed": "change, each in its own way"}[of_grads]
            self.notes.append(
                f"when the batch is doubled the loss {loss_does} while the gradients {grads_do}: both are compared with "
                "the mean"
            )

    def trains_by_the_mean(self, point: Point, grads: Any) -> bool:
        """Whether an epoch of one batch moves by the sum of the gradients over the number of samples."""
        moved = attempt_raw(lambda: self.trained(point))
        self.reset(point)
        expected = 0.0625 * np.reshape(grads[1][-1], -1) / BATCH
        return moved is not None and np.allclose(moved, expected, rtol=AGREE, atol=AGREE * np.abs(expected).max())

    def fit(self, point: Point) -> None:
        """How fit takes samples and labels: as forward and backward do, or otherwise; whichever trains by the labels."""
        if not isinstance(self.raw, Recognised) or self.form is None:
            return
        first = self.layout.labels.get("backward", "index")
        main = "rows" if self.layout.samples in SINGLE else self.layout.samples
        ways = [main, "pairs", {"rows": "columns", "columns": "rows"}[main], *({self.layout.way("backward")} & SINGLE_WAYS)]
        best: tuple[float, str, str] | None = None
        error: NotOffered | None = None
        for way in ways:
            for form in dict.fromkeys((first, "index", "one_hot")) if "labels" not in self.declared else (first,):
                self.layout.ways["fit"], self.layout.labels["fit"] = way, form
                try:
                    with limit(PROBE_LIMIT):
                        moved = self.trained(point)
                except NotOffered as raised:
                    error = error or raised
                    continue
                except (Exception, SystemExit, TimedOut):
                    continue
                finally:
                    self.reset(point)
                seen = 1 if way in SINGLE else BATCH
                score = round(abs(cosine(moved, surplus(softmax(point.logits[:seen]), point.y[:seen]))), 2)
                if np.any(moved) and (best is None or score > best[0]):
                    best = score, way, form
            if best is not None and best[0] > 0.9:
                break
        if best is None:
            self.layout.ways["fit"], self.layout.labels["fit"] = main, first
            if error is not None:
                self.raw.close("fit", len(point.sizes), error)
            return
        _, self.layout.ways["fit"], self.layout.labels["fit"] = best
        self.sample_by_sample(point)
        if best[1] != main:
            self.notes.append(f"fit takes samples in {best[1]}, forward in {main}")

    def sample_by_sample(self, point: Point) -> None:
        """Whether a fit that takes no batch size makes one update for every sample: two samples in turn, either first,
        lead exactly to where it arrives.
        """
        assert isinstance(self.raw, Recognised)
        site = self.raw.sites.get(("fit", len(point.sizes)))
        if not isinstance(site, Site) or site.how != "whole":
            return
        x, y, rate = point.x[:2], point.y[:2], 0.25

        def arrived() -> np.ndarray:
            self.reset(point)
            self.translated.fit(point.model, x, y, epochs=1, batch_size=2, lr=rate, seed=0)
            return flat(self.translated.parameters(point.model))

        def in_turn(order: Sequence[int]) -> np.ndarray:
            self.reset(point)
            for i in order:
                grads = self.translated.backward(point.model, x[i : i + 1], y[i : i + 1])
                before = self.translated.parameters(point.model)
                after = [[to_numpy(p) - rate * to_numpy(g) for p, g in zip(*pair, strict=True)] for pair in zip(before, grads, strict=True)]
                self.translated.assign(point.model, *after)
            return flat(self.translated.parameters(point.model))

        with attempting():
            end = arrived()
            if any(np.allclose(end, in_turn(order), rtol=0, atol=1e-6) for order in ((0, 1), (1, 0))):
                self.raw.sites["fit", len(point.sizes)] = replace(site, how="single")
                self.raw.one_by_one = True
        self.reset(point)

    def trained(self, point: Point, rate: float = 0.0625) -> np.ndarray:
        """How far an epoch of one batch moves the last bias."""
        before = to_numpy(self.translated.parameters(point.model)[1][-1]).copy()
        size = 1 if self.layout.way("fit") in SINGLE else BATCH
        x, y = point.x[:size], point.y[:size]
        self.translated.fit(point.model, x, y, epochs=1, batch_size=size, lr=rate, seed=0)
        return before - to_numpy(self.translated.parameters(point.model)[1][-1])

    def summed_fit(self, point: Point) -> None:
        """Under `sum`, whether fit moves by the sum of a batch's gradients or by their mean."""
        if self.layout.reduction != "sum":
            return
        grads = self.backward(point)
        self.reset(point)
        moved = attempt_raw(lambda: self.trained(point))
        self.reset(point)
        if moved is not None and grads is not None and np.allclose(moved, 0.0625 * BATCH * grads[1][-1].reshape(-1), rtol=AGREE):
            self.raw.summed_fit = True  # type: ignore[attr-defined]

    def counted_labels(self, point: Point) -> None:
        """Whether the number of classes is taken from the labels, as in np.eye(y.max() + 1)[y].

        In mini-batches that is a mistake, and the specs find it.  Where the code trains on the whole data only, every
        class occurs, and it does no harm.
        """
        if not isinstance(self.raw, Recognised) or self.layout.labels.get("backward") != "index":
            return
        site = self.raw.sites.get(("fit", len(point.sizes)))
        if isinstance(site, Site) and site.how == "batches":
            return
        lacking = np.minimum(point.y, point.classes - 2)
        fails = attempt_raw(lambda: self.translated.backward(point.model, point.x, lacking)) is None
        self.reset(point)
        if fails and self.backward(point) is not None:
            self.layout.counts_labels = True
            self.notes.append("the number of classes is read off the labels: a batch has to include the last class")
        self.reset(point)

    def seeding(self, point: Point) -> None:
        """Whether a seed is an argument of the constructor, or NumPy's global generator decides, or neither."""
        if isinstance(self.form, SignatureForm):
            how = "no function makes the parameters that the others take"
            self.find("seeding", "none", how)
            self.find("initialization", "any", how)
            return
        if not isinstance(self.raw, Recognised) or self.raw.takes_seed():
            return

        def drawn(seed: int) -> Any:
            made = attempt_raw(lambda: self.raw.parameters(self.raw.create(point.sizes, seed)))
            return None if made is None else np.concatenate([to_numpy(w).reshape(-1) for w in made[0]])

        one, again, other = drawn(1), drawn(1), drawn(2)
        if one is None or again is None or other is None:
            return
        if not np.array_equal(one, again):
            self.find("seeding", "none", "two networks made from the same state of the global generator differ")
        elif np.array_equal(one, other):
            self.find("seeding", "fixed", "every new network has the same weights: the seed is fixed in the code")
        else:
            self.find("seeding", "global", "no seed is an argument, and the global generator decides the weights")

    # Functions by themselves

    def functions(self, point: Point | None) -> None:
        """Functions follow the network's conventions, unless each is seen to have its own."""
        self.relu()
        self.softmax(point)
        self.cross_entropy()
        self.xavier()

    def relu(self) -> None:
        """Whether relu takes arrays, rows or single numbers."""
        z = np.array([[1.0, -2.0, 0.5], [3.0, -1.0, 2.0]])
        for way, told in (("rows", ""), ("entries", "one number"), ("vector", "one row")):
            self.layout.ways["relu"] = way
            found = attempt_raw(lambda: to_numpy(self.translated.relu(z)))
            if found is not None and found.shape == z.shape:
                if told:
                    self.notes.append(f"relu takes {told} at a time")
                return
        del self.layout.ways["relu"]

    def softmax(self, point: Point | None) -> None:
        """Another way than the network's only where the network's own probabilities show that its softmax is right."""
        z = np.random.default_rng(3).normal(size=(5, 3))
        main = self.layout.samples
        normalized: dict[str, bool] = {}
        for way in dict.fromkeys((main, "rows", "columns", "vector")):
            self.layout.ways["softmax"] = way
            out = attempt_raw(lambda: to_numpy(self.translated.softmax(z)))
            if out is not None and out.shape == z.shape:
                normalized[way] = are_rows_of_probabilities(out)
        self.layout.ways.pop("softmax", None)
        if normalized.get(main) or "samples" in self.declared:
            return
        proven = self.found.get("output", ("", ""))[0] == "probabilities"
        other = next((way for way, right in normalized.items() if right and (proven or way in SINGLE)), None)
        if other is not None and (proven or list(normalized) == [other]):
            self.layout.ways["softmax"] = other
            self.notes.append(f"softmax takes samples as {other}, forward as {main}")

    def cross_entropy(self) -> None:
        """How cross_entropy takes probabilities and labels: whichever its result follows."""
        p = softmax(np.random.default_rng(4).normal(size=(BATCH, 3)))
        sets = [labels_of(BATCH, 3), (labels_of(BATCH, 3) + 1) % 3, np.array([2, 2, 0, 1, 2, 0, 0])]
        exact = np.array([cross_entropy(p, y) for y in sets])
        main, first = self.layout.samples, self.layout.labels.get("loss", "index")
        fitting: dict[tuple[str, str], float] = {}
        for way in dict.fromkeys((main, "rows", "columns", "vector")) if "samples" not in self.declared else (main,):
            for form in dict.fromkeys((first, "one_hot", "index")) if "labels" not in self.declared else (first,):
                self.layout.ways["cross_entropy"], self.layout.labels["cross_entropy"] = way, form
                own = attempt_raw(lambda: np.array([float(self.translated.cross_entropy(p, y)) for y in sets]))
                if own is not None:
                    fitting[way, form] = round(abs(cosine(own - own.mean(), exact - exact.mean())), 3)
            if max(fitting.values(), default=0.0) > 0.99:
                break
        way, form = max(fitting, key=lambda key: fitting[key], default=(main, first))
        self.layout.ways["cross_entropy"], self.layout.labels["cross_entropy"] = way, form
        if way != main and "samples" in self.found:
            self.notes.append(f"cross_entropy takes samples as {way}, forward as {main}")

    def xavier(self) -> None:
        """Turned as a network's weights are; otherwise only where a network shows that it turns them."""
        found = attempt_raw(lambda: to_numpy(self.raw.xavier(5, 3, np.random.default_rng(0))))
        if found is None or found.shape not in ((5, 3), (3, 5)) or "weights" not in self.found:
            return
        way = "in_out" if found.shape == (5, 3) else "out_in"
        if way != self.layout.weights and "weights" not in self.declared:
            self.layout.xavier = way
            self.notes.append(f"xavier gives weights as {way}, networks have them as {self.layout.weights}")

    def prepare(self, sizes: Sequence[int]) -> None:
        """Try every operation of networks of another depth on generic data, before a spec looks at them."""
        if self.form is None:
            return
        probes = (fitted for fitted in map(self.form.fitted, PROBES) if fitted is not None)
        probe = next((fitted for fitted in probes if len(fitted) == len(sizes)), self.form.fitted(list(sizes)))
        if probe is None:
            return
        with np.errstate(all="ignore"), attempting():
            point = Point(self.raw.create(probe, 0), list(probe))
            self.reset(point)
            attempt_raw(lambda: self.translated.forward(point.model, point.x))
            self.loss(point, point.y)
            self.backward(point)
            self.remaining(point)
            attempt_raw(lambda: self.trained(point))


class Point:
    """A network, generic parameters for it, and a batch, all sizes different."""

    def __init__(self, model: Any, sizes: list[int]) -> None:
        self.model, self.sizes, self.classes = model, sizes, sizes[-1]
        rng = np.random.default_rng(11)
        fans = list(zip(sizes[:-1], sizes[1:], strict=True))
        self.parameters = (
            [round32(rng.normal(size=pair) / math.sqrt(pair[0])) for pair in fans],
            [round32(rng.normal(scale=0.5, size=out)) for _, out in fans],
        )
        self.x = round32(rng.normal(size=(BATCH, sizes[0])))
        self.y = labels_of(BATCH, self.classes)
        self.label_sets = [np.roll(self.y, 1), self.y, self.y[::-1].copy(), np.append(rng.permutation(self.y)[1:], self.classes - 1)]
        network = MLP(sizes)
        network.weights, network.biases = self.copies()
        self.logits = network.propagate(self.x)[1]

    def copies(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [w.copy() for w in self.parameters[0]], [b.copy() for b in self.parameters[1]]


def flat(parameters: Any) -> np.ndarray:
    """All parameters in one vector."""
    return np.concatenate([to_numpy(array).reshape(-1) for group in parameters for array in group])


def labels_of(n: int, classes: int) -> np.ndarray:
    """Labels from the last class downwards, so that it occurs: how many classes there are is often read off labels."""
    return (classes - 1 - np.arange(n)) % classes


def surplus(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The sum over the samples of p - y: what the last bias's gradient is, up to its scale."""
    return (p - np.eye(p.shape[1])[y]).sum(axis=0)


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


def effects(implementation: Implementation, architecture: str, held: str | None) -> dict[str, tuple[str, str]]:
    """Precision and epsilon, which show in what the arithmetic does.  held: the lower precision of the parameters."""
    found = {}
    precision, how = infer_precision(implementation, architecture)
    if held is not None and precision in (None, "float64"):  # digits that no parameter holds are in no result
        precision, how = held, f"the parameters are {held}"
    if precision is not None:
        found["precision"] = (precision, how)
    epsilon = infer_log_epsilon(implementation, architecture)
    if epsilon is not None:
        found["log_epsilon"] = (epsilon, "the loss where the true label has probability 0 is -log of it")
    return found


def infer_log_epsilon(implementation: Implementation, architecture: str = "any") -> str | None:
    """The largest epsilon inside the logarithms of the function, of the network's loss and of softmax_loss.

    architecture: as the convention's value has it.

    It is exp(-loss) where the true label has probability 0.  An infinite loss means none; one so small that it could
    come from no epsilon is left to the specs.
    """

    def of_network() -> float:
        sizes = passing_sizes(fits, 2)
        if sizes is None:
            raise LookupError("no network passes two logits on")
        network = implementation.create(list(sizes), 0)
        implementation.assign(network, *passing_parameters(sizes, 2, -1000.0))
        x = np.zeros((1, sizes[0]))
        x[0, :2] = [1000.0, -1000.0]
        return implementation.loss(network, x, np.array([1]))

    def fits(wanted: Sequence[int]) -> tuple[int, ...] | None:
        fitted = Architecture.parse(architecture).fit(wanted)
        return None if fitted is None or implementation.supports(list(fitted)) is not None else fitted

    def of_logits() -> float:
        return part(implementation.softmax_loss(np.array([[1000.0, -1000.0]]), np.array([1])), 0)

    probes = (lambda: implementation.cross_entropy(np.array([[0.0, 1.0, 0.0]]), np.array([0])), of_network, of_logits)
    losses = [float(loss.reshape(())) for loss in map(attempt, probes) if loss is not None and loss.size == 1]
    if not losses:
        return None
    epsilons = [math.exp(-loss) for loss in losses if loss > 0]  # a nan is not above 0
    found = max((epsilon for epsilon in epsilons if 2.0**-1022 <= epsilon <= LARGEST_PLAUSIBLE), default=0.0)
    return f"{found:.6g}"


def part(result: Any, index: int) -> Any:
    """One of the two parts that a layer's function returns; if it returns something else, nothing."""
    return result[index] if isinstance(result, (tuple, list)) and len(result) == 2 else None


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
