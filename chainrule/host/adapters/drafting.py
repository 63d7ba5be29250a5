"""Drafts adapters: `chainrule adapt TARGET` writes the recognised plan of a file as Python to edit.

NAMES and CONVENTIONS state the reading.  A method is written out from the plan of its operation if that takes a few
lines and gives the same results; else it calls `chainrule.recognised`.  A missing operation is a commented stub.
"""

from __future__ import annotations

import contextlib
import inspect
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.contract.chapters import EXTENSIONS, FUNCTIONS, OPERATIONS
from chainrule.contract.conventions import NATIVE
from chainrule.contract.errors import Missing, NotOffered, Unseen, UnusableTarget
from chainrule.contract.implementation import Implementation
from chainrule.host.adapters.recognised import recognised
from chainrule.host.adapters.writing import quoted, written
from chainrule.host.description import describe, how, recognised_of, refused, signature_of, strangers
from chainrule.host.host import InProcess
from chainrule.host.inference.points import labels_of
from chainrule.host.recognition.forms import PROBES
from chainrule.host.recognition.namespaces import own_functions, ranked
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.surroundings import seeded
from chainrule.host.source.printed import silence
from chainrule.host.source.targets import Opened
from chainrule.host.translation import Translated
from chainrule.reference import softmax
from chainrule.support.arrays import flat_bias, to_numpy
from chainrule.support.time_limit import TimedOut, limit

CORE = tuple(op for op in OPERATIONS if op not in EXTENSIONS)
NETWORK = tuple(op for op in CORE if op not in FUNCTIONS)
DECLARED = ("initialization", "log_epsilon", "architecture", "seeding", "precision")  # what an adapter can only declare
TRANSLATED = tuple(key for key in NATIVE if key not in DECLARED)
TRIAL_LIMIT = 5.0  # seconds for one operation
AGREE = 1e-12  # relative: both make the same calls, and at most average in another order
WIDTH = 104  # of a comment
PAGE = """\
Translates {file} for `chainrule check {target} --adapter {adapter}`.

x is (N, D), y holds N labels 0..K-1, weights are (s[l], s[l+1]), losses and gradients are means over a batch.
`self.target` is the loaded file, `self.found` what chainrule recognises in it.  Of a network that is not in the
contract's own style, `model.value` is the code's object, or the parameters that its functions hand around."""
RECOGNISED = """\
    def __init__(self, target):
        super().__init__(target)
        self.found = chainrule.recognised({arguments})

    def supports(self, sizes):
        return self.found.supports(sizes)"""


@dataclass(frozen=True)
class Draft:
    """An adapter's source, and how each of its operations was written.

    explicit: written out.  handed_on: left to chainrule.recognised.  open: to be filled in.
    """

    source: str
    explicit: tuple[str, ...]
    handed_on: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The line that the command prints."""
        needed = [op for op in self.open if op in NETWORK] or list(self.open) * (not self.handed_on)
        methods = "1 method" if len(self.explicit) == 1 else f"{len(self.explicit)} methods"
        left = f"{methods} written out, {len(self.handed_on)} left to chainrule.recognised"
        return f"{left}, {len(needed)} to fill in ({', '.join(needed)})" if needed else f"{left}, none to fill in"


def draft(opened: Opened, name: str = "adapter.py") -> Draft:
    """Draft an adapter for a target.  name: of the adapter's file.

    Raises UnusableTarget if the target was loaded behind an adapter.
    """
    translated = opened.host.implementation if isinstance(opened.host, InProcess) else None
    raw = recognised_of(translated) if translated is not None else None
    if raw is None or not isinstance(translated, Translated):
        raise UnusableTarget(f"{opened.target}: this target already has an adapter; name the target without it")
    with silence(), np.errstate(all="ignore"), seeded(0):
        return Drafting(opened, raw, translated, name).draft()


class Drafting:
    """Drafts an adapter for what chainrule recognised in one target."""

    def __init__(self, opened: Opened, raw: NativeStyle, translated: Translated, name: str) -> None:
        self.opened, self.raw, self.translated, self.name = opened, raw, translated, name
        self.offered = raw.offers("create")
        fitted = [list(probe) if raw.form is None else raw.form.fitted(probe) for probe in PROBES] * self.offered
        self.sizes = [sizes for sizes in fitted if sizes is not None and translated.supports(sizes) is None][:3]
        self.names, self.conventions = self.reading()
        self.troubles = {op: found for op in CORE if (found := self.trouble(op)) is not None}
        model = raw.create(self.sizes[0], 0) if self.sizes and raw.form is not None else None
        lines = {op: written(raw, translated.layout, model, op) for op in NETWORK if op not in self.troubles}
        self.lines = {op: found for op, found in lines.items() if found is not None}

    def draft(self) -> Draft:
        scope: dict[str, Any] = {}
        exec(compile(self.source(), self.name, "exec"), scope)
        adapter = scope["Adapter"](self.translated.target)
        self.lines = {op: lines for op, lines in self.lines.items() if self.agrees(op, adapter)}
        opened = tuple(op for op, trouble in self.troubles.items() if not isinstance(trouble, Unseen))
        handed = tuple(op for op in CORE if op not in opened and op not in self.lines)
        return Draft(self.source(), tuple(self.lines), handed, opened)

    def reading(self) -> tuple[dict[str, str], dict[str, Any]]:
        """(names, conventions) that describe the reading; only the declared ones if the others change it."""
        found, given = self.opened.conventions, dict(self.raw.names)
        stated = {key: found[key].value for key in TRANSLATED if found[key].value != NATIVE[key]}
        asked = {key: found[key].value for key in TRANSLATED if found[key].source == "declared"}
        plans = {op: plan.name for (op, _), plan in self.raw.plans.items() if isinstance(plan, Plan)}
        maker = getattr(self.raw.form, "name", "MLP")
        plans |= {"MLP": maker} if inspect.isclass(self.raw.namespace.get(maker)) else {}
        names = {op: name for op, name in plans.items() if name != op} | given
        for tried, conventions in ((names, stated), (given, stated), (names, asked)):
            with contextlib.suppress(Exception):
                again = recognised(self.raw.target, names=tried, conventions=conventions, missing=self.raw.counts)
                if plan(again) == plan(self.translated):
                    return tried, conventions
        return given, asked

    # Trials

    def outcome(self, op: str, implementation: Implementation, sizes: Sequence[int]) -> Any:
        """The result of an operation in a network with random parameters."""
        rng = np.random.default_rng(3)
        x, z, y = rng.normal(size=(5, sizes[0])), rng.normal(size=(5, 3)), labels_of(5, sizes[-1])
        alone = {"relu": (z,), "softmax": (z,), "cross_entropy": (softmax(z), labels_of(5, 3)), "xavier": (5, 3, rng)}
        with limit(TRIAL_LIMIT):
            if op in alone:
                return getattr(implementation, op)(*alone[op])
            model = implementation.create(list(sizes), 0)
            drawn = [[rng.normal(size=np.shape(a)) for a in group] for group in implementation.parameters(model)]
            implementation.assign(model, *drawn)
            given = {"forward": (x,), "predict": (x,), "loss": (x, y), "backward": (x, y), "step": (drawn, 0.125)}
            if op in given:
                return getattr(implementation, op)(model, *given[op])
            return implementation.fit(model, x, y, epochs=1, batch_size=5, lr=0.125, seed=0) if op == "fit" else None

    def trouble(self, op: str) -> NotOffered | None:
        """Why chainrule cannot call the code's operation, or None."""
        if op in NETWORK and not self.offered:
            return Missing("no network was recognised")
        try:
            self.outcome(op, self.translated, self.sizes[0] if self.sizes else PROBES[0])
        except NotOffered as error:
            return error
        except (Exception, SystemExit, TimedOut):  # the specs report what the code raises
            return None
        return None

    def agrees(self, op: str, adapter: Implementation) -> bool:
        """Whether a written method returns the same as recognition, at every depth."""
        try:
            return all(agree(*(self.outcome(op, one, s) for one in (adapter, self.translated))) for s in self.sizes)
        except (Exception, SystemExit, TimedOut):
            return False

    # The file

    def source(self) -> str:
        """The adapter's file, with the methods that `lines` writes out."""
        offered = [op for op in (*CORE, *EXTENSIONS) if op in CORE or self.raw.offers(op)]
        body = "\n\n".join([*self.attributes(), *map(self.method, offered)])
        head = ["import numpy as np\n"] * ("np." in body) + ["import chainrule"]
        head += ["from chainrule import reference"] * ("reference." in body)
        found = self.opened.conventions
        declared = {k: found[k].value for k in DECLARED if found[k].source == "declared" or found[k].value != NATIVE[k]}
        tables = [
            *table("CHAINRULE", declared, "what an adapter can only declare"),
            *table("NAMES", self.names, "the file's names for the contract's names"),
            *table("CONVENTIONS", self.conventions, "the file's conventions; chainrule.recognised translates them"),
        ]
        parts = [self.docstring(), "\n".join(head), *(["\n".join(tables)] if tables else [])]
        return "\n\n".join(parts) + f"\n\n\nclass Adapter(chainrule.Implementation):\n{body}\n"

    def docstring(self) -> str:
        """The draft's docstring, with the target's definitions if chainrule did not recognise a network."""
        text = PAGE.format(file=self.opened.path.name, target=self.opened.target, adapter=self.name)
        if not self.offered:
            everything = [
                *strangers(self.raw.namespace),
                *(describe(*one) for one in own_functions(self.raw.namespace)),
            ]
            tried = [textwrap.shorten(one, WIDTH) for one in refused(self.raw.tried)]
            text += "\n\nNo network was recognised.  The file defines:\n  "
            text += "\n  ".join(dict.fromkeys(everything)) or "nothing"
            text += "\n\nTried as the network:\n  " + "\n  ".join(tried) if tried else ""
        return '"""' + text.replace("\\", "\\\\").replace('"""', "'''") + '\n"""'

    def attributes(self) -> list[str]:
        """The attributes that an adapter needs beside its operations."""
        facts = {
            "summed_fit": (self.translated.summed_fit, False, "fit moves by lr times the sum of a batch's gradients"),
            "fit_takes_seed": (self.translated.fit_takes_seed, True, "NumPy's global generator orders the samples"),
            "recovery_rate": (self.translated.recovery_rate, None, "the rate of updates that give gradients"),
        }
        lines = [f"    {key} = {now!r}  # {why}" for key, (now, plain, why) in facts.items() if now != plain]
        given = {"names": "NAMES" * bool(self.names), "conventions": "CONVENTIONS" * bool(self.conventions)}
        given["missing"] = quoted(tuple(self.raw.counts)) if self.raw.counts else ""
        arguments = ", ".join(["target", *(f"{key}={value}" for key, value in given.items() if value)])
        return [*(["\n".join(lines)] if lines else []), RECOGNISED.format(arguments=arguments)]

    def method(self, op: str) -> str:
        """A method of the adapter, or the stub of one."""
        operation, trouble = OPERATIONS[op], self.troubles.get(op)
        head = f"def {op}(self, {operation.adapter_signature}):"
        if trouble is None or isinstance(trouble, Unseen):
            said = [] if op in self.lines else [str(trouble) if trouble is not None else self.plan_of(op)]
        else:
            said = [operation.meaning, *([] if isinstance(trouble, Missing) else [str(trouble)]), *self.near(op)]
            if op in NETWORK or isinstance(trouble, Missing):
                stub = [head, *(f"    {line}" for text in said for line in wrapped(text)), "    ..."]
                return "\n".join(f"    # {line}" for line in stub)
        keywords = [f"{argument.name}={argument.name}" for argument in operation.takes if argument.keyword]
        call = f"return self.found.{op}({', '.join([*operation.labels, *keywords])})"
        if op == "fit" and self.translated.summed_fit:  # chainrule divides by the batch size here and in `found`
            call = call.replace("lr=lr", "lr=lr * batch_size")
        lines = [f"# {line}" for text in said for line in wrapped(text)] + self.lines.get(op, [call])
        return "\n".join([f"    {head}", *(f"        {line}" for line in lines)])

    def plan_of(self, op: str) -> str:
        """How recognition calls an operation, in words."""
        raw = self.raw
        plan = next((plan for (of, _), plan in raw.plans.items() if of == op and isinstance(plan, Plan)), None)
        if plan is not None:
            return "; ".join(filter(None, [signature_of(raw, plan), how(plan)]))
        if op in FUNCTIONS and raw.lone_functions(op):
            return describe(*raw.lone(op))
        if raw.form is None or op not in ("create", "parameters", "assign"):
            return ""
        slots = raw.form.slots(len(self.sizes[0]) - 1) if self.sizes and op != "create" else None
        kept = (
            slots and f"weights in {', '.join(map(str, slots.weights))}; biases in {', '.join(map(str, slots.biases))}"
        )
        return kept or raw.form.title

    def near(self, op: str) -> list[str]:
        """The functions whose names fit an operation."""
        known = "init" if op in ("create", "parameters", "assign") else op
        found = [describe(*one) for one in ranked(known, own_functions(self.raw.namespace))]
        return [f"the file has {', '.join(found)}"] if found else []


def plan(translated: Translated) -> list[Any]:
    """The reading of an implementation, for comparisons."""
    raw = translated.raw
    assert isinstance(raw, NativeStyle)
    plans = {key: plan if isinstance(plan, Plan) else str(plan) for key, plan in raw.plans.items()}
    form = None if raw.form is None else raw.form.title
    return [plans, form, translated.layout, translated.summed_fit, translated.fit_takes_seed, translated.recovery_rate]


def agree(a: Any, b: Any) -> bool:
    """Whether two results agree: numbers, or groups of arrays, in which a bias may have any of its shapes."""
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(agree(p, q) for p, q in zip(a, b, strict=True))
    a, b = flat_bias(to_numpy(a)), flat_bias(to_numpy(b))
    return a.shape == b.shape and np.allclose(a, b, rtol=AGREE, atol=AGREE, equal_nan=True)


def table(name: str, entries: Mapping[str, Any], meaning: str) -> list[str]:
    """A dictionary as source, with a line for each entry; an empty list for an empty one."""
    lines = [f"    {quoted(key)}: {quoted(value)}," for key, value in entries.items()]
    return [f"{name} = {{  # {meaning}", *lines, "}"] if entries else []


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)
