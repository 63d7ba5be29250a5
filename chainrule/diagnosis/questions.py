"""Questions put to an implementation: small, different from each other, and answered in microseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.diagnosis.actors import Actor, Probe, asking, asking_layer
from chainrule.diagnosis.model import Gradients
from chainrule.mathematics.cases import Case
from chainrule.mathematics.layers import layer_case
from chainrule.specification.analysis import analysis
from chainrule.specification.networks import Networks

RATES = (0.5, 0.125)


def probes_of(subject: str, networks: Networks) -> list[Probe]:
    """The questions about a subject, on networks of the sizes that the implementation makes."""
    try:
        return list(QUESTIONS[subject](networks))
    except SkipTest:  # no network to ask
        return []


def relu_probes(_networks: Networks) -> Iterator[Probe]:
    rng = np.random.default_rng(2)
    moderate, small = rng.normal(size=(4, 3)) * 2, rng.normal(size=(2, 5)) * 1e-3
    large = np.array([[300.0, -300.0, 7.5], [-7.5, 0.75, 19.0]])
    tiny = np.array([[1e-5, -1e-5, 3e-9], [1e-13, 2.0, -0.3]])
    for about, z in (
        ("entries about 1", moderate),
        ("entries about 0.001", small),
        ("large entries", large),
        ("tiny entries", tiny),
        ("positive entries", np.abs(moderate[:2])),
    ):
        yield Probe(about, asking("relu", z), ["relu(z)"], relative=True)


def softmax_probes(_networks: Networks) -> Iterator[Probe]:
    rng = np.random.default_rng(3)
    for about, z in (
        ("five samples, three classes", rng.normal(size=(5, 3)) * 2),
        ("one sample", rng.normal(size=(1, 4))),
        ("two classes", rng.normal(size=(3, 2)) * 3),
        ("samples far apart", np.array([[1000.0, 1001.0, 1002.0], [-1000.0, -1001.0, -999.0]])),
        ("logits about -1000", np.array([[-1000.0, -1001.0, -999.0]])),
        ("logits of 1000", np.array([[1000.0, 0.0, 999.0]])),
        ("logits 4000 apart", np.array([[4000.0, 0.0, -4000.0]])),
        ("probabilities of 1e-22", np.array([[0.0, -50.0, -20.0], [-30.0, 3.0, 1.0]])),
        ("unlikely classes of two", np.array([[0.0, -45.0], [-45.0, 0.0]])),
        ("whole numbers", np.array([[2.0, -1.0, 0.0], [1.0, 1.0, 3.0]])),
    ):
        yield Probe(about, asking("softmax", z), ["softmax(z)"], relative=True)


def cross_entropy_probes(networks: Networks) -> Iterator[Probe]:
    rng = np.random.default_rng(4)
    epsilon = networks.impl.log_epsilon
    p = rng.dirichlet(np.ones(4), size=5)
    cases = (
        ("five samples, four classes", p, np.array([0, 3, 1, 1, 2])),
        ("one sample", rng.dirichlet(np.ones(3), size=1), np.array([1])),
        ("seven samples, three classes", rng.dirichlet(np.ones(3), size=7), np.array([0, 1, 1, 1, 2, 0, 2])),
        ("uniform probabilities", np.full((2, 5), 0.2), np.array([4, 0])),
        ("small probabilities", np.array([[1e-4, 1 - 1e-4], [0.25, 0.75]]), np.array([0, 1])),
        ("certain ones", np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])),
        ("nearly certain ones", np.array([[1 - 2.0**-27, 2.0**-27]]), np.array([0])),
        ("a true class of probability 0", np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([0, 1])),
    )
    for about, p, y in cases:
        smallest = float(p[np.arange(len(y)), y].min())
        slack = 4 * epsilon / smallest if smallest else 0.0
        if not smallest and (epsilon or networks.impl.goes_through("cross_entropy")):
            continue  # what an accepted epsilon makes of log 0 is nobody's mistake, and no network has such a logit
        error = float(networks.impl.probability_error(p).max()) if smallest else 0.0
        yield Probe(about, asking("cross_entropy", p, y), ["loss"], slack=slack + error)


def cases(networks: Networks) -> list[Case]:
    """Networks without, with one, and with several hidden layers; batches of several samples and of one; and one in
    which all sizes are the same, so that what is transposed does not raise.
    """
    found: list[Case] = []
    for depth, n in ((1, 5), (0, 5), (2, 7), (1, 1), (3, 5), (4, 2)):
        try:
            found += [case for case in networks.each((depth,), n, seed=depth) if case.sizes not in sizes_of(found, n)]
        except SkipTest:
            continue
    square = networks.impl.fits((4, 4, 4, 4)) or networks.impl.fits((4, 4, 4))
    if square and len(set(square)) == 1:
        found.append(networks.at(square, 4, seed=1))
    return found


def saturated(networks: Networks) -> list[Case]:
    """Networks whose logits are in the thousands, of both signs, in batches whose samples differ much in it."""
    found = []
    for depth in (0, 1):
        try:
            case = networks.exactly(depth, 5, seed=3)
        except SkipTest:
            continue
        scale = np.array([4000.0, 1.0, -4000.0, 1000.0, 0.0][: len(case.x)])[:, None]
        weights = [*case.weights[:-1], np.round(case.weights[-1], 1)]
        found.append(Case(case.sizes, weights, case.biases, np.round(case.x * scale, 1), case.y))
    return found


def sizes_of(found: Sequence[Case], n: int) -> list[Sequence[int]]:
    """The sizes that batches of n samples have been chosen for already."""
    return [case.sizes for case in found if len(case.x) == n]


def per_network(
    about: str, ask: Callable[[Actor, Case], Sequence[Any]], labels: Sequence[str]
) -> Callable[[Networks], Iterator[Probe]]:
    """A question for each of the networks."""

    def probes(networks: Networks) -> Iterator[Probe]:
        for case in cases(networks):
            slack = epsilon_slack(networks.impl, case) if about == "the loss" else 0.0
            yield Probe(f"{about}, {case}", partial(answered, ask=ask, case=case), labels, slack=slack)
        for case in saturated(networks) if about == "the probabilities" else ():
            # Of logits in the thousands the last digits are uncertain, and so are as many of the probabilities.
            slack = float(analysis(networks.impl, case).probabilities[1].max())
            yield Probe(f"{about} of large logits, {case}", partial(answered, ask=ask, case=case), labels, slack=slack)

    return probes


def answered(actor: Actor, ask: Callable[[Actor, Case], Sequence[Any]], case: Case) -> Sequence[Any]:
    return ask(actor, case)


def epsilon_slack(impl: Boundary, case: Case) -> float:
    """How far an accepted epsilon in the logarithm moves a loss, or an entry of its gradient, of a case."""
    if not impl.log_epsilon:
        return 0.0
    p = case.reference.forward(case.x)[np.arange(len(case.y)), case.y]
    return 4 * impl.log_epsilon / float(p.min()) * max(1.0, float(np.abs(case.x).max()))


def ask_forward(actor: Actor, case: Case) -> Sequence[Any]:
    return [actor.forward(actor.network(case.weights, case.biases), case.x)]


def ask_loss(actor: Actor, case: Case) -> Sequence[Any]:
    return [actor.loss(actor.network(case.weights, case.biases), case.x, case.y)]


def ask_predict(actor: Actor, case: Case) -> Sequence[Any]:
    return [actor.predict(actor.network(case.weights, case.biases), case.x)]


def labels_and_kinds(case: Case) -> tuple[list[str], list[tuple[str, int]]]:
    kinds = [(kind, l) for kind in ("weights", "biases") for l in range(len(case.weights))]
    return [f"{'dloss/dW' if kind == 'weights' else 'dloss/db'}[{l}]" for kind, l in kinds], kinds


def backward_probes(networks: Networks) -> Iterator[Probe]:
    impl = networks.impl
    for case in cases(networks):
        labels, kinds = labels_and_kinds(case)
        lost = max(float(impl.gradient_error(w, w).max()) for w in case.weights)
        slack = epsilon_slack(impl, case) + lost

        def ask(actor: Actor, case: Case = case) -> Sequence[Any]:
            weight_grads, bias_grads = actor.backward(actor.network(case.weights, case.biases), case.x, case.y)
            return [*weight_grads, *bias_grads]

        yield Probe(f"the gradients, {case}", ask, labels, kinds, slack)
    if impl.host.traits().recovery_rate is not None:
        return  # gradients that are read off updates move the parameters
    for case in cases(networks)[:2]:
        labels, kinds = labels_and_kinds(case)

        def again(actor: Actor, case: Case = case) -> Sequence[Any]:
            model = actor.network(case.weights, case.biases)
            actor.backward(model, case.x, case.y)
            weight_grads, bias_grads = actor.backward(model, case.x[::-1], case.y)
            return [*weight_grads, *bias_grads]

        yield Probe(f"the gradients of a second batch, {case}", again, labels, kinds, epsilon_slack(impl, case))


def step_probes(networks: Networks) -> Iterator[Probe]:
    for case in cases(networks)[:3]:
        for lr in RATES:

            def once(actor: Actor, case: Case = case, lr: float = lr) -> Sequence[Any]:
                model = actor.network(case.weights, case.biases)
                actor.step(model, gradients(case, 1), lr)
                return everything(actor, model)

            yield Probe(f"a step of {lr}, {case}", once)

        def twice(actor: Actor, case: Case = case) -> Sequence[Any]:
            model = actor.network(case.weights, case.biases)
            actor.step(model, gradients(case, 1), RATES[0])
            actor.step(model, gradients(case, 2), RATES[1])
            return everything(actor, model)

        yield Probe(f"two steps, {case}", twice)


def gradients(case: Case, seed: int) -> Gradients:
    """Gradients that have nothing to do with the parameters."""
    rng = np.random.default_rng([seed, *case.sizes])
    return [rng.normal(size=w.shape).round(3) for w in case.weights], [
        rng.normal(size=b.shape).round(3) for b in case.biases
    ]


def everything(actor: Actor, model: Any) -> Sequence[Any]:
    """All parameters of a network."""
    weights, biases = actor.parameters(model)
    return [*weights, *biases]


def fit_probes(networks: Networks) -> Iterator[Probe]:
    """Training on data of which the order is no matter: all in one batch, or all alike."""
    impl = networks.impl
    for depth, n in ((1, 3), (0, 3), (2, 3)):
        try:
            case = networks.exactly(depth, n, seed=9)
        except SkipTest:
            continue
        for lr in RATES:
            yield trained(f"an epoch in one batch at rate {lr}, {case}", case, impl, [n], lr, [1])
    case = networks.case(0, 1, seed=5) if impl.fits((4, 3)) else networks.case(1, 1, seed=5)
    for n, size, epochs in ((6, 2, 1), (6, 6, 3), (7, 3, 1), (7, 7, 0), (3, 1, 1), (7, 2, 2)):
        x, y = np.repeat(case.x, n, axis=0), np.repeat(case.y, n)
        alike = Case(case.sizes, case.weights, case.biases, x, y)
        yield trained(f"{epochs} epochs of {n} equal samples in batches of {size}", alike, impl, [size], 0.25, [epochs])
    x, y = np.repeat(case.x, 4, axis=0), np.repeat(case.y, 4)
    alike = Case(case.sizes, case.weights, case.biases, x, y)
    yield trained("fit called twice", alike, impl, [4, 4], 0.25, [1, 1])


def history_probes(networks: Networks) -> Iterator[Probe]:
    """What fit returns of equal batches: the mean by size is the plain one."""
    impl = networks.impl
    case = networks.case(0, 1, seed=5) if impl.fits((4, 3)) else networks.case(1, 1, seed=5)
    x, y = np.repeat(case.x, 6, axis=0), np.repeat(case.y, 6)

    def history(actor: Actor) -> Sequence[Any]:
        found = actor.fit(actor.network(case.weights, case.biases), x, y, epochs=2, batch_size=3, lr=0.25)
        return [] if found is None else [np.asarray(found, np.float64)]

    yield Probe("the history of 2 epochs of 6 equal samples in batches of 3", history, ["history"])


def trained(about: str, case: Case, impl: Boundary, sizes: Sequence[int], lr: float, epochs: Sequence[int]) -> Probe:
    """The parameters after fit, called once for each batch size."""

    def ask(actor: Actor) -> Sequence[Any]:
        model = actor.network(case.weights, case.biases)
        for size, passes in zip(sizes, epochs, strict=True):
            actor.fit(model, case.x, case.y, epochs=passes, batch_size=size, lr=lr)
        return everything(actor, model)

    return Probe(about, ask, slack=lr * max(epochs) * epsilon_slack(impl, case))


def layer_probes(name: str) -> Callable[[Networks], Iterator[Probe]]:
    def probes(networks: Networks) -> Iterator[Probe]:
        epsilon = networks.impl.log_epsilon
        for shape, outputs in (((5, 4), 3), ((3, 2, 4), 5), ((1, 3), 2), ((4, 4), 4), ((6, 5), 2)):
            case = layer_case(shape, outputs, seed=7)
            y = (outputs - 1 - np.arange(shape[0])) % outputs
            arguments: dict[str, tuple[np.ndarray, ...]] = {
                "affine_forward": (case.x, case.w, case.b),
                "affine_backward": (case.dout, case.x, case.w, case.b),
                "relu_forward": (case.x,),
                "relu_backward": (np.resize(case.dout, case.x.shape), case.x),
                "softmax_loss": (2 * case.dout, y),
            }
            labels = {"affine_backward": ["dx", "dw", "db"], "relu_backward": ["dx"], "softmax_loss": ["loss", "dx"]}
            given = arguments[name]
            slack = 1e4 * epsilon if name == "softmax_loss" else 0.0
            if name == "softmax_loss" and shape == (4, 4):
                z = np.diag([1000.0, -1000.0, 4000.0, 0.0])  # what overflows, or underflows, without a shift
                given = (z, z.argmax(axis=1))
                if epsilon:
                    continue
            yield Probe(
                f"{name}, {case}",
                asking_layer(name, *given),
                labels.get(name, ["out"]),
                slack=slack,
            )

    return probes


QUESTIONS: dict[str, Callable[[Networks], Iterator[Probe]]] = {
    "relu": relu_probes,
    "softmax": softmax_probes,
    "cross_entropy": cross_entropy_probes,
    "forward": per_network("the probabilities", ask_forward, ["p"]),
    "loss": per_network("the loss", ask_loss, ["loss"]),
    "predict": per_network("the labels", ask_predict, ["labels"]),
    "backward": backward_probes,
    "step": step_probes,
    "fit": fit_probes,
    "history": history_probes,
    **{
        name: layer_probes(name)
        for name in ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss")
    },
}
