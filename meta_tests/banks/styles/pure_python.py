# Neural network without any library, one sample after the other
import math
import random


def relu(x):
    return [max(0.0, v) for v in x]


def softmax(x):
    biggest = max(x)
    exps = [math.exp(v - biggest) for v in x]
    total = sum(exps)
    return [e / total for e in exps]


def mat_vec(W, x):
    return [sum(w * v for w, v in zip(row, x)) for row in W]


class NeuralNetwork:
    def __init__(self, n_inputs, n_hidden, n_outputs, seed=1):
        rnd = random.Random(seed)
        self.W1 = [[rnd.gauss(0, math.sqrt(2 / n_inputs)) for _ in range(n_inputs)] for _ in range(n_hidden)]
        self.b1 = [0.0] * n_hidden
        self.W2 = [[rnd.gauss(0, math.sqrt(2 / n_hidden)) for _ in range(n_hidden)] for _ in range(n_outputs)]
        self.b2 = [0.0] * n_outputs
        self.rnd = rnd

    def forward(self, x):
        self.z1 = [z + b for z, b in zip(mat_vec(self.W1, x), self.b1)]
        self.a1 = relu(self.z1)
        z2 = [z + b for z, b in zip(mat_vec(self.W2, self.a1), self.b2)]
        self.output = softmax(z2)
        return self.output

    def loss(self, x, target):
        return -math.log(self.forward(x)[target] + 1e-300)

    def backward(self, x, target):
        self.forward(x)
        d2 = [p - (1.0 if k == target else 0.0) for k, p in enumerate(self.output)]
        dW2 = [[d * a for a in self.a1] for d in d2]
        d1 = []
        for j in range(len(self.a1)):
            error = sum(self.W2[k][j] * d2[k] for k in range(len(d2)))
            d1.append(error if self.z1[j] > 0 else 0.0)
        dW1 = [[d * v for v in x] for d in d1]
        return dW1, d1, dW2, d2

    def update(self, grads, lr):
        dW1, db1, dW2, db2 = grads
        for W, dW in ((self.W1, dW1), (self.W2, dW2)):
            for row, drow in zip(W, dW):
                for i in range(len(row)):
                    row[i] -= lr * drow[i]
        for b, db in ((self.b1, db1), (self.b2, db2)):
            for i in range(len(b)):
                b[i] -= lr * db[i]

    def train(self, X, y, epochs, lr):
        order = list(range(len(X)))
        for epoch in range(epochs):
            self.rnd.shuffle(order)
            for i in order:
                self.update(self.backward(X[i], y[i]), lr)

    def predict(self, x):
        out = self.forward(x)
        return out.index(max(out))


if __name__ == "__main__":
    X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    y = [0, 1, 1, 0]
    net = NeuralNetwork(2, 6, 2)
    net.train(X, y, 500, 0.1)
    print([net.predict(x) for x in X])
