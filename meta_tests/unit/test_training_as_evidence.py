"""The author's training, and what it reads, decide how a network is called where names say too little."""

import json
import textwrap

import pytest

from chainrule import api

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

NOT_PASSED = ("failed", "error")


@pytest.fixture
def check(tmp_path):
    """Check a source with some changes, with the initialization declared to be `any`."""

    def checked(source, *changes, **options):
        text = textwrap.dedent(source)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / f"net{len(list(tmp_path.iterdir()))}.py"
        path.write_text("import numpy as np\n" + text, encoding="utf-8")
        return api.check(str(path), conventions={"initialization": "any"}, **options)

    return checked


def wrong(result):
    return {spec.id for spec in result.specs if spec.outcome in NOT_PASSED}


def passed(result):
    return {spec.id for spec in result.specs if spec.outcome == "passed"}


def outcomes(result, chapter):
    return {spec.outcome for spec in result.specs if spec.chapter == chapter}


LAYERS = """
class Linear:
    def __init__(self, fan_in, fan_out):
        self.weights = np.random.randn(fan_out, fan_in) / fan_in**0.5
        self.bias = np.zeros(fan_out)

    def forward(self, x):
        self.x = x
        return self.weights @ x + self.bias

    def backward(self, grad):
        self.grad_weights, self.grad_bias = np.outer(grad, self.x), grad
        return self.weights.T @ grad

class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(0, x)

    def backward(self, grad):
        return grad * (self.x > 0)

class Sequential:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()

class CrossEntropyLoss:
    def forward(self, predictions, target):
        self.p, self.target = softmax(predictions), target
        return -np.log(self.p[target] + 1e-15)

    def backward(self):
        grad = self.p.copy()
        grad[self.target] -= 1
        return grad

class SGD:
    def __init__(self, layers, learning_rate=0.01):
        self.layers, self.learning_rate = layers, learning_rate

    def update(self):
        for layer in self.layers:
            if hasattr(layer, "grad_weights"):
                layer.weights -= self.learning_rate * layer.grad_weights
                layer.bias -= self.learning_rate * layer.grad_bias

def train(model, loss_fn, optimizer, inputs, targets, epochs=10):
    for _ in range(epochs):
        for i in np.random.permutation(len(inputs)):
            loss_fn.forward(model.forward(inputs[i]), targets[i])
            model.backward(loss_fn.backward())
            optimizer.update()

if __name__ == "__main__":
    model = Sequential([Linear(4, 8), ReLU(), Linear(8, 3)])
    train(model, CrossEntropyLoss(), SGD(model.layers, learning_rate=0.01), np.random.randn(9, 4), np.arange(9) % 3)
"""


def test_a_loss_of_one_vector_of_logits(check):
    result = check(LAYERS)
    assert not wrong(result)
    assert {"gradients.weights", "gradients.values", "network.forward", "training.step"} <= passed(result)


def test_a_mistake_before_a_loss_of_one_vector_of_logits(check):
    assert "gradients.dead_units" in wrong(check(LAYERS, ("grad * (self.x > 0)", "grad")))


# The loss below is not the cross-entropy, so that its argument is taken for probabilities.  Its gradient is right.
OTHER_LOSS = ("return -np.log(self.p[target] + 1e-15)", "return 1 - np.log(self.p[target] + 1e-15)")


def test_gradients_that_are_right_in_the_training_are_not_judged_otherwise(check):
    result = check(LAYERS, OTHER_LOSS)
    assert outcomes(result, "gradients") <= {"todo", "skipped", "passed"}
    said = {spec.message for spec in result.specs if spec.chapter == "gradients" and spec.outcome == "todo"}
    assert any("gives other gradients, as chainrule calls it" in one for one in said)


def test_gradients_that_are_wrong_in_the_training_too_are_judged(check):
    result = check(LAYERS, OTHER_LOSS, ("grad * (self.x > 0)", "grad"))
    assert result.verdict == "fail"


BATCHES = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) / n_in**0.5
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW, self.db = self.x.T @ grad, grad.sum(axis=0)
        return grad @ self.W.T

class ReLU:
    def forward(self, x):
        self.on = x > 0
        return np.maximum(x, 0)

    def backward(self, grad):
        return grad * self.on

class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, grad):
        return self.p * (grad - (grad * self.p).sum(axis=1, keepdims=True))

class CrossEntropyLoss:
    def forward(self, scores, y):
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.log(self.p[np.arange(len(y)), y]).mean()

    def backward(self):
        grad = self.p.copy()
        grad[np.arange(len(self.y)), self.y] -= 1
        return grad / len(self.y)

class NeuralNetwork:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
"""


def test_a_loss_of_logits_beside_a_softmax_layer(check):
    result = check(BATCHES)
    assert not wrong(result)
    assert {"gradients.weights", "network.forward", "network.loss"} <= passed(result)


def test_a_mistake_in_a_loss_of_logits_beside_a_softmax_layer(check):
    change = ("return grad / len(self.y)", "return grad * self.p / len(self.y)")
    assert "gradients.class_sum" in wrong(check(BATCHES, change))


SCRIPT = """
X_train, y_train = np.random.randn(60, 4), np.arange(60) % 3
y_ohe = np.eye(3)[y_train]
W1, b1 = np.random.randn(4, 8) * 0.5, np.zeros((1, 8))
W2, b2 = np.random.randn(8, 3) * 0.5, np.zeros((1, 3))

def relu(z):
    return np.maximum(0, z)

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def forward(X):
    z1 = X @ W1 + b1
    a1 = relu(z1)
    z2 = a1 @ W2 + b2
    return z1, a1, z2, softmax(z2)

def backward(X, y_true, z1, a1, z2, a2):
    n = len(X)
    dz2 = (a2 - y_true) / n
    dz1 = dz2 @ W2.T * (z1 > 0)
    return X.T @ dz1, dz1.sum(axis=0, keepdims=True), a1.T @ dz2, dz2.sum(axis=0, keepdims=True)

for epoch in range(50):
    z1, a1, z2, a2 = forward(X_train)
    dW1, db1, dW2, db2 = backward(X_train, y_ohe, z1, a1, z2, a2)
    W1 -= 0.1 * dW1
    b1 -= 0.1 * db1
    W2 -= 0.1 * dW2
    b2 -= 0.1 * db2

def predict(X):
    _, _, _, a2 = forward(X)
    return np.argmax(a2, axis=1)

print(np.mean(predict(X_train) == y_train))
"""


def test_a_prediction_reads_the_globals_that_the_loop_trains(check):
    result = check(SCRIPT)
    assert not wrong(result)
    assert {"network.predict", "gradients.weights"} <= passed(result)


def test_a_mistake_in_a_prediction_that_reads_globals(check):
    assert wrong(check(SCRIPT, ("np.argmax(a2, axis=1)", "np.argmin(a2, axis=1)"))) >= {"network.predict"}


def test_a_function_with_the_name_of_another_operation_is_not_judged(check):
    """softmax_loss(x, y) gives (loss, dx); this one takes probabilities and one-hot labels."""
    result = check(
        """
        def softmax_loss(predictions, targets):
            return np.mean(-np.sum(targets * np.log(predictions + 1e-7), axis=1))
        """
    )
    assert outcomes(result, "layers") == {"todo"}


def test_an_operation_that_raises_for_its_own_arguments_is_an_error(check):
    result = check("def softmax_loss(x, y):\n    raise ValueError('shapes')\n")
    assert "error" in outcomes(result, "layers")


STACK = """
class Dense:
    def __init__(self, n_in, n_out):
        self.weights1 = np.random.randn(n_in, n_out)
        self.weights = np.random.randn(n_in * n_out).reshape(n_in, n_out) / (n_in + n_out) ** 0.5
        self.biases = np.zeros(n_out)

    def forward(self, x):
        out = x.dot(self.weights)
        out += self.biases
        return out

class ReLU:
    def forward(self, x):
        return np.maximum(x, 0)

def softmax(x):
    e = np.exp(x)
    return e / np.sum(e, axis=0)

def losses(logits, labels):
    return [-np.log(softmax(logits[i, :])[labels[i]]) for i in range(len(logits))]
"""


def test_the_weights_are_those_that_a_layer_reads(check):
    """Also, a softmax of one vector gets no batch."""
    result = check(STACK)
    assert wrong(result) == {"softmax.overflow"}
    assert "network.forward" in passed(result)


def test_a_mistake_in_a_layer_with_two_arrays(check):
    assert "network.forward" in wrong(check(STACK, ("        out += self.biases\n", "")))


OBJECTS = """
class Linear:
    def forward(self, z):
        return z

class ReLU:
    def forward(self, z):
        return np.maximum(z, 0)

class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

class Net:
    def __init__(self, layer_sizes, activations):
        self.activations = activations
        self.weights = [np.random.randn(a, b) for a, b in zip(layer_sizes, layer_sizes[1:])]
        self.biases = [np.zeros(b) for b in layer_sizes[1:]]

    def forward(self, x):
        for w, b, activation in zip(self.weights, self.biases, self.activations):
            x = activation.forward(x @ w + b)
        return x

if __name__ == "__main__":
    for one in (Linear(), ReLU()):
        net = Net([4, 5, 3], [one, Softmax()])
        print(net.forward(np.random.randn(6, 4)))
"""


def test_an_experiment_with_linear_layers_is_made_with_relu(check):
    result = check(OBJECTS)
    assert not wrong(result)
    assert "network.forward" in passed(result)


def test_a_mistake_in_the_relu_of_an_experiment(check):
    assert "network.forward" in wrong(check(OBJECTS, ("np.maximum(z, 0)", "np.maximum(z, 0.01 * z)")))


VALIDATED = """
class MLP:
    def __init__(self, sizes):
        self.weights = [np.random.randn(a, b) / a**0.5 for a, b in zip(sizes, sizes[1:])]
        self.biases = [np.zeros(b) for b in sizes[1:]]

    def forward(self, x):
        self.inputs = [x]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            self.inputs.append(np.maximum(self.inputs[-1] @ w + b, 0))
        z = self.inputs[-1] @ self.weights[-1] + self.biases[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def update(self, x, y, lr):
        delta = self.forward(x)
        delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        for l in reversed(range(len(self.weights))):
            dw, db = self.inputs[l].T @ delta, delta.sum(axis=0)
            delta = delta @ self.weights[l].T * (self.inputs[l] > 0)
            self.weights[l] -= lr * dw
            self.biases[l] -= lr * db

    def fit(self, x_train, y_train, x_val, y_val, epochs=10, batch_size=8, lr=0.1):
        best, kept = -1.0, None
        for _ in range(epochs):
            order = np.random.permutation(len(x_train))
            for i in range(0, len(order), batch_size):
                batch = order[i : i + batch_size]
                self.update(x_train[batch], y_train[batch], lr)
            accuracy = np.mean(self.forward(x_val).argmax(axis=1) == y_val)
            if accuracy > best:
                best = accuracy
                kept = [w.copy() for w in self.weights], [b.copy() for b in self.biases]
        self.weights, self.biases = kept
"""


def test_a_training_that_keeps_what_was_best_on_its_validation_data(check):
    result = check(VALIDATED)
    assert not wrong(result)
    assert {"training.last_batch", "training.labels"} <= passed(result)
    said = {spec.message for spec in result.specs if spec.id == "training.many_epochs"}
    assert said == {"fit ends with the parameters that did best on its validation data, of whichever epoch"}


def test_a_training_that_keeps_what_was_best_on_its_training_data_is_wrong(check):
    """Nobody chose that: every epoch is asked for."""
    result = check(
        VALIDATED,
        ("x_val, y_val, epochs", "epochs"),
        (
            "np.mean(self.forward(x_val).argmax(axis=1) == y_val)",
            "np.mean(self.forward(x_train).argmax(axis=1) == y_train)",
        ),
    )
    assert {spec for spec in wrong(result) if spec.startswith("training.")}


KEEPS_ITS_PASS = """
class Network:
    def __init__(self, sizes, epochs, lr):
        self.sizes, self.epochs, self.lr = sizes, epochs, lr
        self.params = {f"W{i}": np.random.randn(sizes[i], sizes[i - 1]) for i in range(1, len(sizes))}

    def forward(self, x):
        self.params["Y0"] = x
        last = len(self.sizes) - 1
        for i in range(1, last + 1):
            self.params[f"Z{i}"] = self.params[f"W{i}"] @ self.params[f"Y{i - 1}"]
            z = self.params[f"Z{i}"]
            self.params[f"Y{i}"] = np.maximum(z, 0) if i < last else np.exp(z) / np.exp(z).sum(axis=0)
        return self.params[f"Y{last}"]

    def train(self, inputs, labels):
        for _ in range(self.epochs):
            for x, y in zip(inputs, labels):
                error = self.forward(x) - y
                for i in reversed(range(1, len(self.sizes))):
                    new = np.outer(error, self.params[f"Y{i - 1}"])
                    error = self.params[f"W{i}"].T @ error * (self.params[f"Y{i - 1}"] > 0)
                    self.params[f"W{i}"] -= self.lr * new

if __name__ == "__main__":
    net = Network([4, 6, 3], epochs=2, lr=0.01)
    net.train(np.random.randn(9, 4), np.eye(3)[np.arange(9) % 3])
"""


def test_what_a_pass_keeps_is_no_bias(check):
    assert wrong(check(KEEPS_ITS_PASS, ("np.exp(z) / np.exp(z)", "np.exp(z - z.max()) / np.exp(z - z.max())"))) == set()


MODE_OF_A_PROPERTY = """
class BatchNormalization:
    def __init__(self, channels):
        self.gamma, self.beta = np.ones(channels), np.zeros(channels)
        self.moving_mean, self.moving_variance = np.zeros(channels), np.ones(channels)
        self._phase = "train"

    @property
    def testing_phase(self):
        return self._phase == "test"

    @testing_phase.setter
    def testing_phase(self, value):
        self._phase = "test" if value else "train"

    def forward(self, x, epsilon=1e-10):
        if self.testing_phase:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance = x.mean(axis=0), x.var(axis=0)
            self.moving_mean = 0.8 * self.moving_mean + 0.2 * mean
            self.moving_variance = 0.8 * self.moving_variance + 0.2 * variance
        self.scale = np.sqrt(variance + epsilon)
        self.normal = (x - mean) / self.scale
        return self.gamma * self.normal + self.beta

    def backward(self, grad):
        self.grad_gamma, self.grad_beta = (grad * self.normal).sum(axis=0), grad.sum(axis=0)
        d = grad * self.gamma
        return (d - d.mean(axis=0) - self.normal * (d * self.normal).mean(axis=0)) / self.scale
"""


def test_the_mode_of_a_normalization_behind_a_property(check):
    result = check(MODE_OF_A_PROPERTY, chapters=["batchnorm"])
    assert not wrong(result)
    assert {"batchnorm.evaluation", "batchnorm.running"} <= passed(result)


def test_a_mistake_in_the_evaluation_behind_a_property(check):
    change = (
        "mean, variance = self.moving_mean, self.moving_variance",
        "mean, variance = x.mean(axis=0), x.var(axis=0)",
    )
    assert "batchnorm.evaluation" in wrong(check(MODE_OF_A_PROPERTY, change, chapters=["batchnorm"]))


def test_a_place_that_is_long_does_not_squeeze_its_title(tmp_path):
    notebook = tmp_path / f"{'a long name ' * 3}.ipynb"
    cell = {"cell_type": "code", "source": "def relu(z):\n    return abs(z)\n", "metadata": {}, "outputs": []}
    cell["execution_count"] = None
    notebook.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    lines = str(api.check(str(notebook), chapters=["activations"])).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  At "))
    assert lines[at - 1].startswith("Cause (certain): the sign is dropped")


COUNTED = """
class NeuralNetwork:
    def __init__(self, input_size, hidden_sizes, output_size, num_layers, optimizer):
        assert len(hidden_sizes) == num_layers - 1
        sizes = [input_size, *hidden_sizes, output_size]
        self.optimizer, self.num_layers = optimizer, num_layers
        self.params = {f"W{i}": np.random.randn(sizes[i - 1], sizes[i]) for i in range(1, num_layers + 1)}
        self.params |= {f"b{i}": np.zeros(sizes[i]) for i in range(1, num_layers + 1)}

    def forward(self, x):
        for i in range(1, self.num_layers + 1):
            x = x @ self.params[f"W{i}"] + self.params[f"b{i}"]
            if i < self.num_layers:
                x = np.maximum(x, 0)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def update(self, grads, lr):
        if self.optimizer == "SGD":
            for name, grad in grads.items():
                self.params[name] -= lr * grad
        elif self.optimizer == "Adam":
            raise NotImplementedError
"""


def test_a_number_of_layers_and_a_word_beside_the_sizes(check):
    result = check(COUNTED, chapters=["shapes"])
    assert not wrong(result)
    assert "network.forward" in passed(result)


def test_a_mistake_beside_a_number_of_layers(check):
    assert "network.forward" in wrong(
        check(COUNTED, ("i < self.num_layers", "i <= self.num_layers"), chapters=["shapes"])
    )


def test_a_package_in_the_sources_of_its_project(tmp_path):
    (tmp_path / "src" / "ownlibrary").mkdir(parents=True)
    (tmp_path / "src" / "ownlibrary" / "__init__.py").write_text("def relu(z):\n    return abs(z)\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "run.py").write_text("from ownlibrary import relu\n", encoding="utf-8")
    result = api.check(str(tmp_path / "scripts" / "run.py"), chapters=["activations"])
    assert "relu.values" in wrong(result)
