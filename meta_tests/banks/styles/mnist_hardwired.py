# MNIST digit recogniser, 784-10-10, everything hard-coded
import numpy as np


class DigitClassifier:
    def __init__(self):
        self.W1 = np.random.rand(10, 784) - 0.5
        self.b1 = np.zeros((10, 1))
        self.W2 = np.random.rand(10, 10) - 0.5
        self.b2 = np.zeros((10, 1))

    def ReLU(self, Z):
        return np.maximum(0, Z)

    def dReLU(self, Z):
        return Z > 0

    def softmax(self, Z):
        Z = Z - np.max(Z, axis=0)
        return np.exp(Z) / np.sum(np.exp(Z), axis=0)

    def one_hot(self, Y):
        out = np.zeros((10, Y.size))
        out[Y, np.arange(Y.size)] = 1
        return out

    def forward_prop(self, X):
        Z1 = self.W1.dot(X) + self.b1
        A1 = self.ReLU(Z1)
        Z2 = self.W2.dot(A1) + self.b2
        A2 = self.softmax(Z2)
        return Z1, A1, Z2, A2

    def back_prop(self, X, Y):
        m = Y.size
        Z1, A1, Z2, A2 = self.forward_prop(X)
        dZ2 = A2 - self.one_hot(Y)
        dW2 = 1 / m * dZ2.dot(A1.T)
        db2 = 1 / m * np.sum(dZ2, axis=1).reshape(-1, 1)
        dZ1 = self.W2.T.dot(dZ2) * self.dReLU(Z1)
        dW1 = 1 / m * dZ1.dot(X.T)
        db1 = 1 / m * np.sum(dZ1, axis=1).reshape(-1, 1)
        return dW1, db1, dW2, db2

    def update_params(self, dW1, db1, dW2, db2, alpha):
        self.W1 = self.W1 - alpha * dW1
        self.b1 = self.b1 - alpha * db1
        self.W2 = self.W2 - alpha * dW2
        self.b2 = self.b2 - alpha * db2

    def get_loss(self, X, Y):
        A2 = self.forward_prop(X)[-1]
        return -np.mean(np.log(A2[Y, np.arange(Y.size)] + 1e-9))

    def get_predictions(self, X):
        return np.argmax(self.forward_prop(X)[-1], 0)

    def train(self, X, Y, iterations=500, alpha=0.1):
        for i in range(iterations):
            dW1, db1, dW2, db2 = self.back_prop(X, Y)
            self.update_params(dW1, db1, dW2, db2, alpha)
            if i % 50 == 0:
                acc = np.sum(self.get_predictions(X) == Y) / Y.size
                print("Iteration:", i, "accuracy:", acc)


data = np.loadtxt("mnist_train.csv", delimiter=",", skiprows=1)
np.random.shuffle(data)
Y_train = data[:, 0].astype(int)
X_train = data[:, 1:].T / 255.0

clf = DigitClassifier()
clf.train(X_train, Y_train)
