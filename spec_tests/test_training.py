"""Chapter training: one step of gradient descent, and mini-batch SGD."""

from contextlib import nullcontext, suppress
from itertools import pairwise

import numpy as np

from chainrule.boundary.errors import NotApplicable, unless_refused
from chainrule.mathematics.cases import MARGIN, Case, network_case, reference
from chainrule.mathematics.comparison import Failure, assert_close, assert_equal, assert_that
from chainrule.mathematics.identity import DEEPEST
from chainrule.mathematics.rounding import no_errors, step_errors, values
from chainrule.reference import MLP
from chainrule.specification.analysis import analysis, analysis_of
from chainrule.specification.long_training import (
    at_odds,
    compare_last_step,
    copies,
    patient_rate,
    restless_rate,
    steepened,
)
from chainrule.specification.sampling import batch_rate, cuts, descend_once, step_bound, units, visits
from chainrule.specification.spec import spec

GRADIENTS = ("gradients.weights", "gradients.biases", "gradients.values", "network.missing_class")
FIT = (*GRADIENTS, "training.step")
AT_RANDOM = 100  # seeds, or networks, with `--thorough`: each needs several trainings, followed step by step
SHUFFLED, ORDERS = 7, 4  # how many samples' orders are compared, for how many seeds: training.fresh_order
SHUFFLED_ONCE = 14  # samples if the code contains a fixed seed
SEEDED, SEEDED_BATCH, SEEDED_EPOCHS = 7, 2, 2  # a training that other seeds must not repeat: training.seed
OTHER_SEEDS = 4
MANY, LONG = 130, 60  # samples or batches, and epochs: more than a cap of 100 or a schedule of 50 lets through
RESTLESS = 26  # epochs: longer than usual patience with a loss that does not fall
STARTS = 4  # networks among which one is found whose loss rises
STEEP = 2.0**12  # how much larger inputs are than usual: gradients reach the thousands
CUT, CUT_SIZE = 21, 3  # samples and batch size of training.fresh_batches
LATE = {CUT_SIZE: 52, 1: 12}  # {batch size: the epoch at which it looks}
NEARLY_ZERO, LOW = (
    2.0**-60,
    2.0**-5,
)  # rates: no step is seen at the first, and the gradients hardly change at the second
ALONG = 0.9  # the smallest cosine between trainings that follow the same gradients
OVERFIT_LOSS, OVERFIT_ORDERS = (
    0.05,
    4,
)  # one of so many trainings must reach the goal: training.overfit


def arrays(parameters):
    """Weights and biases in one list."""
    return [*parameters[0], *parameters[1]]


def compare(impl, model, network, off, what):
    """Compare a model's parameters with those of the reference, whose errors are `off`."""
    found = arrays(impl.parameters(model))
    for l, (a, e, error) in enumerate(zip(found, arrays((network.weights, network.biases)), arrays(off), strict=True)):
        assert_close(a, e, bound=error, what=f"parameter array {l} {what}")


def some_gradients(networks, case, seed=0):
    """Random gradients on the grid, independent of the parameters, to check a step by itself."""
    other = networks.at(case.sizes, 1, seed=100 + seed)
    return other.weights, other.biases


def train(impl, model, x, y, *, batch_size, **settings):
    """Call fit with this batch size; if fit does not know it, with the whole data or single samples."""
    for size in (batch_size, len(x)):
        with suppress(NotApplicable):
            return impl.fit(model, x, y, batch_size=size, **settings)
    return impl.fit(model, x, y, batch_size=1, **settings)


def known(trial, values):
    """Try each batch size, number of epochs or both; raise NotApplicable only if none can be tried."""
    unknown = []
    for value in values:
        try:
            trial(value)
        except NotApplicable as error:
            unknown.append(error)
    if len(unknown) == len(values):
        raise unknown[-1]


@spec("training.step", after=("network.assignable",))
def test_step(impl, networks):
    """A step is theta - lr g, for every parameter of every layer."""
    for case in (*networks(batches=(1,)), *networks.unusual()):
        for lr in (0.5, 0.125):  # exact in float32, in which code may keep its rate
            model, grads = impl.network(case), some_gradients(networks, case)
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
def test_step_stateless(impl, networks):
    """A step depends on the parameters, the gradients and the rate alone, without momentum from the step before."""
    case = networks.case(2, 1)
    model, first, second = impl.network(case), some_gradients(networks, case, 1), some_gradients(networks, case, 2)
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
def test_step_arguments_kept(impl, networks):
    """A step does not change the gradients."""
    case = networks.case(2, 1)
    impl.step(impl.network(case), some_gradients(networks, case), 0.5)
    assert_that(not impl.calls[-1].modified, "step writes into its argument grads")


@spec("training.zero_rate", after=("training.step", "network.forward"))
def test_zero_rate(impl, networks):
    """With a rate of zero, neither a step nor training changes the parameters."""
    case = networks.case(1, 7)
    unseen = []
    for what in ("step", "fit"):
        model = impl.network(case)
        try:
            with unless_refused("a rate of zero"):
                if what == "step":
                    impl.step(model, some_gradients(networks, case), 0.0)
                else:
                    train(impl, model, case.x, case.y, epochs=2, batch_size=3, lr=0.0, seed=0)
        except NotApplicable as error:
            unseen.append(error)
            continue
        found, before = arrays(impl.parameters(model)), arrays((case.weights, case.biases))
        kept = all(np.array_equal(a, e) for a, e in zip(found, before, strict=True))
        if what == "fit" and not kept and raised_to_a_floor(impl, case):
            unseen.append(NotApplicable("fit raises small rates to a smallest one, as some schedules do"))
            continue
        for l, (a, e) in enumerate(zip(found, before, strict=True)):
            assert_equal(a, e, what=f"parameter array {l} after {what} with rate 0")
    if len(unseen) == 2:
        raise unseen[0]


def raised_to_a_floor(impl, case):
    """Whether training at rate 0 descends as far as at any other very small rate: a schedule has a smallest rate."""
    before, moved = arrays((case.weights, case.biases)), {}
    for lr in (0.0, NEARLY_ZERO, LOW):
        model = impl.network(case)
        train(impl, model, case.x, case.y, epochs=2, batch_size=len(case.x), lr=lr, seed=0)
        after = arrays(impl.parameters(model))
        moved[lr] = np.concatenate([np.ravel(a - e) for a, e in zip(after, before, strict=True)])
    at_zero, further = moved[0.0], moved[LOW] - moved[0.0]
    off = np.abs(at_zero - moved[NEARLY_ZERO]).max()
    along = at_zero @ further > ALONG * np.linalg.norm(at_zero) * np.linalg.norm(further)
    return bool(along and off <= np.abs(at_zero).max() * (1 - ALONG))


@spec("training.arguments_kept", after="network.forward")
def test_arguments_kept(impl, networks):
    """fit does not change the caller's inputs and labels: it does not shuffle them in place."""
    case = networks.case(1, 7)
    train(impl, impl.network(case), case.x, case.y, epochs=2, batch_size=3, lr=0.125, seed=0)
    modified = impl.calls[-1].modified
    assert_that(not modified, f"fit writes into its argument {' and '.join(modified)}")


@spec("training.full_batch", after=FIT)
def test_full_batch(impl, networks):
    """One epoch with the whole data as one batch is one step along the gradient of the loss."""

    def trial(size):
        for case in networks.each((0, 1, 2), size):
            for lr in (0.5, 0.125):
                one_step(impl, case, lr)

    known(trial, (7, 1))  # a single sample, for code that visits samples one by one


def one_step(impl, case, lr):
    """Train for an epoch on the whole batch of a case, and compare with one step of the reference."""
    model, network = impl.network(case), case.network()
    exact, size = analysis(impl, case), len(case.x)
    impl.fit(model, case.x, case.y, epochs=1, batch_size=size, lr=lr, seed=0)
    network.step(network.backward(case.x, case.y), lr)
    pairs = exact.weight_grads + exact.bias_grads
    found, expected = arrays(impl.parameters(model)), arrays((network.weights, network.biases))
    for l, (a, e, (g, error)) in enumerate(zip(found, expected, pairs, strict=True)):
        bound = lr * error + step_bound(impl, e, lr * g)
        assert_close(a, e, bound=bound, what=f"parameter array {l} after one full-batch epoch at rate {lr}")


@spec("training.steep_gradients", after="training.full_batch")
def test_steep_gradients(impl, networks):
    """A gradient in the thousands is followed like any other: neither its norm nor its entries are clipped."""
    if np.finfo(impl.conventions["precision"].value).max < STEEP**2:
        raise NotApplicable(f"{impl.conventions['precision'].value} does not reach far enough")

    def trial(size):
        for case in networks.fixed((0, 1), size):
            one_step(impl, steepened(case, STEEP), 0.25)

    known(trial, (7, 1))


@spec("training.many_samples", after="training.full_batch")
def test_many_samples(impl, networks):
    """A batch of 130 samples is averaged over all of them: none is held out for validation, none is cut off."""
    for case in networks.fixed((0, 1), MANY):
        one_step(impl, case, 0.25)


@spec("training.not_a_number", after="training.full_batch")
def test_not_a_number(impl, networks):
    """A nan among the inputs shows in the weights: training does not drop the sample in silence."""

    def trial(size):
        case = networks.case(1, size)
        model, x = impl.network(case), case.x.copy()
        x[size // 2, 0] = np.nan
        with unless_refused("inputs that are not numbers"):
            impl.fit(model, x, case.y, epochs=1, batch_size=size, lr=0.25, seed=0)
        found = impl.parameters(model)[0][0][0]
        assert_that(
            np.isnan(found).all(),
            f"the first input's weights are {found} after training on a sample where that input is nan, expected nan",
        )

    known(trial, (7, 1))


@spec("training.continues", after="training.full_batch")
def test_continues(impl, networks):
    """fit continues from the present parameters: a second call trains further and does not start again."""
    case = networks.case(1, 7)
    model, network = impl.network(case), case.network()
    for seed in (0, 1):
        impl.fit(model, case.x, case.y, epochs=1, batch_size=7, lr=0.25, seed=seed)
    off = descend(impl, network, case.x, case.y, 0.25, 2)
    compare(impl, model, network, off, "after two calls of fit")


@spec("training.epochs", after="training.full_batch")
def test_epochs(impl, networks):
    """fit runs the given number of epochs: zero epochs change nothing, three are three passes over the data."""
    case = networks.case(1, 7)

    def trial(epochs):
        model, network = impl.network(case), case.network()
        with nullcontext() if epochs else unless_refused("zero epochs"):
            impl.fit(model, case.x, case.y, epochs=epochs, batch_size=7, lr=0.25, seed=0)
        off = descend(impl, network, case.x, case.y, 0.25, epochs)
        compare(impl, model, network, off, f"after {epochs} epochs")

    known(trial, (0, 1, 3))


@spec("training.many_epochs", after=("training.epochs", "training.continues"))
def test_many_epochs(impl, networks):
    """The 60th epoch is a step like the first: at the same rate, and along the same loss."""

    def trial(n):
        for depth in dict.fromkeys(networks.depths((0, 1))):
            case = copies(networks.case(depth, 1), n)
            lr = patient_rate(case, LONG)

            def train(model, epochs, case=case, lr=lr):
                impl.fit(model, case.x, case.y, epochs=epochs, batch_size=len(case.x), lr=lr, seed=0)

            compare_last_step(impl, case, lr, LONG, train, f"after {LONG} epochs at rate {lr} ({case})")

    known(trial, (2, 1))


@spec("training.rising_loss", after=("training.seed", "training.many_epochs"))
def test_rising_loss(impl, networks):
    """Every step is taken and kept, also where the loss rises: fit neither goes back nor stops."""
    cases = (at_odds(networks.case(0, 1, seed)) for seed in range(STARTS))
    case, lr = next(((case, lr) for case in cases if (lr := restless_rate(case, RESTLESS)) is not None), (None, None))
    if case is None:
        raise NotApplicable(f"no known network lets the loss rise above its start and stay there for {RESTLESS} steps")

    def train(model, epochs):
        impl.fit(model, case.x, case.y, epochs=epochs, batch_size=len(case.x), lr=lr, seed=0)

    compare_last_step(impl, case, lr, RESTLESS, train, f"after {RESTLESS} epochs at rate {lr}, at which the loss rises")


@spec("training.many_batches", after=("training.batch_size", "training.continues"))
def test_many_batches(impl, networks):
    """The 130th batch of an epoch makes an update like the first."""
    case = copies(networks.case(0, 1), 1)
    lr = patient_rate(case, MANY)

    def train(model, batches):
        data = copies(case, batches)
        impl.fit(model, data.x, data.y, epochs=1, batch_size=1, lr=lr, seed=0)

    compare_last_step(impl, case, lr, MANY, train, f"after an epoch of {MANY} batches of one sample")


@spec("training.batch_size", after="training.full_batch")
def test_batch_size(impl, networks):
    """An epoch of N samples in batches of B makes N / B updates, each along a batch's mean gradient."""

    def trial(batch_size):
        model, network, x, y = alike(impl, networks, 6)
        impl.fit(model, x, y, epochs=1, batch_size=batch_size, lr=0.25, seed=0)
        off = descend(impl, network, x, y, 0.25, 6 // batch_size)
        compare(impl, model, network, off, f"after an epoch of {len(x)} samples in batches of {batch_size}")

    known(trial, (1, 2, 3, 6))


def alike(impl, networks, n):
    """A network and n copies of one sample, so that every batch has the same gradient in any order."""
    case = copies(networks.case(0, 1), n)
    return impl.network(case), case.network(), case.x, case.y


def descend(impl, network, x, y, lr, steps):
    """Take `steps` full-batch steps of the reference; returns the errors that parameters may then have."""
    off = no_errors(network)
    for _ in range(steps):
        off = descend_once(impl, network, x, y, lr, off)
    return off


@spec("training.seed", after=FIT)
def test_seed(impl, networks):
    """The seed decides the training: the same seed repeats it to the last bit, other seeds shuffle differently."""
    seeding = impl.conventions["seeding"].value
    if seeding == "none":
        raise NotApplicable("neither a seed nor NumPy's global generator decides the training")
    case, (own, *others) = networks.case(1, SEEDED), networks.seeds(range(3, 4 + OTHER_SEEDS))

    def trained(seed):
        model = impl.network(case)
        settings = {"epochs": SEEDED_EPOCHS, "batch_size": SEEDED_BATCH, "lr": 0.25}
        train(impl, model, case.x, case.y, **settings, seed=seed)
        return np.concatenate([array.reshape(-1) for array in arrays(impl.parameters(model))])

    state = np.random.get_state()
    try:
        np.random.seed(1)
        first = trained(own)
        np.random.seed(2)
        assert_equal(trained(own), first, what="the parameters after training with the same seed again")
    finally:
        np.random.set_state(state)
    if seeding == "fixed" or not impl.fit_takes_seed or not in_batches(impl, case):
        return  # training.fresh_order checks the order
    assert_that(
        any(not np.array_equal(trained(seed), first) for seed in others),
        "training gives the same parameters for five different seeds: fit does not use the seed",
    )


def in_batches(impl, case):
    """Whether fit takes batches smaller than the data."""
    try:
        impl.fit(impl.network(case), case.x, case.y, epochs=1, batch_size=1, lr=0.25, seed=0)
    except NotApplicable:
        return False
    return True


@spec("training.every_sample", after=(*FIT, "training.batch_size", "training.epochs", "training.seed"))
def test_every_sample(impl, networks):
    """Every epoch visits every sample exactly once."""

    for seed in networks.trials([1], AT_RANDOM):

        def trial(batch_size, seed=seed):
            for epochs in (1, 2):
                batches = visits(impl, networks, 6, batch_size, epochs, seed)
                assert_that(len(batches) == 6 // batch_size, "the number of batches")

        known(trial, (1, 2, 3, 6))


@spec("training.last_batch", after=(*FIT, "training.every_sample"))
def test_last_batch(impl, networks):
    """If the batch size does not divide N, fit uses every sample and averages each batch over its size."""
    for seed in networks.trials([1], AT_RANDOM):

        def trial(cut, seed=seed):
            n, batch_size = cut
            batches = visits_of_some_cut(impl, networks, n, batch_size, seed)
            averages(impl, networks, n, batch_size, list(map(len, batches)), seed)

        try:
            for cut in ((7, 3), (5, 2), (5, 4)):
                trial(cut)
        except NotApplicable:
            if impl.host.traits().biases != "none":
                raise
        trial((3, 8))  # one update, which is also followed without biases


def visits_of_some_cut(impl, networks, n, batch_size, seed):
    """The result of `visits` for the first cut that fits.  If none fits, raises the failure of the usual cut."""
    usual, *equal = cuts(n, batch_size)
    try:
        return visits(impl, networks, n, batch_size, 1, seed, usual)
    except Failure:
        for sizes in equal:
            with suppress(Failure):
                return visits(impl, networks, n, batch_size, 1, seed, sizes)
        raise


def averages(impl, networks, n, batch_size, sizes, seed):
    """Compare every parameter, biases too, after an epoch of n copies of one sample in batches of these sizes."""
    model, network, x, y = alike(impl, networks, n)
    impl.fit(model, x, y, epochs=1, batch_size=batch_size, lr=0.25, seed=seed)
    off = no_errors(network)
    for size in sizes:
        off = descend_once(impl, network, x, y, batch_rate(impl, 0.25, size, batch_size), off)
    compare(impl, model, network, off, f"after an epoch of {n} samples in batches of {batch_size}")


@spec("training.fresh_order", after=("training.every_sample", "training.seed"))
def test_fresh_order(impl, networks):
    """Every epoch visits the samples in a new random order."""
    fixed = impl.conventions["seeding"].value == "fixed"
    n, seeds = (SHUFFLED_ONCE, [0]) if fixed else (SHUFFLED, networks.seeds(range(ORDERS)))
    orders = [[order(visits(impl, networks, n, 1, epoch, seed)) for epoch in (1, 2)] for seed in seeds]
    # A fair shuffle of 7 samples is a rotation of an order, forwards or backwards, with probability 14 / 5040; four of
    # four are with 6e-11.  With a seed fixed in the code, 14 samples are shuffled once: 28 / 14! is 3e-10.
    assert_that(
        any(first not in turns(list(range(n))) for first, _ in orders),
        "fit visits the samples in their given order, or in a rotation of it: it does not shuffle",
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


@spec("training.fresh_batches", after=("training.fresh_order", "training.many_epochs", "training.many_samples"))
def test_fresh_batches(impl, networks):
    """Later epochs, too, have batches and an order of their own."""
    (seed,) = [0] if impl.conventions["seeding"].value == "fixed" else networks.seeds([1])

    def trial(batch_size):
        late = LATE[batch_size]
        first, second = (visits(impl, networks, CUT, batch_size, epoch, seed) for epoch in (late - 1, late))
        if batch_size > 1:
            first, second = (sorted(map(sorted, batches)) for batches in (first, second))
        what = "the batches" if batch_size > 1 else "the order"
        assert_that(first != second, f"{what} of epoch {late} of fit are those of epoch {late - 1}: {first}")

    known(trial, (CUT_SIZE, 1))


@spec("training.labels", after=FIT)
def test_labels(impl, networks):
    """Shuffling keeps every label with its input."""
    case = units(networks, 6, min(3, units(networks, 6).sizes[-1]))
    y = np.array([0, 1, 2, 2, 1, 0]) % min(3, case.sizes[-1])
    # With hidden layers, a rate at which the other weights stay near the identity until the last visit: all units are
    # on, so that an update moves a logit by as much as a layer has units.
    lr = 0.25 if len(case.sizes) == 2 else 2.0**-3 / max(case.sizes[1:-1])
    for seed in networks.trials(range(3)):
        model = impl.network(case)
        train(impl, model, case.x, y, epochs=1, batch_size=2, lr=lr, seed=seed)
        # Only sample i moves row i, and from small logits it raises the logit of its own label and lowers the rest.  A
        # sample that is never visited has no pair to be torn apart (training.every_sample).
        rows = impl.parameters(model)[0][0][:6]
        raised = [np.flatnonzero(row > 0).tolist() for row in rows[:, : y.max() + 1]]
        visited = (rows != case.weights[0][:6]).any(axis=1)
        found = {i: labels for i, labels in enumerate(raised) if visited[i]}
        if not found:  # training.full_batch reports a training that moves nothing
            raise NotApplicable("fit visits none of these samples")
        assert_that(
            found == {i: [y[i]] for i in found},
            f"the samples raised the logits {list(found.values())}, their labels {[int(y[i]) for i in found]}",
        )


@spec("training.history", after=("training.full_batch", "training.epochs", "training.batch_size"))
def test_history(impl, networks):
    """If fit returns a history, it has each epoch's mean loss: over samples, over batches, or after the epoch."""
    model, network, x, y = alike(impl, networks, 7)
    start = Case(network.sizes, network.weights, network.biases, x, y)
    batch_size = 3 if in_batches(impl, start) else 7
    history = impl.fit(model, x, y, epochs=3, batch_size=batch_size, lr=0.25, seed=0)
    if history is None:
        raise NotApplicable("fit returns no history")
    assert_that(
        len(history) == 3, f"fit returns a history of {len(history)} entries, expected one for each of 3 epochs"
    )
    said = []
    for sizes in cuts(7, batch_size):
        meanings, bound = histories(impl, start, sizes)
        if any(np.allclose(history, expected, rtol=0, atol=bound) for expected in meanings.values()):
            return
        said += [f"{name}: {[round(value, 6) for value in expected]}" for name, expected in meanings.items()]
    assert_that(False, f"fit returns the history {history}, expected one of {'; '.join(said[:3])}", actual=history)


def histories(impl, start, sizes):
    """({meaning: the history of three epochs of batches of these sizes}, the error that it may have)."""
    network, x, y = start.network(), start.x, start.y
    meanings = {"the mean over the samples": [], "the mean over the batches": [], "the loss after the epoch": []}
    off, bound = no_errors(network), 0.0
    for _ in range(3):
        losses = []
        for size in sizes:
            case = Case(network.sizes, network.weights, network.biases, x, y)
            losses.append(analysis_of(impl, network, case, off).loss[0])
            off = descend_once(impl, network, x, y, batch_rate(impl, 0.25, size, max(sizes)), off)
        case = Case(network.sizes, network.weights, network.biases, x, y)
        after, error = analysis_of(impl, network, case, off).loss
        bound = max(bound, 2 * error)  # errors grow, so the last is the largest; twice, for the rounding of the mean
        meanings["the mean over the samples"].append(float(np.average(losses, weights=sizes)))
        meanings["the mean over the batches"].append(sum(losses) / len(losses))
        meanings["the loss after the epoch"].append(after)
    return meanings, bound


@spec("training.convex", after=(*FIT, "network.present_parameters"))
def test_convex(impl, networks):
    """Without a hidden layer, a full-batch step at a safe rate lowers the convex loss by at least lr/2 |g|^2."""
    for case in (networks.exactly(0, 7), *networks.drawn((0,), (7,), MARGIN, AT_RANDOM)):
        descends(impl, case)


def descends(impl, case):
    """Take twenty full-batch steps of a network without a hidden layer, and check how far each lowers the loss."""
    extended = np.hstack([case.x, np.ones((7, 1))])
    # The Hessian is at most half of the inputs' second moment (training.convex): 1/L is the safe rate.
    lr = float(1 / (np.linalg.eigvalsh(extended.T @ extended / 7).max() / 2))
    model = impl.network(case)
    network, exact = read_off(impl, model, case)
    before = impl.own_loss(model, case.x, case.y)
    for epoch in range(20):
        impl.fit(model, case.x, case.y, epochs=1, batch_size=7, lr=lr, seed=epoch)
        after = impl.own_loss(model, case.x, case.y)
        pairs = exact.weight_grads + exact.bias_grads
        squared = sum(float((g**2).sum()) for g in values(pairs))
        # The errors of the two losses, of the squared gradient, and of the step to second order.
        slack = exact.loss[1] + lr * sum(float((np.abs(g) * error).sum()) for g, error in pairs)
        step = step_errors(network, exact, lr, impl.unit_roundoff, no_errors(network))
        slack += sum(float((error**2).sum()) for error in arrays(step)) / (2 * lr)
        network, exact = read_off(impl, model, case)
        slack += exact.loss[1]
        assert_that(
            after <= before - lr / 2 * squared + slack,
            f"epoch {epoch + 1} takes the loss from {before:.6g} to {after:.6g}, "
            f"expected at most {before - lr / 2 * squared:.6g}",
        )
        before = after


def read_off(impl, model, case):
    """The reference with a model's present parameters, and its analysis on a case's batch."""
    network = reference(case.sizes, *([array.astype(float) for array in group] for group in impl.parameters(model)))
    return network, analysis_of(impl, network, case)


@spec("training.xor", after=FIT)
def test_xor(impl, networks):
    """Training solves exclusive or, which a linear model cannot."""
    x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    start = network_case((2, 8, 2), 4, seed=1)
    settings = {"epochs": 400, "batch_size": 4, "lr": 0.5}
    case, settings = learnable(networks, Case((2, 8, 2), start.weights, start.biases, x, y), settings, 0.1)
    model = impl.network(case)
    impl.fit(model, case.x, y, **settings, seed=0)
    assert_equal(impl.classify(model, case.x), y, what="predict after training on exclusive or")
    loss = impl.own_loss(model, case.x, y)
    assert_that(loss < 0.1, f"the loss after training on exclusive or is {loss:.4g}, expected below 0.1")


@spec("training.overfit", after=FIT)
def test_overfit(impl, networks):
    """A network with more parameters than data learns a tiny data set by heart."""
    case, settings = learnable(networks, *overfit_case(), OVERFIT_LOSS)
    y, losses = case.y, []
    for seed in networks.seeds(range(OVERFIT_ORDERS)):
        model = impl.network(case)
        impl.fit(model, case.x, y, **settings, seed=seed)
        losses.append(impl.own_loss(model, case.x, y))
        if losses[-1] < OVERFIT_LOSS:  # the first training does, except by a chance known only from experience
            break
    assert_that(
        losses[-1] < OVERFIT_LOSS,
        f"the loss on ten samples after {settings['epochs']} epochs is {losses[-1]:.4g}, expected below {OVERFIT_LOSS}",
    )
    assert_equal(impl.classify(model, case.x), y, what="predict on the ten samples it was trained on")


def overfit_case():
    """Ten samples, the initial parameters of a network with 243 parameters, and settings for fit."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(10, 6)), rng.integers(0, 3, size=10)
    start = MLP((6, 24, 3), seed=0)
    case = Case((6, 24, 3), start.weights, start.biases, x, y)
    return case, {"epochs": 150, "batch_size": 4, "lr": 0.25}


def learnable(networks, case, settings, goal):
    """A case that gradient descent can learn, and the settings of fit for it.

    It is the given case, if the implementation makes a network that is large enough: units without weights and inputs
    of zero change nothing.  If fit knows only full batches, or only one order, it trains with full batches for four
    times as long.  Otherwise it is a case on which the reference itself reaches half the goal with full batches.
    """
    impl, calm = networks.impl, settings | {"batch_size": len(case.x), "epochs": 4 * settings["epochs"]}
    within = impl.fits(case.sizes)
    if within and all(size >= wanted for size, wanted in zip(within, case.sizes, strict=True)):
        case = padded(case, within)
        shuffled = impl.conventions["seeding"].value != "fixed"  # another seed means another order
        if settings["batch_size"] == len(case.x) or (shuffled and in_batches(impl, case)):
            return case, settings
        return case, calm
    if min(networks.depths((1, 2, 3, 4))) == 0:
        raise impl.no_network("with hidden layers")
    depths = range(1, DEEPEST + 1)
    sizes = networks.first(*((case.sizes[0], *[8] * depth, case.sizes[-1]) for depth in depths))
    if sizes[0] < case.sizes[0] or sizes[-1] < case.sizes[-1] or len(sizes) < 3:
        raise impl.no_network(f"with {case.sizes[0]} inputs and {case.sizes[-1]} classes")
    inputs = np.zeros((len(case.x), sizes[0]))
    inputs[:, : case.sizes[0]] = case.x
    for seed in range(8):
        start = networks.at(sizes, len(case.x), seed)
        used = start.weights[0][: case.sizes[0]]  # inputs of zero move no weights
        network = reference((case.sizes[0], *sizes[1:]), [used, *start.weights[1:]], start.biases)
        network.fit(case.x, case.y, **calm)
        if network.loss(case.x, case.y) < goal / 2:
            return Case(sizes, start.weights, start.biases, inputs, case.y), calm
    raise NotApplicable(f"no known initial parameters let a network of sizes {list(sizes)} learn this")


def padded(case, sizes):
    """The same network with further inputs, units and classes that do not affect it or its training."""
    weights = [np.zeros(fans) for fans in pairwise(sizes)]
    biases = [np.zeros(size) for size in sizes[1:]]
    biases[-1][case.sizes[-1] :] = -1000.0
    for larger, own in zip([*weights, *biases], [*case.weights, *case.biases], strict=True):
        larger[tuple(map(slice, own.shape))] = own
    x = np.zeros((len(case.x), sizes[0]))
    x[:, : case.sizes[0]] = case.x
    return Case(sizes, weights, biases, x, case.y)
