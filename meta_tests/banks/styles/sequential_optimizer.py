import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        bound = np.sqrt(6 / (in_features + out_features))
        self.W = np.random.uniform(-bound, bound, (in_features, out_features))
        self.b = np.zeros(out_features)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class SoftmaxCrossEntropy:
    def forward(self, logits, y):
        z = logits - logits.max(axis=1, keepdims=True)
        e = np.exp(z)
        self.p = e / e.sum(axis=1, keepdims=True)
        self.y = y
        return -np.log(self.p[np.arange(len(y)), y] + 1e-12).mean()

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(self.y)), self.y] -= 1
        return d / len(self.y)


class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def step(self, layers):
        for layer in layers:
            if hasattr(layer, "W"):
                layer.W -= self.lr * layer.dW
                layer.b -= self.lr * layer.db


class Sequential:
    def __init__(self):
        self.layers = []
        self.criterion = SoftmaxCrossEntropy()

    def add(self, layer):
        self.layers.append(layer)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, y):
        return self.criterion.forward(self.forward(x), y)

    def backward(self):
        dout = self.criterion.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def fit(self, x, y, optimizer, epochs=10, batch_size=32):
        for epoch in range(epochs):
            perm = np.random.permutation(len(x))
            for i in range(0, len(x), batch_size):
                idx = perm[i:i + batch_size]
                self.loss(x[idx], y[idx])
                self.backward()
                optimizer.step(self.layers)

    def predict(self, x):
        return self.forward(x).argmax(axis=1)


if __name__ == "__main__":
    model = Sequential()
    model.add(Linear(2, 16))
    model.add(ReLU())
    model.add(Linear(16, 16))
    model.add(ReLU())
    model.add(Linear(16, 2))

    x = np.random.randn(300, 2)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    model.fit(x, y, SGD(lr=0.1), epochs=100)
    print((model.predict(x) == y).mean())
