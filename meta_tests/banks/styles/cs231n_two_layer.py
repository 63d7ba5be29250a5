from __future__ import print_function

import numpy as np
import matplotlib.pyplot as plt


class TwoLayerNet(object):
    """
    A two-layer fully-connected neural network. The net has an input dimension of
    N, a hidden layer dimension of H, and performs classification over C classes.
    The network uses a ReLU nonlinearity after the first fully connected layer and
    is trained with a softmax loss and L2 regularization.

    The outputs of the second fully-connected layer are the scores for each class.
    """

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        """
        If y is None, return the scores of shape (N, C). Otherwise return a tuple of
        the loss (data loss and regularization loss) and a dictionary of gradients
        with the same keys as self.params.
        """
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N, D = X.shape

        # forward pass
        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(W2) + b2

        if y is None:
            return scores

        # loss
        shifted = scores - np.max(scores, axis=1, keepdims=True)
        log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        loss = -np.sum(log_probs[np.arange(N), y]) / N
        loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        # backward pass
        grads = {}
        dscores = np.exp(log_probs)
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads['W2'] = hidden.T.dot(dscores) + reg * W2
        grads['b2'] = np.sum(dscores, axis=0)
        dhidden = dscores.dot(W2.T)
        dhidden[hidden <= 0] = 0
        grads['W1'] = X.T.dot(dhidden) + reg * W1
        grads['b1'] = np.sum(dhidden, axis=0)

        return loss, grads

    def train(self, X, y, learning_rate=1e-3, reg=0.0, num_epochs=10, batch_size=200, verbose=False):
        num_train = X.shape[0]
        loss_history = []

        for epoch in range(num_epochs):
            order = np.random.permutation(num_train)
            epoch_losses = []
            for start in range(0, num_train, batch_size):
                mask = order[start:start + batch_size]
                loss, grads = self.loss(X[mask], y=y[mask], reg=reg)
                epoch_losses.append(loss)
                for p in self.params:
                    self.params[p] -= learning_rate * grads[p]
            loss_history.append(np.mean(epoch_losses))
            if verbose:
                print('epoch %d / %d: loss %f' % (epoch, num_epochs, loss_history[-1]))

        return loss_history

    def predict(self, X):
        return np.argmax(self.loss(X), axis=1)
