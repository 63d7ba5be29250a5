"""Recognising other people's code: names, arguments, places of parameters, gradients; and what must not be inferred."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.host.recognition.binding import Known, Thunk, Unbound, bind, named_values, returned_names
from chainrule.host.recognition.gradients import Contradiction, gradient_paths, stem
from chainrule.host.recognition.namespaces import names_read
from chainrule.host.recognition.settings import called_by
from chainrule.host.recognition.sizing import SizeArguments
from chainrule.host.recognition.slots import chain, discover
from chainrule.host.recognition.structures import Attribute, Item, follow, label, leaves, put, replace, spell
from chainrule.host.recognition.vocabulary import rank, role, size_role
from chainrule.host.source.stand_ins import Absence, Placeholder
from chainrule.running.loading import load
from chainrule.running.reading import notes_of

# Names


def test_names_that_the_base_of_a_class_reads():
    space = {"__name__": "net"}
    exec("class Base:\n    def run(self, z):\n        return softmax(z)\n\nclass Net(Base):\n    pass\n", space)
    assert "softmax" in names_read({"Net": space["Net"], "__name__": "net"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("alpha", "lr"),
        ("initial_lr", "lr"),
        ("lr0", "lr"),
        ("val_size", "left_out"),
        ("train_split", "kept_part"),
        ("dropout_p", "reg"),
        ("learning_rate", "lr"),
        ("eta", "lr"),
        ("iterations", "epochs"),
        ("num_iters", "epochs"),
        ("mini_batch_size", "batch_size"),
        ("X_train", "x"),
        ("input_batch", "x"),
        ("t", "y"),
        ("Y_one_hot", "y"),
        ("y_true", "y"),
        ("AL", "output"),
        ("y_hat", "output"),
        ("dvalues", "output_gradient"),
        ("parameters", "params"),
        ("caches", "cache"),
        ("gradients", "grads"),
        ("m", "samples"),
        ("keep_prob", "keep_prob"),
        ("lambda_reg", "reg"),
        ("print_every", "quiet"),
        ("X_val", "validation"),
        ("retea", None),
        ("eps", "rate_or_guard"),
    ],
)
def test_roles_of_parameters(name, meant):
    assert role(name) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("input_size", "inputs"),
        ("n_in", "inputs"),
        ("hidden1_size", "hidden"),
        ("n_hidden", "hidden"),
        ("hidden_layers", "hiddens"),
        ("layers_dims", "sizes"),
        ("num_classes", "outputs"),
        ("std", None),
    ],
)
def test_sizes_of_parameters(name, meant):
    assert size_role(name) == meant


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("forward", "L_model_forward"),
        ("forward", "forward_prop"),
        ("forward", "feedforward"),
        ("backward", "backward_propagation"),
        ("backward", "backprop"),
        ("loss", "compute_cost"),
        ("loss", "cross_entropy_loss"),
        ("step", "update_params"),
        ("fit", "gradient_descent"),
        ("fit", "SGD"),
        ("predict", "get_predictions"),
        ("init", "initialize_parameters_deep"),
    ],
)
def test_names_of_functions(operation, name):
    assert rank(operation, name) is not None
    assert rank(operation, "get_accuracy") is None


def test_the_contracts_own_name_is_the_likeliest():
    assert rank("forward", "forward") == 0
    assert rank("forward", "model_forward") > rank("forward", "forward_prop") > 0


# Arguments


def test_arguments_go_by_name_before_role():
    def backward(Z1, W2, X, Y):
        raise NotImplementedError

    known = Known({"x": "inputs", "y": "labels"}, {"W2": "second weights", "Z1": "first logits"})
    binding = bind(backward, known)
    assert binding.arguments == ("first logits", "second weights", "inputs", "labels")
    assert binding.taken == {"Z1": "Z1", "W2": "W2", "X": "x", "Y": "y"}


def test_arguments_whose_names_say_nothing_go_in_the_usual_order():
    def train(foo, bar, alpha):
        raise NotImplementedError

    known = Known({"x": "inputs", "y": "labels", "lr": 0.5}, order=("x", "y", "lr"))
    assert bind(train, known).arguments == ("inputs", "labels", 0.5)
    with pytest.raises(Unbound, match="foo"):
        bind(train, Known({"x": "inputs", "lr": 0.5}, order=("x", "lr")))


def test_defaults_stay_where_nothing_is_known_and_what_regularizes_is_switched_off():
    def train(X, name="a network", reg=0.1, keep_prob=0.8, verbose=True, *, y):
        raise NotImplementedError

    binding = bind(train, Known({"x": "inputs", "y": "labels"}))
    assert binding.arguments == ("inputs",)
    assert binding.keywords == {"reg": 0.0, "keep_prob": 1.0, "verbose": False, "y": "labels"}


def test_a_number_by_default_stays_unless_the_whole_name_says_what_it_is():
    def backward(X, y, eps=1e-12, m=0.9, learning_rate=0.5):
        raise NotImplementedError

    binding = bind(backward, Known({"x": "inputs", "y": "labels", "lr": 1.0, "samples": 7}))
    assert (binding.arguments, binding.keywords) == (("inputs", "labels"), {"learning_rate": 1.0})


def test_y_beside_labels_by_another_name_is_the_output():
    known = Known({"y": "labels", "output": Thunk(lambda: "output")})
    assert bind(lambda y, t: None, known).arguments == ("output", "labels")
    assert bind(lambda y: None, known).arguments == ("labels",)


def test_names_in_return_statements():
    def forward(x):
        def inner():
            return x, x, x

        if x is None:
            return None
        Z1, cache = x, {"A": inner}
        return Z1, cache["A"], x + 1

    assert returned_names(forward) == ["Z1", "A", ""]
    assert named_values(forward, (1, 2, 3)) == {"Z1": 1, "A": 2, "forward[2]": 3}
    assert named_values(forward, (1, {"W": 2}, 3)) == {"Z1": 1, "A": {"W": 2}, "W": 2, "forward[2]": 3}


# Sizes


def arguments(function, sizes):
    return SizeArguments(function).arguments(sizes, 7)[1]


def test_layer_sizes_as_constructors_take_them():
    assert arguments(lambda layer_dims: 0, [4, 6, 3]) == {"layer_dims": [4, 6, 3]}
    found = arguments(lambda n_in, n_hidden, n_out, seed: 0, [4, 6, 3])
    assert found == {"n_in": 4, "n_hidden": 6, "n_out": 3, "seed": 7}
    found = arguments(lambda input_size, output_size, hidden_sizes=(100,): 0, [4, 6, 5, 3])
    assert found == {"input_size": 4, "output_size": 3, "hidden_sizes": (6, 5)}
    assert arguments(lambda n0, n1, n2: 0, [4, 6, 3]) == {"n0": 4, "n1": 6, "n2": 3}


# Structures


class Layer:
    def __init__(self, w):
        self.w = w


def test_leaves_and_their_paths():
    value = {"a": [Layer(np.ones((2, 3))), ([[1.0, 2.0], [3.0, 4.0]], 5.0)], "name": "x", 1: np.ones(2)}
    found = {spell(path): leaf for path, leaf in leaves(value)}
    assert list(found) == ["['a'][0].w", "['a'][1][0]", "['a'][1][1]", "[1]"]
    assert found["['a'][1][0]"] == [[1.0, 2.0], [3.0, 4.0]]
    assert label((Attribute("layers"), Item(0), Attribute("dW"))) == "dW"
    assert label((Attribute("weights"), Item(1))) == "weights1"


def test_arrays_are_written_in_place_and_tuples_rebuilt():
    shared = np.zeros(2)
    value = ({"b": shared}, np.zeros((2, 2), int))
    assert put(value, (Item(0), Item("b")), np.array([1.0, 2.0])) is value
    assert shared.tolist() == [1.0, 2.0]
    rebuilt = replace(value, (Item(1),), "new")
    assert rebuilt == (value[0], "new")
    assert value[1].tolist() == [[0, 0], [0, 0]]


def test_nested_lists_stay_nested_lists():
    rows = [[0.0, 0.0], [0.0, 0.0]]
    holder = {"W": rows}
    put(holder, (Item("W"),), np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert holder["W"] is rows
    assert rows == [[1.0, 2.0], [3.0, 4.0]]


# Parameters


def network(**more):
    return {"W1": np.ones((4, 6)), "b1": np.ones(6), "W2": np.ones((6, 3)), "b2": np.ones((1, 3)), **more}


def names(slots):
    return [slot.name for slot in (*slots.weights, *slots.biases)]


def test_velocities_and_gradients_are_no_parameters():
    decoys = {"vW1": np.ones((4, 6)), "dW1": np.ones((4, 6)), "velocity": np.ones((6, 3)), "db2": np.ones((1, 3))}
    found = discover({**decoys, **network(A1=np.ones((7, 6)))}, [4, 6, 3])
    assert names(found) == ["W1", "W2", "b1", "b2"]
    assert found.orientation == "in_out"


def test_weights_are_found_whichever_way_they_lie_and_under_integers():
    value = {1: {"w": np.ones((6, 4)), "b": np.ones(6)}, 2: {"w": np.ones((3, 6)), "b": np.ones((3, 1))}}
    found = discover(value, [4, 6, 3])
    assert found.orientation == "out_in"
    assert [spell(slot.path) for slot in found.weights] == ["[1]['w']", "[2]['w']"]
    assert discover({**value, 2: {"w": np.ones((3, 6))}}, [4, 6, 3]) is None


class Neuron:
    def __init__(self, inputs, place):
        self.weights, self.bias = [0.5 + place] * inputs, float(place)


def test_weights_of_single_neurons_are_read_and_written_row_by_row():
    value = [[Neuron(4, i) for i in range(6)], [Neuron(6, i) for i in range(3)]]
    found = discover(value, [4, 6, 3])
    weights, biases = found.read(value)
    assert [w.shape for w in weights] == [(6, 4), (3, 6)]
    assert biases[1].tolist() == [0, 1, 2]
    found.write(value, [2 * w for w in weights], biases)
    assert value[1][2].weights == [5.0] * 6


def test_sizes_that_are_fixed_are_read_off_the_weights():
    assert chain(network()) == [4, 6, 3]
    assert chain({"W1": np.ones((4, 6)), "b1": np.ones(6), "W2": np.ones((5, 3)), "b2": np.ones(3)}) is None


# Gradients


@pytest.mark.parametrize("name", ["dW1", "grad_W1", "W1_grad", "delta_w1", "W1", "nabla_W1"])
def test_marks_of_gradients(name):
    assert stem(name) == "w1"


def test_gradients_by_name_whatever_their_order():
    value = network()
    slots = discover(value, [4, 6, 3])
    grads = {
        "dA1": np.ones((4, 6)),
        "db2": np.ones((1, 3)),
        "dW2": np.ones((6, 3)),
        "db1": np.ones(6),
        "dW1": np.ones((4, 6)),
    }
    weights, biases = gradient_paths((0.5, grads), slots, value, {}, names=names(slots))
    assert [spell(path) for path in (*weights, *biases)] == ["[1]['dW1']", "[1]['dW2']", "[1]['db1']", "[1]['db2']"]
    del grads["dW1"], grads["dA1"]
    assert gradient_paths(grads, slots, value, {}, names=names(slots)) is None


def test_inside_a_network_only_what_is_called_a_gradient_is_one():
    copies = {f"old_{name}": array for name, array in network().items()}
    value = network(**copies)
    slots = discover(network(), [4, 6, 3])
    assert gradient_paths(value, slots, value, {}, names=names(slots), inside=True) is None
    value |= {f"d{name}": array.copy() for name, array in network().items()}
    weights, _ = gradient_paths(value, slots, value, {}, names=names(slots), inside=True)
    assert follow(value, weights[0]) is value["dW1"]


# Conventions: what is inferred, and what must not be


def test_a_list_of_no_rows_keeps_the_axes_that_it_cannot_have(tmp_path):
    file = tmp_path / "lists.py"
    relu = "def relu(z):\n    return [relu(part) for part in z] if hasattr(z, '__len__') else max(z, 0.0)\n"
    file.write_text(relu, encoding="utf-8")
    impl = load(str(file)).impl
    assert [impl.relu(np.zeros(shape)).shape for shape in [(0,), (0, 5), (3, 0)]] == [(0,), (0, 5), (3, 0)]


NETWORK = """
import numpy as np

class Network:
    def __init__(self, n_in, n_hidden, n_out, seed=0):
        rng = np.random.default_rng(seed)
        self.W1, self.b1 = rng.normal(size=(n_in, n_hidden)) * np.sqrt(2 / (n_in + n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = rng.normal(size=(n_hidden, n_out)) * np.sqrt(2 / (n_hidden + n_out)), np.zeros(n_out)

    def forward(self, X):
        self.A1 = np.maximum(X @ self.W1 + self.b1, 0)
        Z = self.A1 @ self.W2 + self.b2
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        p = self.forward(X)
        return -(self.one_hot(p, y) * np.log(p)).sum() / len(X)

    def one_hot(self, p, y):
        return np.eye(p.shape[1])[y]

    def backward(self, X, y):
        p = self.forward(X)
        d = (p - self.one_hot(p, y)) / len(X)
        d1 = (d @ self.W2.T) * (self.A1 > 0)
        return {"dW1": X.T @ d1, "db1": d1.sum(axis=0), "dW2": self.A1.T @ d, "db2": d.sum(axis=0)}

    def train(self, X, y, epochs, lr):
        for _ in range(epochs):
            grads = self.backward(X, y)
            for name in ("W1", "b1", "W2", "b2"):
                setattr(self, name, getattr(self, name) - lr * grads["d" + name])
"""


@pytest.fixture
def loaded(tmp_path):
    """Loads the network with parts of it replaced, each of which occurs."""

    def load_with(*replacements, **keywords):
        source = NETWORK
        for old, new in replacements:
            assert old in source
            source = source.replace(old, new)
        file = tmp_path / "network.py"
        file.write_text(source)
        return load(str(file), **keywords)

    return load_with


def value(loaded, key):
    found = loaded.impl.conventions[key]
    return found.value, found.source


def said(loaded):
    return " | ".join(notes_of(loaded))


def test_a_plain_network_is_inferred_and_nothing_is_said(loaded):
    found = loaded()
    assert value(found, "samples") == ("rows", "inferred")
    assert value(found, "weights") == ("in_out", "inferred")
    assert value(found, "labels") == ("index", "inferred")
    assert value(found, "reduction") == ("mean", "inferred")
    assert value(found, "architecture") == ("[*, *, *]", "inferred")
    assert "batch" not in said(found)
    assert "declared" not in said(found)


def test_a_sum_of_gradients_beside_a_mean_loss_is_no_convention(loaded):
    found = loaded(("(p - self.one_hot(p, y)) / len(X)", "p - self.one_hot(p, y)"))
    assert value(found, "reduction") == ("mean", "default")
    assert "the loss stays as it is while the gradients double" in said(found)


def test_a_sum_of_both_is_one(loaded):
    found = loaded(("(p - self.one_hot(p, y)) / len(X)", "p - self.one_hot(p, y)"), (".sum() / len(X)", ".sum()"))
    assert value(found, "reduction") == ("sum", "inferred")


def test_rows_in_and_columns_out_is_said_where_rows_are_declared(loaded):
    turned = ("return E / E.sum(axis=1, keepdims=True)", "return (E / E.sum(axis=1, keepdims=True)).T")
    found = loaded(turned, conventions={"samples": "rows"})
    assert "forward takes 7 samples in rows, (7, 4), and gives an array of shape (3, 7) for 3 classes" in said(found)
    assert value(found, "output") == ("probabilities", "inferred")


def test_a_softmax_over_the_wrong_axis_leaves_samples_in_rows(loaded):
    found = loaded(("E.sum(axis=1, keepdims=True)", "E.sum(axis=0, keepdims=True)"))
    assert value(found, "samples") == ("rows", "inferred")
    assert value(found, "output") == ("probabilities", "default")


def test_a_declaration_beats_what_is_inferred_and_the_contradiction_is_said(loaded):
    found = loaded(conventions={"weights": "out_in"})
    assert value(found, "weights") == ("out_in", "declared")
    assert "weights is declared to be out_in, but the code shows in_out" in said(found)


COUNTED = ("np.eye(p.shape[1])[y]", "np.eye(y.max() + 1)[y]")


def test_classes_read_off_the_labels_do_no_harm_where_the_whole_data_is_taken(loaded):
    found = loaded(COUNTED)
    assert found.host.implementation.layout.counts_labels
    assert "the code takes the number of classes from the labels" in said(found)


def test_classes_read_off_the_labels_are_a_mistake_in_mini_batches(loaded):
    batches = (
        "epochs, lr):\n        for _ in range(epochs):",
        "epochs, lr, batch_size):\n        for _ in range(epochs):",
    )
    found = loaded(COUNTED, batches)
    assert not found.host.implementation.layout.counts_labels
    assert "read off the labels" not in said(found)


def test_code_for_ten_classes_is_looked_at_with_ten_classes(loaded):
    found = loaded(("np.eye(p.shape[1])[y]", "np.eye(10)[y]"))
    assert value(found, "architecture") == ("[*, *, 10]", "inferred")
    assert "the code works with ten classes only" in said(found)
    assert value(found, "reduction") == ("mean", "inferred")


UPDATE = """
        for name, g in (("W2", self.A1.T @ d), ("b2", d.sum(axis=0)), ("W1", X.T @ d1), ("b1", d1.sum(axis=0))):
            setattr(self, name, getattr(self, name) - lr * g)
"""
TAKES_RATE = ("def backward(self, X, y):", "def backward(self, X, y, lr):")
RETURNS = '        return {"dW1": X.T @ d1, "db1": d1.sum(axis=0), "dW2": self.A1.T @ d, "db2": d.sum(axis=0)}\n'
NO_TRAINING = (NETWORK[NETWORK.index("    def train") :], "")


def gradients(found):
    implementation = found.host.implementation
    model = implementation.create([4, 6, 3], 0)
    x, y = np.random.default_rng(1).normal(size=(5, 4)), np.array([2, 0, 1, 2, 1])
    return implementation.backward(model, x, y)


def test_gradients_are_recovered_from_an_update(loaded):
    exact = gradients(loaded())
    found = loaded(TAKES_RATE, (RETURNS, UPDATE), NO_TRAINING)
    recovered = gradients(found)
    assert found.host.implementation.recovery_rate == 2.0**10
    for a, b in zip((*exact[0], *exact[1]), (*recovered[0], *recovered[1]), strict=True):
        # W - 2**10 g is rounded once, W minus it once more, each by half a unit of a number below 2**10 |g| + 2 |W|,
        # and the difference is divided by 2**10; here |g| < 1 and |W| < 4
        assert np.abs(a).max() < 1
        np.testing.assert_allclose(a, b, rtol=0, atol=2 * 2.0**-53 * (2.0**10 + 2 * 4) / 2.0**10)


def test_an_update_before_the_error_is_propagated_contradicts_itself(loaded):
    early = ("d1 = (d @ self.W2.T)", "self.W2 = self.W2 - lr * self.A1.T @ d\n        d1 = (d @ self.W2.T)")
    without = UPDATE.replace('("W2", self.A1.T @ d), ', "")
    found = loaded(TAKES_RATE, early, (RETURNS, without), NO_TRAINING)
    with pytest.raises(Contradiction, match=r"weights\[0\].*before the error is propagated"):
        gradients(found)


def test_a_function_that_uses_a_missing_module_is_followed_into_those_it_calls():
    namespace = {"plots": Placeholder("plots", "plots is not installed", Absence())}
    exec("def fit(x):\n    plots.show()\n    return step(x)\n\n\ndef step(x):\n    return x\n", namespace)
    assert called_by(namespace["fit"], None) == [namespace["fit"], namespace["step"]]
