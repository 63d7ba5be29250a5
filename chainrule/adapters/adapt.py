"""Drafts of adapters: `chainrule adapt TARGET` writes what was recognised as explicit Python, and asks about the rest.

Every method of a draft has been run beside what was recognised, on networks of several depths, and gave the same to
the last bit; where a proposal does not, the method hands on to `chainrule.recognised`.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import random
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import chainrule
from chainrule import reference
from chainrule.adapters.drafting import Body, Drafting
from chainrule.adapters.recognised import Found
from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.contract.conventions import NATIVE
from chainrule.contract.errors import Missing, NotOffered, Unseen
from chainrule.contract.implementation import Implementation
from chainrule.host.description import describe, how, recognised_of, refused, signature_of, strangers
from chainrule.host.inference.points import labels_of
from chainrule.host.recognition.forms import PROBES
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.recognised import FUNCTIONS, Recognised
from chainrule.host.recognition.sites import Site
from chainrule.host.recognition.vocabulary import OPERATIONS, plain, rank
from chainrule.host.source.targets import silence
from chainrule.host.translation import Translated
from chainrule.running.loading import Loaded
from chainrule.support.arrays import flat_bias, to_numpy
from chainrule.support.time_limit import TimedOut, limit

SIGNATURES = {
    "relu": "z",
    "softmax": "z",
    "cross_entropy": "p, y",
    "xavier": "fan_in, fan_out, rng",
    "create": "sizes, seed",
    "parameters": "model",
    "assign": "model, weights, biases",
    "forward": "model, x",
    "loss": "model, x, y",
    "backward": "model, x, y",
    "step": "model, grads, lr",
    "fit": "model, x, y, *, epochs, batch_size, lr, seed",
    "predict": "model, x",
    "affine_forward": "x, w, b",
    "affine_backward": "dout, cache",
    "relu_forward": "x",
    "relu_backward": "dout, cache",
    "softmax_loss": "x, y",
}
MEANING = {
    "relu": "max(z, 0), of any shape",
    "softmax": "(N, K) logits -> (N, K) probabilities",
    "cross_entropy": "(N, K) probabilities, (N,) labels -> the mean of -log p[n, y[n]]",
    "xavier": "-> (fan_in, fan_out) weights, drawn from rng",
    "create": "layer sizes [D, ..., K] -> a new network",
    "parameters": "-> (weights, biases), lists of (s[l], s[l+1]) and (s[l+1],) arrays",
    "assign": "puts weights and biases, shaped as `parameters` gives them, into the network",
    "forward": "(N, D) inputs -> (N, K) probabilities",
    "loss": "inputs, (N,) labels 0..K-1 -> the mean cross-entropy of the batch",
    "backward": "-> (weight_grads, bias_grads) of the loss, shaped like the parameters",
    "step": "one update: every parameter minus lr times its gradient",
    "fit": "trains in place by mini-batches, each epoch in a new order",
    "predict": "(N, D) inputs -> (N,) labels",
}
CORE = tuple(MEANING)
NETWORK = CORE[len(FUNCTIONS) :]
LAYERS = EXTENSION_NAMES["layers"]
NEAR = {  # words in the names of functions that may be meant
    "cross_entropy": "entropy|loss|cost|nll",
    "xavier": "xavier|glorot|init",
    "create": "init|create|make|build|net|model",
    "parameters": "param|weight",
    "assign": "set|assign|load",
    "forward": "forward|feed|propag|predict|output",
    "loss": "loss|cost|error|entropy|objective",
    "backward": "back|grad|deriv|delta",
    "step": "step|update|descent|optim",
    "fit": "fit|train|learn|descent|sgd|epoch",
    "predict": "predict|classif|infer|label|argmax",
}
AGREE = 1e-6  # of gradients that are read off updates: far more than rounding, far less than any mistake
DECLARED = ("initialization", "log_epsilon", "architecture", "seeding", "precision")  # what no adapter translates
TRIAL_LIMIT = 5.0  # seconds for one method
WIDTH = 116  # of a comment
INDENT = "    "


@dataclass(frozen=True)
class Draft:
    """source: of the adapter's file.  explicit, handed_on, open: the methods written out, those that hand on to what
    chainrule recognises, and those that are left to fill in.
    """

    source: str
    explicit: tuple[str, ...]
    handed_on: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def summary(self) -> str:
        """One line for whoever asked for it."""
        parts = [f"{len(self.explicit)} methods written out"]
        parts += [f"{len(self.handed_on)} left to chainrule ({', '.join(self.handed_on)})"] if self.handed_on else []
        asked = [name for name in self.open if name in NETWORK] or list(self.open) * (not self.explicit)
        parts += [f"{len(asked)} to fill in ({', '.join(asked)})"] if asked else ["none that must be filled in"]
        return ", ".join(parts)


@dataclass(frozen=True)
class Method:
    """A method of a draft.  comment: lines above its body.  body: its lines; none for one that is left to fill in."""

    name: str
    comment: tuple[str, ...] = ()
    body: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"def {self.name}(self, {SIGNATURES[self.name]}):"]
        lines += [INDENT + f"# {line}" for line in self.comment]
        lines += [INDENT + line if line else "" for whole in self.body for line in broken(whole)]
        if not self.body:
            lines = [
                f"# {line}" for line in [lines[0], *[line.replace("# ", "", 1) for line in lines[1:]], f"{INDENT}..."]
            ]
        return "\n".join(INDENT + line if line else "" for line in lines)


def broken(line: str) -> list[str]:
    """A line that is too long, with the longest of its brackets spread over several."""
    margin = line[: len(line) - len(line.lstrip())]
    if len(line) + 2 * len(INDENT) <= WIDTH:
        return [line]
    if line.lstrip().startswith("raise"):
        head, said, _ = re.split(r"(?<=\()[\"'](.*)[\"'](?=\))", line)
        parts = textwrap.wrap(said, WIDTH - len(margin) - 4 * len(INDENT), drop_whitespace=False)
        return [head, *(f'{margin}{INDENT}"{part}"' for part in parts), f"{margin})"]
    spans: list[tuple[int, int, int]] = []
    opened: list[int] = []
    for place, letter in enumerate(line):
        if letter in "([{":
            opened.append(place)
        elif letter in ")]}":
            spans.append((opened.pop(), place, len(opened)))
    cuts = {
        (a, b): [i for i in range(a, b) if line[i] == "," and depth_at(line, i) == depth + 1] for a, b, depth in spans
    }
    cuts = {span: commas for span, commas in cuts.items() if commas and not comprehends(line, *span)}
    if not cuts:
        return [line]
    start, end = max(cuts, key=lambda span: span[1] - span[0])
    places = [start, *cuts[start, end], end]
    items = [line[a + 1 : b].strip() for a, b in itertools.pairwise(places)]
    return [line[: start + 1], *(f"{margin}{INDENT}{item}," for item in items if item), f"{margin}{line[end:]}"]


def comprehends(line: str, start: int, end: int) -> bool:
    """Whether a bracket holds a comprehension, in which a comma at the end would be a mistake."""
    outer = depth_at(line, start) + 1
    return any(line.startswith(" for ", i) and depth_at(line, i) == outer for i in range(start, end))


def depth_at(line: str, place: int) -> int:
    return sum((letter in "([{") - (letter in ")]}") for letter in line[:place])


def draft(loaded: Loaded, name: str = "adapter.py") -> Draft:
    """A draft for what was recognised in a target.  name: of the file that it is written to.

    Raises UnusableTarget if the target was loaded behind an adapter.
    """
    raw = recognised_of(loaded.host.implementation)
    if raw is None:
        raise chainrule.UnusableTarget(f"{loaded.target}: loaded behind an adapter already; name the target alone")
    translated = loaded.host.implementation
    assert isinstance(translated, Translated)
    with silence(), np.errstate(all="ignore"), generators_kept():
        trial = Trial(Found(translated))
        methods = [method for name in (*CORE, *LAYERS) if (method := trial.method(name)) is not None]
    handing = [method.name for method in methods if any("self.found" in line for line in method.body)]
    opened = [method.name for method in methods if not method.body or "NotImplementedError" in method.body[-1]]
    explicit = [method.name for method in methods if method.name not in (*handing, *opened)]
    source = written(loaded, raw, trial, methods, handing, name)
    compile(source, name, "exec")
    return Draft(source, tuple(explicit), tuple(handing), tuple(opened))


@contextlib.contextmanager
def generators_kept() -> Iterator[None]:
    state, own = np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        np.random.set_state(state)
        random.setstate(own)


class Trial:
    """Runs proposals beside what was recognised."""

    def __init__(self, found: Found) -> None:
        self.found = found
        assert found.raw is not None
        self.raw: Recognised = found.raw
        self.sizes = [sizes for probe in PROBES if (sizes := self.possible(probe)) is not None][:4]
        self.bodies: dict[str, Body] = {}
        self.drafting = Drafting(found.translated, self.sample())

    def possible(self, probe: tuple[int, ...]) -> list[int] | None:
        """The sizes of a network of that depth, if there are any."""
        sizes = list(probe) if self.raw.form is None else self.raw.form.fitted(probe)
        try:
            if sizes is None or self.found.supports(sizes) is not None:
                return None
            self.found.parameters(self.found.create(sizes, 0))
        except (Exception, SystemExit):
            return None
        return sizes

    def sample(self) -> Any:
        """A network, run once; the one whose ways of doing things were found first."""
        if self.raw.form is None or not self.sizes:
            return None
        try:
            with limit(TRIAL_LIMIT):
                held = self.found.translated.create(self.sizes[0], 0)
                with contextlib.suppress(Exception):
                    self.found.translated.forward(held, self.batch(self.sizes[0], 5)[0])
                return held
        except (Exception, SystemExit, TimedOut):
            return None

    def batch(self, sizes: list[int], n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
        return np.random.default_rng(seed).normal(size=(n, sizes[0])), labels_of(n, sizes[-1])

    def method(self, name: str) -> Method | None:
        """The method for an operation; None where it is none of the target's affairs."""
        if name in LAYERS:
            return (
                Method(name, (), (f"return self.target.{self.raw.name(name)}({SIGNATURES[name]})",))
                if self.raw.offers(name)
                else None
            )
        expected = self.outcome(name, self.found)
        kind, said = expected[0]
        if kind == "Unseen":
            return Method(name, (), (f"raise chainrule.Unseen({quoted(said)})",))
        if kind == "Missing" or (name in NETWORK and not self.found.offers("create")):
            return Method(
                name, (MEANING[name], *asked(self.raw, name, "" if name in NETWORK and kind == "value" else said))
            )
        if kind == "NotOffered":
            raising = f"raise NotImplementedError({quoted(said.partition('; tried')[0])})"
            body_of_todo = (raising,) if name in FUNCTIONS else ()
            return Method(name, (MEANING[name], *asked(self.raw, name, said)), body_of_todo)
        for body in self.drafting.bodies(name):
            if len(body) <= 14 and self.agrees(name, body, expected):
                self.bodies[name] = body
                return Method(name, (), tuple(body))
        call = call_of(name)
        if name == "fit" and self.found.summed_fit:
            call = call.replace("lr=lr", "lr=lr * batch_size")
        return Method(name, handed_on(self.raw, name), (f"return self.found.{call}",))

    def agrees(self, name: str, body: Body, expected: Any) -> bool:
        """Whether a proposal does the same as what was recognised."""
        try:
            adapter = self.adapter({**self.bodies, name: body})
        except SyntaxError:
            return False
        site = next((site for (operation, _), site in self.raw.sites.items() if operation == name), None)
        read_off = name == "backward" and isinstance(site, Site) and site.how == "update"
        return same(
            self.outcome(name, adapter), expected, AGREE if read_off else 0.0
        )  # samples may be added in any order

    def adapter(self, bodies: Mapping[str, Body]) -> Implementation:
        """An adapter of these methods that hands on all others."""
        methods = [str(Method(name, (), tuple(body))) for name, body in bodies.items()]
        namespace: dict[str, Any] = {"np": np, "random": random, "chainrule": chainrule, "reference": reference}
        exec("class Adapter(chainrule.Implementation):\n" + "\n\n".join(methods), namespace)
        made = namespace["Adapter"](self.found.target)
        for name in set(CORE) - set(bodies):
            setattr(made, name, getattr(self.found, name))
        return made

    def outcome(self, name: str, adapter: Implementation) -> list[Any]:
        """What an operation does in networks of several depths: results, and parameters afterwards, or an exception."""
        if name in FUNCTIONS:
            return [run(lambda: self.alone(name, adapter))]
        return [run(partial(self.in_network, name, adapter, sizes)) for sizes in self.sizes or [[4, 6, 3]]]

    def alone(self, name: str, adapter: Any) -> Any:
        rng = np.random.default_rng(3)
        z, y = rng.normal(size=(5, 3)), labels_of(5, 3)
        if name == "xavier":
            return adapter.xavier(5, 3, np.random.default_rng(0)), adapter.xavier(4, 6, np.random.default_rng(1))
        if name == "cross_entropy":
            return adapter.cross_entropy(reference.softmax(z), y)
        return getattr(adapter, name)(z), getattr(adapter, name)(z[:1])

    def in_network(self, name: str, adapter: Any, sizes: list[int]) -> Any:
        """One operation, after another network has been run: what that leaves behind must not matter."""
        found, (x, y) = self.found, self.batch(sizes, 5)
        if name == "create":
            made = [adapter.create(list(sizes), seed) for seed in (0, 1)]
            parameters = [found.parameters(model) for model in made]
            unseeded = [[np.shape(a) for a in group] for group in parameters[0]]
            again = found.parameters(found.create(list(sizes), 0)), found.parameters(found.create(list(sizes), 0))
            left = [sorted(map(str, getattr(model, "__dict__", ()))) for model in made]  # what fit would leave, too
            return (parameters if same(*again) else unseeded), left
        model = self.network(sizes, 7)
        other, third = self.network(sizes, 8), self.network(sizes, 6)
        with contextlib.suppress(Exception):
            found.forward(other, self.batch(sizes, 4, 2)[0])
        weights, biases = generic(sizes, 9)
        given = copy.deepcopy((x, y))
        if name == "parameters":
            return [list(map(np.array, group)) for group in adapter.parameters(model)]
        result: Any = None
        if name == "assign":
            adapter.assign(model, weights, biases)
        elif name == "step":
            adapter.step(model, (weights, biases), 0.125)
        elif name == "fit":
            summed = found.summed_fit and adapter is found  # an adapter that says so is given the rate of a sum
            lr = 2.0**-4

            def rate(batch_size: int) -> float:
                return lr * batch_size if summed else lr

            whole = run(lambda: adapter.fit(third, x, y, epochs=2, batch_size=5, lr=rate(5), seed=4))
            parts = run(lambda: adapter.fit(model, x, y, epochs=2, batch_size=2, lr=rate(2), seed=3))
            single = run(lambda: adapter.fit(other, x, y, epochs=1, batch_size=1, lr=rate(1), seed=3))
            result = whole, parts, single, found.parameters(third), found.parameters(other)
        elif name == "loss":
            result = adapter.loss(model, x, y), adapter.loss(model, x[:1], y[:1])
        elif name == "backward":
            result = gradients(adapter.backward(model, x, y)), gradients(adapter.backward(model, x[:1], y[:1]))
        else:
            result = getattr(adapter, name)(model, x), getattr(adapter, name)(model, x[:1])
        kept = same(given, (x, y))
        return result, found.parameters(model), kept

    def network(self, sizes: list[int], seed: int) -> Any:
        model = self.found.create(list(sizes), 0)
        self.found.assign(model, *generic(sizes, seed))
        return model


def gradients(found: Any) -> Any:
    """Gradients as a boundary reads them: a bias's in any of its shapes."""
    return [to_numpy(w) for w in found[0]], [flat_bias(to_numpy(b)) for b in found[1]]


def generic(sizes: list[int], seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Parameters that are multiples of 1/32."""
    rng = np.random.default_rng(seed)

    def drawn(*shape: int) -> np.ndarray:
        return np.round(rng.normal(size=shape) * 32) / 32

    fans = list(itertools.pairwise(sizes))
    return [drawn(*fan) for fan in fans], [drawn(fan[1]) for fan in fans]


def run(call: Callable[[], Any]) -> tuple[str, Any]:
    """("value", what a call gives), or the kind of exception and what it says."""
    try:
        with limit(TRIAL_LIMIT):
            return "value", copy.deepcopy(call())
    except Unseen as error:
        return "Unseen", str(error)
    except Missing as error:
        return "Missing", str(error)
    except NotOffered as error:
        return "NotOffered", str(error)
    except (Exception, SystemExit, TimedOut) as error:
        return type(error).__name__, str(error)


def same(a: Any, b: Any, within: float = 0.0) -> bool:
    """Whether two results are alike to the last bit, or within a relative distance; of exceptions the kind counts."""
    if isinstance(a, tuple) and isinstance(b, tuple) and a and b and isinstance(a[0], str) and isinstance(b[0], str):
        return a[0] == b[0] and (a[0] != "value" or same(a[1], b[1], within))
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(same(p, q, within) for p, q in zip(a, b, strict=True))
    if a is None or b is None:
        return a is b
    try:
        a, b = np.asarray(a), np.asarray(b)
        if within and a.shape == b.shape:
            return bool(np.allclose(a, b, rtol=within, atol=within))
        return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    except (TypeError, ValueError):
        return False


def call_of(name: str) -> str:
    """An operation called with its own parameters."""
    words = [word.strip() for word in SIGNATURES[name].split(",")]
    star = words.index("*") if "*" in words else len(words)
    return f"{name}({', '.join([*words[:star], *(f'{word}={word}' for word in words[star + 1 :])])})"


def handed_on(raw: Recognised, name: str) -> tuple[str, ...]:
    """What chainrule does there, as a comment."""
    site = next(
        (site for (operation, _), site in raw.sites.items() if operation == name and isinstance(site, Site)), None
    )
    if site is None and name in FUNCTIONS:
        with contextlib.suppress(NotOffered):
            return wrapped(f"As chainrule recognises it, by {describe(*raw.lone(name))}.")
    if site is None:
        return (f"As chainrule recognises it: {MEANING[name]}.",)
    told = how(site)
    return wrapped(f"As chainrule recognises it, by {signature_of(raw, site)}{f': {told}' if told else ''}.")


def asked(raw: Recognised, name: str, said: str) -> tuple[str, ...]:
    """What was looked for, and what there is of similar names."""
    where = (
        "in the file; it is seen through the network" if name in FUNCTIONS and raw.offers("create") else "in the file"
    )
    said = f"there is no {name} {where}" if said == f"{name} is missing" else said and f"looked for: {said}"
    lines = wrapped(said) if said else ()
    operation = "init" if name in ("create", "parameters", "assign") else name
    near = [
        describe(own, function)
        for own, function in own_functions(raw.namespace)
        if (operation in OPERATIONS and rank(operation, own) is not None) or re.search(NEAR.get(name, name), plain(own))
    ]
    return (*lines, *(wrapped(f"found: {', '.join(near)}") if near else ()))


def wrapped(text: str) -> tuple[str, ...]:
    return tuple(textwrap.wrap(text, WIDTH - 2 * len(INDENT) - 2))


def written(loaded: Loaded, raw: Recognised, trial: Trial, methods: list[Method], handing: list[str], name: str) -> str:
    """The file."""
    supports = [
        sizes
        for sizes in map(list, PROBES)
        if raw.form is not None and raw.form.pattern is None and raw.supports(sizes)
    ]
    texts = [*constants(trial.found)]
    if handing or supports:
        texts.append(constructor(loaded, raw))
    texts += map(str, methods)
    if supports:
        texts.append("    def supports(self, sizes):\n        return self.found.supports(sizes)")
    if any("self.sizes(" in text for text in texts):
        texts.append(
            "    def sizes(self, model):\n        weights, _ = self.parameters(model)\n"
            "        return [len(w) for w in weights] + [weights[-1].shape[1]]"
        )
    body = "\n\n".join(text for text in texts)
    if not any(method.body for method in methods):
        body = f'    """Nothing is overridden yet."""\n\n{body}'
    imports = [word for word in ("random",) if f"{word}.seed" in body.replace("np.random.seed", "")]
    head = [f"import {word}" for word in imports] + ([""] if imports else [])
    head += (["import numpy as np", ""] if "np." in body else []) + ["import chainrule"]
    head += ["from chainrule import reference"] if "reference." in body else []
    declared = declarations(loaded)
    parts = [docstring(loaded, raw, name), "\n".join(head)]
    parts += [f"CHAINRULE = {declared}"] if declared else []
    return "\n\n".join(parts) + f"\n\n\nclass Adapter(chainrule.Implementation):\n{body}\n"


def constants(found: Found) -> list[str]:
    """What a boundary asks of an implementation beside its methods."""
    lines = []
    if found.summed_fit:
        lines.append("    summed_fit = True  # fit is given a rate for the sum of a batch's gradients")
    if found.recovery_rate is not None:
        lines.append(f"    recovery_rate = {found.recovery_rate!r}  # at which gradients are read off an update")
    return ["\n".join(lines)] if lines else []


def constructor(loaded: Loaded, raw: Recognised) -> str:
    """How an adapter comes by what was recognised: with the declarations that hold here."""
    options = {
        "conventions": {
            key: found.value
            for key, found in loaded.impl.conventions.items()
            if found.source == "declared" and key not in DECLARED
        },
        "names": dict(raw.names),
        "missing": tuple(raw.counts),
    }
    given = "".join(f", {key}={quoted(value)}" for key, value in options.items() if value)
    return (
        "    def __init__(self, target):\n        super().__init__(target)\n"
        f"        self.found = chainrule.recognised(target{given})  # in the native conventions"
    )


def declarations(loaded: Loaded) -> str:
    """The CHAINRULE dictionary: what no adapter can translate."""
    found = {key: loaded.impl.conventions[key] for key in DECLARED}
    told = {key: c.value for key, c in found.items() if c.source == "declared" or c.value != NATIVE[key]}
    if len(quoted(told)) < WIDTH - len("CHAINRULE = "):
        return quoted(told) if told else ""
    return "\n".join(["{", *(f"    {quoted(key)}: {quoted(value)}," for key, value in told.items()), "}"])


def quoted(value: Any) -> str:
    """A literal with double quotes, where that changes nothing."""
    text = repr(value)
    return text if '"' in text or "\\" in text else text.replace("'", '"')


def docstring(loaded: Loaded, raw: Recognised, name: str) -> str:
    """What the draft is for, and what was found in the target where that is not a network."""
    lines = [f"Translates {loaded.path.name} for `chainrule check {loaded.target} --adapter {name}`.", ""]
    lines.append(
        "x is (N, D), y holds N labels 0..K-1, weights are (s[l], s[l+1]), losses and gradients are means over a batch."
    )
    lines.append("`self.target` is the loaded file; what is not overridden is todo.")
    if raw.form is None and not raw.offers("create"):
        lines += ["", "No network was recognised.  The file defines:"]
        everything = [describe(n, t) for n, t in (*own_classes(raw.namespace), *own_functions(raw.namespace))]
        lines += [f"  {one}" for one in everything or strangers(raw.namespace)] or ["  nothing"]
        if refused(raw.tried):
            lines += [
                "",
                "Tried as the network:",
                *(f"  {textwrap.shorten(one, WIDTH - 4)}" for one in refused(raw.tried)),
            ]
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""' if len(lines) > 1 else f'"""{text}"""'
