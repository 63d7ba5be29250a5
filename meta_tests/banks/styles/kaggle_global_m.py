import numpy as np
import pandas as pd

data = pd.read_csv('train.csv').to_numpy()
m, n = data.shape
X_train = data[:, 1:].T / 255
Y_train = data[:, 0]


def init_params(n_hidden=32):
    W1 = np.random.randn(n_hidden, 784) * np.sqrt(1 / 784)
    b1 = np.zeros((n_hidden, 1))
    W2 = np.random.randn(10, n_hidden) * np.sqrt(1 / n_hidden)
    b2 = np.zeros((10, 1))
    return W1, b1, W2, b2


def relu(Z):
    return np.maximum(0, Z)


def relu_deriv(Z):
    return (Z > 0).astype(float)


def softmax(Z):
    Z = Z - np.max(Z, axis=0, keepdims=True)
    return np.exp(Z) / np.sum(np.exp(Z), axis=0, keepdims=True)


def one_hot(Y):
    Y_oh = np.zeros((10, Y.size))
    Y_oh[Y, np.arange(Y.size)] = 1
    return Y_oh


def forward_prop(W1, b1, W2, b2, X):
    Z1 = np.dot(W1, X) + b1
    A1 = relu(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = softmax(Z2)
    return Z1, A1, Z2, A2


def cost(A2, Y):
    return -np.sum(one_hot(Y) * np.log(A2 + 1e-8)) / m


def backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y):
    # m is the number of training examples, see above
    dZ2 = A2 - one_hot(Y)
    dW2 = 1/m * np.dot(dZ2, A1.T)
    db2 = 1/m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(W2.T, dZ2) * relu_deriv(Z1)
    dW1 = 1/m * np.dot(dZ1, X.T)
    db1 = 1/m * np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2


def update_params(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha):
    W1 -= alpha * dW1
    b1 -= alpha * db1
    W2 -= alpha * dW2
    b2 -= alpha * db2
    return W1, b1, W2, b2


def get_predictions(A2):
    return np.argmax(A2, axis=0)


def gradient_descent(X, Y, iterations, alpha):
    W1, b1, W2, b2 = init_params()
    for i in range(1, iterations + 1):
        Z1, A1, Z2, A2 = forward_prop(W1, b1, W2, b2, X)
        dW1, db1, dW2, db2 = backward_prop(Z1, A1, Z2, A2, W1, W2, X, Y)
        W1, b1, W2, b2 = update_params(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha)
        if i % 50 == 0:
            print(f'{i} / {iterations}: cost {cost(A2, Y):.3f}, accuracy {np.mean(get_predictions(A2) == Y):.3f}')
    return W1, b1, W2, b2


W1, b1, W2, b2 = gradient_descent(X_train, Y_train, 200, 0.15)
