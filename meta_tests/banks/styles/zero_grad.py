import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)


class Dense:
    def __init__(self, fan_in, fan_out):
        self.w = Parameter(np.random.randn(fan_in, fan_out) * np.sqrt(2 / (fan_in + fan_out)))
        self.b = Parameter(np.zeros(fan_out))

    def __call__(self, x):
        self.x = x
        return x @ self.w.data + self.b.data

    def backward(self, dout):
        self.w.grad += self.x.T @ dout
        self.b.grad += dout.sum(axis=0)
        return dout @ self.w.data.T


class NN:
    """Gradients are accumulated like in PyTorch, call zero_grad() before backward()."""

    def __init__(self, sizes):
        self.layers = [Dense(m, n) for m, n in zip(sizes, sizes[1:])]

    def parameters(self):
        for layer in self.layers:
            yield layer.w
            yield layer.b

    def zero_grad(self):
        for p in self.parameters():
            p.grad = np.zeros_like(p.data)

    def forward(self, x):
        self.hidden = []
        for layer in self.layers[:-1]:
            x = np.maximum(layer(x), 0)
            self.hidden.append(x)
        return self.layers[-1](x)

    def loss(self, x, y):
        logits = self.forward(x)
        top = logits.max(axis=1)
        logsumexp = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        return np.mean(logsumexp - logits[np.arange(len(y)), y])

    def backward(self, x, y):
        self.zero_grad()
        logits = self.forward(x)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        dout = p / len(y)
        for i in reversed(range(len(self.layers))):
            dout = self.layers[i].backward(dout)
            if i > 0:
                dout = dout * (self.hidden[i - 1] > 0)

    def step(self, lr):
        for p in self.parameters():
            p.data -= lr * p.grad

    def fit(self, x, y, epochs, batch_size, lr):
        losses = []
        for _ in range(epochs):
            order = np.random.permutation(len(x))
            for i in range(0, len(x), batch_size):
                batch = order[i:i + batch_size]
                self.backward(x[batch], y[batch])
                self.step(lr)
            losses.append(self.loss(x, y))
        return losses
