"""Layers as objects: each keeps its parameters, what its backward pass needs, and then its gradients.

`forward(x, training)` takes a batch, (N, D), and whether the network trains.  `backward(dout)` takes the gradient of
the loss with respect to the layer's last output, sets `gradients`, and returns the gradient with respect to its input.
"""

import numpy as np

from ..batchnorm import batchnorm_backward, batchnorm_evaluate, batchnorm_forward, batchnorm_running
from ..convolution import conv2d_backward, conv2d_forward
from ..dropout import dropout_backward, dropout_evaluate, dropout_forward
from ..functions import xavier
from ..layers import affine_backward, affine_forward, relu_backward, relu_forward
from ..pooling import maxpool2d_backward, maxpool2d_forward


class Layer:
    """A layer without parameters.

    parameters: a list of arrays; gradients: those of the last backward pass, in the same order.
    """

    def __init__(self):
        self.parameters, self.gradients, self.cache = [], [], None


class Affine(Layer):
    """out = x W + b, with Xavier weights (fan_in, fan_out) drawn from `rng`, and zero biases.

    Clauses: affine.values, initialization.variance, initialization.biases.
    """

    def __init__(self, fan_in, fan_out, rng, dtype=np.float64):
        super().__init__()
        self.parameters = [xavier(fan_in, fan_out, rng).astype(dtype), np.zeros(fan_out, dtype)]

    def forward(self, x, training):
        """(N, fan_in) -> (N, fan_out)."""
        out, self.cache = affine_forward(x, *self.parameters)
        return out

    def backward(self, dout):
        """(N, fan_out) -> (N, fan_in)."""
        dx, *self.gradients = affine_backward(dout, self.cache)
        return dx


class ReLU(Layer):
    """out = max(x, 0) of every entry.  Clauses: relu_layer.values, relu_layer.gradient."""

    def forward(self, x, training):
        """Any shape -> the same shape."""
        out, self.cache = relu_forward(x)
        return out

    def backward(self, dout):
        """The same shape again."""
        return relu_backward(dout, self.cache)


class Dropout(Layer):
    """In training, drops each entry with probability `rate`, drawn from `rng`, and enlarges the others.

    Clauses: dropout.rate, dropout.same_mask, dropout.evaluation.
    """

    def __init__(self, rate, rng):
        super().__init__()
        self.rate, self.rng = rate, rng

    def forward(self, x, training):
        """Any shape -> the same shape."""
        if not training:
            return dropout_evaluate(x, self.rate)
        out, self.cache = dropout_forward(x, self.rate, self.rng)
        return out

    def backward(self, dout):
        """The same shape again."""
        return dropout_backward(dout, self.cache)


class BatchNorm(Layer):
    """Gives each of `size` features mean beta and size gamma: over the batch in training, else by running statistics.

    momentum: what remains of the running statistics after a batch.  Parameters: gamma, ones, and beta, zeros, (size,).
    Clauses: batchnorm.values, batchnorm.running, batchnorm.evaluation.
    """

    def __init__(self, size, momentum=0.9, dtype=np.float64):
        super().__init__()
        self.momentum = momentum
        self.parameters = [np.ones(size, dtype), np.zeros(size, dtype)]
        self.mean, self.variance = np.zeros(size, dtype), np.ones(size, dtype)

    def forward(self, x, training):
        """(N, size) -> (N, size)."""
        if not training:
            return batchnorm_evaluate(x, *self.parameters, self.mean, self.variance)
        self.mean, self.variance = batchnorm_running(x, self.mean, self.variance, self.momentum)
        out, self.cache = batchnorm_forward(x, *self.parameters)
        return out

    def backward(self, dout):
        """(N, size) -> (N, size)."""
        dx, *self.gradients = batchnorm_backward(dout, self.cache)
        return dx


class Images(Layer):
    """Makes pictures of rows: (N, C H W) -> (N, C, H, W), less `mean` (C H W,), which is 0 at first."""

    def __init__(self, shape, dtype=np.float64):
        super().__init__()
        self.shape, self.mean = tuple(shape), np.zeros(np.prod(shape), dtype)

    def forward(self, x, training):
        """(N, C H W) -> (N, C, H, W)."""
        return (x - self.mean).reshape(-1, *self.shape)

    def backward(self, dout):
        """(N, C, H, W) -> (N, C H W)."""
        return dout.reshape(len(dout), -1)


class Rows(Layer):
    """Makes rows of pictures: (N, C, H, W) -> (N, C H W)."""

    def forward(self, x, training):
        """(N, C, H, W) -> (N, C H W)."""
        self.cache = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dout):
        """(N, C H W) -> (N, C, H, W)."""
        return dout.reshape(self.cache)


class Conv2D(Layer):
    """Filters (F, C, size, size), with Xavier weights drawn from `rng`, and zero biases; an odd size keeps H and W.

    A filter's output has size^2 C inputs, and an entry of the picture goes into size^2 F outputs: these are the two
    numbers in Glorot's bound.  Clauses: convolution.values, convolution.padding, initialization.variance.
    """

    def __init__(self, channels, filters, size, rng, dtype=np.float64):
        super().__init__()
        bound = np.sqrt(6 / (size * size * (channels + filters)))
        weights = rng.uniform(-bound, bound, (filters, channels, size, size))
        self.parameters = [weights.astype(dtype), np.zeros(filters, dtype)]
        self.pad = size // 2

    def forward(self, x, training):
        """(N, C, H, W) -> (N, F, H, W)."""
        out, self.cache = conv2d_forward(x, *self.parameters, pad=self.pad)
        return out

    def backward(self, dout):
        """(N, F, H, W) -> (N, C, H, W)."""
        dx, *self.gradients = conv2d_backward(dout, self.cache)
        return dx


class MaxPool2D(Layer):
    """The largest entry of each 2 x 2 window, which halves H and W.  Clauses: pooling.values, pooling.routing."""

    def forward(self, x, training):
        """(N, C, H, W) -> (N, C, H // 2, W // 2)."""
        out, self.cache = maxpool2d_forward(x)
        return out

    def backward(self, dout):
        """(N, C, H // 2, W // 2) -> (N, C, H, W)."""
        return maxpool2d_backward(dout, self.cache)
