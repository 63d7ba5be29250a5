import numpy as np
import math


def random_mini_batches(X, Y, mini_batch_size=64):
    m = X.shape[1]
    permutation = list(np.random.permutation(m))
    shuffled_X = X[:, permutation]
    shuffled_Y = Y[:, permutation]

    mini_batches = []
    for k in range(math.ceil(m / mini_batch_size)):
        mini_batch_X = shuffled_X[:, k * mini_batch_size:(k + 1) * mini_batch_size]
        mini_batch_Y = shuffled_Y[:, k * mini_batch_size:(k + 1) * mini_batch_size]
        mini_batches.append((mini_batch_X, mini_batch_Y))
    return mini_batches


class DeepNeuralNetwork:
    def __init__(self, layer_dims):
        self.L = len(layer_dims) - 1
        self.W = {}
        self.b = {}
        for l in range(1, self.L + 1):
            self.W[l] = np.random.randn(layer_dims[l], layer_dims[l-1]) * np.sqrt(2 / layer_dims[l-1])
            self.b[l] = np.zeros((layer_dims[l], 1))

    def relu(self, Z):
        return np.maximum(0, Z)

    def softmax(self, Z):
        expZ = np.exp(Z - np.max(Z, axis=0, keepdims=True))
        return expZ / expZ.sum(axis=0, keepdims=True)

    def forward(self, X):
        store = {"A0": X}
        for l in range(1, self.L):
            store["Z" + str(l)] = self.W[l].dot(store["A" + str(l-1)]) + self.b[l]
            store["A" + str(l)] = self.relu(store["Z" + str(l)])
        Z = self.W[self.L].dot(store["A" + str(self.L-1)]) + self.b[self.L]
        store["Z" + str(self.L)] = Z
        store["A" + str(self.L)] = self.softmax(Z)
        return store["A" + str(self.L)], store

    def compute_loss(self, A, Y):
        return -np.mean(np.sum(Y * np.log(A + 1e-8), axis=0))

    def backward(self, X, Y, store):
        derivatives = {}
        m = X.shape[1]
        dZ = store["A" + str(self.L)] - Y
        for l in range(self.L, 0, -1):
            derivatives["dW" + str(l)] = dZ.dot(store["A" + str(l-1)].T) / m
            derivatives["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True) / m
            if l > 1:
                dZ = self.W[l].T.dot(dZ) * (store["Z" + str(l-1)] > 0)
        return derivatives

    def update(self, derivatives, lr):
        for l in range(1, self.L + 1):
            self.W[l] -= lr * derivatives["dW" + str(l)]
            self.b[l] -= lr * derivatives["db" + str(l)]

    def fit(self, X, Y, epochs=20, mini_batch_size=64, lr=0.01):
        costs = []
        for epoch in range(epochs):
            for Xb, Yb in random_mini_batches(X, Y, mini_batch_size):
                A, store = self.forward(Xb)
                self.update(self.backward(Xb, Yb, store), lr)
            costs.append(self.compute_loss(self.forward(X)[0], Y))
        return costs

    def predict(self, X):
        return np.argmax(self.forward(X)[0], axis=0)
