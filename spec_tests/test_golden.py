"""Chapter golden: values computed with 50 digits, by a program that shares no code with the reference."""

from functools import cache

import numpy as np

from chainrule import golden
from chainrule.mathematics.cases import Case
from chainrule.mathematics.comparison import assert_close, assert_each, assert_that
from chainrule.mathematics.rounding import ELEMENTARY, UNIT_ROUNDOFF, errors, no_errors, softmax_bound, step_errors
from chainrule.specification.analysis import analysis, analysis_of, assert_loss, distinguishable
from chainrule.specification.spec import spec


@cache
def golden_case(name):
    """A golden network, and a case with the same network, which specs share."""
    expected = golden.load(name)
    return expected, Case(tuple(expected.sizes), expected.weights, expected.biases, expected.x, expected.y)


def golden_cases(impl):
    """Every golden network whose sizes the implementation can make: its name, the network, and its case."""
    found = False
    for name in golden.names():
        expected, case = golden_case(name)
        if impl.fits(case.sizes) == case.sizes:
            found = True
            yield name, expected, case
    if not found:
        raise impl.no_network("of a golden network's sizes")


@spec("golden.softmax", after=("softmax.values", "softmax.overflow", "softmax.underflow"))
def test_softmax(impl):
    """softmax agrees with 50-digit arithmetic, at moderate logits and at logits up to 1e4."""
    compared = 0
    for z, p in golden.functions().softmax:
        if not impl.reaches(z.shape[1]) or (z.shape[1] == 1 and impl.goes_through("softmax")):
            continue  # a network of one class classifies nothing, and much code refuses to make it
        compared += 1
        # Logits that are not exact in the arithmetic's precision are rounded before the implementation computes with
        # them.
        rounded = impl.unit_roundoff * np.abs(z)
        bound = softmax_bound(z, impl.unit_roundoff + UNIT_ROUNDOFF["float64"], z_error=rounded)
        assert_close(impl.softmax(z), p, bound=bound, what=f"softmax({z.tolist()})")
    if not compared:
        raise impl.no_network("that can pass on a golden value's logits")


@spec("golden.cross_entropy", after=("cross_entropy.values", "cross_entropy.near_one"))
def test_cross_entropy(impl):
    """cross_entropy agrees with 50-digit arithmetic, for probabilities from 1e-300 to almost one."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    compared, within_reach = 0, False
    for p, y, loss in golden.functions().cross_entropy:
        true = p[np.arange(len(y)), y]
        if p.shape[1] == 1 or not impl.reaches(p.shape[1]):
            continue  # with one class, much code cannot tell integer labels from one-hot vectors
        within_reach = True
        if not distinguishable(impl, true):
            continue
        bound = (ELEMENTARY + len(y)) * u * abs(loss) + 2 * impl.log_epsilon / true.min()
        bound += u * (impl.unit_roundoff > UNIT_ROUNDOFF["float64"])
        bound += impl.probability_error(p)[np.arange(len(y)), y].mean()
        compared += 1
        assert_close(impl.cross_entropy(p, y), loss, bound=bound, what=f"cross_entropy at p = {true.tolist()}")
    if not within_reach:
        raise impl.no_network("that can pass on a golden value's logits")
    assert_that(compared > 0, "no golden value could be compared")


@spec("golden.forward", after="network.forward")
def test_forward(impl):
    """forward agrees with 50-digit arithmetic, for networks from 2-2 to 784-32-16-10 and for hard cases."""
    for name, expected, case in golden_cases(impl):
        bound = analysis(impl, case).probabilities[1]
        assert_close(
            impl.forward(impl.network(case), case.x), expected.probabilities, bound=bound, what=f"forward ({name})"
        )


@spec("golden.loss", after=("network.loss", "golden.forward"))
def test_loss(impl):
    """loss agrees with 50-digit arithmetic if the true label's probability can be represented."""
    for name, expected, case in golden_cases(impl):
        loss = impl.loss(impl.network(case), case.x, case.y)
        true = expected.probabilities[np.arange(len(case.y)), case.y]
        assert_loss(impl, loss, expected.loss, true, bound=analysis(impl, case).loss[1], what=f"loss ({name})")


@spec("golden.gradients", after=("gradients.values", "golden.forward"))
def test_gradients(impl):
    """backward agrees with 50-digit arithmetic in every entry of every layer."""
    compared = 0
    for name, expected, case in golden_cases(impl):
        exact = analysis(impl, case)
        if not exact.clear:  # in lower precision a ReLU may fall on either side of its kink
            continue
        compared += 1
        weight_grads, bias_grads = impl.backward(impl.network(case), case.x, case.y)
        assert_each(weight_grads, expected.weight_grads, errors(exact.weight_grads), what=f"dloss/dW ({name})")
        assert_each(bias_grads, expected.bias_grads, errors(exact.bias_grads), what=f"dloss/db ({name})")
    assert_that(compared > 0, "no golden network could be compared")


@spec("golden.steps", after=("golden.gradients", "training.step", "training.step_stateless"))
def test_steps(impl):
    """Several steps of gradient descent lead to the same parameters as in 50-digit arithmetic."""
    compared = 0
    for name, expected, case in golden_cases(impl):
        model, network = impl.network(case), case.network()
        off, certain = no_errors(network), True
        for _ in range(expected.steps):
            impl.step(model, impl.backward(model, case.x, case.y), expected.lr)
            exact = analysis_of(impl, network, case, off)
            certain = certain and exact.clear
            off = step_errors(network, exact, expected.lr, impl.unit_roundoff, off)
            network.step(network.backward(case.x, case.y), expected.lr)
        if not certain:  # in lower precision a ReLU may have crossed its kink by then
            continue
        compared += 1
        weights, biases = impl.parameters(model)
        assert_each(weights, expected.stepped_weights, off[0], what=f"weights after {expected.steps} steps ({name})")
        assert_each(biases, expected.stepped_biases, off[1], what=f"biases after {expected.steps} steps ({name})")
    assert_that(compared > 0, "no golden network could be compared")
