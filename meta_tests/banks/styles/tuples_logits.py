"""Multi-layer perceptron as a list of (W, b) tuples, without any class."""
from __future__ import print_function
import numpy as np


def init_random_params(layer_sizes, rs=np.random.RandomState(0)):
    """Build a list of (weights, biases) tuples, one for each layer in the net."""
    return [(rs.randn(m, n) * np.sqrt(2.0 / (m + n)),      # weight matrix
             np.zeros(n))                                   # bias vector
            for m, n in zip(layer_sizes[:-1], layer_sizes[1:])]


def relu(x):
    return np.maximum(x, 0.)


def logsumexp(x):
    mx = x.max(axis=1, keepdims=True)
    return mx + np.log(np.exp(x - mx).sum(axis=1, keepdims=True))


def neural_net(params, inputs):
    """Returns the unnormalized log-probabilities (logits)."""
    for W, b in params[:-1]:
        inputs = relu(np.dot(inputs, W) + b)
    W, b = params[-1]
    return np.dot(inputs, W) + b


def loss(params, inputs, targets):
    logits = neural_net(params, inputs)
    log_probs = logits - logsumexp(logits)
    return -np.mean(np.sum(log_probs * targets, axis=1))


def grad(params, inputs, targets):
    activations = [inputs]
    for W, b in params[:-1]:
        activations.append(relu(np.dot(activations[-1], W) + b))
    W, b = params[-1]
    logits = np.dot(activations[-1], W) + b
    delta = (np.exp(logits - logsumexp(logits)) - targets) / inputs.shape[0]
    grads = []
    for (W, b), a in zip(params[::-1], activations[::-1]):
        grads.append((np.dot(a.T, delta), delta.sum(axis=0)))
        delta = np.dot(delta, W.T) * (a > 0)
    return grads[::-1]


def update(params, grads, step_size):
    return [(W - step_size * dW, b - step_size * db)
            for (W, b), (dW, db) in zip(params, grads)]


def predict(params, inputs):
    return np.argmax(neural_net(params, inputs), axis=1)


def train(params, inputs, targets, num_epochs=5, batch_size=128, step_size=0.1, rs=np.random.RandomState(1)):
    for epoch in range(num_epochs):
        perm = rs.permutation(inputs.shape[0])
        for i in range(0, inputs.shape[0], batch_size):
            rows = perm[i:i + batch_size]
            params = update(params, grad(params, inputs[rows], targets[rows]), step_size)
        print("Epoch", epoch, "loss", loss(params, inputs, targets))
    return params
