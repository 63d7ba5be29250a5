"""Updates and trainings beside the network: optimizers of layers, updates of each layer, and what is not called.

Where chainrule does not call what the author wrote, its words say that it is there.
"""

import pytest

from chainrule import api

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

LAYERS = """
class Linear:
    def __init__(self, fan_in, fan_out):
        self.W = np.random.randn(fan_in, fan_out) * np.sqrt(2 / (fan_in + fan_out))
        self.b = np.zeros((1, fan_out))

    @property
    def parameters(self):
        return [self.W, self.b]

    @property
    def gradients(self):
        return [self.dW, self.db]

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, d):
        self.dW, self.db = self.x.T @ d, d.sum(axis=0, keepdims=True)
        return d @ self.W.T

    def update(self, lr):
        self.W -= lr * self.dW
        self.b -= lr * self.db

class ReLU:
    parameters = gradients = ()

    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, d):
        return d * self.on

    def update(self, lr):
        pass

class CrossEntropy:
    def __call__(self, z, y):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.log(self.p[np.arange(len(y)), y]).mean()

    def gradient(self):
        d = self.p.copy()
        d[np.arange(len(d)), self.y] -= 1
        return d / len(d)

class Net:
    def __init__(self, sizes):
        self.layers = []
        for a, b in zip(sizes, sizes[1:]):
            self.layers += [Linear(a, b), ReLU()]
        self.layers.pop()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, d):
        for layer in reversed(self.layers):
            d = layer.backward(d)
"""
OF_LAYERS = """
class SGD:
    def __init__(self, learning_rate=1.0):
        self.learning_rate = learning_rate

    def step(self, layers):
        for layer in layers:
            for parameter, gradient in zip(layer.parameters, layer.gradients):
                parameter -= self.learning_rate * gradient
"""
OF_THE_NETWORK = OF_LAYERS.replace("self, layers", "self, model").replace("in layers", "in model.layers")
OF_PAIRS = """
    def pairs(self):
        return [(layer, i) for layer in self.layers for i in range(len(layer.parameters))]

class SGD:
    def __init__(self, targets, lr):
        self.targets, self.lr = targets, lr

    def step(self):
        for layer, i in self.targets:
            layer.parameters[i][...] -= self.lr * layer.gradients[i]
"""
PAIRS = """
if __name__ == "__main__":
    net = Net([4, 8, 3])
    optimizer = SGD(net.pairs(), 0.1)
"""
LOOP = """
net, loss_fn = Net([20, 8, 3]), CrossEntropy()
optimizer = SGD(0.1)
X = np.random.randn(60, 20)
y = X[:, :3].argmax(axis=1)
for epoch in range(5):
    loss = loss_fn(net.forward(X), y)
    net.backward(loss_fn.gradient())
    optimizer.step(net.layers)
"""
ACCURACY_FIRST = (
    "        return -np.log(self.p[np.arange(len(y)), y]).mean()\n",
    "        return (z.argmax(axis=1) == y).mean(), -np.log(self.p[np.arange(len(y)), y]).mean()\n",
)
BY_ARGUMENT = """
def train(net, X, y, optimizer, epochs=3, batch_size=8):
    loss_fn = CrossEntropy()
    for _ in range(epochs):
        order = np.random.permutation(len(X))
        for i in range(0, len(X), batch_size):
            chosen = order[i : i + batch_size]
            loss_fn(net.forward(X[chosen]), y[chosen])
            net.backward(loss_fn.gradient())
            optimizer.step(net.layers)
"""
TRAINER = """
class Trainer:
    def __init__(self, net, batches):
        self.net, self.batches = net, batches

    def train(self, lr):
        loss_fn = CrossEntropy()
        for x, y in self.batches:
            loss_fn(self.net.forward(x), y)
            self.net.backward(loss_fn.gradient())
"""
BY_ITSELF = """
def learning(steps, lr):
    net, loss_fn, X = Net([4, 8, 3]), CrossEntropy(), np.random.randn(60, 4)
    for _ in range(steps):
        loss_fn(net.forward(X), X[:, :3].argmax(axis=1))
        net.backward(loss_fn.gradient())
"""
UPDATES = """
    def update(self, x, y, lr):
        loss_fn = CrossEntropy()
        loss_fn(self.forward(x), y)
        self.backward(loss_fn.gradient())
        for layer in self.layers:
            layer.update(lr)
"""


@pytest.fixture
def check(tmp_path):
    """Check chapters of a source with some changes, with the initialization declared to be `any`."""

    def checked(source, *changes, chapters=("gradients", "training")):
        for old, new in changes:
            assert source.count(old) == 1, old
            source = source.replace(old, new)
        path = tmp_path / f"net{len(list(tmp_path.iterdir()))}.py"
        path.write_text("import numpy as np\n" + source, encoding="utf-8")
        return api.check(str(path), chapters=chapters, conventions={"initialization": "any"})

    return checked


def by_outcome(outcome, *wanted):
    return {spec.id for spec in outcome.specs if spec.outcome in wanted}


def said(outcome, chapter, sentence):
    """What the skipped clauses of a chapter say, if the sentence is in it."""
    found = {spec.message for spec in outcome.specs if spec.outcome == "skipped" and spec.chapter == chapter}
    return {message for message in found if sentence in message}


STEPS = {
    "of the layers": LAYERS + OF_LAYERS,
    "of the network": LAYERS + OF_THE_NETWORK,
    "of what the author gives": LAYERS + OF_PAIRS + PAIRS,
    "of each layer": LAYERS,
    "in a loop of statements": LAYERS + OF_LAYERS + LOOP,
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_beside_the_network(check, name):
    outcome = check(STEPS[name])
    assert not by_outcome(outcome, "failed", "error")
    assert {"training.step", "training.zero_rate", "gradients.values"} <= by_outcome(outcome, "passed")


@pytest.mark.parametrize("name", STEPS)
def test_a_mistake_in_a_step_beside_the_network(check, name):
    mistakes = ("-= lr * self.db", "-= 2 * lr * self.db"), ("-= self.", "+= self.")
    changes = [pair for pair in mistakes if STEPS[name].count(pair[0]) == 1][-1:]
    outcome = check(STEPS[name], *changes, chapters="training")
    assert "training.step" in by_outcome(outcome, "failed")


def test_a_loss_object_that_gives_the_accuracy_first(check):
    outcome = check(LAYERS + OF_LAYERS + LOOP, ACCURACY_FIRST, chapters=("cross_entropy", "gradients"))
    assert not by_outcome(outcome, "failed", "error")
    assert {"gradients.values", "cross_entropy.uniform"} <= by_outcome(outcome, "passed")


def test_a_training_that_takes_an_optimizer(check):
    outcome = check(LAYERS + OF_LAYERS + BY_ARGUMENT)
    assert not by_outcome(outcome, "failed", "error")
    assert {"training.epochs", "training.last_batch"} <= by_outcome(outcome, "passed")


def test_an_update_beside_a_backward_pass_trains(check):
    outcome = check(LAYERS + UPDATES)
    assert not by_outcome(outcome, "failed", "error")
    assert "training.full_batch" in by_outcome(outcome, "passed")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (TRAINER, "Trainer.train was found but not understood: chainrule does not make a Trainer"),
        (BY_ITSELF, "learning was found but not understood: it takes no inputs and labels"),
        (OF_LAYERS + LOOP, "the training is written out where net0.py:"),
    ],
    ids=["a class", "a function", "statements"],
)
def test_the_words_say_what_is_there(check, source, sentence):
    assert said(check(LAYERS + source, chapters="training"), "training", sentence)
