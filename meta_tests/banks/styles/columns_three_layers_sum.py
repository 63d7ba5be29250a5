import numpy as np
import matplotlib.pyplot as plt


class DeepNet:
    # X: (features, examples), Y: one-hot (classes, examples)
    # cost and gradients are summed over the examples
    def __init__(self, n0, n1, n2, n3):
        self.w1 = np.random.randn(n1, n0) * 0.1
        self.b1 = np.zeros((n1, 1))
        self.w2 = np.random.randn(n2, n1) * 0.1
        self.b2 = np.zeros((n2, 1))
        self.w3 = np.random.randn(n3, n2) * 0.1
        self.b3 = np.zeros((n3, 1))

    def activation(self, z):
        return np.where(z > 0, z, 0)

    def activation_prime(self, z):
        return np.where(z > 0, 1, 0)

    def softmax(self, z):
        z = z - np.max(z, axis=0)
        return np.exp(z) / np.exp(z).sum(axis=0)

    def forward(self, X):
        self.z1 = self.w1 @ X + self.b1
        self.a1 = self.activation(self.z1)
        self.z2 = self.w2 @ self.a1 + self.b2
        self.a2 = self.activation(self.z2)
        self.z3 = self.w3 @ self.a2 + self.b3
        self.a3 = self.softmax(self.z3)
        return self.a3

    def cost(self, Y):
        return -np.sum(Y * np.log(self.a3 + 1e-9))

    def backprop(self, X, Y, eta):
        delta3 = self.a3 - Y
        delta2 = (self.w3.T @ delta3) * self.activation_prime(self.z2)
        delta1 = (self.w2.T @ delta2) * self.activation_prime(self.z1)

        self.w3 -= eta * delta3 @ self.a2.T
        self.b3 -= eta * delta3.sum(axis=1, keepdims=True)
        self.w2 -= eta * delta2 @ self.a1.T
        self.b2 -= eta * delta2.sum(axis=1, keepdims=True)
        self.w1 -= eta * delta1 @ X.T
        self.b1 -= eta * delta1.sum(axis=1, keepdims=True)


np.random.seed(10)
X = np.random.randn(2, 400)
labels = (X[0] ** 2 + X[1] ** 2 > 1).astype(int) + (X[0] > 0)
Y = np.eye(3)[labels].T

net = DeepNet(2, 16, 16, 3)
costs = []
for epoch in range(500):
    net.forward(X)
    costs.append(net.cost(Y))
    net.backprop(X, Y, 0.001)
    if epoch % 100 == 0:
        print("epoch", epoch, "cost", costs[-1])

plt.plot(costs)
plt.show()
