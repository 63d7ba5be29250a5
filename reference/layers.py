"""The layers as functions: forward passes that return a cache, and backward passes that use it (11_layers.md).

`dout` is the gradient of a number with respect to a layer's output; a backward pass returns its gradients with respect
to the layer's inputs.
"""

import numpy as np

from .functions import log_sum_exp, relu, softmax

__all__ = ["affine_backward", "affine_forward", "relu_backward", "relu_forward", "softmax_loss"]


def affine_forward(x, w, b):
    """Multiply every sample by a matrix, and add a bias.

        out = X w + b,  X the samples of x as rows

    x: (N, d[1], ..., d[k]); w: (D, M), D = d[1] ... d[k]; b: (M,). Returns out (N, M), and the cache.
    Clauses: affine.values, affine.flattening.
    """
    x, w = np.asarray(x), np.asarray(w)
    return x.reshape(len(x), len(w)) @ w + b, (x, w)


def affine_backward(dout, cache):
    """The gradients with respect to the inputs of `affine_forward`, each of its input's shape.

        dx = dout w^T,  dw = X^T dout,  db = sum_n dout[n]

    dout: (N, M). Returns dx (N, d[1], ..., d[k]), dw (D, M), db (M,).
    Clauses: affine.input_gradient, affine.weight_gradient, affine.bias_gradient.
    """
    dout, (x, w) = np.asarray(dout), cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), len(w)).T @ dout, dout.sum(axis=0)


def relu_forward(x):
    """max(x, 0) of every entry: x of any shape. Returns out of the same shape, and the cache.

    Clause: relu_layer.values.
    """
    x = np.asarray(x)
    return relu(x), x


def relu_backward(dout, cache):
    """Keep the gradient where the input was positive: dout -> dx, both of x's shape.

        dx = dout [x > 0]

    Clause: relu_layer.gradient.
    """
    return dout * (cache > 0)


def softmax_loss(x, y):
    """The mean cross-entropy of softmax(x), and its gradient with respect to the logits x.

        loss = 1/N sum_n (lse(x[n]) - x[n, y[n]]),  dx = (softmax(x) - onehot(y)) / N

    x: (N, K) logits, y: (N,) integer labels 0..K-1. Returns loss, a float in nats, and dx (N, K).
    Clauses: softmax_loss.values, softmax_loss.gradient.
    """
    x, rows = np.asarray(x), np.arange(len(y))
    dx = softmax(x)
    dx[rows, y] -= 1
    return float((log_sum_exp(x) - x[rows, y]).mean()), dx / len(y)
