"""Matrices are lists of lists. No numpy."""
from math import exp, log, sqrt
from random import gauss, shuffle


def matmul(A, B):
    Bt = list(zip(*B))
    return [[sum(a * b for a, b in zip(row, col)) for col in Bt] for row in A]


def transpose(A):
    return [list(col) for col in zip(*A)]


def add_bias(A, b):
    return [[a + c for a, c in zip(row, b)] for row in A]


def relu(Z):
    return [[z if z > 0 else 0.0 for z in row] for row in Z]


def softmax(Z):
    result = []
    for row in Z:
        top = max(row)
        e = [exp(z - top) for z in row]
        s = sum(e)
        result.append([v / s for v in e])
    return result


class MLP:
    def __init__(self, sizes):
        self.weights = []
        self.biases = []
        for n, m in zip(sizes, sizes[1:]):
            sigma = sqrt(2.0 / (n + m))
            self.weights.append([[gauss(0.0, sigma) for _ in range(m)] for _ in range(n)])
            self.biases.append([0.0 for _ in range(m)])

    def forward(self, X):
        self.a = [X]
        for i in range(len(self.weights)):
            Z = add_bias(matmul(self.a[-1], self.weights[i]), self.biases[i])
            self.a.append(softmax(Z) if i == len(self.weights) - 1 else relu(Z))
        return self.a[-1]

    def loss(self, X, y):
        P = self.forward(X)
        return -sum(log(max(P[n][y[n]], 1e-15)) for n in range(len(y))) / len(y)

    def backward(self, X, y):
        P = self.forward(X)
        N = len(y)
        delta = [[(p - (k == y[n])) / N for k, p in enumerate(P[n])] for n in range(N)]
        dW, db = [], []
        for i in range(len(self.weights) - 1, -1, -1):
            dW.insert(0, matmul(transpose(self.a[i]), delta))
            db.insert(0, [sum(col) for col in zip(*delta)])
            if i > 0:
                back = matmul(delta, transpose(self.weights[i]))
                delta = [[d if a > 0 else 0.0 for d, a in zip(drow, arow)] for drow, arow in zip(back, self.a[i])]
        return dW, db

    def step(self, dW, db, lr):
        for i in range(len(self.weights)):
            self.weights[i] = [[w - lr * d for w, d in zip(wr, dr)] for wr, dr in zip(self.weights[i], dW[i])]
            self.biases[i] = [b - lr * d for b, d in zip(self.biases[i], db[i])]

    def fit(self, X, y, epochs, batch_size, lr):
        idx = list(range(len(X)))
        for _ in range(epochs):
            shuffle(idx)
            for s in range(0, len(idx), batch_size):
                batch = idx[s:s + batch_size]
                dW, db = self.backward([X[i] for i in batch], [y[i] for i in batch])
                self.step(dW, db, lr)

    def predict(self, X):
        return [row.index(max(row)) for row in self.forward(X)]
