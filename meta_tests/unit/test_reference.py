"""The reference beyond what the specification asks of every implementation: settings, messages, dependencies."""

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

from chainrule import reference
from chainrule.contract.chapters import EXTENSION_NAMES, EXTENSIONS
from chainrule.reference import MLP, cross_entropy, log_sum_exp, relu, softmax, xavier

SIZES = [4, 5, 3]
FOLDER = Path(reference.__file__).parent


def batch(count=7, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, SIZES[0])), rng.integers(SIZES[-1], size=count)


def parameters(network):
    return [*network.weights, *network.biases]


def same(first, second):
    """Bit for bit, dtype included."""
    return all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(parameters(first), parameters(second), strict=True)
    )


# Dependencies and form


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_imports_nothing_but_numpy(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert [alias.name for alias in node.names] == ["numpy"]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module in ({"importlib", "pkgutil"} if path.name == "__init__.py" else {"numpy"})
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1
            assert node.module in {"arguments", "functions", "layers", "mlp"}


def test_every_extension_is_public():
    assert set(EXTENSIONS) <= set(reference.__all__)


@pytest.mark.parametrize("name", EXTENSION_NAMES["optimizers"])
def test_an_optimizer_refuses_other_numbers_of_parameters_and_gradients(name):
    optimizer = getattr(reference, name)(0.1)
    optimizer.update([np.ones(2)], [np.ones(2)])
    for params, grads in (([np.ones(2)] * 2, [np.ones(2)]), ([np.ones(2)], [np.ones(2)] * 2)):
        with pytest.raises(ValueError, match=r"zip\(\)"):
            optimizer.update(params, grads)


@pytest.mark.parametrize("name", EXTENSIONS)
def test_an_extension_takes_what_the_contract_says(name):
    assert str(inspect.signature(getattr(reference, name))) == f"({EXTENSIONS[name].native_signature})"


def test_every_public_name_is_documented():
    public = [getattr(reference, name) for name in reference.__all__]
    methods = [method for name, method in vars(MLP).items() if callable(method) and not name.startswith("_")]
    for documented in [*public, *methods]:
        assert documented.__doc__, documented


# Arithmetic in the precision asked for


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_stays_in_the_dtype(dtype):
    network = MLP(SIZES, dtype=dtype)
    x, y = batch()
    assert network.forward(x).dtype == dtype
    network.fit(x, y, epochs=2, batch_size=3, lr=0.1)
    grads = network.backward(x, y)
    assert {array.dtype for array in [*parameters(network), *grads[0], *grads[1]]} == {np.dtype(dtype)}


def test_the_default_is_float64():
    assert {array.dtype for array in parameters(MLP(SIZES))} == {np.dtype(np.float64)}


def test_dtypes_start_from_the_same_weights():
    double, single = MLP(SIZES, 3), MLP(SIZES, 3, dtype=np.float32)
    for w, v in zip(double.weights, single.weights, strict=True):
        np.testing.assert_array_equal(w.astype(np.float32), v)


def test_log_sum_exp_of_huge_logits_is_finite():
    z = np.array([[1000.0, 1000.0], [-1000.0, -1000.0]])
    np.testing.assert_allclose(log_sum_exp(z), z[:, 0] + np.log(2), rtol=1e-15)


def test_loss_of_huge_logits_is_finite_where_the_probability_underflows():
    network = MLP([2, 2])
    network.weights = [np.eye(2)]
    assert network.loss([[1000.0, 0.0]], [1]) == 1000.0
    assert cross_entropy(network.forward([[1000.0, 0.0]]), [1]) == np.inf


def test_functions_take_lists():
    assert relu([-1, 2]).tolist() == [0, 2]
    assert softmax([[0.0, 0.0]]).tolist() == [[0.5, 0.5]]
    assert cross_entropy([[0.5, 0.5]], [1]) == np.log(2)
    assert xavier(2, 3, np.random.default_rng(0)).shape == (2, 3)


def test_an_affine_layer_takes_every_further_axis_as_inputs():
    x, w, b = np.arange(12.0).reshape(2, 3, 2), np.arange(24.0).reshape(6, 4), np.arange(4.0)
    out, cache = reference.affine_forward(x, w, b)
    np.testing.assert_array_equal(out, np.tensordot(x, w.reshape(3, 2, 4), 2) + b)
    assert reference.affine_backward(np.ones((2, 4)), cache)[0].shape == x.shape


def test_layers_take_lists():
    out, cache = reference.affine_forward([[1.0, 2.0]], [[3.0], [4.0]], [0.5])
    assert out.tolist() == [[11.5]]
    assert [gradient.tolist() for gradient in reference.affine_backward([[1.0]], cache)] == [
        [[3.0, 4.0]],
        [[1.0], [2.0]],
        [1.0],
    ]
    out, cache = reference.relu_forward([-1.0, 2.0])
    assert reference.relu_backward([3.0, 3.0], cache).tolist() == [0.0, 3.0]
    loss, dx = reference.softmax_loss([[0.0, 0.0]], [1])
    assert loss == np.log(2)
    assert dx.tolist() == [[0.5, -0.5]]


# fit: rate, callback, continuation


def test_batch_normalization_takes_lists():
    x, vector, dout = [[1.0, 2.0], [3.0, 5.0], [5.0, 5.0]], [2.0, -1.0], [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    out, cache = reference.batchnorm_forward(x, vector, vector, 0.0)
    assert out == pytest.approx(np.array([[2 - 6**0.5, 2**0.5 - 1], [2, -1 - 0.5**0.5], [2 + 6**0.5, -1 - 0.5**0.5]]))
    for backward in (reference.batchnorm_backward, reference.batchnorm_backward_alt):
        dx, dgamma, dbeta = backward(dout, cache)
        assert dx.sum(axis=0) == pytest.approx(np.zeros(2))
        assert dgamma == pytest.approx([-(1.5**0.5), 0])
        assert dbeta.tolist() == [1, 0]
    assert reference.batchnorm_evaluate(x, vector, vector, [1, 2], [4, 9], 0.0).tolist() == [[2, -1], [4, -2], [6, -2]]
    running = reference.batchnorm_running(x, [1, 2], [4, 9], 0.5)
    assert running == pytest.approx(np.array([[2, 3], [10 / 3, 5.5]]))


def test_convolution_takes_lists():
    x, w, dout = [[[[1.0, 2.0, 0.0], [3.0, 4.0, 1.0]]]], [[[[1.0, 0.0], [0.0, 2.0]]]], [[[[1.0, -1.0]]]]
    out, cache = reference.conv2d_forward(x, w, [0.5])
    assert out.tolist() == [[[[9.5, 4.5]]]]
    dx, dw, db = reference.conv2d_backward(dout, cache)
    assert dx.tolist() == [[[[1.0, -1.0, 0.0], [0.0, 2.0, -2.0]]]]
    assert dw.tolist() == [[[[-1.0, 2.0], [-1.0, 3.0]]]]
    assert db.tolist() == [0.0]
    assert reference.conv2d_forward(x, w, [0.0], stride=2, pad=1)[0].tolist() == [[[[2.0, 0.0], [0.0, 4.0]]]]


def test_max_pooling_takes_lists():
    x, dout = [[[[1, 3, 2, 0, 7], [0, 3, 5, 4, 7]]]], [[[[1.0, -2.0]]]]
    out, cache = reference.maxpool2d_forward(x)
    assert out.tolist() == [[[[3, 5]]]]
    assert reference.maxpool2d_backward(dout, cache).tolist() == [[[[0, 1, 0, 0, 0], [0, 0, -2, 0, 0]]]]
    assert reference.maxpool2d_forward(x, stride=1)[0].tolist() == [[[[3, 5, 5, 7]]]]
    assert reference.maxpool2d_forward(x, size=1)[0].tolist() == [[[[1, 2, 7]]]]


def test_an_infinite_slope_stays_where_it_belongs():
    _, cache = reference.maxpool2d_forward([[[[1.0, 3.0], [2.0, 0.0]]]])
    assert reference.maxpool2d_backward([[[[np.inf]]]], cache).tolist() == [[[[0.0, np.inf], [0.0, 0.0]]]]


def test_lr_as_a_function_is_asked_once_per_epoch_counted_from_zero():
    asked = []
    network = MLP(SIZES)
    network.fit(*batch(), epochs=3, batch_size=2, lr=lambda epoch: asked.append(epoch) or 0.1)
    assert asked == [0, 1, 2]


def test_lr_as_a_function_equals_the_number_it_returns():
    x, y = batch()
    number, function = MLP(SIZES), MLP(SIZES)
    number.fit(x, y, epochs=2, batch_size=2, lr=0.25)
    function.fit(x, y, epochs=2, batch_size=2, lr=lambda epoch: 0.25)
    assert same(number, function)


def test_lr_as_a_function_changes_the_rate_of_its_epoch_alone():
    x, y = batch()
    one, two = MLP(SIZES), MLP(SIZES)
    one.fit(x, y, epochs=1, batch_size=2, lr=0.25)
    two.fit(x, y, epochs=3, batch_size=2, lr=lambda epoch: 0.25 if epoch == 0 else 0.0)
    assert same(one, two)


def test_callback_sees_every_epoch_and_its_loss():
    seen = []
    history = MLP(SIZES).fit(*batch(), epochs=4, batch_size=3, lr=0.1, callback=lambda *call: seen.append(call))
    assert seen == list(enumerate(history))
    assert len(seen) == 4


def test_callback_sees_the_weights_of_its_epoch():
    x, y = batch()
    network, one_epoch = MLP(SIZES), MLP(SIZES)
    losses = []
    network.fit(x, y, epochs=2, batch_size=3, lr=0.5, callback=lambda *_: losses.append(network.loss(x, y)))
    one_epoch.fit(x, y, epochs=1, batch_size=3, lr=0.5)
    assert losses[0] == one_epoch.loss(x, y)
    assert losses[1] == network.loss(x, y)


def test_history_weighs_samples_alike():
    """With a rate of zero nothing moves, and the mean over unequal batches is the loss of all samples."""
    x, y = batch(7)
    network = MLP(SIZES)
    assert network.fit(x, y, epochs=1, batch_size=3, lr=0.0) == pytest.approx([network.loss(x, y)], rel=1e-14)


def test_no_epochs_change_nothing():
    network = MLP(SIZES)
    assert network.fit(*batch(), epochs=0, batch_size=2, lr=0.1) == []
    assert same(network, MLP(SIZES))


def test_the_seed_of_fit_decides_the_order():
    networks = [MLP(SIZES) for _ in range(3)]
    for network, seed in zip(networks, (1, 1, 2), strict=True):
        network.fit(*batch(), epochs=1, batch_size=2, lr=0.5, seed=seed)
    assert same(networks[0], networks[1])
    assert not same(networks[0], networks[2])


def test_seeds_are_zero_where_none_is_given():
    x, y = batch()
    by_default, by_seed = MLP(SIZES), MLP(SIZES, 0)
    assert same(by_default, by_seed)
    by_default.fit(x, y, epochs=1, batch_size=2, lr=0.5)
    by_seed.fit(x, y, epochs=1, batch_size=2, lr=0.5, seed=0)
    assert same(by_default, by_seed)


def test_an_exception_in_the_callback_leaves_the_epoch_trained():
    """What `chainrule train` builds on to keep a training that Ctrl-C ends."""

    def stop(epoch, loss):
        raise KeyboardInterrupt

    network, one_epoch = MLP(SIZES), MLP(SIZES)
    with pytest.raises(KeyboardInterrupt):
        network.fit(*batch(), epochs=5, batch_size=2, lr=0.5, callback=stop)
    one_epoch.fit(*batch(), epochs=1, batch_size=2, lr=0.5)
    assert same(network, one_epoch)


# Bad input, told by name


@pytest.mark.parametrize("sizes", [[], [3], [3, 0], [3, -1, 2]])
def test_sizes_that_are_no_network(sizes):
    with pytest.raises(ValueError, match=r"sizes: expected at least two positive layer sizes.*found"):
        MLP(sizes)


@pytest.mark.parametrize("dtype", [np.float16, np.int64, "U3", object])
def test_dtypes_it_does_not_compute_in(dtype):
    with pytest.raises(ValueError, match="dtype: expected float64 or float32, found"):
        MLP(SIZES, dtype=dtype)


@pytest.mark.parametrize("call", ["forward", "predict", "loss", "backward", "fit"])
@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 5), (1, 2, 4), (2, 4, 1)])
def test_inputs_of_another_shape(call, shape):
    labels = [] if call in ("forward", "predict") else [np.zeros(shape[0], dtype=int)]
    settings = {"epochs": 1, "batch_size": 1, "lr": 0.1} if call == "fit" else {}
    with pytest.raises(ValueError, match=r"x: expected shape \(N, 4\), found \("):
        getattr(MLP(SIZES), call)(np.zeros(shape), *labels, **settings)


def test_gradients_and_parameters_that_are_not_all_there():
    network = MLP(SIZES)
    weight_grads, bias_grads = network.backward(*batch())
    for incomplete in [(weight_grads,), (weight_grads[:1], bias_grads), (weight_grads, bias_grads[:1])]:
        with pytest.raises(ValueError, match="zip"):
            network.step(incomplete, 0.0)
    network.biases = network.biases[1:]
    with pytest.raises(ValueError, match="zip"):
        network.forward(batch()[0])


WRONG_LABELS = [
    (np.array([0, 1]), "y: expected 3 integer labels, found shape (2,)"),
    (np.array([[0], [1], [2]]), "y: expected 3 integer labels, found shape (3, 1)"),
    (np.array([0.0, 1.0, 2.0]), "y: expected 3 integer labels, found shape (3,) of float64"),
    (np.array([0, 1, 3]), "y: expected labels 0 to 2, found 0 to 3"),
    (np.array([0, 1, 4]), "y: expected labels 0 to 2, found 0 to 4"),
    (np.array([0, -1, 2]), "y: expected labels 0 to 2, found -1 to 2"),
]


@pytest.mark.parametrize(("y", "message"), WRONG_LABELS)
@pytest.mark.parametrize("call", ["loss", "backward", "fit"])
def test_wrong_labels(call, y, message):
    network = MLP(SIZES)
    settings = {"epochs": 1, "batch_size": 1, "lr": 0.1} if call == "fit" else {}
    with pytest.raises(ValueError) as caught:
        getattr(network, call)(np.zeros((3, 4)), y, **settings)
    assert message in str(caught.value)
    assert same(network, MLP(SIZES))


@pytest.mark.parametrize(("epochs", "batch_size"), [(-1, 2), (1, 0), (1, -3)])
def test_settings_that_do_not_fit(epochs, batch_size):
    with pytest.raises(ValueError, match=f"expected epochs >= 0 and batch_size >= 1, found {epochs} and {batch_size}"):
        MLP(SIZES).fit(*batch(), epochs=epochs, batch_size=batch_size, lr=0.1)


def test_settings_are_given_by_name():
    x, y = batch()
    with pytest.raises(TypeError):
        MLP(SIZES).fit(x, y, 1, 2, 0.1)
    with pytest.raises(TypeError):
        MLP(SIZES, 0, np.float32)
    assert len(MLP(sizes=SIZES, seed=0).fit(x=x, y=y, epochs=1, batch_size=2, lr=0.1)) == 1


def test_nothing_to_train_on():
    with pytest.raises(ValueError, match="x: expected at least one sample to train on, found none"):
        MLP(SIZES).fit(np.zeros((0, 4)), np.zeros(0, dtype=int), epochs=1, batch_size=1, lr=0.1)


def test_labels_of_any_integer_type_and_none_at_all():
    network = MLP(SIZES)
    x, y = batch()
    assert network.loss(x, y.astype(np.uint8)) == network.loss(x, y.tolist())
    assert network.predict(np.zeros((0, 4))).shape == (0,)
    assert not any(g.any() for g in network.backward(np.zeros((0, 4)), np.zeros(0, dtype=int))[0])
    weight_grads, _ = network.backward(x[:1], y[:1].astype(np.int8))
    assert [g.shape for g in weight_grads] == [w.shape for w in network.weights]
