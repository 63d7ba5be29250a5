import numpy as np


def log_softmax(logits):
    m = np.max(logits, axis=1, keepdims=True)
    return logits - m - np.log(np.sum(np.exp(logits - m), axis=1, keepdims=True))


def nll_loss(logits, targets):
    return -np.mean(log_softmax(logits)[range(len(targets)), targets])


class Net:
    """forward() returns raw scores, like a network in PyTorch does."""

    def __init__(self, num_features, num_hidden, num_classes, seed=42):
        rng = np.random.default_rng(seed)
        self.W1 = rng.uniform(-1, 1, (num_hidden, num_features)) * np.sqrt(6 / (num_features + num_hidden))
        self.b1 = np.zeros(num_hidden)
        self.W2 = rng.uniform(-1, 1, (num_classes, num_hidden)) * np.sqrt(6 / (num_hidden + num_classes))
        self.b2 = np.zeros(num_classes)
        self.rng = rng

    def forward(self, x):
        self.x = x
        self.h = np.maximum(0, x @ self.W1.T + self.b1)
        return self.h @ self.W2.T + self.b2

    __call__ = forward

    def loss(self, x, targets):
        return nll_loss(self.forward(x), targets)

    def backward(self, x, targets):
        logits = self.forward(x)
        dlogits = np.exp(log_softmax(logits))
        dlogits[range(len(targets)), targets] -= 1
        dlogits /= len(targets)
        self.dW2 = dlogits.T @ self.h
        self.db2 = dlogits.sum(axis=0)
        dh = dlogits @ self.W2
        dh[self.h == 0] = 0
        self.dW1 = dh.T @ self.x
        self.db1 = dh.sum(axis=0)

    def step(self, lr):
        self.W1 -= lr * self.dW1
        self.b1 -= lr * self.db1
        self.W2 -= lr * self.dW2
        self.b2 -= lr * self.db2

    def predict(self, x):
        return self.forward(x).argmax(axis=1)


def train_epoch(model, x, targets, batch_size, lr):
    order = model.rng.permutation(len(x))
    for i in range(0, len(x), batch_size):
        batch = order[i:i + batch_size]
        model.backward(x[batch], targets[batch])
        model.step(lr)
