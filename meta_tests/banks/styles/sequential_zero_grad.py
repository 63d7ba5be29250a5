"""Sequential container of callables, in the style of a small framework."""
import numpy as np


class Module:
    def __call__(self, x):
        return self.forward(x)

    def params(self):
        return []


class Dense(Module):
    def __init__(self, n_in, n_out, rng):
        self.weight = rng.standard_normal((n_out, n_in)) * np.sqrt(2.0 / n_in)
        self.bias = np.zeros(n_out)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad_out):
        self.grad_weight += grad_out.T @ self.x
        self.grad_bias += grad_out.sum(axis=0)
        return grad_out @ self.weight

    def params(self):
        return [(self.weight, self.grad_weight), (self.bias, self.grad_bias)]


class ReLU(Module):
    def forward(self, x):
        self.mask = (x > 0).astype(x.dtype)
        return x * self.mask

    def backward(self, grad_out):
        return grad_out * self.mask


class Sequential(Module):
    def __init__(self, *modules):
        self.modules = modules

    def forward(self, x):
        for m in self.modules:
            x = m(x)
        return x

    def backward(self, grad):
        for m in reversed(self.modules):
            grad = m.backward(grad)
        return grad

    def params(self):
        return [p for m in self.modules for p in m.params()]


class CrossEntropy:
    """Softmax and the mean negative log likelihood in one."""

    def __call__(self, scores, labels):
        shifted = scores - scores.max(axis=1, keepdims=True)
        exp = np.exp(shifted)
        self.probs = exp / exp.sum(axis=1, keepdims=True)
        self.labels = labels
        return -np.log(self.probs[np.arange(len(labels)), labels]).mean()

    def backward(self):
        n = len(self.labels)
        grad = self.probs.copy()
        grad[np.arange(n), self.labels] -= 1
        return grad / n


class SGD:
    def __init__(self, pairs, lr=0.1):
        self.pairs = pairs
        self.lr = lr

    def zero_grad(self):
        for _, g in self.pairs:
            g.fill(0)

    def step(self):
        for p, g in self.pairs:
            p -= self.lr * g


def build(sizes, seed=0):
    rng = np.random.default_rng(seed)
    layers = []
    for i in range(len(sizes) - 1):
        layers.append(Dense(sizes[i], sizes[i + 1], rng))
        if i < len(sizes) - 2:
            layers.append(ReLU())
    return Sequential(*layers)


def train(net, X, y, epochs=20, batch_size=32, lr=0.1, seed=0):
    rng = np.random.default_rng(seed)
    criterion = CrossEntropy()
    opt = SGD(net.params(), lr)
    history = []
    for _ in range(epochs):
        perm = rng.permutation(len(X))
        running = 0.0
        for i in range(0, len(X), batch_size):
            idx = perm[i:i + batch_size]
            opt.zero_grad()
            loss = criterion(net(X[idx]), y[idx])
            net.backward(criterion.backward())
            opt.step()
            running += loss * len(idx)
        history.append(running / len(X))
    return history


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 300)
    X = rng.standard_normal((300, 6)) + 2 * np.eye(3, 6)[y]
    net = build([6, 16, 16, 3])
    h = train(net, X, y)
    print(h[0], h[-1], (net(X).argmax(1) == y).mean())
