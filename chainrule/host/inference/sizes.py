"""Finds the layer sizes of the networks that an adapter makes, by asking for them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from chainrule.contract.architecture import Architecture
from chainrule.contract.errors import NotOffered
from chainrule.contract.implementation import Implementation
from chainrule.host.inference.trying import PROBE_LIMIT
from chainrule.host.recognition.forms import PROBES
from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import TimedOut, limit

ENDS = ((None, None), (None, 10), (784, None), (784, 10))  # inputs and classes on which code for digits may insist

Layers = tuple[int, ...]


class Sizes:
    """The layer sizes for which an adapter's `create` makes networks.

    declared: the architecture that the user declares, or `any`.  probe: sizes that it makes.
    """

    def __init__(self, adapter: Implementation, declared: str) -> None:
        self.adapter = adapter
        self.answers: dict[Layers, Layers | Exception] = {}
        wanted = [fitted for fitted in map(Architecture.parse(declared).fit, PROBES) if fitted]
        tries = ([with_ends(sizes, *ends) for sizes in wanted] for ends in ENDS)
        working = ([sizes for sizes in each if self.refusal(sizes) is None] for each in tries)
        self.working: list[Layers] = next(filter(None, working), []) if adapter.offers("create") else []
        deep_enough = [sizes for sizes in self.working if len(self.sizes_made(sizes)) == len(sizes)]
        self.probe = [*deep_enough, *self.working, PROBES[0]][0]

    def refusal(self, sizes: Sequence[int]) -> str | None:
        """Why `create` makes no network of these sizes; None if it does."""
        answer = self.made(tuple(sizes))
        if isinstance(answer, NotOffered):
            return str(answer)
        return f"create raised {type(answer).__name__}: {answer}" if isinstance(answer, Exception) else None

    def made(self, sizes: Layers) -> Layers | Exception:
        """The sizes of the network that `create` makes if it is asked for these, or its exception."""
        if sizes not in self.answers:
            reason = self.adapter.supports(list(sizes))
            try:
                with limit(PROBE_LIMIT):
                    if reason is not None:
                        raise NotOffered(reason)
                    self.answers[sizes] = self.sizes_of(self.adapter.create(list(sizes), 0), sizes)
            except TimedOut:
                self.answers[sizes] = sizes  # the specs wait longer
            except Exception as error:
                self.answers[sizes] = error
        return self.answers[sizes]

    def sizes_made(self, sizes: Layers) -> Layers:
        """The sizes of the network that `create` makes; none if it refuses."""
        answer = self.made(sizes)
        return () if isinstance(answer, Exception) else answer

    def sizes_of(self, model: object, asked: Layers) -> Layers:
        """The sizes of a network, from the shapes of its weights; those asked for if these do not fit together."""
        try:
            shapes = [to_numpy(weights).shape for weights in self.adapter.parameters(model)[0]]
            chained = all(a[1] == b[0] for a, b in pairwise(shapes))
            return (shapes[0][0], *(fan_out for _, fan_out in shapes)) if chained else asked
        except Exception:  # the specs report it
            return asked

    def architecture(self) -> Architecture:
        """The architecture, if all networks have one depth or fixed sizes; else any.

        A size is fixed if `create` refuses another one, or makes the same network all the same.
        """
        asked, made = self.probe, self.sizes_made(self.probe)
        depths = {len(sizes) for sizes in self.working}
        if not self.working or (made == asked and asked in PROBES and len(depths) > 1):
            return Architecture()
        if len(made) != len(asked):
            return Architecture(made) if all(self.made(sizes) == made for sizes in self.working) else Architecture()
        pattern: list[int | None] = list(made)
        for place, size in enumerate(asked):
            answer = self.sizes_made((*asked[:place], size + 1, *asked[place + 1 :]))
            if answer == (*made[:place], size + 1, *made[place + 1 :]):
                pattern[place] = None
            elif answer and answer != made:
                return Architecture()  # it mixes sizes up, which a spec reports
        return Architecture(tuple(pattern))


def with_ends(sizes: Sequence[int], first: int | None, last: int | None) -> Layers:
    """The sizes with another first and last one."""
    return (first or sizes[0], *sizes[1:-1], last or sizes[-1])
