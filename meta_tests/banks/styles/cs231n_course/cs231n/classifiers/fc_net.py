from builtins import range
from builtins import object
import numpy as np

from ..layers import *
from ..layer_utils import *


class FullyConnectedNet(object):
    """Class for a multi-layer fully connected neural network.

    {affine - relu} x (L - 1) - affine - softmax
    """

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
    ):
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        dims = [input_dim] + list(hidden_dims) + [num_classes]
        for l in range(1, self.num_layers + 1):
            self.params["W%d" % l] = weight_scale * np.random.randn(dims[l - 1], dims[l])
            self.params["b%d" % l] = np.zeros(dims[l])

        # Cast all parameters to the correct datatype.
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        """
        Compute loss and gradient for the fully connected net.

        If y is None, run a test-time forward pass and return the scores (N, C).
        """
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"

        caches = []
        out = X
        for l in range(1, self.num_layers):
            out, cache = affine_relu_forward(out, self.params["W%d" % l], self.params["b%d" % l])
            caches.append(cache)
        L = self.num_layers
        scores, last_cache = affine_forward(out, self.params["W%d" % L], self.params["b%d" % L])

        if mode == "test":
            return scores

        grads = {}
        loss, dout = softmax_loss(scores, y)
        for l in range(1, L + 1):
            loss += 0.5 * self.reg * np.sum(self.params["W%d" % l] ** 2)

        dout, grads["W%d" % L], grads["b%d" % L] = affine_backward(dout, last_cache)
        for l in range(L - 1, 0, -1):
            dout, grads["W%d" % l], grads["b%d" % l] = affine_relu_backward(dout, caches[l - 1])
        if self.reg:
            for l in range(1, L + 1):
                grads["W%d" % l] += self.reg * self.params["W%d" % l]

        return loss, grads
