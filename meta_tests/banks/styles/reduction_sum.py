import numpy as np

# Gradients and loss are SUMS over the batch, so choose a small learning rate.


def softmax(a):
    a = a - a.max(axis=1, keepdims=True)
    ea = np.exp(a)
    return ea / ea.sum(axis=1, keepdims=True)


class NeuralNet:
    def __init__(self, d, h, k):
        self.V = np.random.randn(d, h) / np.sqrt(d)
        self.c = np.zeros(h)
        self.W = np.random.randn(h, k) / np.sqrt(h)
        self.b = np.zeros(k)

    def forward(self, X):
        H = X.dot(self.V) + self.c
        H = H * (H > 0)
        Y = softmax(H.dot(self.W) + self.b)
        return Y, H

    def cost(self, T, Y):
        return -(T * np.log(Y + 1e-30)).sum()

    def derivatives(self, X, T):
        Y, H = self.forward(X)
        dY = Y - T
        dW = H.T.dot(dY)
        db = dY.sum(axis=0)
        dH = dY.dot(self.W.T) * (H > 0)
        dV = X.T.dot(dH)
        dc = dH.sum(axis=0)
        return dV, dc, dW, db

    def fit(self, X, T, epochs=1000, learning_rate=1e-3, show=False):
        costs = []
        for epoch in range(epochs):
            dV, dc, dW, db = self.derivatives(X, T)
            self.V -= learning_rate * dV
            self.c -= learning_rate * dc
            self.W -= learning_rate * dW
            self.b -= learning_rate * db
            if show:
                c = self.cost(T, self.forward(X)[0])
                costs.append(c)
                print("cost:", c)

    def predict(self, X):
        return np.argmax(self.forward(X)[0], axis=1)


if __name__ == '__main__':
    import matplotlib.pyplot as plt
    Nclass = 500
    X = np.vstack([np.random.randn(Nclass, 2) + center for center in ([0, -2], [2, 2], [-2, 2])])
    T = np.repeat(np.eye(3), Nclass, axis=0)
    nn = NeuralNet(2, 3, 3)
    nn.fit(X, T, show=True)
    plt.scatter(X[:, 0], X[:, 1], c=nn.predict(X))
    plt.show()
