import numpy as np


class Model:
    """
    A fully-connected network with an arbitrary number of hidden layers.
    {affine - relu} x (L - 1) - affine - softmax
    """

    def __init__(self, input_dim, hidden_dims, num_classes, rng=None):
        rng = rng or np.random
        self.params = {}
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        self.num_layers = len(dims) - 1
        for i in range(self.num_layers):
            self.params['W%d' % (i + 1)] = rng.normal(0, np.sqrt(2.0 / dims[i]), (dims[i], dims[i + 1]))
            self.params['b%d' % (i + 1)] = np.zeros(dims[i + 1])

    def forward(self, X):
        hidden = [X]
        for i in range(1, self.num_layers):
            hidden.append(np.maximum(0, hidden[-1].dot(self.params['W%d' % i]) + self.params['b%d' % i]))
        scores = hidden[-1].dot(self.params['W%d' % self.num_layers]) + self.params['b%d' % self.num_layers]
        scores = scores - scores.max(axis=1, keepdims=True)
        probs = np.exp(scores)
        probs /= probs.sum(axis=1, keepdims=True)
        return probs, hidden

    def loss(self, X, y):
        """Returns the loss and a dict of gradients with the same keys as self.params."""
        N = X.shape[0]
        probs, hidden = self.forward(X)
        loss = -np.log(probs[np.arange(N), y]).sum() / N

        grads = {}
        dout = probs.copy()
        dout[np.arange(N), y] -= 1
        dout /= N
        for i in range(self.num_layers, 0, -1):
            grads['W%d' % i] = hidden[i - 1].T.dot(dout)
            grads['b%d' % i] = dout.sum(axis=0)
            dout = dout.dot(self.params['W%d' % i].T)
            dout = dout * (hidden[i - 1] > 0)
        return loss, grads

    def train(self, X, y, num_epochs=10, batch_size=50, learning_rate=1e-1):
        history = []
        for epoch in range(num_epochs):
            order = np.random.permutation(X.shape[0])
            for start in range(0, X.shape[0], batch_size):
                batch = order[start:start + batch_size]
                loss, grads = self.loss(X[batch], y[batch])
                for name in self.params:
                    self.params[name] -= learning_rate * grads[name]
            history.append(self.loss(X, y)[0])
        return history

    def predict(self, X):
        probs, _ = self.forward(X)
        return np.argmax(probs, axis=1)


if __name__ == '__main__':
    X = np.random.randn(100, 5)
    y = np.random.randint(3, size=100)
    model = Model(5, [20, 20], 3)
    print(model.train(X, y))
