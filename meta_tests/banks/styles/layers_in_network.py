import numpy as np


class Layer:
    def forward(self, input):
        raise NotImplementedError

    def backward(self, output_gradient, learning_rate):
        raise NotImplementedError


class Dense(Layer):
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(input_size, output_size) * np.sqrt(2 / input_size)
        self.bias = np.zeros((1, output_size))

    def forward(self, input):
        self.input = input
        return np.dot(self.input, self.weights) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(self.input.T, output_gradient)
        bias_gradient = np.sum(output_gradient, axis=0, keepdims=True)
        input_gradient = np.dot(output_gradient, self.weights.T)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * bias_gradient
        return input_gradient


class ReLU(Layer):
    def forward(self, input):
        self.input = input
        return np.maximum(0, input)

    def backward(self, output_gradient, learning_rate):
        return output_gradient * (self.input > 0)


class Softmax(Layer):
    def forward(self, input):
        tmp = np.exp(input - np.max(input, axis=1, keepdims=True))
        self.output = tmp / np.sum(tmp, axis=1, keepdims=True)
        return self.output

    def backward(self, output_gradient, learning_rate):
        # Jacobian of every sample: diag(s) - s s^T
        s = self.output
        return s * (output_gradient - np.sum(output_gradient * s, axis=1, keepdims=True))


def categorical_cross_entropy(y_true, y_pred):
    return -np.sum(y_true * np.log(y_pred + 1e-15)) / len(y_true)


def categorical_cross_entropy_prime(y_true, y_pred):
    return -y_true / (y_pred + 1e-15) / len(y_true)


class Network:
    def __init__(self, layers):
        self.layers = layers

    def predict(self, input):
        output = input
        for layer in self.layers:
            output = layer.forward(output)
        return output

    def train(self, x_train, y_train, epochs=1000, learning_rate=0.01, verbose=True):
        for e in range(epochs):
            output = self.predict(x_train)
            error = categorical_cross_entropy(y_train, output)

            grad = categorical_cross_entropy_prime(y_train, output)
            for layer in reversed(self.layers):
                grad = layer.backward(grad, learning_rate)

            if verbose:
                print(f"{e + 1}/{epochs}, error={error}")


if __name__ == "__main__":
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    Y = np.array([[1, 0], [0, 1], [0, 1], [1, 0]])
    network = Network([Dense(2, 8), ReLU(), Dense(8, 2), Softmax()])
    network.train(X, Y, epochs=1000, learning_rate=0.5)
    print(np.argmax(network.predict(X), axis=1))
