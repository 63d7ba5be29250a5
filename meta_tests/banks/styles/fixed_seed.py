import numpy as np
import time


class NeuralNetwork():
    def __init__(self, input_nodes, hidden_nodes, output_nodes):
        np.random.seed(42)    # so that everybody gets the same results
        self.weights_input_to_hidden = np.random.normal(0.0, input_nodes ** -0.5, (input_nodes, hidden_nodes))
        self.bias_hidden = np.zeros((1, hidden_nodes))
        self.weights_hidden_to_output = np.random.normal(0.0, hidden_nodes ** -0.5, (hidden_nodes, output_nodes))
        self.bias_output = np.zeros((1, output_nodes))

    def forward_pass(self, X):
        hidden_inputs = np.dot(X, self.weights_input_to_hidden) + self.bias_hidden
        hidden_outputs = np.maximum(hidden_inputs, 0)
        final_inputs = np.dot(hidden_outputs, self.weights_hidden_to_output) + self.bias_output
        shifted = np.exp(final_inputs - np.amax(final_inputs, axis=1, keepdims=True))
        final_outputs = shifted / np.sum(shifted, axis=1, keepdims=True)
        return final_outputs, hidden_outputs

    def backpropagation(self, final_outputs, hidden_outputs, X, y):
        """Returns the steps, averaged over the records."""
        n_records = X.shape[0]
        error = final_outputs - y
        hidden_error = np.dot(error, self.weights_hidden_to_output.T)
        hidden_error_term = hidden_error * (hidden_outputs > 0)
        delta_weights_i_h = np.dot(X.T, hidden_error_term) / n_records
        delta_bias_h = hidden_error_term.mean(axis=0, keepdims=True)
        delta_weights_h_o = np.dot(hidden_outputs.T, error) / n_records
        delta_bias_o = error.mean(axis=0, keepdims=True)
        return delta_weights_i_h, delta_bias_h, delta_weights_h_o, delta_bias_o

    def update_weights(self, delta_weights_i_h, delta_bias_h, delta_weights_h_o, delta_bias_o, lr):
        self.weights_input_to_hidden -= lr * delta_weights_i_h
        self.bias_hidden -= lr * delta_bias_h
        self.weights_hidden_to_output -= lr * delta_weights_h_o
        self.bias_output -= lr * delta_bias_o

    def train(self, X, y, epochs, lr):
        start = time.time()
        for _ in range(epochs):
            final_outputs, hidden_outputs = self.forward_pass(X)
            steps = self.backpropagation(final_outputs, hidden_outputs, X, y)
            self.update_weights(*steps, lr)
        print("trained in %.1f s" % (time.time() - start))

    def cross_entropy(self, y, final_outputs):
        return np.mean(-np.sum(y * np.log(final_outputs + 1e-9), axis=1))

    def run(self, X):
        return self.forward_pass(X)[0]
