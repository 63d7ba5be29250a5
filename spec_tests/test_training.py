"""Chapter training: one step of gradient descent, and mini-batch SGD."""

import numpy as np

from chainrule.boundary import NotApplicable
from chainrule.numerics import (
    UNIT_ROUNDOFF,
    analyse,
    assert_close,
    assert_equal,
    assert_that,
    gamma,
    no_errors,
    step_errors,
)
from chainrule.reference import MLP, softmax
from chainrule.spec import spec
from chainrule.strategies import SIZES, Case, network_case, reference

GRADIENTS = ("gradients.weights", "gradients.biases", "gradients.values")
FIT = (*GRADIENTS, "training.step")


def arrays(parameters):
    """Weights and biases in one list."""
    return [*parameters[0], *parameters[1]]


def compare(impl, model, network, off, what):
    """Compare a model's parameters with those of the reference, which may be off by `off`."""
    found = arrays(impl.parameters(model))
    for l, (a, e, error) in enumerate(zip(found, arrays((network.weights, network.biases)), arrays(off), strict=True)):
        assert_close(a, e, bound=error, what=f"parameter array {l} {what}")


def step_bound(impl, theta, change):
    """theta - lr g in the implementation's arithmetic: lr and the product are rounded, then the difference."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    return u * np.abs(theta) + gamma(3, u) * np.abs(change)


def some_gradients(case, seed=0):
    """Gradients that have nothing to do with the parameters, on the grid, so that a step is seen for itself."""
    other = network_case(case.sizes, 1, seed=100 + seed)
    return other.weights, other.biases


@spec("training.step", after=("network.assignable",))
def test_step(impl, networks):
    """A step is theta - lr g, for every parameter of every layer."""
    for case in networks(batches=(1,)):
        for lr in (0.5, 0.1):
            model, grads = case.create(impl), some_gradients(case)
            impl.step(model, grads, lr)
            weights, biases = impl.parameters(model)
            for name, found, before, g in (
                ("weights", weights, case.weights, grads[0]),
                ("biases", biases, case.biases, grads[1]),
            ):
                for l, (a, theta, grad) in enumerate(zip(found, before, g, strict=True)):
                    expected = theta - lr * grad
                    assert_close(
                        a,
                        expected,
                        bound=step_bound(impl, expected, lr * grad),
                        what=f"{name}[{l}] after a step of {lr}",
                    )


@spec("training.step_stateless", after="training.step")
def test_step_stateless(impl):
    """A step depends on the parameters, the gradients and the rate alone: there is no momentum from the step before."""
    case = network_case(SIZES[2], 1)
    model, first, second = case.create(impl), some_gradients(case, 1), some_gradients(case, 2)
    impl.step(model, first, 0.5)
    between = impl.parameters(model)
    impl.step(model, second, 0.25)
    for l, (a, theta, g) in enumerate(
        zip(arrays(impl.parameters(model)), arrays(between), arrays(second), strict=True)
    ):
        expected = theta - 0.25 * g
        assert_close(
            a, expected, bound=step_bound(impl, expected, 0.25 * g), what=f"parameter array {l} after a second step"
        )


@spec("training.step_arguments_kept", after="training.step")
def test_step_arguments_kept(impl):
    """A step leaves the gradients as they were."""
    case = network_case(SIZES[2], 1)
    impl.step(case.create(impl), some_gradients(case), 0.5)
    assert_that(not impl.calls[-1].modified, "step writes into its argument grads")


@spec("training.zero_rate", after=("training.step", "network.forward"))
def test_zero_rate(impl):
    """With a rate of zero nothing changes, in a step or in training."""
    case = network_case(SIZES[1], 7)
    for what in ("step", "fit"):
        model = case.create(impl)
        if what == "step":
            impl.step(model, some_gradients(case), 0.0)
        else:
            impl.fit(model, case.x, case.y, epochs=2, batch_size=3, lr=0.0, seed=0)
        for l, (a, e) in enumerate(
            zip(arrays(impl.parameters(model)), arrays((case.weights, case.biases)), strict=True)
        ):
            assert_equal(a, e, what=f"parameter array {l} after {what} with rate 0")


@spec("training.arguments_kept", after="network.forward")
def test_arguments_kept(impl):
    """fit leaves the caller's inputs and labels as they were: it does not shuffle them in place."""
    case = network_case(SIZES[1], 7)
    impl.fit(case.create(impl), case.x, case.y, epochs=2, batch_size=3, lr=0.125, seed=0)
    modified = impl.calls[-1].modified
    assert_that(not modified, f"fit writes into its argument {' and '.join(modified)}")


@spec("training.full_batch", after=FIT)
def test_full_batch(impl):
    """One epoch with the whole data as its batch is one step along the gradient of the loss."""
    for depth in (0, 1, 2):
        for lr in (0.5, 0.125):
            case = network_case(SIZES[depth], 7)
            model, network = case.create(impl), reference(case.sizes, case.weights, case.biases)
            exact = analyse(case.reference, case.x, case.y, impl.unit_roundoff, impl.log_epsilon)
            impl.fit(model, case.x, case.y, epochs=1, batch_size=7, lr=lr, seed=0)
            network.step(network.backward(case.x, case.y), lr)
            pairs = exact.weight_grads + exact.bias_grads
            for l, (a, e, (g, error)) in enumerate(
                zip(arrays(impl.parameters(model)), arrays((network.weights, network.biases)), pairs, strict=True)
            ):
                bound = lr * error + step_bound(impl, e, lr * g)
                assert_close(a, e, bound=bound, what=f"parameter array {l} after one full-batch epoch at rate {lr}")


@spec("training.continues", after="training.full_batch")
def test_continues(impl):
    """fit goes on from the present parameters: training twice for one epoch is training, not starting again."""
    case = network_case(SIZES[1], 7)
    model, network = case.create(impl), reference(case.sizes, case.weights, case.biases)
    for seed in (0, 1):
        impl.fit(model, case.x, case.y, epochs=1, batch_size=7, lr=0.25, seed=seed)
    off = descend(impl, network, case.x, case.y, 0.25, 2)
    compare(impl, model, network, off, "after two calls of fit")


@spec("training.epochs", after="training.full_batch")
def test_epochs(impl):
    """fit runs as many epochs as it is told: none changes nothing, three are three passes."""
    case = network_case(SIZES[1], 7)
    for epochs in (0, 1, 3):
        model, network = case.create(impl), reference(case.sizes, case.weights, case.biases)
        impl.fit(model, case.x, case.y, epochs=epochs, batch_size=7, lr=0.25, seed=0)
        off = descend(impl, network, case.x, case.y, 0.25, epochs)
        compare(impl, model, network, off, f"after {epochs} epochs")


@spec("training.batch_size", after="training.full_batch")
def test_batch_size(impl):
    """An epoch makes one update per batch: N samples in batches of B take N / B of them, each along a mean gradient."""
    for batch_size, updates in ((1, 6), (2, 3), (3, 2), (6, 1)):
        model, network, x, y = alike(impl, 6)
        impl.fit(model, x, y, epochs=1, batch_size=batch_size, lr=0.25, seed=0)
        off = descend(impl, network, x, y, 0.25, updates)
        compare(impl, model, network, off, f"after an epoch of {len(x)} samples in batches of {batch_size}")


def alike(impl, n):
    """A network and n copies of one sample: whatever the order, every batch has the same gradient."""
    case = network_case(SIZES[0], 1)
    x, y = np.repeat(case.x, n, axis=0), np.repeat(case.y, n)
    return case.create(impl), reference(case.sizes, case.weights, case.biases), x, y


def descend(impl, network, x, y, lr, steps):
    """Take the reference down `steps` full-batch steps; returns the errors that parameters may carry after them."""
    off = no_errors(network)
    for _ in range(steps):
        exact = analyse(network, x, y, impl.unit_roundoff, impl.log_epsilon, off)
        off = step_errors(network, exact, lr, impl.unit_roundoff, off)
        network.step(network.backward(x, y), lr)
    return off


@spec("training.seed", after=FIT)
def test_seed(impl):
    """The seed decides the training: the same seed repeats it to the last bit, other seeds shuffle otherwise."""
    case = network_case(SIZES[1], 7)

    def trained(seed):
        model = case.create(impl)
        impl.fit(model, case.x, case.y, epochs=2, batch_size=2, lr=0.25, seed=seed)
        return np.concatenate([array.reshape(-1) for array in arrays(impl.parameters(model))])

    state = np.random.get_state()
    try:
        np.random.seed(1)
        first = trained(3)
        np.random.seed(2)
        assert_equal(trained(3), first, what="the parameters after training with the same seed again")
    finally:
        np.random.set_state(state)
    assert_that(
        any(not np.array_equal(trained(seed), first) for seed in range(4, 8)),
        "five different seeds train alike: the seed is not used",
    )


def visits(impl, n, batch_size, epochs, seed, lr=0.5):
    """The batches of the last of `epochs` epochs, in order, as lists of sample numbers.

    Sample i is the i-th unit vector and the network is linear, so that only a visit to sample i moves row i of the
    weights, and by an amount that depends on the bias at that moment.  All labels are 0, so the bias moves one way and
    every moment has an amount of its own: the moved rows tell the batches.
    """
    states = [train_on_units(impl, n, batch_size, k, seed, lr) for k in (epochs - 1, epochs)]
    (w, b), (moved, _) = states
    w, b, rest, batches = w.copy(), b.copy(), set(range(n)), []
    # An update of two logits commits fewer than 60 roundings of numbers below 2; what the bias carries over from one
    # update to the next at most doubles that here, as the gradient's slope by the bias, 1/4, times lr is below 1.
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    tolerance = gamma(240 * n * epochs, u) + 8 * n * epochs * impl.log_epsilon
    while rest:
        size = min(batch_size, len(rest))
        grads = (softmax(w + b) - np.array([1.0, 0.0])) / size
        batch = [i for i in sorted(rest) if np.abs(w[i] - lr * grads[i] - moved[i]).max() <= tolerance]
        if len(batch) != size:
            unmoved = [i for i in range(n) if np.array_equal(w[i], moved[i])]
            never = f"; never visited: {unmoved}" if unmoved else ""
            assert_that(
                False,
                f"epoch {epochs} of fit with {n} samples in batches of {batch_size}: "
                f"update {len(batches) + 1} should be the mean "
                f"gradient of {size} of the samples not yet visited, found {len(batch)} that were moved so{never}",
                actual=moved - w,
            )
        batches.append(batch)
        b = b - lr * grads[batch].sum(axis=0)
        rest -= set(batch)
    return batches


def train_on_units(impl, n, batch_size, epochs, seed, lr):
    """(weights, biases) of a linear network trained from zero on unit vectors, all with label 0."""
    model = Case((n, 2), [np.zeros((n, 2))], [np.zeros(2)], np.eye(n), np.zeros(n, dtype=int)).create(impl)
    if epochs:
        impl.fit(model, np.eye(n), np.zeros(n, dtype=int), epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    weights, biases = impl.parameters(model)
    return weights[0].astype(float), biases[0].astype(float)


@spec("training.every_sample", after=(*FIT, "training.batch_size", "training.epochs", "training.seed"))
def test_every_sample(impl):
    """Every epoch visits every sample exactly once."""
    for batch_size in (1, 2, 3, 6):
        for epochs in (1, 2):
            assert_that(len(visits(impl, 6, batch_size, epochs, seed=1)) == 6 // batch_size, "the number of batches")


@spec("training.last_batch", after="training.every_sample")
def test_last_batch(impl):
    """Samples left over when the batch size does not divide N make a smaller last batch, averaged over its own size."""
    for n, batch_size in ((7, 3), (5, 2), (5, 4), (3, 8)):
        sizes = [len(batch) for batch in visits(impl, n, batch_size, 1, seed=1)]
        assert_that(sum(sizes) == n, f"the batches of an epoch of {n} samples have sizes {sizes}")


@spec("training.fresh_order", after=("training.every_sample", "training.seed"))
def test_fresh_order(impl):
    """Every epoch goes through the samples in a random order of its own."""
    orders = [[order(visits(impl, 7, 1, epoch, seed)) for epoch in (1, 2)] for seed in range(4)]
    # A fair shuffle repeats an order of 7 with probability 1 / 5040, and is a rotation of it, forwards or backwards,
    # with probability 14 / 5040: four times in four with 6e-11.
    assert_that(
        any(first not in turns(list(range(7))) for first, _ in orders),
        "fit goes through the samples in the order they are given in, or in a rotation of it: it does not shuffle",
    )
    assert_that(
        any(second not in turns(first) for first, second in orders),
        f"fit takes the samples of every epoch in the same order, or in a rotation of it: {orders[0]}",
    )


def order(batches):
    """The samples of an epoch in the order of their visits."""
    return [sample for batch in batches for sample in batch]


def turns(order):
    """All rotations of an order, and of its reverse."""
    return [way[i:] + way[:i] for way in (order, order[::-1]) for i in range(len(order))]


@spec("training.labels", after=FIT)
def test_labels(impl):
    """Shuffling keeps every label with its input."""
    n, y = 6, np.array([0, 1, 2, 2, 1, 0])
    for seed in range(3):
        model = Case((n, 3), [np.zeros((n, 3))], [np.zeros(3)], np.eye(n), y).create(impl)
        impl.fit(model, np.eye(n), y, epochs=1, batch_size=2, lr=0.25, seed=seed)
        # Only sample i moves row i, and from small logits it raises the logit of its own label and lowers the rest.
        raised = impl.parameters(model)[0][0] > 0
        found = [np.flatnonzero(row).tolist() for row in raised]
        assert_that(
            found == [[label] for label in y],
            f"the logits that the samples raised are {found}, their labels {y.tolist()}",
        )


@spec("training.history", after="training.full_batch")
def test_history(impl):
    """A history, where fit returns one, has each epoch's mean loss: over samples, over batches, or after the epoch."""
    model, network, x, y = alike(impl, 7)
    history = impl.fit(model, x, y, epochs=3, batch_size=3, lr=0.25, seed=0)
    if history is None:
        raise NotApplicable("fit returns no history")
    assert_that(
        len(history) == 3, f"fit returns a history of {len(history)} entries, expected one for each of 3 epochs"
    )
    meanings = {"the mean over the samples": [], "the mean over the batches": [], "the loss after the epoch": []}
    off, bound = no_errors(network), 0.0
    for _ in range(3):
        losses = []
        for _ in range(3):
            exact = analyse(network, x, y, impl.unit_roundoff, impl.log_epsilon, off)
            losses.append(exact.loss[0])
            off = step_errors(network, exact, 0.25, impl.unit_roundoff, off)
            network.step(network.backward(x, y), 0.25)
        after, error = analyse(network, x, y, impl.unit_roundoff, impl.log_epsilon, off).loss
        bound = max(bound, 2 * error)  # the errors grow, so the last is the largest; twice, for the sum of the mean
        meanings["the mean over the samples"].append((3 * losses[0] + 3 * losses[1] + losses[2]) / 7)
        meanings["the mean over the batches"].append(sum(losses) / 3)
        meanings["the loss after the epoch"].append(after)
    fits = [name for name, expected in meanings.items() if np.allclose(history, expected, rtol=0, atol=bound)]
    said = "; ".join(f"{name}: {[round(value, 6) for value in expected]}" for name, expected in meanings.items())
    assert_that(fits, f"fit returns the history {history}, expected one of {said}", actual=history)


@spec("training.convex", after=FIT)
def test_convex(impl):
    """Without a hidden layer the loss is convex: a full-batch step at a safe rate lowers it by at least lr/2 |g|^2."""
    case = network_case(SIZES[0], 7)
    extended = np.hstack([case.x, np.ones((7, 1))])
    # The Hessian is at most half of the inputs' second moment (math.md, training.convex): 1/L is the safe rate.
    lr = float(1 / (np.linalg.eigvalsh(extended.T @ extended / 7).max() / 2))
    model, network = case.create(impl), reference(case.sizes, case.weights, case.biases)
    slack = 4 * analyse(network, case.x, case.y, impl.unit_roundoff, impl.log_epsilon).loss[1]
    before = impl.loss(model, case.x, case.y)
    for epoch in range(20):
        network.weights, network.biases = (
            [np.array(array, np.float64) for array in group] for group in impl.parameters(model)
        )
        squared = sum(float((g**2).sum()) for g in arrays(network.backward(case.x, case.y)))
        impl.fit(model, case.x, case.y, epochs=1, batch_size=7, lr=lr, seed=epoch)
        after = impl.loss(model, case.x, case.y)
        assert_that(
            after <= before - lr / 2 * squared + slack,
            f"epoch {epoch + 1} takes the loss from {before:.6g} to {after:.6g}, "
            f"expected at most {before - lr / 2 * squared:.6g}",
        )
        before = after


@spec("training.xor", after=FIT)
def test_xor(impl):
    """Training solves exclusive or, which no linear model can."""
    x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    start = network_case((2, 8, 2), 4, seed=1)
    model = Case((2, 8, 2), start.weights, start.biases, x, y).create(impl)
    impl.fit(model, x, y, epochs=400, batch_size=4, lr=0.5, seed=0)
    assert_equal(impl.predict(model, x), y, what="predict after training on exclusive or")
    loss = impl.loss(model, x, y)
    assert_that(loss < 0.1, f"the loss after training on exclusive or is {loss:.4g}, expected below 0.1")


@spec("training.overfit", after=FIT)
def test_overfit(impl):
    """A network with more parameters than data learns a tiny set by heart."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(10, 6)), rng.integers(0, 3, size=10)
    start: MLP = MLP((6, 24, 3), seed=0)
    case = Case((6, 24, 3), start.weights, start.biases, x, y)
    model = case.create(impl)
    impl.fit(model, x, y, epochs=150, batch_size=4, lr=0.25, seed=0)
    loss = impl.loss(model, x, y)
    assert_that(loss < 0.05, f"the loss on ten samples after 150 epochs is {loss:.4g}, expected below 0.05")
    assert_equal(impl.predict(model, x), y, what="predict on the ten samples it was trained on")
