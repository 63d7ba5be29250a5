"""Code that was once read otherwise than it is meant: it is read right, and a mistake in it still fails."""

import textwrap

import pytest

from chainrule import api

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

SOFTMAX = """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""


@pytest.fixture
def check(tmp_path):
    """Check a source with some changes, with the initialization declared to be `any`."""

    def checked(source, *changes):
        text = "import numpy as np\n" + textwrap.dedent(source)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / f"net{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text, encoding="utf-8")
        return api.check(str(path), conventions={"initialization": "any"})

    return checked


def wrong(result):
    return {spec.id: spec.message for spec in result.specs if spec.outcome in ("failed", "error")}


def passed(result):
    return {spec.id for spec in result.specs if spec.outcome == "passed"}


def causes(result):
    return {diagnosis.id for spec in result.specs for diagnosis in spec.diagnoses}


# Gradients that add up until the author clears them

ACCUMULATING = """
class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)

class Linear:
    def __init__(self, a, b):
        self.weight = Parameter(np.random.randn(a, b) / a**0.5)
        self.bias = Parameter(np.zeros(b))

    def forward(self, x):
        self.x = x
        return x @ self.weight.data + self.bias.data

    def backward(self, d):
        self.weight.grad += self.x.T @ d
        self.bias.grad += d.sum(axis=0)
        return d @ self.weight.data.T

class ReLU:
    def forward(self, x):
        self.on = x > 0
        return np.maximum(x, 0)

    def backward(self, d):
        return d * self.on

def cross_entropy_with_logits(logits, targets):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p, n = e / e.sum(axis=1, keepdims=True), len(logits)
    loss = -np.log(p[np.arange(n), targets] + 1e-12).mean()
    p[np.arange(n), targets] -= 1
    return loss, p / n

class Classifier:
    def __init__(self, sizes):
        self.linear = [Linear(a, b) for a, b in zip(sizes, sizes[1:])]
        self.layers = [self.linear[0]]
        for layer in self.linear[1:]:
            self.layers += [ReLU(), layer]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad_output):
        for layer in reversed(self.layers):
            grad_output = layer.backward(grad_output)

    def zero_grad(self):
        for layer in self.linear:
            layer.weight.grad[...] = 0
            layer.bias.grad[...] = 0

    def loss_and_backward(self, x, y):
        loss, d = cross_entropy_with_logits(self.forward(x), y)
        self.zero_grad()
        self.backward(d)
        return loss
"""


def test_gradients_that_the_author_clears(check):
    result = check(ACCUMULATING)
    assert not wrong(result)
    assert {"gradients.repeatable", "gradients.loss", "gradients.values"} & passed(result)


@pytest.mark.parametrize(
    "change",
    [("        self.zero_grad()\n", ""), ("self.on = x > 0", "self.on = x > -1"), ("d.sum(axis=0)", "d.mean(axis=0)")],
    ids=["nothing clears them", "mask", "bias"],
)
def test_mistakes_beside_gradients_that_the_author_clears(check, change):
    assert any(spec.startswith("gradients.") for spec in wrong(check(ACCUMULATING, change)))


# A backward pass that starts from what the loss returns

BESIDE_THE_LOSS = """
class Layer:
    def __init__(self, a, b):
        self.W, self.b = np.random.randn(a, b) / a**0.5, np.zeros((1, b))

    def forward(self, X):
        self.X = X
        return X @ self.W + self.b

    def backward(self, dZ):
        self.dW, self.db = self.X.T @ dZ / len(self.X), dZ.sum(axis=0, keepdims=True) / len(self.X)
        return dZ @ self.W.T

class Network:
    def __init__(self, dims):
        self.layers = [Layer(a, b) for a, b in zip(dims, dims[1:])]

    def forward(self, X):
        self.on = []
        for layer in self.layers[:-1]:
            X = np.maximum(layer.forward(X), 0)
            self.on.append(X > 0)
        return self.layers[-1].forward(X)

    def backward(self, dZ):
        dZ = self.layers[-1].backward(dZ)
        for layer, on in zip(self.layers[-2::-1], self.on[::-1]):
            dZ = layer.backward(dZ * on)

    def update(self, lr):
        for layer in self.layers:
            layer.W -= lr * layer.dW
            layer.b -= lr * layer.db

def loss_with_softmax(Z, Y):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(Y * np.log(p + 1e-12)) / len(Y), p - Y

X, t = np.random.randn(200, 12), np.random.randint(0, 5, 200)
Y = np.eye(5)[t]
net = Network([12, 9, 7, 5])
for epoch in range(10):
    for i in range(0, 200, 20):
        Z = net.forward(X[i:i + 20])
        loss, dZ = loss_with_softmax(Z, Y[i:i + 20])
        net.backward(dZ)
        net.update(0.1)
"""


def test_a_backward_pass_that_starts_from_what_the_loss_returns(check):
    result = check(BESIDE_THE_LOSS)
    assert not wrong(result)
    assert {"gradients.additivity", "training.step"} <= passed(result)


@pytest.mark.parametrize(
    "change",
    [(", p - Y\n", ", (p - Y) / len(Y)\n"), (", p - Y\n", ", p - 2 * Y\n"), ("(X > 0)", "(X >= 0)")],
    ids=["averaged twice", "two labels", "mask"],
)
def test_mistakes_in_what_the_loss_returns(check, change):
    assert any(spec.startswith("gradients.") for spec in wrong(check(BESIDE_THE_LOSS, change)))


# What moves the parameters before any data are seen is an initialization, and no step

INITIALIZED = """
class Linear:
    def __init__(self, a, b):
        self.a, self.c = a, b
        self.weights, self.bias = np.zeros((a, b)), np.zeros((1, b))

    def reset(self, mode):
        scale = {"zero": 0, "glorot": np.sqrt(6 / (self.a + self.c))}[mode]
        self.weights = np.random.uniform(-scale, scale, (self.a, self.c))

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, d):
        self.dw, self.db = self.x.T @ d, d.sum(axis=0, keepdims=True)
        return d @ self.weights.T

    def update(self, lr, reg):
        self.weights = self.weights - lr * (self.dw + reg * self.weights)
        self.bias = self.bias - lr * self.db

class Loss:
    def forward(self, x, target):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return -np.log(p[range(len(x)), target]).mean(), p

    def backward(self, p, target):
        d = p.copy()
        d[range(len(p)), target] -= 1
        return d / len(p)

class NN:
    def __init__(self, inputs=12, outputs=5, hidden=(9, 9), lr=0.001, reg=0.0):
        self.lr, self.reg = lr, reg
        self.one, self.two, self.three = Linear(inputs, hidden[0]), Linear(*hidden), Linear(hidden[1], outputs)

    def init_params(self, mode="zero"):
        for layer in (self.one, self.two, self.three):
            layer.reset(mode)

    def forward(self, x):
        self.h = np.maximum(self.one.forward(x), 0)
        self.k = np.maximum(self.two.forward(self.h), 0)
        return self.three.forward(self.k)

    def backward(self, d):
        d = self.two.backward(self.three.backward(d) * (self.k > 0))
        return self.one.backward(d * (self.h > 0))

    def update(self):
        for layer in (self.one, self.two, self.three):
            layer.update(self.lr, self.reg)

model, criterion = NN(12, 5, (9, 9), lr=0.01, reg=1e-5), Loss()
model.init_params(mode="glorot")

def train(ep):
    images, labels = np.load("images.npy"), np.load("labels.npy")
    for i in range(0, len(images), 10):
        loss, p = criterion.forward(model.forward(images[i:i + 10]), labels[i:i + 10])
        model.backward(criterion.backward(p, labels[i:i + 10]))
        model.update()

if __name__ == "__main__":
    for epoch in range(3):
        train(epoch)
"""


def test_an_initialization_is_not_a_step(check):
    result = check(INITIALIZED)
    assert not wrong(result)
    assert {"training.step", "gradients.additivity"} <= passed(result)


def test_a_mistake_in_the_step_beside_an_initialization(check):
    result = check(INITIALIZED, ("self.bias - lr * self.db", "self.bias + lr * self.db"))
    assert "training.step" in wrong(result)


# Gradients that a backward pass returns and keeps, and an update that reads those it keeps

KEPT_AND_RETURNED = (
    """
class Net:
    def __init__(self, sizes):
        d, h, k = sizes
        self.W1, self.b1 = np.random.randn(d, h) * 0.4, np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k) * 0.4, np.zeros(k)

    def forward(self, x):
        self.x, self.a = x, np.maximum(x @ self.W1 + self.b1, 0)
        return softmax(self.a @ self.W2 + self.b2)

    def backward(self, y, output):
        d2 = (output - np.eye(output.shape[1])[y]) / len(y)
        d1 = (d2 @ self.W2.T) * (self.a > 0)
        self.grads = {"W1": self.x.T @ d1, "b1": d1.sum(axis=0), "W2": self.a.T @ d2, "b2": d2.sum(axis=0)}
        return self.grads

    def update(self, lr):
        for name in self.grads:
            setattr(self, name, getattr(self, name) - lr * self.grads[name])
"""
    + SOFTMAX
)


def test_an_update_reads_the_gradients_that_the_network_keeps(check):
    assert "training.step" in passed(check(KEPT_AND_RETURNED))
    assert "training.step" in wrong(check(KEPT_AND_RETURNED, ("- lr * self", "+ lr * self")))


# A fit that takes a seed, of a network whose weights take none

SEEDED = """
class Dense:
    def __init__(self, a, b):
        self.W, self.b = np.random.default_rng().normal(size=(a, b)) / a**0.5, np.zeros(b)

class Network:
    def __init__(self, sizes):
        self.layers = [Dense(a, b) for a, b in zip(sizes, sizes[1:])]

    def forward(self, X):
        self.inputs = [X]
        for layer in self.layers[:-1]:
            self.inputs.append(np.maximum(self.inputs[-1] @ layer.W + layer.b, 0))
        z = self.inputs[-1] @ self.layers[-1].W + self.layers[-1].b
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def loss(self, X, y):
        return -np.log(self.forward(X)[np.arange(len(y)), y]).mean()

    def backward(self, X, y):
        self.forward(X)
        d, grads = (self.p - np.eye(self.p.shape[1])[y]) / len(y), []
        for layer, x in zip(self.layers[::-1], self.inputs[::-1]):
            grads.insert(0, (x.T @ d, d.sum(axis=0)))
            d = d @ layer.W.T * (x > 0)
        return [dW for dW, _ in grads], [db for _, db in grads]

    def fit(self, X, y, epochs, batch_size, lr, seed=None):
        rng = np.random.default_rng(seed)
        for epoch in range(epochs):
            order = rng.permutation(len(X))
            for start in range(0, len(X), batch_size):
                i = order[start:start + batch_size]
                for layer, dW, db in zip(self.layers, *self.backward(X[i], y[i])):
                    layer.W -= lr * dW
                    layer.b -= lr * db
"""


def test_a_fit_with_a_seed_beside_weights_without_one(check):
    result = check(SEEDED)
    assert not wrong(result)
    assert {"training.fresh_order", "training.every_sample"} <= passed(result)


def test_one_order_for_all_epochs_beside_weights_without_a_seed(check):
    late = ("            order = rng.permutation(len(X))\n", "")
    early = ("seed)\n        for epoch", "seed)\n        order = rng.permutation(len(X))\n        for epoch")
    assert "training.fresh_order" in wrong(check(SEEDED, late, early))


# A cross-entropy beside no network that is understood

OF_LOGITS = (
    SOFTMAX
    + """
def cross_entropy(y_pred, y_true):
    return -np.sum(y_true * np.log(softmax(y_pred)))
"""
)
OF_ONE_NUMBER = """
import math

def soft_max(scores):
    e = [math.exp(s - max(scores)) for s in scores]
    return [v / sum(e) for v in e]

def log_loss(act, target):
    return -target * math.log(act) - (1 - target) * math.log(1 - act)

weights = [[0.2, -0.1], [0.3, 0.4], [-0.5, 0.1]]
for epoch in range(20):
    for inputs, targets in [([1.0, 2.0], [1, 0, 0]), ([0.5, -1.0], [0, 0, 1])]:
        out = soft_max([sum(w * i for w, i in zip(row, inputs)) for row in weights])
        cost = sum(log_loss(a, t) for a, t in zip(out, targets))
        for row, a, t in zip(weights, out, targets):
            for j, i in enumerate(inputs):
                row[j] -= 0.1 * (a - t) * i
"""


@pytest.mark.parametrize("source", [OF_LOGITS, OF_ONE_NUMBER], ids=["of logits", "of one number"])
def test_a_cross_entropy_whose_reading_is_not_proven(check, source):
    result = check(source)
    assert not [spec for spec in wrong(result) if spec.startswith("cross_entropy.")]
    assert any(spec.outcome == "todo" for spec in result.specs if spec.chapter == "cross_entropy")


def test_a_cross_entropy_of_probabilities_is_judged(check):
    summed = ("np.log(softmax(y_pred))", "np.log2(y_pred)")
    assert "cross_entropy.values" in wrong(check(OF_LOGITS, summed)) or "cross_entropy.uniform" in wrong(
        check(OF_LOGITS, summed)
    )


ACTIVATION = """
def softmax(activation):
    e = np.exp(activation - activation.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""


def test_an_activation_may_be_an_array(check):
    assert "softmax.overflow" in passed(check(ACTIVATION))
    assert "softmax.overflow" in wrong(check(ACTIVATION, (" - activation.max(axis=1, keepdims=True)", "")))


# Layers that chainrule puts together

KEPT_INSIDE = """
class Slot:
    def __init__(self, value):
        self.value, self.dvalue = value, None

class Layer:
    def __init__(self):
        self.parts, self.output = {}, 0

    def put(self, name, value):
        self.parts.setdefault(name, Slot(None)).value = value

    def give(self, name, value):
        self.parts[name].dvalue = value

class Layer_Dense(Layer):
    def __init__(self, n_inputs, n_neurons):
        super().__init__()
        self.put("weights", 0.01 * np.random.randn(n_inputs, n_neurons))
        self.put("biases", np.zeros((1, n_neurons)))

    def forward(self, inputs):
        self.put("input", inputs)
        self.output = inputs @ self.parts["weights"].value + self.parts["biases"].value
        return self.output

    def backward(self, dvalues):
        self.give("weights", self.parts["input"].value.T @ dvalues)
        self.give("biases", dvalues.sum(axis=0, keepdims=True))
        self.give("input", dvalues @ self.parts["weights"].value.T)

class Activation_ReLU(Layer):
    def forward(self, inputs):
        self.put("input", inputs)
        self.output = np.maximum(0, inputs)
        return self.output

    def backward(self, dvalues):
        self.give("input", dvalues * (self.parts["input"].value > 0))

class Activation_Softmax_Loss_CategoricalCrossentropy(Layer):
    def forward(self, inputs, y_true):
        self.put("input", inputs)
        self.put("y_true", y_true)
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return -np.log(np.clip(self.p[range(len(inputs)), y_true], 1e-7, 1 - 1e-7)).mean()

    def backward(self, doutput=1):
        d = self.p.copy()
        d[range(len(d)), self.parts["y_true"].value] -= 1
        self.give("input", doutput * d / len(d))

class Optimizer_SGD:
    def __init__(self, learning_rate=1.0):
        self.learning_rate = learning_rate

    def update_params(self, layers):
        for layer in layers:
            for name in ("weights", "biases"):
                part = layer.parts[name]
                layer.put(name, part.value - self.learning_rate * part.dvalue)
"""
TOGETHER = """
class CELoss:
    def forward(self, y_true, y_pred):
        return -np.sum(y_true * np.log(np.clip(y_pred, 1e-12, 1 - 1e-12))) / len(y_true)

class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(0, x)

    def backward(self, upstream):
        return [], [], upstream * (self.x > 0)

class Softmax:
    def forward(self, logits):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

class Linear:
    def __init__(self, input_size, output_size):
        self.W, self.b = np.random.randn(output_size, input_size) * 0.01, np.zeros(output_size)

    def forward(self, x):
        self.x = x
        return x @ self.W.T + self.b

    def backward(self, upstream):
        self.W_grad, self.b_grad = upstream.T @ self.x, np.sum(upstream, axis=0)
        return self.W_grad, self.b_grad, upstream @ self.W
"""


def test_layers_that_keep_their_gradients_inside(check):
    result = check(KEPT_INSIDE)
    assert not wrong(result)
    assert {"initialization.sizes", "gradients.additivity", "training.step"} <= passed(result)


def test_layers_that_return_all_their_gradients(check):
    result = check(TOGETHER)
    assert not wrong(result)
    assert {"gradients.additivity", "network.loss"} <= passed(result)


@pytest.mark.parametrize(
    ("source", "change", "chapter"),
    [
        (KEPT_INSIDE, ("].value > 0)", "].value > -1)"), "gradients."),
        (KEPT_INSIDE, ("part.value - self", "part.value + self"), "training."),
        (TOGETHER, ("np.sum(upstream, axis=0)", "np.mean(upstream, axis=0)"), "gradients."),
        (TOGETHER, ("/ len(y_true)", "/ y_true.size"), "network."),
    ],
    ids=["mask", "step", "bias", "loss"],
)
def test_mistakes_in_layers_that_chainrule_puts_together(check, source, change, chapter):
    assert any(spec.startswith(chapter) for spec in wrong(check(source, change)))


STUB = """
class Module:
    def __init__(self):
        self.x = self.y = 0

    def forward(self, x):
        pass
""" + TOGETHER.replace("class CELoss:", "class CELoss(Module):").replace(
    "def forward(self, y_true", "def cost(self, y_true"
)


def test_a_number_that_an_unwritten_method_leaves_alone_is_not_its_result(check):
    assert not [spec for spec in wrong(check(STUB)) if spec.startswith(("cross_entropy.", "network.loss"))]


# Causes of nan

ZERO_TIMES = """
class NeuralNetwork:
    def __init__(self, input_size, hidden_size, output_size, learning_rate=0.01, epochs=100):
        self.learning_rate, self.epochs = learning_rate, epochs
        self.W1, self.b1 = np.random.randn(input_size, hidden_size), np.zeros((1, hidden_size))
        self.W2, self.b2 = np.random.randn(hidden_size, output_size), np.zeros((1, output_size))

    def forward(self, X):
        self.a1 = np.maximum(0, X @ self.W1 + self.b1)
        z = self.a1 @ self.W2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.probs = e / e.sum(axis=1, keepdims=True)
        return self.probs

    def compute_loss(self, y_true, probs):
        return -np.mean(np.sum(y_true * np.log(probs), axis=1))

    def backward(self, X, y):
        d = (self.probs - y) / len(X)
        dW2, db2 = self.a1.T @ d, d.sum(axis=0, keepdims=True)
        d = d @ self.W2.T * (self.a1 > 0)
        self.W2 -= self.learning_rate * dW2
        self.b2 -= self.learning_rate * db2
        self.W1 -= self.learning_rate * X.T @ d
        self.b1 -= self.learning_rate * d.sum(axis=0, keepdims=True)

    def train(self, X, y):
        for epoch in range(self.epochs):
            self.compute_loss(y, self.forward(X))
            self.backward(X, y)

X, y = np.random.randn(120, 4), np.eye(3)[np.random.randint(0, 3, 120)]
net = NeuralNetwork(4, 8, 3, learning_rate=0.04, epochs=50)
net.train(X, y)
"""


def test_a_loss_of_nan_has_one_cause(check):
    assert causes(check(ZERO_TIMES)) == {"loss-zero-times-infinity"}


def test_a_softmax_without_a_shift_is_still_its_own_cause(check):
    assert "softmax-no-shift" in causes(check(ZERO_TIMES, ("z - z.max(axis=1, keepdims=True)", "z")))


# Parameters that the author makes and gives to the network

GIVEN = (
    SOFTMAX
    + """
class NeuralNetwork:
    def __init__(self, w1, w2, b1, b2, lr):
        self.w1, self.w2, self.b1, self.b2, self.lr = w1, w2, b1, b2, lr

    def forward(self, x):
        z1 = x @ self.w1 + self.b1
        a1 = np.maximum(z1, 0)
        return z1, a1, softmax(a1 @ self.w2 + self.b2)

    def backward(self, x, y, z1, a1, a2):
        dz2 = (a2 - y) / len(x)
        dz1 = dz2 @ self.w2.T * (z1 > 0)
        return x.T @ dz1, dz1.sum(axis=0, keepdims=True), a1.T @ dz2, dz2.sum(axis=0, keepdims=True)

    def update(self, dw1, db1, dw2, db2):
        self.w1 -= self.lr * dw1
        self.b1 -= self.lr * db1
        self.w2 -= self.lr * dw2
        self.b2 -= self.lr * db2

x, labels = np.load("x.npy"), np.load("y.npy")
net = NeuralNetwork(
    np.random.randn(784, 16) * 0.01, np.random.randn(16, 10) * 0.01, np.zeros((1, 16)), np.zeros((1, 10)), 0.1
)
for epoch in range(3):
    for i in range(0, len(x), 64):
        z1, a1, a2 = net.forward(x[i : i + 64])
        dw1, db1, dw2, db2 = net.backward(x[i : i + 64], np.eye(10)[labels[i : i + 64]], z1, a1, a2)
        net.update(dw1, db1, dw2, db2)
"""
)


def test_a_network_that_gets_its_parameters_is_made_with_new_ones(check):
    result = check(GIVEN)
    assert not wrong(result)
    assert result.conventions["architecture"].value == "[*, *, *]"
    assert {"initialization.fresh", "initialization.layers_differ", "gradients.weights"} <= passed(result)


def test_a_mistake_in_a_network_that_gets_its_parameters(check):
    assert "gradient-not-averaged" in causes(check(GIVEN, ("(a2 - y) / len(x)", "a2 - y")))


# Gradients that an update sets to zero

CLEARED_BY_THE_UPDATE = """
class NeuralNetwork:
    def __init__(self, sizes):
        self.w1, self.b1 = np.random.randn(sizes[1], sizes[0]), np.zeros(sizes[1])
        self.w2, self.b2 = np.random.randn(sizes[2], sizes[1]), np.zeros(sizes[2])
        self.zeros()

    def zeros(self):
        self.dw1, self.db1 = np.zeros(self.w1.shape), np.zeros(self.b1.shape)
        self.dw2, self.db2 = np.zeros(self.w2.shape), np.zeros(self.b2.shape)

    def forward(self, x):
        self.h = np.maximum(self.w1 @ x + self.b1, 0)
        z = self.w2 @ self.h + self.b2
        e = np.exp(z - z.max())
        self.p = e / e.sum()
        return self.p

    def backward(self, x, y):
        d = self.p - y
        self.db2 += d
        self.dw2 += np.outer(d, self.h)
        d = self.w2.T @ d * (self.h > 0)
        self.db1 += d
        self.dw1 += np.outer(d, x)

    def change(self, lr):
        self.w1 -= lr * self.dw1
        self.b1 -= lr * self.db1
        self.w2 -= lr * self.dw2
        self.b2 -= lr * self.db2
        self.dw1 = np.zeros(self.w1.shape)
        self.db1 = np.zeros(self.b1.shape)
        self.dw2 = np.zeros(self.w2.shape)
        self.db2 = np.zeros(self.b2.shape)
"""


def test_gradients_that_an_update_clears(check):
    result = check(CLEARED_BY_THE_UPDATE)
    assert not wrong(result)
    assert {"gradients.repeatable", "gradients.weights"} <= passed(result)


def test_gradients_that_only_the_constructor_clears(check):
    text = CLEARED_BY_THE_UPDATE
    never = text[text.index("        self.dw1 = np.zeros(self.w1.shape)\n        self.db1") :]
    assert "gradients.repeatable" in wrong(
        check(
            text,
            (never, ""),
            ("self.zeros()", "[setattr(self, n, 0) for n in ('dw1', 'db1', 'dw2', 'db2')]"),
            (text[text.index("    def zeros") : text.index("    def forward")], ""),
        )
    )


# Layers that take their activation as a class, in a file whose softmax is a layer as well

ACTIVATED = """
class ReLU:
    def forward(self, z):
        self.on = z > 0
        return np.maximum(z, 0)

    def backward(self, d):
        return d * self.on

class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

class Layer:
    def __init__(self, inputs, outputs, activation):
        self.W, self.b = np.random.rand(inputs, outputs), np.zeros(outputs)
        self.act = activation()

    def forward(self, x):
        self.x = x
        return self.act.forward(x @ self.W + self.b)
"""


def test_a_layer_that_applies_softmax_needs_no_other_softmax(check):
    result = check(ACTIVATED)
    assert not wrong(result)
    assert {"softmax.values", "network.forward"} <= passed(result)


def test_a_mistake_beside_a_layer_that_applies_softmax(check):
    assert "softmax.normalized" in wrong(check(ACTIVATED, ("e / e.sum(axis=1, keepdims=True)", "e / e.sum()")))


# A prediction of one sample

ONE_IMAGE = ZERO_TIMES.replace("np.log(probs)", "np.log(probs + 1e-9)").replace(
    "X, y =",
    """
    def predict(self, image):
        return np.argmax(self.forward(image))

X, y =""",
)


def test_a_prediction_of_one_image_is_asked_for_one(check):
    assert wrong(check(ONE_IMAGE)) == {}


def test_a_prediction_of_a_batch_gives_a_label_for_each_sample(check):
    of_a_batch = check(ONE_IMAGE, ("predict(self, image)", "predict(self, X)"), ("forward(image)", "forward(X)"))
    assert "predict-over-everything" in causes(of_a_batch)


# Trainings that end by themselves

UNTIL_IT_STAYS = """
def init(input_dim, hidden_dim, output_dim):
    W1, b1 = np.random.randn(input_dim, hidden_dim) / input_dim**0.5, np.zeros(hidden_dim)
    W2, b2 = np.random.randn(hidden_dim, output_dim) / hidden_dim**0.5, np.zeros(output_dim)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}

def forward(model, X):
    a1 = np.maximum(X @ model["W1"] + model["b1"], 0)
    z2 = a1 @ model["W2"] + model["b2"]
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    return a1, e / e.sum(axis=1, keepdims=True)

def loss(model, X, y):
    return -np.mean(np.log(forward(model, X)[1][range(len(y)), y]))

def backward(X, y, model, a1, probs):
    d = probs.copy()
    d[range(len(y)), y] -= 1
    d = d / len(y)
    h = (d @ model["W2"].T) * (a1 > 0)
    return X.T @ h, h.sum(axis=0), a1.T @ d, d.sum(axis=0)

def train(model, X, y, num_passes=10000, learning_rate=0.1):
    done, before = False, np.inf
    while not done:
        for _ in range(1000):
            a1, probs = forward(model, X)
            dW1, db1, dW2, db2 = backward(X, y, model, a1, probs)
            model["W1"] = model["W1"] - learning_rate * dW1
            model["b1"] = model["b1"] - learning_rate * db1
            model["W2"] = model["W2"] - learning_rate * dW2
            model["b2"] = model["b2"] - learning_rate * db2
        now = loss(model, X, y)
        done, before = before - now < 0.01 * before, now
    return model
"""


def training_of(result):
    return {(spec.outcome, spec.message) for spec in result.specs if spec.id.startswith("training.epochs")}


def test_a_training_that_never_reads_its_epochs_is_not_called(check):
    result = check(UNTIL_IT_STAYS)
    assert wrong(result) == {}
    reason = "train does not read num_passes: it trains until a condition of its own holds"
    assert training_of(result) == {("skipped", reason)}


def test_a_training_that_forgets_its_epochs_is_wrong(check):
    once = check(UNTIL_IT_STAYS, ("while not done:", "for _ in [0]:"), ("for _ in range(1000)", "for _ in [0]"))
    assert "training.epochs" in wrong(once)


# Words for optimizers and activations

BY_WORDS = """
class Net:
    def __init__(self, sizes, activations, optimizer="adam", loss="mse"):
        self.W = [np.random.randn(a, b) / a**0.5 for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]
        self.activations, self.optimizer, self.loss = activations, optimizer, loss
        if optimizer == "adam":
            self.v = [np.zeros_like(W) for W in [*self.W, *self.b]]

    def forward(self, X):
        self.A = [X]
        for W, b, name in zip(self.W, self.b, self.activations):
            z = self.A[-1] @ W + b
            if name == "sigmoid":
                self.A.append(1 / (1 + np.exp(-z)))
            elif name == "softmax":
                e = np.exp(z - z.max(axis=1, keepdims=True))
                self.A.append(e / e.sum(axis=1, keepdims=True))
        return self.A[-1]

    def compute_loss(self, p, Y):
        if self.loss == "cross_entropy":
            return -np.mean(np.sum(Y * np.log(p + 1e-9), axis=1))
        return np.mean((p - Y) ** 2)

    def backward(self, Y):
        self.dW, self.db = [], []
        d = (self.A[-1] - Y) / len(Y)
        for i in reversed(range(len(self.W))):
            self.dW.insert(0, self.A[i].T @ d)
            self.db.insert(0, d.sum(axis=0))
            d = (d @ self.W[i].T) * self.A[i] * (1 - self.A[i])

    def step(self, lr):
        for i, (p, g) in enumerate(zip([*self.W, *self.b], [*self.dW, *self.db])):
            if self.optimizer == "adam":
                self.v[i] = 0.9 * self.v[i] + 0.1 * g**2
                g = g / (np.sqrt(self.v[i]) + 1e-8)
            elif self.optimizer == "sgd":
                g = 1.0 * g
            p -= lr * g

X, Y = np.random.rand(120, 4), np.eye(3)[np.random.randint(0, 3, 120)]
net = Net([4, 8, 3], ["sigmoid", "sigmoid"], optimizer="adam", loss="mse")
for epoch in range(50):
    net.compute_loss(net.forward(X), Y)
    net.backward(Y)
    net.step(0.1)
"""


def test_softmax_and_gradient_descent_are_chosen_where_the_code_has_no_relu(check):
    result = check(BY_WORDS)
    assert causes(result) == {"activation-sigmoid"}
    assert {"training.step", "gradients.additivity"} <= passed(result)


def test_softmax_is_not_chosen_for_another_loss(check):
    found = check(BY_WORDS, ('if self.loss == "cross_entropy":', "if self.loss is None:"))
    assert "loss-squared-error" in causes(found)


ADAM = (
    BY_WORDS.replace('if name == "sigmoid":', 'if name == "relu":')
    .replace("1 / (1 + np.exp(-z))", "np.maximum(z, 0)")
    .replace("self.A[i] * (1 - self.A[i])", "(self.A[i] > 0)")
    .replace('["sigmoid", "sigmoid"], optimizer="adam", loss="mse"', '["relu", "softmax"], "adam", "cross_entropy"')
)


@pytest.mark.parametrize("given", ['optimizer="adam"', "optimizer"])
def test_gradient_descent_is_chosen_in_place_of_a_default(given, check):
    found = check(ADAM, ('optimizer="adam", loss="mse")', f'{given}, loss="cross_entropy")'))
    assert wrong(found) == {}
    assert "training.step" in passed(found)


def test_a_mistake_in_what_was_chosen(check):
    assert "step-adaptive" in causes(check(BY_WORDS, ("g = 1.0 * g", "g = g / (np.sqrt(g**2) + 1e-8)")))


# Outputs that are neither probabilities nor logits

SIGMOIDS = """
class MLP:
    def __init__(self, input_size, hidden_size, output_size):
        self.W1, self.b1 = np.random.randn(input_size, hidden_size), np.zeros(hidden_size)
        self.W2, self.b2 = np.random.randn(hidden_size, output_size), np.zeros(output_size)

    def forward(self, X):
        self.a1 = 1 / (1 + np.exp(-(X @ self.W1 + self.b1)))
        self.a2 = 1 / (1 + np.exp(-(self.a1 @ self.W2 + self.b2)))
        return self.a2

    def backward(self, X, y):
        d = self.a2 - y.numbers().reshape(-1, 1)
        self.dW2, self.db2 = self.a1.T @ d, d.sum(axis=0)
"""


def test_sigmoid_outputs_are_no_logits_because_a_backward_pass_raises(check):
    assert causes(check(SIGMOIDS)) == {"forward-other-network"}


# A loss that takes what every layer gave

EVERY_LAYER = """
class Dense:
    def __init__(self, n_in, n_out, activation):
        self.activation = activation
        self.weights = np.random.normal(0, 0.1, (n_in, n_out))
        self.biases = np.zeros((1, n_out))

    def forwardpass(self, X):
        self.z = X @ self.weights + self.biases
        if self.activation == 'relu':
            return np.maximum(self.z, 0)
        e = np.exp(self.z - self.z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backwardpass(self, lr, activation_prev, delta):
        d = delta * (self.z > 0) if self.activation == 'relu' else delta
        out = d @ self.weights.T
        self.weights = self.weights - lr * activation_prev.T @ d
        self.biases = self.biases - lr * d.sum(axis=0, keepdims=True)
        return out

class NeuralNetwork:
    def __init__(self, out_nodes, lr):
        self.layers = []
        self.out_nodes, self.alpha = out_nodes, lr

    def addLayer(self, layer):
        self.layers.append(layer)

    def computeLoss(self, Y, predictions):
        p = predictions[-1]
        return -np.sum(Y * np.log(p + 1e-9)) / p.shape[0]

    def feedforward(self, X):
        acts = [X]
        for layer in self.layers:
            acts.append(layer.forwardpass(acts[-1]))
        return acts

    def backpropagate(self, activations, Y):
        delta = (activations[-1] - Y) / len(Y)
        for i in range(1, len(activations)):
            delta = self.layers[-i].backwardpass(self.alpha, activations[-1 - i], delta)
"""


def test_a_loss_of_what_every_layer_gave(check):
    assert wrong(check(EVERY_LAYER)) == {}


def test_a_mistake_in_a_loss_of_what_every_layer_gave(check):
    assert "network.loss" in wrong(check(EVERY_LAYER, ("/ p.shape[0]", "/ p.size")))


# An exception for want of what chainrule does not know

UNKNOWN = """
class MLP:
    def __init__(self, input_size, hidden_size, output_size):
        self.W1, self.b1 = np.random.randn(input_size, hidden_size) / input_size**0.5, np.zeros(hidden_size)
        self.W2, self.b2 = np.random.randn(hidden_size, output_size) / hidden_size**0.5, np.zeros(output_size)

    def forward(self, X):
        a1 = np.maximum(X @ self.W1 + self.b1, 0)
        z2 = a1 @ self.W2 + self.b2
        e = np.exp(z2 - z2.max(axis=1, keepdims=True))
        probs = e / e.sum(axis=1, keepdims=True)
        return probs, {"X": X, "a1": a1, "probs": probs}

    def backward(self, cache, target=None, gain=None, mode="policy"):
        d = (cache["probs"] - target) * (-gain if mode == "policy" else 1) / len(target)
        dW2, db2 = cache["a1"].T @ d, d.sum(axis=0)
        d = d @ self.W2.T * (cache["a1"] > 0)
        return {"W1": cache["X"].T @ d, "b1": d.sum(axis=0), "W2": dW2, "b2": db2}
"""


def test_what_is_unknown_and_left_out_makes_no_exception_the_authors(check):
    assert wrong(check(UNKNOWN)) == {}
    plainly = check(UNKNOWN, ("gain=None, ", ""), ('(-gain if mode == "policy" else 1)', "1"), ('"a1": a1, ', ""))
    assert "gradients.shapes" in wrong(plainly)


# A backward pass that starts from what the cost gives, in a script for a single output

SINGLE_OUTPUT = """
class Net:
    def __init__(self, sizes, activations):
        self.W = [np.random.randn(a, b) / a**0.5 for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]
        self.activations = activations

    def forward(self, X):
        self.A = [X]
        for W, b, name in zip(self.W, self.b, self.activations):
            z = self.A[-1] @ W + b
            if name == "sigmoid":
                self.A.append(1 / (1 + np.exp(-z)))
            elif name == "relu":
                self.A.append(np.maximum(z, 0))
            elif name == "softmax":
                e = np.exp(z - z.max(axis=1, keepdims=True))
                self.A.append(e / e.sum(axis=1, keepdims=True))
        return self.A[-1]

    def cost(self, Y, P, derivative=False):
        if derivative:
            return -Y / (P + 1e-12) / len(Y)
        return -np.mean(np.sum(Y * np.log(P + 1e-12), axis=1))

    def backward(self, d, lr):
        for i in reversed(range(len(self.W))):
            a = self.A[i + 1]
            if self.activations[i] == "softmax":
                d = a * (d - (d * a).sum(axis=1, keepdims=True))
            elif self.activations[i] == "sigmoid":
                d = d * a * (1 - a)
            elif self.activations[i] == "relu":
                d = d * (a > 0)
            dW, db = self.A[i].T @ d, d.sum(axis=0)
            d = d @ self.W[i].T
            self.W[i], self.b[i] = self.W[i] - lr * dW, self.b[i] - lr * db

X, Y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0], [1], [1], [0]])
net = Net([2, 4, 1], ["sigmoid", "sigmoid"])
for epoch in range(50):
    P = net.forward(X)
    net.cost(Y, P)
    net.backward(net.cost(Y, P, derivative=True), 0.5)
"""


def test_a_backward_pass_starts_from_what_the_cost_gives(check):
    found = check(SINGLE_OUTPUT)
    assert wrong(found) == {}
    assert "gradients.weights" in passed(found)
    assert "gradients.class_sum" in wrong(check(SINGLE_OUTPUT, ("d - (d * a).sum(axis=1, keepdims=True)", "d")))


# A training of several, which does not read the batch size that another one reads

SEVERAL_TRAININGS = """
class MLP:
    def __init__(self, input_size, hidden_size, output_size, lr=0.1, batch_size=32, epochs=20, way="sgd"):
        self.lr, self.batch_size, self.epochs, self.way = lr, batch_size, epochs, way
        self.W1, self.b1 = np.random.randn(input_size, hidden_size) / input_size**0.5, np.zeros((1, hidden_size))
        self.W2, self.b2 = np.random.randn(hidden_size, output_size) / hidden_size**0.5, np.zeros((1, output_size))

    def forward(self, X):
        self.a1 = np.maximum(X @ self.W1 + self.b1, 0)
        z2 = self.a1 @ self.W2 + self.b2
        e = np.exp(z2 - z2.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, p, y):
        return -np.mean(np.log(p[range(len(y)), y] + 1e-12))

    def update(self, X, y):
        d = self.forward(X)
        d[range(len(y)), y] -= 1
        d = d / len(y)
        h = d @ self.W2.T * (self.a1 > 0)
        self.W2 -= self.lr * self.a1.T @ d
        self.b2 -= self.lr * d.sum(axis=0, keepdims=True)
        self.W1 -= self.lr * X.T @ h
        self.b1 -= self.lr * h.sum(axis=0, keepdims=True)

    def one_by_one(self, X, y):
        for i in np.random.permutation(len(X)):
            self.update(X[i:i + 1], y[i:i + 1])

    def in_batches(self, X, y):
        order = np.random.permutation(len(X))
        for i in range(0, len(X), self.batch_size):
            self.update(X[order[i:i + self.batch_size]], y[order[i:i + self.batch_size]])

    def fit(self, X, y, X_val=None):
        for _ in range(self.epochs):
            if self.way == "sgd":
                self.one_by_one(X, y)
            else:
                self.in_batches(X, y)
            self.loss(self.forward(X), y)

net = MLP(4, 8, 3)
net.fit(np.random.randn(60, 4), np.random.randint(0, 3, 60))
"""


def test_a_training_of_several(check):
    assert wrong(check(SEVERAL_TRAININGS)) == {}


def test_a_batch_size_that_no_training_reads(check):
    alone = SEVERAL_TRAININGS.replace("order[i:i + self.batch_size]", "order[i:i + 1]")
    alone = alone.replace('if self.way == "sgd":', "if not self.epochs:")
    found = check(alone, ("range(0, len(X), self.batch_size)", "range(0, len(X), 1)"))
    assert found.verdict != "pass"


# Functions of an engine's objects, beside no network that is understood

ENGINE = """
class Value:
    def __init__(self, number):
        self.number, self.grad = number, 0.0

    def exp(self):
        return Value(np.exp(self.number))

    def __truediv__(self, other):
        return Value(self.number / other.number)

    def __add__(self, other):
        return Value(self.number + other.number)

def Relu(value):
    return Value(max(0, value.number))

def softmax(values):
    exps = [value.exp() for value in values]
    total = Value(0)
    for one in exps:
        total += one
    return [one / total for one in exps]

class Graph:
    def run(self, values):
        return softmax([Relu(value) for value in values])
"""


def test_functions_of_an_engine_are_not_judged_by_arrays(check):
    result = check(ENGINE)
    assert not wrong(result)
    assert {spec.outcome for spec in result.specs if spec.id.startswith(("relu.", "softmax."))} == {"todo"}


def test_a_relu_that_nothing_uses_is_judged(check):
    assert "relu.shape" in wrong(check("def relu(z):\n    return np.maximum(z, 0).squeeze()\n"))


# Trainings that hold out a part, and rates under other names

HOLDING = """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def cross_entropy(y, p):
    return -np.sum(y * np.log(p + 1e-15))

def batch_cross_entropy(y, p):
    return np.mean(-np.sum(y * np.log(p + 1e-15), axis=1))

class Net:
    def __init__(self, sizes):
        self.weights = [np.random.randn(a, b) / a**0.5 for a, b in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros((1, b)) for b in sizes[1:]]

    def forward(self, X, params=None):
        if params is not None:
            self.weights, self.biases = params[0], params[1]
        self.acts = [X]
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = self.acts[-1] @ w + b
            self.acts.append(softmax(z) if i == len(self.weights) - 1 else np.maximum(z, 0))
        return self.acts[-1]

    def loss(self, X, Y):
        return batch_cross_entropy(Y, self.forward(X))

    def backward(self, X, Y, lr):
        self.forward(X)
        delta = (self.acts[-1] - Y) / len(X)
        for i in reversed(range(len(self.weights))):
            dW, db = self.acts[i].T @ delta, delta.sum(axis=0, keepdims=True)
            delta = delta @ self.weights[i].T * (self.acts[i] > 0)
            self.weights[i] -= lr * dW
            self.biases[i] -= lr * db

    def train(self, X, Y, PART, initial_lr, batch_size, epochs):
        n = int(len(X) * SHARE)
        for _ in range(epochs):
            order = np.random.permutation(n)
            for i in range(0, n, batch_size):
                self.backward(X[order[i : i + batch_size]], Y[order[i : i + batch_size]], initial_lr)

if __name__ == "__main__":
    X, Y = np.random.randn(40, 4), np.eye(3)[np.random.randint(0, 3, 40)]
    print(cross_entropy(Y[0], softmax(X[:1, :3])))
    net = Net([4, 6, 3])
    net.train(X, Y, GIVEN, 0.1, 8, 2)
"""
PARTS = {
    "part to train on": (("PART", "train_split"), ("SHARE", "train_split"), ("GIVEN", "0.9")),
    "part to validate on": (("PART", "val_size"), ("SHARE", "(1 - val_size)"), ("GIVEN", "0.1")),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_training_that_holds_out_a_part_gets_none_to_hold_out(check, part):
    result = check(HOLDING, *PARTS[part])
    assert wrong(result) == {}
    assert {"training.many_samples", "training.full_batch", "gradients.values", "cross_entropy.uniform"} <= passed(
        result
    )


# Styles in which others write: each trains by its own calls

FUNCTIONS = """
def relu(z):
    return np.maximum(0, z)

def relu_slope(z):
    return (z > 0).astype(float)

def loss(p, y):
    return -np.sum(y * np.log(p + 1e-12)) / len(y)

def both_layers(X, W1, b1, W2, b2):
    z1 = X @ W1 + b1
    a1 = relu(z1)
    return z1, a1, softmax(a1 @ W2 + b2)

def both_slopes(X, Y, z1, a1, p, W2):
    d2 = (p - Y) / len(X)
    d1 = d2 @ W2.T * relu_slope(z1)
    return X.T @ d1, d1.sum(axis=0, keepdims=True), a1.T @ d2, d2.sum(axis=0, keepdims=True)
"""
READ_FROM_GLOBALS = """
def init_weights():
    W1, b1 = np.random.randn(6, 5) / 6**0.5, np.zeros((1, 5))
    W2, b2 = np.random.randn(5, 3) / 5**0.5, np.zeros((1, 3))
    return W1, b1, W2, b2

W1, b1, W2, b2 = init_weights()

def forward_pass(X):
    Z1 = X @ W1 + b1
    A1 = relu(Z1)
    A2 = softmax(A1 @ W2 + b2)
    return Z1, A1, A2

def cross_entropy_loss(y_pred, y_true):
    return loss(y_pred, y_true)

def backward_pass(X, y_true, Z1, A1, A2):
    return both_slopes(X, y_true, Z1, A1, A2, W2)

def update_weights(dW1, db1, dW2, db2, learning_rate=0.01):
    global W1, b1, W2, b2
    W1 -= learning_rate * dW1
    b1 -= learning_rate * db1
    W2 -= learning_rate * dW2
    b2 -= learning_rate * db2

def train(X, y, epochs=40, batch_size=64, learning_rate=0.01):
    for epoch in range(epochs):
        order = np.random.permutation(len(X))
        for i in range(0, len(X), batch_size):
            X_batch, y_batch = X[order[i : i + batch_size]], y[order[i : i + batch_size]]
            Z1, A1, A2 = forward_pass(X_batch)
            update_weights(*backward_pass(X_batch, y_batch, Z1, A1, A2), learning_rate)
        accuracy = np.mean(np.argmax(forward_pass(X_test)[-1], axis=1) == y_test)
"""
IN_AN_OBJECT = """
class Model:
    def __init__(self, W1, b1, W2, b2):
        self.W1, self.b1, self.W2, self.b2 = W1, b1, W2, b2

def init_model():
    limit = np.sqrt(6 / 784)
    weights = np.random.uniform(-limit, limit, (784, 64)), np.random.uniform(-limit, limit, (64, 10))
    return Model(weights[0], np.zeros((1, 64)), weights[1], np.zeros((1, 10)))

def forward_pass(X, model):
    z1, a1, p = both_layers(X, model.W1, model.b1, model.W2, model.b2)
    return a1, p, z1

def backward_pass(Xb, Yb, a1, a2, z1, model):
    return both_slopes(Xb, Yb, z1, a1, a2, model.W2)

def update(dW1, db1, dW2, db2, lr, model):
    model.W1 -= lr * dW1
    model.b1 -= lr * db1
    model.W2 -= lr * dW2
    model.b2 -= lr * db2
    return model

def train(model, X_raw, y_raw, epochs, batchSize, lr):
    for _ in range(epochs):
        order = np.random.permutation(len(X_raw))
        for i in range(0, len(X_raw), batchSize):
            Xb, yb = X_raw[order[i : i + batchSize]], y_raw[order[i : i + batchSize]]
            a1, a2, z1 = forward_pass(Xb, model)
            model = update(*backward_pass(Xb, yb, a1, a2, z1, model), lr, model)
    return model
"""
FUNCTIONS_PER_LAYER = """
SLOPES = {relu: relu_slope}

class Model:
    def __init__(self):
        self.parameters, self.activations, self.cache, self.grads, self.depth = {}, [], {}, {}, 0

    def init_params(self, layer_dim, activations):
        self.depth = len(layer_dim)
        for i in range(1, self.depth):
            self.parameters[f"W{i}"] = np.random.randn(layer_dim[i - 1], layer_dim[i]) / layer_dim[i - 1] ** 0.5
            self.parameters[f"b{i}"] = np.zeros((1, layer_dim[i]))
        self.activations = [None] + activations.copy()

    def forward(self, X):
        self.cache = {"A0": X}
        for i in range(1, self.depth):
            self.cache[f"Z{i}"] = X @ self.parameters[f"W{i}"] + self.parameters[f"b{i}"]
            X = self.cache[f"A{i}"] = self.activations[i](self.cache[f"Z{i}"])
        return X

    def loss(self, p, Y):
        return loss(p, Y)

    def backward(self, Y):
        delta = (self.cache[f"A{self.depth - 1}"] - Y) / len(Y)
        for i in range(self.depth - 1, 0, -1):
            self.grads[f"dW{i}"] = self.cache[f"A{i - 1}"].T @ delta
            self.grads[f"db{i}"] = delta.sum(axis=0, keepdims=True)
            if i > 1:
                delta = delta @ self.parameters[f"W{i}"].T * SLOPES[self.activations[i - 1]](self.cache[f"Z{i - 1}"])

    def update(self, lr):
        for i in range(1, self.depth):
            self.parameters[f"W{i}"] -= lr * self.grads[f"dW{i}"]
            self.parameters[f"b{i}"] -= lr * self.grads[f"db{i}"]

    def train(self, X, Y, epochs, batch_size, lr):
        for _ in range(epochs):
            order = np.random.permutation(len(X))
            for i in range(0, len(X), batch_size):
                self.forward(X[order[i : i + batch_size]])
                self.backward(Y[order[i : i + batch_size]])
                self.update(lr)

net = Model()
net.init_params([7, 6, 5, 3], [relu, relu, softmax])
net.train(np.random.randn(60, 7), np.eye(3)[np.random.randint(0, 3, 60)], 2, 16, 0.05)
"""
ONE_SAMPLE = """
def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum(axis=0, keepdims=True)

def forward_prop(x, w1, b1, w2, b2):
    z1 = w1 @ x + b1
    a1 = np.maximum(0, z1)
    return z1, a1, softmax(w2 @ a1 + b2)

def train_one_sample(x, y, w1, b1, w2, b2, lr):
    z1, a1, p = forward_prop(x, w1, b1, w2, b2)
    d2 = p - y
    d1 = (w2.T @ d2) * (z1 > 0)
    w2 -= lr * d2 @ a1.T
    b2 -= lr * d2
    w1 -= lr * d1 @ x.T
    b1 -= lr * d1

X, Y = np.random.randn(40, 4), np.eye(3)[np.random.randint(0, 3, 40)]
w1, b1 = np.random.randn(5, 4) / 4**0.5, np.zeros((5, 1))
w2, b2 = np.random.randn(3, 5) / 5**0.5, np.zeros((3, 1))
for epoch in range(2):
    for i in range(len(X)):
        train_one_sample(X[i].reshape(4, 1), Y[i].reshape(3, 1), w1, b1, w2, b2, 0.01)
"""
TEN_CLASSES = """
def one_hot(y, classes=10):
    found = np.zeros((y.size, classes))
    found[np.arange(y.size), y] = 1
    return found

def forward_pass(W1, b1, W2, b2, X):
    z1, a1, p = both_layers(X, W1, b1, W2, b2)
    return z1, a1, p

def get_loss(p, y):
    return loss(p, one_hot(y))

def backward_pass(X, y, z1, a1, p, W2):
    dW1, db1, dW2, db2 = both_slopes(X, one_hot(y), z1, a1, p, W2)
    return dW1, db1, dW2, db2

def update(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha):
    W1, b1 = W1 - alpha * dW1, b1 - alpha * db1
    W2, b2 = W2 - alpha * dW2, b2 - alpha * db2
    return W1, b1, W2, b2
"""
KEPT_DATA = """
class Model:
    def init_params(self, sizes):
        self.W1, self.b1 = np.random.randn(sizes[0], sizes[1]) / sizes[0] ** 0.5, np.zeros((1, sizes[1]))
        self.W2, self.b2 = np.random.randn(sizes[1], sizes[2]) / sizes[1] ** 0.5, np.zeros((1, sizes[2]))

    def forward_prop(self, X):
        self.X = X
        z1, a1, A2 = both_layers(X, self.W1, self.b1, self.W2, self.b2)
        return z1, a1, A2

    def compute_cost(self, A2, Y):
        return -np.mean(np.log(A2[np.arange(len(Y)), Y.T][0]))

    def backward_prop(self, one_hot, z1, a1, A2):
        return both_slopes(self.X, one_hot, z1, a1, A2, self.W2)

    def update(self, dW1, db1, dW2, db2, lr):
        self.W1, self.b1 = self.W1 - lr * dW1, self.b1 - lr * db1
        self.W2, self.b2 = self.W2 - lr * dW2, self.b2 - lr * db2

    def train(self, X, y, lr, iterations):
        self.X_train, self.y_train = X, y
        for i in range(iterations):
            z1, a1, A2 = self.forward_prop(self.X_train)
            cost = self.compute_cost(A2, self.y_train.reshape(-1, 1))
            self.update(*self.backward_prop(np.eye(self.W2.shape[1])[self.y_train], z1, a1, A2), lr)

net = Model()
net.init_params([7, 5, 3])
net.train(np.random.randn(60, 7), np.random.randint(0, 3, 60), 0.05, 3)
"""
OBJECTS_PER_LAYER = """
class ReLU:
    def forward(self, x):
        return np.maximum(x, 0)

    def backward(self, x, grad):
        return grad * (x > 0)

class Linear:
    def forward(self, x):
        return x

    def backward(self, x, grad):
        return grad

class Layer:
    def __init__(self, n_in, n_out, act):
        self.W, self.B, self.act = np.random.randn(n_out, n_in) / n_in**0.5, np.zeros((n_out, 1)), act

    def forward(self, x):
        return self.act.forward(self.W @ x + self.B)

    def backward(self, x, grad, lr):
        grad = self.act.backward(self.forward(x), grad)
        dW, dB, below = grad @ x.T / x.shape[1], grad.mean(axis=1, keepdims=True), self.W.T @ grad
        self.W -= lr * dW
        self.B -= lr * dB
        return below

def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)

class Model:
    def __init__(self, dims, acts):
        self.layers = [Layer(dim, dims[i + 1], acts[i]) for i, dim in enumerate(dims[:-1])]

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def fit(self, X, y, lr):
        below = [X.T]
        for layer in self.layers:
            below.append(layer.forward(below[-1]))
        grad = softmax(below[-1]) - y.T
        for i in range(len(self.layers) - 1, -1, -1):
            grad = self.layers[i].backward(below[i], grad, lr)

X, Y = np.random.randn(60, 7), np.eye(3)[np.random.randint(0, 3, 60)]
model = Model([7, 5, 3], [ReLU(), Linear()])
for epoch in range(3):
    model.fit(X, Y, 0.1)
print(softmax(model.forward(X.T)))
"""
WRITTEN = {  # {style: (source, what passes only if it is read)}
    "globals that an initialization returns": (READ_FROM_GLOBALS, {"gradients.values", "training.full_batch"}),
    "an object of parameters beside functions": (IN_AN_OBJECT, {"gradients.values", "training.fresh_order"}),
    "a list of functions": (FUNCTIONS_PER_LAYER, {"gradients.values", "training.fresh_order"}),
    "a list of objects": (OBJECTS_PER_LAYER, {"network.forward", "training.full_batch"}),
    "one sample at a time": (ONE_SAMPLE, {"gradients.values", "network.large_logits"}),
    "ten classes, and no calls": (TEN_CLASSES, {"gradients.values", "network.loss", "training.step"}),
    "an object that keeps its data": (KEPT_DATA, {"gradients.values", "network.loss", "training.full_batch"}),
}


@pytest.mark.parametrize("style", WRITTEN)
def test_another_style_is_read_right(check, style):
    source, read = WRITTEN[style]
    before = ("" if "def softmax" in source else SOFTMAX) + (FUNCTIONS if "both_" in source or "relu" in source else "")
    result = check(before + source)
    assert wrong(result) == {}
    assert read <= passed(result)


# Names in another language, of functions that the author's training tells apart

FOREIGN = (
    SOFTMAX
    + """
def anlegen(schichten):
    paare = list(zip(schichten, schichten[1:]))
    return [np.random.randn(m, n) * (2 / (m + n)) ** 0.5 for m, n in paare], [np.zeros(n) for _, n in paare]

def vorwaerts(gewichte, schwellen, x):
    werte = [x]
    for i, (w, b) in enumerate(zip(gewichte, schwellen)):
        z = werte[-1] @ w + b
        werte.append(np.maximum(z, 0) if i < len(gewichte) - 1 else softmax(z))
    return werte

def verlust(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()

def lernen(gewichte, schwellen, x, y, runden=8, umfang=32, tempo=0.1):
    zufall = np.random.default_rng(0)
    for _ in range(runden):
        folge = zufall.permutation(len(x))
        for i in range(0, len(x), umfang):
            r = folge[i:i + umfang]
            werte = vorwaerts(gewichte, schwellen, x[r])
            d = (werte[-1] - np.eye(werte[-1].shape[1])[y[r]]) / len(r)
            for l in range(len(gewichte) - 1, -1, -1):
                dw, db = werte[l].T @ d, d.sum(axis=0)
                d = (d @ gewichte[l].T) * (werte[l] > 0)
                gewichte[l] -= tempo * dw
                schwellen[l] -= tempo * db

def vorhersagen(gewichte, schwellen, x):
    return vorwaerts(gewichte, schwellen, x)[-1].argmax(axis=1)

if __name__ == "__main__":
    x = np.random.default_rng(0).normal(size=(120, 4))
    y = x[:, :3].argmax(axis=1)
    g, s = anlegen([4, 12, 3])
    lernen(g, s, x, y)
    print(verlust(vorwaerts(g, s, x)[-1], y))
"""
)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        pytest.param((), None, id="right"),
        pytest.param(
            ("folge[i:i + umfang]", "zufall.choice(len(x), len(folge[i:i + umfang]))"),
            "fit-with-replacement",
            id="drawn",
        ),
        pytest.param(("range(runden)", "range(1, runden)"), "fit-epochs-off-by-one", id="an epoch too few"),
        pytest.param((" / len(r)", ""), "gradient-not-averaged", id="a sum over the batch"),
        pytest.param((".argmax(axis=1)\n\nif", ".argmin(axis=1)\n\nif"), "predict-least-likely", id="the least likely"),
    ],
)
def test_names_in_another_language(check, change, cause):
    result = check(FOREIGN, *([change] if change else []))
    if cause is None:
        assert not wrong(result)
        assert {"network.predict", "training.epochs"} <= passed(result)
    else:
        assert cause in causes(result)
        assert not {"carry-updated-weights", "gradients-accumulate"} & causes(result)


def test_a_training_that_draws_some_batches_shows_no_gradients_of_a_batch(check):
    result = check(
        FOREIGN,
        ("folge[i:i + umfang]", "zufall.choice(len(x), umfang)"),
        ("range(0, len(x), umfang)", "range(len(x) // umfang)"),
    )
    assert not wrong(result)
    assert "network.forward" in passed(result)


ONE_UNIT = """
def relu(z):
    return np.maximum(z, 0)

def initialize_parameters():
    return {
        "W1": np.random.randn(2, 3), "b1": np.zeros((1, 3)), "W2": np.random.randn(3, 1), "b2": np.zeros((1, 1))
    }

def forward(X, parameters):
    Z1 = X @ parameters["W1"] + parameters["b1"]
    A1 = relu(Z1)
    Z2 = A1 @ parameters["W2"] + parameters["b2"]
    return {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": 1 / (1 + np.exp(-Z2))}

def train(X, y, epochs, learning_rate=0.01):
    parameters = initialize_parameters()
    for epoch in range(epochs):
        found = forward(X, parameters)
        dZ2 = (found["A2"] - y.reshape(-1, 1)) / len(X)
        dZ1 = (dZ2 @ parameters["W2"].T) * (found["Z1"] > 0)
        parameters["W2"] -= learning_rate * found["A1"].T @ dZ2
        parameters["b2"] -= learning_rate * dZ2.sum(axis=0, keepdims=True)
        parameters["W1"] -= learning_rate * X.T @ dZ1
        parameters["b1"] -= learning_rate * dZ1.sum(axis=0, keepdims=True)
    return parameters
"""


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param((), id="rows"),
        pytest.param((("np.zeros((1, 3))", "np.zeros(3)"), ("np.zeros((1, 1))", "np.zeros(1)")), id="flat biases"),
    ],
)
def test_hidden_units_are_not_the_output_of_a_network_of_one_output(check, changes):
    result = check(ONE_UNIT, *changes)
    assert not wrong(result)
    assert "architecture [2, 3, 1]" in str(result)
