import numpy as np
import pandas as pd


class SimpleNN:
    """One hidden layer, trained with mini-batch gradient descent."""

    def __init__(self, input_dim, hidden_dim, output_dim, learning_rate=0.1):
        self.learning_rate = learning_rate
        self.output_dim = output_dim
        self.w1 = np.random.normal(0.0, 1.0 / np.sqrt(input_dim), (input_dim, hidden_dim))
        self.b1 = np.zeros(hidden_dim)
        self.w2 = np.random.normal(0.0, 1.0 / np.sqrt(hidden_dim), (hidden_dim, output_dim))
        self.b2 = np.zeros(output_dim)

    @staticmethod
    def _softmax(logits):
        logits = logits - np.max(logits, axis=-1, keepdims=True)
        exps = np.exp(logits)
        return exps / np.sum(exps, axis=-1, keepdims=True)

    def forward_pass(self, x):
        self.h_in = x @ self.w1 + self.b1
        self.h_out = np.maximum(self.h_in, 0.0)
        self.probs = self._softmax(self.h_out @ self.w2 + self.b2)
        return self.probs

    def loss(self, x, y):
        probs = self.forward_pass(x)
        return -np.log(probs[np.arange(len(y)), y] + 1e-10).mean()

    def back_propagation(self, x, y):
        n = len(x)
        probs = self.forward_pass(x)
        delta = probs.copy()
        delta[np.arange(n), y] -= 1
        delta /= n

        grad_w2 = self.h_out.T @ delta
        grad_b2 = delta.sum(axis=0)
        delta_h = delta @ self.w2.T
        delta_h[self.h_in <= 0] = 0
        grad_w1 = x.T @ delta_h
        grad_b1 = delta_h.sum(axis=0)

        return grad_w1, grad_b1, grad_w2, grad_b2

    def update(self, grad_w1, grad_b1, grad_w2, grad_b2):
        self.w1 -= self.learning_rate * grad_w1
        self.b1 -= self.learning_rate * grad_b1
        self.w2 -= self.learning_rate * grad_w2
        self.b2 -= self.learning_rate * grad_b2

    def fit(self, x, y, epochs=10, batch_size=32):
        n = x.shape[0]
        for epoch in range(epochs):
            idx = np.random.permutation(n)
            x_shuffled, y_shuffled = x[idx], y[idx]
            for start in range(0, n, batch_size):
                xb = x_shuffled[start:start + batch_size]
                yb = y_shuffled[start:start + batch_size]
                self.update(*self.back_propagation(xb, yb))
            print("epoch", epoch + 1, "loss", self.loss(x, y))

    def predict(self, x):
        return self.forward_pass(x).argmax(axis=1)


# ---- iris ----
df = pd.read_csv("iris.csv")
X = df.iloc[:, :4].values
y = pd.factorize(df["species"])[0]

model = SimpleNN(4, 16, 3, learning_rate=0.05)
model.fit(X, y, epochs=50, batch_size=16)
print("train accuracy:", (model.predict(X) == y).mean())
