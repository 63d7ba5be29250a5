"""Chapter shapes: the forward pass and the loss of a network, at every depth and batch size."""

from contextlib import suppress
from unittest import SkipTest

import numpy as np

from chainrule.boundary.errors import NotApplicable, Raised, Todo
from chainrule.boundary.standing_in import passing
from chainrule.mathematics.cases import RESCALED, Case, image, rescaled
from chainrule.mathematics.comparison import (
    Failure,
    assert_close,
    assert_equal,
    assert_finite,
    assert_shape,
    assert_that,
)
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, softmax_bound
from chainrule.reference import softmax
from chainrule.specification.analysis import analysis, stored_otherwise
from chainrule.specification.given import given
from chainrule.specification.sampling import after_step
from chainrule.specification.spec import spec
from chainrule.specification.strategies import integers

GLOBAL = "NumPy's global generator"
where_seen = suppress(NotApplicable)  # for the part of a spec that an implementation need not show
where_there = suppress(NotApplicable, Todo)  # for operations that have specs of their own


@spec("network.assignable", after="initialization.sizes")
def test_assignable(impl, networks):
    """Assigned parameters are the ones read back, at every depth."""
    for case in networks(batches=(1,)):
        weights, biases = impl.parameters(impl.network(case))
        for name, found, expected in (("weights", weights, case.weights), ("biases", biases, case.biases)):
            for l, (a, e) in enumerate(zip(found, expected, strict=True)):
                assert_equal(a, e, what=f"{name}[{l}] as read back")


@spec("network.output_shape")
def test_output_shape(impl, networks):
    """forward turns (N, D) into (N, K) for batches of 1, 2, 7 and 64 and any number of hidden layers."""
    for case in networks(batches=(1, 2, 7, 64), margin=0.0):
        assert_shape(impl.forward(impl.network(case), case.x), (len(case.x), case.sizes[-1]), what=f"forward ({case})")


@spec("network.samples_independent", after="network.output_shape")
def test_samples_independent(impl, networks):
    """Each sample has the same probabilities in a batch as alone."""
    for case in networks(batches=(2, 7)):
        model = impl.network(case)
        alone = np.vstack([impl.forward(model, row[None]) for row in case.x])
        bound = 2 * analysis(impl, case).probabilities[1]
        assert_close(impl.forward(model, case.x), alone, bound=bound, what=f"forward of the batch ({case})")


@spec("network.sample_order", after="network.output_shape")
def test_sample_order(impl, networks):
    """Reordering the samples reorders the probabilities, and does not change the loss."""
    for case in networks(batches=(7,)):
        model, order = impl.network(case), np.random.default_rng(0).permutation(7)
        exact = analysis(impl, case)
        found, expected = impl.forward(model, case.x[order]), impl.forward(model, case.x)[order]
        assert_close(
            found, expected, bound=2 * exact.probabilities[1][order], what=f"forward of the reordered batch ({case})"
        )
        with where_seen:
            loss = impl.loss(model, case.x, case.y)
            if not np.isnan(loss):  # network.loss says that it is
                again = impl.loss(model, case.x[order], case.y[order])
                assert_close(again, loss, bound=2 * exact.loss[1], what="loss of the reordered batch")


@spec("network.scales", after=("network.output_shape", "network.forward"))
def test_scales(impl, networks):
    """Samples of very different scales in one batch do not affect each other."""
    for case in networks.each((0, 1, 2), 7, seed=3):
        powers = np.array([0, -8, 10, -4, 6, -10, 3])
        x = case.x * 2.0 ** powers[:, None]
        scaled = Case(case.sizes, case.weights, case.biases, x, case.y)
        exact = analysis(impl, scaled, log_epsilon=0.0)
        found = impl.forward(impl.network(scaled), x)
        assert_finite(found, what=f"forward ({case})")
        assert_close(
            found,
            exact.probabilities[0],
            bound=exact.probabilities[1],
            what=f"forward of rows of different scale ({case})",
        )


@spec(
    "network.forward",
    after=("network.assignable", "network.output_shape", "relu.values", "relu.dtype", "softmax.values"),
)
def test_forward(impl, networks):
    """The network is affine layers, ReLU between them, softmax at the end."""
    for case in (*networks(batches=(1, 2, 7)), networks.case(2, 64), *networks.unusual()):
        p, error = analysis(impl, case).probabilities
        assert_close(impl.forward(impl.network(case), case.x), p, bound=error, what=f"forward ({case})")


@spec("network.large_logits", after="network.forward")
def test_large_logits(impl):
    """A network with logits up to 1e6 returns probabilities, and a loss that is not nan."""
    for size in (1e3, 1e4, 1e6):
        near = np.array([[size + 1.0, size], [-size, 1.0 - size]])
        model, x = passing(impl, near)
        assert_close(
            impl.forward(model, x)[:, :2],
            softmax(near),
            bound=softmax_bound(near, impl.unit_roundoff + UNIT_ROUNDOFF["float64"]),
            what=f"forward with logits of {size:g} and one more",
        )
        z, y = np.array([[size, 0.0], [0.0, size]]), np.array([0, 1])
        model, x = passing(impl, z)
        p = impl.forward(model, x)
        expected = np.eye(2, p.shape[1])
        bound = np.zeros_like(expected)  # the other classes have such low logits that their probabilities underflow
        bound[:, :2] = softmax_bound(z, impl.unit_roundoff)
        assert_close(p, expected, bound=bound, what=f"forward with logits of {size:g}")
        with where_seen:
            right, wrong = impl.loss(model, x, y), impl.loss(model, x, 1 - y)
            bound = 2 * impl.log_epsilon + 4 * impl.unit_roundoff
            assert_close(right, 0.0, bound=bound, what="the loss of sure and right predictions")
            assert_that(
                wrong > 1, f"the loss of sure and wrong predictions is {wrong!r}, expected inf or a large number"
            )


@spec("network.loss", after=("network.forward", "cross_entropy.values"))
def test_loss(impl, networks):
    """loss(x, y) is the mean cross-entropy of forward(x) with the labels y."""
    for case in (*networks(batches=(1, 2, 7)), *networks.unusual()):
        loss, error = analysis(impl, case).loss
        assert_close(impl.loss(impl.network(case), case.x, case.y), loss, bound=error, what=f"loss ({case})")


@spec("network.missing_class", after="network.loss")
def test_missing_class(impl, networks):
    """A batch may lack the last class, or all classes but one, and is then a batch like any other."""
    for case in networks.each((0, 1, 2), 7, seed=2):
        for y in (np.arange(7) % (case.sizes[-1] - 1), np.zeros(7, dtype=int)):
            lacking = Case(case.sizes, case.weights, case.biases, case.x, y)
            exact, model = analysis(impl, lacking), impl.network(lacking)
            with where_seen:
                loss, bound = exact.loss
                assert_close(impl.loss(model, case.x, y), loss, bound=bound, what=f"loss with labels {y.tolist()}")
            for l, grad in enumerate(impl.backward(model, case.x, y)[0]):
                assert_shape(grad, case.weights[l].shape, what=f"weight_grads[{l}] with labels {y.tolist()}")


@spec("network.predict", after="network.forward")
def test_predict(impl, networks):
    """predict returns for each sample the integer label of its largest probability."""
    unusual = list(networks.unusual())
    many_classes = [case for case in unusual if case.sizes[-1] > 256]
    unusual += [*map(likely_last, many_classes), undecided(networks.case(0, 3))]
    for case in (*networks(batches=(1, 2, 7)), *unusual):
        model = impl.network(case)
        check_labels(impl, model, case, impl.predict(model, case.x), f"predict ({case})")


def check_labels(impl, model, case, labels, what):
    """Check that labels are the likeliest classes, wherever rounding does not decide which class that is."""
    assert_shape(labels, (len(case.x),), what=what)
    assert_that(
        labels.dtype.kind in "iu" or np.array_equal(labels, np.round(labels)),
        f"predict returns {labels.dtype}, expected integers",
    )
    p, error = analysis(impl, case).probabilities
    top = np.sort(p, axis=1)
    clear = top[:, -1] - top[:, -2] > 2 * error.max(axis=1)
    assert_equal(labels[clear], p.argmax(axis=1)[clear], what=what)


def likely_last(case):
    """The case with a bias that makes the last class the likeliest one."""
    raised = np.where(np.arange(case.sizes[-1]) == case.sizes[-1] - 1, case.biases[-1] + 16, case.biases[-1])
    return Case(case.sizes, case.weights, [*case.biases[:-1], raised], case.x, case.y)


def undecided(case):
    """The case with parameters of zero, which make all classes equally likely: one of them is the label."""
    zeros = [[np.zeros_like(array) for array in group] for group in (case.weights, case.biases)]
    return Case(case.sizes, *zeros, case.x, case.y)


@spec("network.integer_inputs", after=("network.forward", "network.loss", "network.predict"))
def test_integer_inputs(impl, networks):
    """Inputs may be integers, such as the bytes of an image, and give the same results as equal floats."""
    for case in networks.each((0, 1, 2), 7, seed=4):
        for dtype in (np.uint8, np.int32, np.int64):
            pixels = image(case, dtype)
            check_answers(impl, impl.network(pixels), pixels, f"of {np.dtype(dtype)} inputs")


@spec("network.layouts", after=("network.forward", "network.loss", "network.predict"))
def test_layouts(impl, networks):
    """Inputs may be stored by columns, with gaps, or in float32, and give the same results."""
    for case in networks.each((0, 1, 2), 7, seed=6):
        for how, stored, exact in stored_otherwise(impl, case):
            check_answers(impl, impl.network(stored), stored, f"of an array {how}", exact)


@spec("network.rescaling", after=("network.forward", "network.loss", "network.predict"))
def test_rescaling(impl, networks):
    """Scaling a unit's incoming weights and bias by c > 0, and the outgoing weights by 1 / c, changes no output."""
    for case in networks.each((0, 1, 2), 7):
        for power in RESCALED[impl.conventions["precision"].value]:
            scaled = rescaled(case, power)
            check_answers(impl, impl.network(scaled), scaled, f"with inputs of 2^{power} ({case})")


def asked(case):
    """The operations that ask a network about a batch, and their arguments beside the network."""
    return (
        ("forward", (case.x,)),
        ("loss", (case.x, case.y)),
        ("backward", (case.x, case.y)),
        ("predict", (case.x,)),
    )


def trained(impl, model, case):
    """The calls of a step and of an epoch, if a network offers them, each with arguments of its own.

    training.* checks whether they write into these.
    """
    grads = [[theta.copy() for theta in group] for group in (case.weights, case.biases)]
    x, y = case.x.copy(), case.y.copy()
    for train in (
        lambda: impl.step(model, tuple(grads), 0.5),
        lambda: impl.fit(model, x, y, epochs=1, batch_size=len(x), lr=0.5, seed=0),
    ):
        with suppress(SkipTest, Raised, Failure):
            train()
            if not impl.calls[-1].modified:
                yield impl.calls[-1]


@spec("network.arguments_kept")
def test_arguments_kept(impl, networks):
    """A new network keeps the list of sizes, and a call inputs, labels and parameters, also while it is remembered."""
    for case in networks.each((0, 2), 7):
        model = impl.create(case.sizes, seed=0)
        modified = impl.calls[-1].modified
        assert_that(not modified, f"the constructor changes its argument {' and '.join(modified)}")
        impl.assign(model, case.weights, case.biases)
        calls = [impl.calls[-2]]
        for name, arguments in asked(case):
            try:
                getattr(impl, name)(model, *arguments)
            except NotApplicable:
                continue
            calls.append(impl.calls[-1])
            modified = impl.calls[-1].modified
            assert_that(not modified, f"{name} writes into its argument {' and '.join(modified)}")
            weights, biases = impl.parameters(model)
            for l, (a, e) in enumerate(zip(weights + biases, case.weights + case.biases, strict=True)):
                assert_equal(a, e, what=f"parameter array {l} after {name}")
        other = networks.at(case.sizes, 7, seed=5)
        for name, arguments in asked(other):
            with where_seen:
                getattr(impl, name)(model, *arguments)
        for batch in (case, other):
            calls += trained(impl, model, batch)
        for call in calls:
            later = call.modified_later()
            assert_that(not later, f"a later call writes into {' and '.join(later)}, given to {call.name} before")


@spec("network.generator_kept", after="network.forward")
def test_generator_kept(impl, networks):
    """Neither a network that is asked nor a new one resets NumPy's global generator."""
    case = networks.case(1, 7)
    model, state = impl.network(case), np.random.get_state()
    try:
        for name, arguments in asked(case):
            after = []
            for seed in (12, 13):
                np.random.seed(seed)
                with where_there:
                    getattr(impl, name)(model, *arguments)
                after.append(np.random.random())
            assert_that(after[0] != after[1], f"{name} seeds {GLOBAL}: afterwards it is in one state, whatever it was")
        if impl.conventions["seeding"].value == "argument":  # otherwise the code draws from it
            for what, ways in resets(impl, case).items():
                assert_that(ways, f"{what} leaves {GLOBAL} in one state, whatever its seed")
    finally:
        np.random.set_state(state)


def resets(impl, case):
    """{what takes a seed: whether NumPy's global generator afterwards depends on the seed, or on its state before}."""
    found = {"a new network": lambda seed: impl.create(case.sizes, seed=seed)}
    if impl.fit_takes_seed:
        models = {seed: impl.network(case) for seed in (1, 2)}
        settings = {"epochs": 1, "batch_size": len(case.x), "lr": 0.5}
        found["fit"] = lambda seed: impl.fit(models[seed], case.x, case.y, **settings, seed=seed)
    return {what: next_after(take, 1) != next_after(take, 2) for what, take in found.items()}


def next_after(take, seed):
    """The number that NumPy's global generator draws after something that takes a seed."""
    np.random.seed(12 + seed)
    with suppress(SkipTest, Raised, Failure):  # the training chapter checks what fit does
        take(seed)
    return np.random.random()


@spec("network.memoryless", after="network.forward")
@given(seed=integers(0, 2**31))
def test_memoryless(impl, networks, seed):
    """A forward pass does not depend on earlier calls with other batches."""
    case, other = networks.case(2, 7, seed), networks.case(2, 2, seed)
    model = impl.network(case)
    loss = None
    with where_seen:
        loss = impl.loss(model, case.x, case.y)
    first = impl.forward(model, case.x)
    call = impl.calls[-1]
    with where_seen:
        impl.loss(model, other.x, other.y)
    with where_seen:
        impl.backward(model, other.x, other.y)
    impl.forward(model, networks.case(2, 7, seed + 1).x)
    assert_equal(call.reread(), first, what="the probabilities of an earlier call, after a later one")
    exact = analysis(impl, case)
    bound = 2 * exact.probabilities[1]
    assert_close(impl.forward(model, case.x), first, bound=bound, what="forward, repeated after another batch")
    if loss is not None:
        repeated = impl.loss(model, case.x, case.y)
        assert_close(repeated, loss, bound=2 * exact.loss[1], what="loss, repeated after another batch")


@spec(
    "network.present_parameters",
    after=("initialization.fresh", "network.memoryless", "network.loss", "network.predict"),
)
def test_present_parameters(impl, networks):
    """forward, loss and predict use the network's present parameters, also for a batch that was given before."""
    for case in networks.each((0, 2), 7, seed=7):
        other = networks.at(case.sizes, 7, seed=8)
        changed = Case(case.sizes, other.weights, other.biases, case.x, case.y)
        model, second = impl.network(case), impl.network(changed)
        first = impl.forward(model, case.x)
        call = impl.calls[-1]
        check_answers(impl, model, case, "with the parameters of the network")
        check_answers(impl, second, changed, "with the parameters of another network")
        assert_equal(call.reread(), first, what="the probabilities of one network, after a call of another")
        impl.assign(model, other.weights, other.biases)
        check_answers(impl, model, changed, "with other parameters")
        after = after_step(impl, model, (case.weights, case.biases), 0.5)
        if after is not None:
            check_answers(impl, model, Case(case.sizes, *after, case.x, case.y), "after a step")


def check_answers(impl, model, case, what, exact=None):
    """Check probabilities, loss and labels of a case's batch.  exact: its analysis, if not the usual one."""
    exact = exact or analysis(impl, case)
    p, error = exact.probabilities
    assert_close(impl.forward(model, case.x), p, bound=error, what=f"forward {what}")
    with where_there:
        loss, bound = exact.loss
        assert_close(impl.loss(model, case.x, case.y), loss, bound=bound, what=f"loss {what}")
    with where_there:
        check_labels(impl, model, case, impl.predict(model, case.x), f"predict {what}")
