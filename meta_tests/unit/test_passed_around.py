"""Networks whose data or parameters go another way than through arguments are read from their training."""

import textwrap

import pytest

import chainrule

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

HEAD = """
import numpy as np


def softmax(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
"""
LOADS = """
X_train, labels = np.load("x.npy"), np.load("y.npy")
Y_train = np.eye(10)[labels]
"""
GLOBAL_DATA = (
    HEAD
    + LOADS
    + """

def for_prop(w1, w2, b1, b2):
    a1 = np.maximum(X_train @ w1 + b1, 0)
    a2 = softmax(a1 @ w2 + b2)
    return a1, a2


def loss(found):
    return -np.sum(Y_train * np.log(found + 1e-9)) / len(found)


def back_prop(a1, a2, w2, x=False, y=False):
    m = len(X_train)
    d2 = (a2 - Y_train) / m
    d1 = d2 @ w2.T * (a1 > 0)
    return X_train.T @ d1, d1.sum(axis=0, keepdims=True), a1.T @ d2, d2.sum(axis=0, keepdims=True)


def fit(w1, w2, b1, b2, rounds, lr):
    for _ in range(rounds):
        a1, a2 = for_prop(w1, w2, b1, b2)
        print(loss(a2))
        dw1, db1, dw2, db2 = back_prop(a1, a2, w2)
        w1 = w1 - lr * dw1
        w2 -= lr * dw2
        b1 -= lr * db1
        b2 -= lr * db2
    return w1, w2, b1, b2


def get_preds(X):
    return np.argmax(softmax(np.maximum(X @ w1 + b1, 0) @ w2 + b2), axis=1)


w1, b1 = np.random.rand(X_train.shape[1], 24) - 0.5, np.zeros((1, 24))
w2, b2 = np.random.rand(24, 10) - 0.5, np.zeros((1, 10))
print(get_preds(X_train))
w1, w2, b1, b2 = fit(w1, w2, b1, b2, 50, 0.1)
"""
)
GLOBAL_WEIGHTS = (
    HEAD
    + LOADS
    + """
W1, b1 = np.random.randn(X_train.shape[1], 32) * 0.05, np.zeros((1, 32))
W2, b2 = np.random.randn(32, 10) * 0.05, np.zeros((1, 10))


def forward(X):
    a1 = np.maximum(X @ W1 + b1, 0)
    a2 = softmax(a1 @ W2 + b2)
    return a2, (X, a1, a2)


def backprop(Xb, Yb, cache):
    X, a1, a2 = cache
    d2 = (a2 - Yb) / len(Xb)
    d1 = d2 @ W2.T * (a1 > 0)
    dW2 = a1.T @ d2
    dW1 = X.T @ d1
    return dW1, d1.sum(axis=0, keepdims=True), dW2, d2.sum(axis=0, keepdims=True)


def batches(X, Y, size):
    order = np.random.permutation(len(X))
    for start in range(0, len(X), size):
        yield X[order[start : start + size]], Y[order[start : start + size]]


def train(X, Y, epochs=5, batch_size=32, lr=0.1):
    global W1, b1, W2, b2
    for _ in range(epochs):
        for Xb, Yb in batches(X, Y, batch_size):
            p, cache = forward(Xb)
            dW1, db1, dW2, db2 = backprop(Xb, Yb, cache)
            W1 -= lr * dW1
            b1 = b1 - lr * db1
            W2 -= lr * dW2
            b2 = b2 - lr * db2


train(X_train, Y_train)
"""
)
SWAPPED = (
    HEAD
    + """

class Net:
    def __init__(self, X, y, X_test, y_test, num_labels, architecture, optimizer="momentum", l2=0.001):
        self.X, self.y, self.X_test, self.y_test = X, y, X_test, y_test
        self.m, self.optimizer, self.l2 = X.shape[1], optimizer, l2
        self.sizes = architecture
        self.sizes.append(num_labels)
        self.sizes.insert(0, X.shape[0])
        self.params, self.velocity, self.layers = {}, {}, {}
        assert y.shape == (num_labels, self.m)

    def initialize(self):
        for l in range(1, len(self.sizes)):
            self.params["w" + str(l)] = np.random.randn(self.sizes[l], self.sizes[l - 1]) * 0.1
            self.params["b" + str(l)] = np.zeros((self.sizes[l], 1))
            self.velocity["w" + str(l)] = self.velocity["b" + str(l)] = 0

    def forward(self):
        a, last = self.X, len(self.sizes) - 1
        self.layers["a0"] = a
        for l in range(1, last):
            a = np.maximum(self.params["w" + str(l)] @ a + self.params["b" + str(l)], 0)
            self.layers["a" + str(l)] = a
        self.output = softmax(self.params["w" + str(last)] @ a + self.params["b" + str(last)], 0)
        assert self.output.shape[1] == self.m
        cost = -np.sum(self.y * np.log(self.output + 1e-8)) / self.m
        return cost + self.l2 * sum(np.sum(self.params["w" + str(l)] ** 2) for l in range(1, last + 1)), self.layers

    def backpropagate(self):
        grads, delta = {}, self.output - self.y
        for l in range(len(self.sizes) - 1, 0, -1):
            w = self.params["w" + str(l)]
            grads["w" + str(l)] = delta @ self.layers["a" + str(l - 1)].T / self.m + 2 * self.l2 * w
            grads["b" + str(l)] = delta.sum(axis=1, keepdims=True) / self.m
            delta = (w.T @ delta) * (self.layers["a" + str(l - 1)] > 0)
        return grads

    def update(self, lr, grads):
        for name in grads:
            if self.optimizer == "sgd":
                self.params[name] = self.params[name] - lr * grads[name]
            elif self.optimizer == "momentum":
                self.velocity[name] = 0.9 * self.velocity[name] + grads[name]
                self.params[name] = self.params[name] - lr * self.velocity[name]

    def fit(self, lr=0.1, epochs=10, batch_size=32):
        self.initialize()
        for _ in range(epochs):
            for start in range(0, self.m - batch_size, batch_size):
                kept = self.X, self.y, self.m
                self.X, self.y = self.X[:, start : start + batch_size], self.y[:, start : start + batch_size]
                self.m = batch_size
                cost, layers = self.forward()
                self.update(lr, self.backpropagate())
                self.X, self.y, self.m = kept


x, y = np.load("x.npy"), np.load("y.npy")
X, y = x.T / 255, np.eye(10)[y].T
Net(X[:, 20:], y[:, 20:], X[:, :20], y[:, :20], 10, [24, 16]).fit()
"""
)
PASSES_ON = (
    HEAD
    + """

class Net:
    def __init__(self, n_h, activations, iterations=80, learning_rate=0.01, seed=1):
        np.random.seed(seed)
        self.n_h, self.activations = n_h, activations
        self.iterations, self.learning_rate = iterations, learning_rate

    def _start(self, L):
        return {
            name + str(i): np.random.randn(L[i], L[i - 1]) * 0.1 if name == "W" else np.zeros((L[i], 1))
            for i in range(1, len(L))
            for name in "Wb"
        }

    def _act(self, Z, name):
        return {"relu": np.maximum(Z, 0), "softmax": softmax(Z, 0), "tanh": np.tanh(Z)}[name]

    def _forward(self, parameters, X, activations):
        A, caches, L = X, [], len(parameters) // 2
        for l in range(1, L):
            caches.append(A)
            A = self._act(parameters["W" + str(l)] @ A + parameters["b" + str(l)], activations[0])
        caches.append(A)
        return self._act(parameters["W" + str(L)] @ A + parameters["b" + str(L)], activations[1]), caches

    def _cost(self, AL, Y):
        return -np.sum(Y * np.log(AL + 1e-12)) / Y.shape[1]

    def _back(self, AL, Y, caches, parameters):
        grads, delta = {}, (AL - Y) / Y.shape[1]
        for l in range(len(caches), 0, -1):
            grads["dW" + str(l)] = delta @ caches[l - 1].T
            grads["db" + str(l)] = delta.sum(axis=1, keepdims=True)
            delta = parameters["W" + str(l)].T @ delta * (caches[l - 1] > 0)
        return grads

    def _descend(self, parameters, grads, learning_rate=0.02):
        return {name: parameters[name] - learning_rate * grads["d" + name] for name in parameters}

    def train(self, X, Y):
        parameters = self._start([X.shape[0], *self.n_h])
        for i in range(self.iterations):
            AL, caches = self._forward(parameters, X, activations=self.activations)
            if i % 100 == 0:
                print(self._cost(AL, Y))
            grads = self._back(AL, Y, caches, parameters)
            parameters = self._descend(parameters, grads, self.learning_rate)
        self.parameters = parameters
        return parameters


x, y = np.load("x.npy"), np.load("y.npy")
X, Y = x.T / 255, np.eye(10)[y].T
Net([20, 10], ["relu", "softmax"], iterations=90, learning_rate=0.1).train(X, Y)
"""
)
TURNED = (
    HEAD
    + """

class Linear:
    def forward(self, X):
        return X

    def backward(self, X, grad):
        return grad


class ReLU(Linear):
    def forward(self, X):
        return np.maximum(X, 0)

    def backward(self, X, grad):
        return grad * (X > 0)


class Layer:
    def __init__(self, d, k, act):
        self.W, self.B, self.act = np.random.randn(k, d), np.zeros((k, 1)), act

    def forward(self, X):
        return self.act.forward(self.W @ X + self.B)

    def backward(self, X, grad, lr):
        h = self.forward(X)
        grad = self.act.backward(h, grad) / h.shape[1]
        below = self.W.T @ grad * h.shape[1]
        self.W -= lr * grad @ X.T
        self.B -= lr * grad.sum(axis=1, keepdims=True)
        return below


class Model:
    def __init__(self, dims, acts):
        self.layers = [Layer(dims[i], dims[i + 1], act) for i, act in enumerate(acts)]

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def metrics(self, y, preds):
        p = softmax(preds, 0)
        return np.mean(-np.sum(y.T * np.log(p + 1e-9), axis=0)), np.mean(np.argmax(p, axis=0) == np.argmax(y, axis=1))

    def fit(self, X, y, lr):
        kept = [X.T]
        for layer in self.layers:
            kept.append(layer.forward(kept[-1]))
        loss, right = self.metrics(y, kept[-1])
        grad = softmax(kept[-1], 0) - y.T
        for i in range(len(self.layers) - 1, -1, -1):
            grad = self.layers[i].backward(kept[i], grad, lr)
        return loss, right


x, y = np.load("x.npy"), np.load("y.npy")
X, y = x[:, :12] / 255, np.eye(10)[y]
for model in (Model(dims=[12, 10], acts=[Linear()]), Model(dims=[12, 8, 10], acts=[ReLU(), Linear()])):
    for _ in range(20):
        model.fit(X, y, 0.1)
"""
)
SOURCES = {
    "global data": (GLOBAL_DATA, ("(a1 > 0)\n    return X", "a1\n    return X")),
    "global weights": (GLOBAL_WEIGHTS, ("(a1 > 0)\n    dW2", "a1\n    dW2")),
    "swapped": (SWAPPED, ("axis=1, keepdims=True) / self.m", "axis=1, keepdims=True)")),
    "passes on": (PASSES_ON, ("(caches[l - 1] > 0)", "caches[l - 1]")),
    "turned": (TURNED, ("grad * (X > 0)", "grad * X")),
}


def check(folder, source, *changes):
    text = textwrap.dedent(source)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "net.py"
    path.write_text(text, encoding="utf-8")
    return chainrule.check(str(path), conventions={"initialization": "any"})


def wrong(outcome):
    return {result.id: result.message for result in outcome.specs if result.outcome in ("failed", "error")}


@pytest.mark.parametrize("name", SOURCES)
def test_right_code_is_read_and_passes(tmp_path, name):
    outcome = check(tmp_path, SOURCES[name][0])
    found = {result.id for result in outcome.specs if result.outcome == "passed"}
    assert wrong(outcome) == {}
    assert {"network.forward", "gradients.values", "golden.gradients"} <= found


@pytest.mark.parametrize("name", SOURCES)
def test_a_mistake_in_it_is_found(tmp_path, name):
    source, change = SOURCES[name]
    found = wrong(check(tmp_path, source, change))
    assert any(clause.startswith("gradients.") for clause in found)


# One thing each that a function needs and nothing else shows

NET = (
    HEAD
    + """

class Net:
    def __init__(self, inputs, hidden, outputs):
        self.W1, self.b1 = np.random.randn(inputs, hidden) / inputs**0.5, np.zeros(hidden)
        self.W2, self.b2 = np.random.randn(hidden, outputs) / hidden**0.5, np.zeros(outputs)

    def forward(self, x):
        self.x, self.a = x, np.maximum(x @ self.W1 + self.b1, 0)
        self.p = softmax(self.a @ self.W2 + self.b2)
        return self.p

    def loss(self, x, labels):
        return -np.log(self.forward(x)[np.arange(len(x)), labels] + 1e-12).mean()

    def backward(self, UPSTREAM):
        below = UPSTREAM @ self.W2.T * (self.a > 0)
        self.dW2, self.db2 = self.a.T @ UPSTREAM, UPSTREAM.sum(axis=0)
        self.dW1, self.db1 = self.x.T @ below, below.sum(axis=0)

    def update(self, lr):
        for name in ("W1", "b1", "W2", "b2"):
            setattr(self, name, getattr(self, name) - lr * getattr(self, "d" + name))
"""
)
FIT = """

def train_model(model, X, y, epochs, batch_size, lr, lr_decay, save_path, title):
    for _ in range(epochs):
        order = np.random.permutation(len(X))
        X, y = X[order], y[order]
        for i in range(0, len(X), batch_size):
            p = model.forward(X[i : i + batch_size])
            d = p.copy()
            d[np.arange(len(d)), y[i : i + batch_size]] -= 1
            model.backward(d / len(d))
            model.update(lr)
        lr *= lr_decay
        found = model.loss(X, y)
        with open(save_path, "wb") as file:
            file.write(title.encode())
    return found
"""
ALONE = """

def run(name, X, y, classes, hidden=8, lr=0.1, epochs=30):
    net = Net(X.shape[1], hidden, classes)
    for _ in range(epochs):
        d = net.forward(X) - np.eye(classes)[y]
        net.backward(d / len(d))
        net.update(lr)
    print(name, net.loss(X, y))
"""


def named(upstream):
    return NET.replace("UPSTREAM", upstream)


@pytest.mark.parametrize("upstream", ["dx", "dL_dz", "delta", "dlogits"])
def test_a_backward_pass_may_take_nothing_but_the_gradient_above_it(tmp_path, upstream):
    outcome = check(tmp_path, named(upstream))
    assert wrong(outcome) == {}
    assert "gradients.values" in {result.id for result in outcome.specs if result.outcome == "passed"}


def test_what_a_guessed_argument_raises_is_no_error_of_the_author(tmp_path):
    outcome = check(tmp_path, named("fuel"))
    assert wrong(outcome) == {}
    found = next(r for r in outcome.specs if r.id == "gradients.values")
    assert found.outcome == "passed" or "with guessed arguments" in found.message


def test_a_training_may_save_what_it_learns_and_shrink_its_rate(tmp_path):
    outcome = check(tmp_path, named("dx") + FIT)
    found = {result.id: result.outcome for result in outcome.specs}
    assert wrong(outcome) == {}
    assert (found["training.full_batch"], found["training.epochs"]) == ("passed", "passed")
    assert "training.last_batch" in wrong(check(tmp_path, named("dx") + FIT, ("d / len(d)", "d / batch_size")))


def test_a_training_of_a_network_that_nobody_gets_is_skipped(tmp_path):
    outcome = check(tmp_path, named("dx") + ALONE)
    assert {result.outcome for result in outcome.specs if result.id.startswith("training.full")} == {"skipped"}


def test_biases_in_float32_have_gradients_in_float32(tmp_path):
    rounded = (
        ("np.zeros(outputs)", "np.zeros(outputs, dtype=np.float32)"),
        (
            "UPSTREAM.sum(axis=0)",
            "UPSTREAM.sum(axis=0).astype(np.float32)",
        ),
    )
    changes = [(old.replace("UPSTREAM", "dx"), new.replace("UPSTREAM", "dx")) for old, new in rounded]
    outcome = check(tmp_path, named("dx"), *changes)
    assert wrong(outcome) == {}
    assert outcome.conventions["precision"].value == "float32"


def test_labels_may_count_from_1(tmp_path):
    labels = ("labels] + 1e-12", "labels - 1] + 1e-12")
    says = "\n\ndef predict(net, x):\n    return np.argmax(net.forward(x), axis=1) + 1\n"
    assert wrong(check(tmp_path, named("dx") + says, labels)) == {}
    assert wrong(check(tmp_path, named("dx"), labels))  # nothing else counts so


def test_means_that_only_training_learns_are_left_out(tmp_path):
    learns = """
    def __init__(self, inputs, hidden, outputs):
        self.mean_, self.std_ = None, None
"""
    changes = [
        ("\n    def __init__(self, inputs, hidden, outputs):\n", learns),
        ("self.x, self.a = x,", "x = (x - self.mean_) / self.std_\n        self.x, self.a = x,"),
    ]
    assert wrong(check(tmp_path, named("dx"), *changes)) == {}


SLOTS = """

class Weight:
    __slots__ = ("data",)

    def __init__(self, data):
        self.data = data


def show(net, parts):
    return [part.data for part in parts]


X, y = np.load("x.npy"), np.load("y.npy")
net = Net(784, 16, 10)
show(net, [Weight(1.0), Weight(2.0)])
for _ in range(30):
    d = net.forward(X) - np.eye(10)[y]
    net.backward(d / len(d))
    net.update(0.1)
"""


def test_objects_with_slots_do_no_harm(tmp_path):
    assert wrong(check(tmp_path, named("dx") + SLOTS)) == {}


COLUMNS = (
    HEAD
    + """

class Net:
    def __init__(self, inputs, hidden, outputs):
        self.W1, self.b1 = np.random.randn(hidden, inputs) / inputs**0.5, np.zeros((hidden, 1))
        self.W2, self.b2 = np.random.randn(outputs, hidden) / hidden**0.5, np.zeros((outputs, 1))

    def forward(self, X):
        self.A = np.maximum(self.W1 @ X + self.b1, 0)
        self.P = softmax(self.W2 @ self.A + self.b2, 0)
        return self.P

    def loss(self, X, Y):
        return -np.mean(np.sum(Y * np.log(self.forward(X) + 1e-12), axis=0))

    def backward(self, X, Y):
        D = (self.P - Y) / Y.shape[1]
        E = self.W2.T @ D * (self.A > 0)
        return E @ X.T, E.sum(axis=1, keepdims=True), D @ self.A.T, D.sum(axis=1, keepdims=True)
"""
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("E @ X.T", "E @ X"),
        ("np.sum(Y *", "np.sum(Y.T *"),
        ("(self.P - Y)", "(self.P - Y.T)"),
    ],
)
def test_a_forgotten_or_needless_transposition_is_no_convention(tmp_path, old, new):
    outcome = check(tmp_path, COLUMNS, (old, new))
    assert {clause.partition(".")[0] for clause in wrong(outcome)} & {"gradients", "network"}


LISTED = (
    HEAD
    + """

def xavier_weights(d):
    W = []
    for i in range(1, len(d)):
        W.append(np.random.randn(d[i - 1], d[i]) * np.sqrt(2 / (d[i - 1] + d[i])))
    return W
"""
)


def test_an_initialization_may_take_all_sizes_in_a_list(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(LISTED, encoding="utf-8")
    found = {result.id: result.outcome for result in chainrule.check(str(path), chapters="initialization").specs}
    assert (found["initialization.shape"], found["initialization.variance"]) == ("passed", "passed")


TRAINS = """

X, y = np.load("x.npy"), np.load("y.npy")
net = Net(784, 16, 10)
for _ in range(30):
    d = net.forward(X) - np.eye(10)[y]
    net.backward(d / len(d))
    net.update(0.1)
"""
LIE_TRANSPOSED = [
    ("self.dW2, self.db2 = self.a.T @ dx", "self.dW2, self.db2 = dx.T @ self.a"),
    ("self.dW1, self.db1 = self.x.T @ below", "self.dW1, self.db1 = below.T @ self.x"),
]


def test_gradients_may_lie_transposed_if_the_training_runs_with_them(tmp_path):
    turned = ('lr * getattr(self, "d" + name)', 'lr * getattr(self, "d" + name).T')
    outcome = check(tmp_path, named("dx") + TRAINS, *LIE_TRANSPOSED, turned)
    assert wrong(outcome) == {}
    assert "gradients.values" in {result.id for result in outcome.specs if result.outcome == "passed"}
    found = {result.id: result.outcome for result in check(tmp_path, named("dx") + TRAINS, *LIE_TRANSPOSED).specs}
    assert found["gradients.values"] != "passed"
