"""Networks put together from layers: they are the reference's MLP, and more."""

import numpy as np
import pytest

from chainrule import api
from chainrule.mathematics.differences import central_difference
from chainrule.reference import MLP, Adam, Momentum, RMSProp, composed, step_decay

SIZES = [5, 7, 4, 3]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 5)), np.arange(9) % 3


@pytest.mark.once
def test_the_core_chapters_pass():
    outcome = api.check("chainrule.reference.composed")
    assert outcome.verdict == "pass", [spec.id for spec in outcome.specs if spec.outcome not in ("passed", "skipped")]


def test_without_more_between_it_computes_what_the_plain_network_does():
    made, plain = composed.MLP(SIZES, 1), MLP(SIZES, 1)
    settings = {"epochs": 3, "batch_size": 4, "lr": 0.1, "seed": 3}
    assert made.fit(X, Y, **settings) == plain.fit(X, Y, **settings)
    for ours, theirs in zip((*made.weights, *made.biases), (*plain.weights, *plain.biases), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("more", [{"normalized": True}, {"rate": 0.4}, {"normalized": True, "rate": 0.4}])
def test_gradients_of_every_layer_are_those_of_the_loss_in_training(more):
    assert_gradients_are_right(composed.MLP(SIZES, 1, **more), X)


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_gradients_of_a_convolutional_network_are_those_of_its_loss(rate):
    """Pictures of two channels whose sides differ, and no power of two divides: the last row or column is left out."""
    pictures = np.random.default_rng(2).normal(size=(9, 2 * 7 * 5))
    network = composed.CNN([70, 4, 3], 1, shape=(2, 7, 5), filters=(3, 2), rate=rate)
    assert [theta.shape for theta in network.weights] == [(3, 2, 3, 3), (2, 3, 3, 3), (2, 4), (4, 3)]
    for bias in network.biases:
        bias += RNG.normal(scale=0.5, size=bias.shape)  # else units all of whose inputs are dropped lie at their kink
    assert_gradients_are_right(network, pictures, step=2.0**-20)  # so short that none of 800 units comes to its kink
    weight_grads, bias_grads = network.backward(pictures, Y)
    descended = (*network.gradients[::2], *network.gradients[1::2])
    for found, expected in zip((*weight_grads, *bias_grads), descended, strict=True):
        np.testing.assert_array_equal(found, expected)


def assert_gradients_are_right(network, x, step=2.0**-12):
    """The gradients are the slopes of the loss; masks are drawn anew from the same state for every value of it."""
    drops = [layer for layer in network.layers if isinstance(layer, composed.Dropout)]

    def loss():
        for seed, layer in enumerate(drops):
            layer.rng = np.random.default_rng(seed)
        return network.descend(x, Y)

    loss()
    for theta, g in zip(network.parameters, [g.copy() for g in network.gradients], strict=True):
        for place in np.ndindex(theta.shape):

            def along(step, theta=theta, place=place):
                before = theta[place]
                theta[place] = before + step
                try:
                    return loss()
                finally:
                    theta[place] = before

            found = central_difference(along, step, rounding=2.0**-48, curvature=np.inf)  # 32 roundings of a loss
            assert abs(found.value - g[place]) <= found.bound


def test_a_convolutional_network_learns_a_shape_wherever_it_lies():
    """Upright and level bars, at random places: an affine layer of the pixels cannot tell them apart."""
    rng = np.random.default_rng(3)
    pictures, labels = np.zeros((400, 12, 12)), np.arange(400) % 2
    for picture, label in zip(pictures, labels, strict=True):
        i, j = rng.integers(9, size=2)
        shape = (4, 1) if label else (1, 4)
        picture[i : i + shape[0], j : j + shape[1]] = 1
    x = pictures.reshape(400, 144)
    network = composed.CNN([144, 8, 2], 0, shape=(1, 12, 12), filters=(4, 4), optimizer=Adam)
    network.fit(x[:300], labels[:300], epochs=15, batch_size=20, lr=0.01)
    assert (network.predict(x[300:]) == labels[300:]).mean() > 0.95


def test_a_convolutional_network_is_refused_inputs_of_another_size():
    with pytest.raises(ValueError, match=r"expected 70 inputs, as shape is \(2, 7, 5\), found 69"):
        composed.CNN([69, 3], shape=(2, 7, 5))


def test_pictures_and_rows_are_the_same_numbers():
    images, rows = composed.Images((2, 3, 4)), composed.Rows()
    x = np.random.default_rng(4).normal(size=(5, 24))
    images.mean += 0.5
    pictures = images.forward(x, training=True)
    np.testing.assert_array_equal(pictures[1, 1, 2], x[1, 20:24] - 0.5)
    back = rows.forward(pictures, training=True)
    np.testing.assert_array_equal(back, x - 0.5)
    np.testing.assert_array_equal(images.backward(rows.backward(back)), back)


@pytest.mark.parametrize("optimizer", [Adam, RMSProp, Momentum])
def test_any_optimizer_trains_it(optimizer):
    network = composed.MLP(SIZES, 1, optimizer=optimizer)
    history = network.fit(X, Y, epochs=60, batch_size=3, lr=0.01)
    assert history[-1] < history[0] / 2


def test_a_rate_may_depend_on_the_epoch():
    """Once the rate is zero nothing moves."""
    once, longer = composed.MLP(SIZES, 1), composed.MLP(SIZES, 1)
    once.fit(X, Y, epochs=1, batch_size=4, lr=0.1)
    longer.fit(X, Y, epochs=3, batch_size=4, lr=step_decay(0.1, 0.0, 1))
    for ours, theirs in zip(once.parameters, longer.parameters, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_penalty_pulls_at_matrices_alone():
    """One step on all samples: theta - lr (g + lam theta) for matrices, theta - lr g for vectors."""
    penalized, free = (composed.MLP(SIZES, 1, normalized=True, lam=lam) for lam in (0.5, 0.0))
    before = [theta.copy() for theta in free.parameters]
    for network in (penalized, free):
        network.fit(X, Y, epochs=1, batch_size=9, lr=0.25)
    for start, ours, theirs in zip(before, penalized.parameters, free.parameters, strict=True):
        np.testing.assert_allclose(ours, theirs - (0.125 * start if start.ndim == 2 else 0.0), rtol=1e-14, atol=1e-15)


def test_outside_of_training_samples_do_not_touch_each_other_and_nothing_is_drawn():
    network = composed.MLP(SIZES, 1, normalized=True, rate=0.5)
    network.fit(X, Y, epochs=2, batch_size=3, lr=0.1)
    alone = np.concatenate([network.forward(row[None]) for row in X])
    np.testing.assert_allclose(alone, network.forward(X), rtol=1e-12)
    np.testing.assert_array_equal(network.forward(X), network.forward(X))


@pytest.mark.parametrize("more", [{}, {"normalized": True}, {"rate": 0.5}])
def test_float32_stays_float32(more):
    network = composed.MLP(SIZES, 1, dtype=np.float32, **more)
    network.fit(X, Y, epochs=1, batch_size=4, lr=0.1)
    x = X.astype(np.float32)
    assert {network.logits(x, training).dtype for training in (True, False)} == {np.dtype(np.float32)}
    assert {theta.dtype for theta in network.parameters} == {np.dtype(np.float32)}


def test_data_and_settings_that_do_not_fit_are_refused():
    network = composed.MLP(SIZES)
    with pytest.raises(ValueError, match="x: expected shape"):
        network.fit(X[:, :4], Y, epochs=1, batch_size=4, lr=0.1)
    with pytest.raises(ValueError, match="epochs >= 0"):
        network.fit(X, Y, epochs=-1, batch_size=4, lr=0.1)
