"""Right code in further styles: no clause fails, and what shows that the code is read passes."""

import textwrap

import pytest

from banks import style_bank
from chainrule import api

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

UPDATES = """
class MLP:
    def __init__(self, sizes, seed=0):
        rng = np.random.RandomState(seed)
        self.W = [rng.normal(0, np.sqrt(2 / (a + b)), (a, b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    def logits(self, x):
        self.inputs = []
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            self.inputs.append(x)
            x = x.dot(W) + b
            if i < len(self.W) - 1:
                x = np.maximum(x, 0)
        return x

    def train_batch(self, x, y, lr):
        z = self.logits(x)
        z = z - z.max(1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(1, keepdims=True))
        loss = -logp[np.arange(len(y)), y].mean()
        delta = np.exp(logp)
        delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        for i in range(len(self.W) - 1, -1, -1):
            gW, gb = self.inputs[i].T.dot(delta), delta.sum(0)
            if i:
                delta = delta.dot(self.W[i].T) * (self.inputs[i] > 0)
            self.W[i] -= lr * gW
            self.b[i] -= lr * gb
        return loss

    def predict(self, x):
        return self.logits(x).argmax(1)

def train(net, x, y, epochs=5, batch_size=32, lr=0.1):
    for epoch in range(epochs):
        perm = np.random.permutation(len(x))
        for i in range(0, len(perm), batch_size):
            idx = perm[i:i + batch_size]
            loss = net.train_batch(x[idx], y[idx], lr)
        print(epoch, loss)

if __name__ == "__main__":
    x = np.random.randn(100, 8)
    y = x[:, :3].argmax(1)
    net = MLP([8, 16, 3])
    train(net, x, y)
    print((net.predict(x) == y).mean())
"""

ONE_SAMPLE = """
class Net:
    def __init__(self, n_in, n_hid, n_out, seed=0):
        rng = np.random.RandomState(seed)
        self.V = rng.randn(n_hid, n_in) * np.sqrt(2. / (n_in + n_hid))
        self.c = np.zeros(n_hid)
        self.W = rng.randn(n_out, n_hid) * np.sqrt(2. / (n_hid + n_out))
        self.d = np.zeros(n_out)

    def forward_one(self, x):
        a = self.V @ x + self.c
        h = np.maximum(a, 0)
        o = self.W @ h + self.d
        e = np.exp(o - o.max())
        return a, h, e / e.sum()

    def loss(self, X, y):
        return np.mean([-np.log(self.forward_one(x)[2][t]) for x, t in zip(X, y)])

    def gradients(self, X, y):
        gV, gc, gW, gd = (np.zeros_like(p) for p in (self.V, self.c, self.W, self.d))
        for x, t in zip(X, y):
            a, h, p = self.forward_one(x)
            do = p.copy()
            do[t] -= 1
            gW += np.outer(do, h)
            gd += do
            da = (self.W.T @ do) * (a > 0)
            gV += np.outer(da, x)
            gc += da
        n = len(X)
        return gV / n, gc / n, gW / n, gd / n

    def update(self, grads, eta):
        for p, g in zip((self.V, self.c, self.W, self.d), grads):
            p -= eta * g
"""

SUMMED = """
class Net:
    def __init__(self, arch):
        self.arch = arch
        self.theta = [[np.random.randn(i, o) / np.sqrt((i + o) / 2), np.zeros((1, o))] for i, o in zip(arch, arch[1:])]

    def __call__(self, X):
        self.h = [X]
        for W, b in self.theta[:-1]:
            self.h.append(np.maximum(0, self.h[-1] @ W + b))
        W, b = self.theta[-1]
        return self.h[-1] @ W + b

    def grad(self, dout):
        out = []
        for k, (W, b) in reversed(list(enumerate(self.theta))):
            out.append([self.h[k].T @ dout, dout.sum(axis=0, keepdims=True)])
            dout = (dout @ W.T) * (self.h[k] > 0)
        return out[::-1]

def softmax(z):
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)

def summed_loss(z, Y):
    m = z.max(axis=1, keepdims=True)
    return np.sum(np.log(np.exp(z - m).sum(axis=1)) + m[:, 0] - (z * Y).sum(axis=1))

def train(net, X, Y, lr=0.1, epochs=20, batch=25):
    for ep in range(epochs):
        p = np.random.permutation(len(X))
        for j in range(0, len(X), batch):
            xb, yb = X[p[j:j + batch]], Y[p[j:j + batch]]
            d = softmax(net(xb)) - yb
            for par, g in zip(net.theta, net.grad(d)):
                par[0] -= lr / len(xb) * g[0]
                par[1] -= lr / len(xb) * g[1]

if __name__ == "__main__":
    X = np.random.randn(310, 8)
    Y = np.eye(4)[X[:, :4].argmax(axis=1)]
    net = Net([8, 30, 20, 4])
    train(net, X, Y)
    print(summed_loss(net(X), Y) / len(X))
"""

ENCODING_FIT = """
def one_hot(y, k):
    out = np.zeros((y.shape[0], k))
    out[np.arange(y.shape[0]), y] = 1.0
    return out

class NeuralNetwork:
    def __init__(self, sizes):
        self.layers, self.parameters = sizes, {}
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            self.parameters[f"w{i}"] = np.random.randn(a, b) * np.sqrt(2 / (a + b))
            self.parameters[f"b{i}"] = np.zeros((1, b))

    def forward_pass(self, x):
        cache, n = {"a0": x}, len(self.layers) - 1
        for i in range(n):
            z = cache[f"a{i}"] @ self.parameters[f"w{i}"] + self.parameters[f"b{i}"]
            cache[f"a{i + 1}"] = np.maximum(0, z)
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        cache[f"a{n}"] = e / e.sum(axis=1, keepdims=True)
        return cache[f"a{n}"], cache

    def backward_pass(self, y_true, cache):
        n, grads = len(self.layers) - 1, {}
        dz = (cache[f"a{n}"] - y_true) / len(y_true)
        for i in reversed(range(n)):
            grads[f"w{i}"] = cache[f"a{i}"].T @ dz
            grads[f"b{i}"] = np.sum(dz, axis=0, keepdims=True)
            dz = (dz @ self.parameters[f"w{i}"].T) * (cache[f"a{i}"] > 0)
        return grads

    def update(self, grads, learning_rate):
        for key in self.parameters:
            self.parameters[key] -= learning_rate * grads[key]

    def fit(self, x, y, epochs=100, batch_size=32, learning_rate=0.01):
        y_oh = one_hot(y, self.layers[-1])
        for epoch in range(epochs):
            shuffled = np.random.permutation(x.shape[0])
            xs, ys = x[shuffled], y_oh[shuffled]
            for i in range(0, x.shape[0], batch_size):
                _, cache = self.forward_pass(xs[i:i + batch_size])
                self.update(self.backward_pass(ys[i:i + batch_size], cache), learning_rate)
"""

ONE_HOT_UPDATE = """
class NeuralNetwork:
    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.lr = learningrate
        self.wih = np.random.normal(0.0, (2 / (inputnodes + hiddennodes)) ** 0.5, (inputnodes, hiddennodes))
        self.bih = np.zeros(hiddennodes)
        self.who = np.random.normal(0.0, (2 / (hiddennodes + outputnodes)) ** 0.5, (hiddennodes, outputnodes))
        self.bho = np.zeros(outputnodes)

    def query(self, inputs):
        final = np.dot(np.maximum(np.dot(inputs, self.wih) + self.bih, 0), self.who) + self.bho
        exps = np.exp(final - np.amax(final, axis=1, keepdims=True))
        return exps / np.sum(exps, axis=1, keepdims=True)

    def train(self, inputs, targets):
        hidden = np.maximum(np.dot(inputs, self.wih) + self.bih, 0)
        errors = targets - self.query(inputs)
        scale = self.lr / len(inputs)
        below = np.dot(errors, self.who.T) * (hidden > 0)
        self.who += scale * np.dot(hidden.T, errors)
        self.bho += scale * np.sum(errors, axis=0)
        self.wih += scale * np.dot(inputs.T, below)
        self.bih += scale * np.sum(below, axis=0)
"""

TRAINER = """
class DeepNet:
    def __init__(self, n_features, n_classes, hidden=(64, 32), seed=0):
        rng = np.random.default_rng(seed)
        dims = (n_features, *hidden, n_classes)
        self.params, self.depth = {}, len(dims) - 1
        for i, (m, n) in enumerate(zip(dims, dims[1:]), 1):
            self.params[f"W{i}"] = rng.normal(0, np.sqrt(2 / (m + n)), (m, n))
            self.params[f"b{i}"] = np.zeros(n)

    def run(self, x):
        kept = []
        for i in range(1, self.depth + 1):
            kept.append(x)
            x = x @ self.params[f"W{i}"] + self.params[f"b{i}"]
            if i < self.depth:
                x = np.maximum(x, 0)
        x = np.exp(x - x.max(1, keepdims=True))
        return x / x.sum(1, keepdims=True), kept

    def __call__(self, x):
        return self.run(x)[0]

    def gradients(self, x, y):
        p, kept = self.run(x)
        p[np.arange(len(y)), y] -= 1
        g, grads = p / len(y), {}
        for i in range(self.depth, 0, -1):
            grads[f"W{i}"], grads[f"b{i}"] = kept[i - 1].T @ g, g.sum(0)
            g = g @ self.params[f"W{i}"].T * (kept[i - 1] > 0)
        return grads

class Trainer:
    def __init__(self, net, lr=0.1, batch_size=32, seed=0):
        self.net, self.lr, self.batch_size = net, lr, batch_size
        self.rng = np.random.default_rng(seed)

    def run(self, x, y, epochs):
        for epoch in range(epochs):
            perm = self.rng.permutation(len(x))
            for start in range(0, len(x), self.batch_size):
                take = perm[start:start + self.batch_size]
                for k, g in self.net.gradients(x[take], y[take]).items():
                    self.net.params[k] -= self.lr * g
"""

GLOBALS = """
np.random.seed(10)
w1 = np.random.randn(3, 16) * np.sqrt(2 / 19)
b1 = np.zeros(16)
w2 = np.random.randn(16, 4) * np.sqrt(2 / 20)
b2 = np.zeros(4)

def softmax(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def forward_pass(x):
    a1 = np.maximum(0, x @ w1 + b1)
    return a1, softmax(a1 @ w2 + b2)

def train_step(x, labels, lr):
    global w1, b1, w2, b2
    a1, p = forward_pass(x)
    dz2 = p.copy()
    dz2[np.arange(len(x)), labels] -= 1
    dz2 /= len(x)
    dz1 = (dz2 @ w2.T) * (a1 > 0)
    w1, w2 = w1 - lr * x.T @ dz1, w2 - lr * a1.T @ dz2
    b1, b2 = b1 - lr * dz1.sum(axis=0), b2 - lr * dz2.sum(axis=0)
"""

TWO_LISTS = """
def create_network(*sizes):
    return ([np.random.randn(n, m) * (2 / (n + m)) ** .5 for m, n in zip(sizes, sizes[1:])],
            [np.zeros((n, 1)) for n in sizes[1:]])

def fprop(Ws, bs, x):
    zs, hs = [], [x]
    for W, b in zip(Ws, bs):
        zs.append(W @ hs[-1] + b)
        hs.append(np.maximum(zs[-1], 0))
    e = np.exp(zs[-1] - np.max(zs[-1], axis=0))
    hs[-1] = e / np.sum(e, axis=0)
    return zs, hs

def bprop(Ws, bs, zs, hs, t):
    dWs, dbs = [0] * len(Ws), [0] * len(bs)
    dz = (hs[-1] - t) / t.shape[1]
    for l in range(len(Ws))[::-1]:
        dWs[l], dbs[l] = dz @ hs[l].T, np.sum(dz, axis=1, keepdims=True)
        dz = (Ws[l].T @ dz) * (hs[l] > 0)
    return dWs, dbs

def learn(Ws, bs, x, t, eta, epochs, bsize):
    for _ in range(epochs):
        perm = np.random.permutation(x.shape[1])
        for i in range(0, x.shape[1], bsize):
            xi, ti = x[:, perm[i:i + bsize]], t[:, perm[i:i + bsize]]
            dWs, dbs = bprop(Ws, bs, *fprop(Ws, bs, xi), ti)
            for l in range(len(Ws)):
                Ws[l] -= eta * dWs[l]
                bs[l] -= eta * dbs[l]

if __name__ == "__main__":
    x = np.random.randn(3, 250)
    t = np.eye(3)[np.argmax(x, axis=0)].T
    Ws, bs = create_network(3, 20, 10, 3)
    learn(Ws, bs, x, t, 0.3, 40, 25)
"""

LOSS_OF_OUTPUTS = """
class Net:
    def __init__(self, sizes, seed=0):
        rng = np.random.RandomState(seed)
        self.weights = [rng.normal(0, np.sqrt(2 / (a + b)), (a, b)) for a, b in zip(sizes, sizes[1:])]
        self.biases = [np.zeros(b) for b in sizes[1:]]

    def forward(self, inputs):
        self.layers = [inputs]
        for W, b in zip(self.weights[:-1], self.biases[:-1]):
            self.layers.append(np.maximum(self.layers[-1] @ W + b, 0))
        z = self.layers[-1] @ self.weights[-1] + self.biases[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.layers.append(e / e.sum(axis=1, keepdims=True))
        return self.layers[-1]

    def loss(self, input, target, epsilon=1e-15):
        return -np.mean(np.sum(target * np.log(np.clip(input, epsilon, 1 - epsilon)), axis=-1))
"""

RIGHT = {  # {style: (source, chapters, what passes only if it is read)}
    "an update that returns the loss": (
        UPDATES,
        ("shapes", "gradients"),
        {"network.arguments_kept", "network.present_parameters", "gradients.memoryless"},
    ),
    "a batch of gradients beside a forward pass of one sample": (
        ONE_SAMPLE,
        ("gradients", "training"),
        {"gradients.weights", "training.step"},
    ),
    "a summed loss, divided in the update": (
        SUMMED,
        ("cross_entropy", "gradients", "training"),
        {"cross_entropy.uniform", "gradients.weights", "training.full_batch"},
    ),
    "a fit that encodes the labels which its backward pass takes": (
        ENCODING_FIT,
        ("gradients", "training"),
        {"gradients.weights", "training.full_batch", "training.last_batch"},
    ),
    "a class that trains the network it is given": (
        TRAINER,
        ("training",),
        {"training.full_batch", "training.last_batch", "training.zero_rate"},
    ),
    "globals that an update binds anew": (
        GLOBALS,
        ("gradients",),
        {"gradients.weights", "gradients.dead_units"},
    ),
    "a list of weights and one of biases without names": (
        TWO_LISTS,
        ("gradients", "training"),
        {"gradients.weights", "training.last_batch"},
    ),
    "a loss whose `input` is the output": (
        LOSS_OF_OUTPUTS,
        ("shapes",),
        {"network.loss"},
    ),
    "an update of one-hot labels": (
        ONE_HOT_UPDATE,
        ("gradients", "training"),
        {"gradients.weights", "training.full_batch"},
    ),
}


@pytest.fixture
def check(tmp_path):
    """Check a source with some changes, in a few chapters."""

    def checked(source, chapters, *changes):
        text = "import numpy as np\n" + textwrap.dedent(source)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / "net.py"
        path.write_text(text, encoding="utf-8")
        return api.check(str(path), conventions={"initialization": "any"}, chapters=chapters)

    return checked


def wrong(result):
    return {spec.id: spec.message for spec in result.specs if spec.outcome in ("failed", "error")}


@pytest.mark.parametrize("style", RIGHT)
def test_right_code_passes(check, style):
    source, chapters, shown = RIGHT[style]
    result = check(source, chapters)
    assert not wrong(result)
    assert shown <= {spec.id for spec in result.specs if spec.outcome == "passed"}


WRONG = {  # {mistake: (style, changes, what fails)}
    "an update without the mask": (
        "an update that returns the loss",
        [("delta.dot(self.W[i].T) * (self.inputs[i] > 0)", "delta.dot(self.W[i].T)")],
        {"gradients.dead_units"},
    ),
    "a summed loss beside gradients of the mean": (
        "a summed loss, divided in the update",
        [
            ("d = softmax(net(xb)) - yb", "d = (softmax(net(xb)) - yb) / len(xb)"),
            ("par[0] -= lr / len(xb) * g[0]", "par[0] -= lr * g[0]"),
            ("par[1] -= lr / len(xb) * g[1]", "par[1] -= lr * g[1]"),
        ],
        {"cross_entropy.uniform"},
    ),
    "labels in another order than their samples": (
        "a fit that encodes the labels which its backward pass takes",
        [("xs, ys = x[shuffled], y_oh[shuffled]", "xs, ys = x[shuffled], y_oh")],
        {"training.full_batch"},
    ),
    "a last batch dropped by a class that trains": (
        "a class that trains the network it is given",
        [("range(0, len(x), self.batch_size)", "range(0, len(x) - self.batch_size + 1, self.batch_size)")],
        {"training.last_batch"},
    ),
    "an update of globals without the mask": (
        "globals that an update binds anew",
        [("(dz2 @ w2.T) * (a1 > 0)", "dz2 @ w2.T")],
        {"gradients.dead_units"},
    ),
    "biases of a list that stay": (
        "a list of weights and one of biases without names",
        [("                bs[l] -= eta * dbs[l]\n", "")],
        {"gradients.biases"},
    ),
    "a full batch dropped": (
        "a fit that encodes the labels which its backward pass takes",
        [("range(0, x.shape[0], batch_size)", "range(0, x.shape[0] - batch_size, batch_size)")],
        {"training.full_batch"},
    ),
    "weights that are updated before the error passes them": (
        "an update of one-hot labels",
        [
            ("        below = np.dot(errors, self.who.T) * (hidden > 0)\n", ""),
            (
                "        self.bho += scale",
                "        below = np.dot(errors, self.who.T) * (hidden > 0)\n        self.bho += scale",
            ),
        ],
        {"gradients.shapes"},
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_in_such_code_fails(check, mistake):
    style, changes, fails = WRONG[mistake]
    source, chapters, _ = RIGHT[style]
    assert fails <= wrong(check(source, chapters, *changes)).keys()


def test_a_summed_loss_whose_object_begins_with_gradients_of_the_mean_fails(check):
    """Layer classes that no training wires, so that the loss object alone shows how a backward pass begins."""
    style = (style_bank.FOLDER / "nnfs_style.py").read_text()
    result = check(style, ("cross_entropy",), ("np.mean(sample_losses)", "np.sum(sample_losses)"))
    assert {"cross_entropy.uniform", "cross_entropy.additivity"} & wrong(result).keys()


def test_no_cause_is_certain_where_names_alone_show_what_is_called(check):
    """The file trains, in a way that chainrule does not see through."""
    style = (style_bank.FOLDER / "no_biases.py").read_text()
    result = check(style, ("gradients",), ("grad_h[h < 0] = 0", "grad_h[grad_h < 0] = 0"))
    first = result.diagnoses[0]
    assert (first.id, first.certainty) == ("mask-of-delta", "likely")
    assert "backward by name alone" in first.explanation


COLUMNS = """
def xent(a, t):
    return -np.sum(t * np.log(a)) / t.shape[1]
"""
ROWS = """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""


def test_a_cross_entropy_that_is_right_in_columns_is_not_judged_in_rows(check):
    assert not wrong(check(COLUMNS, ("cross_entropy",)))


def test_a_cross_entropy_over_the_wrong_axis_beside_a_softmax_of_rows_fails(check):
    assert "cross_entropy.uniform" in wrong(check(ROWS + COLUMNS, ("cross_entropy",)))
