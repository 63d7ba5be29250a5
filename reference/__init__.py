"""chainrule.reference: a small multilayer perceptron in NumPy alone, and the mathematics it implements."""

from .functions import cross_entropy, log_sum_exp, relu, softmax, xavier
from .layers import affine_backward, affine_forward, relu_backward, relu_forward, softmax_loss
from .mlp import MLP

__all__ = [
    "MLP",
    "affine_backward",
    "affine_forward",
    "cross_entropy",
    "log_sum_exp",
    "relu",
    "relu_backward",
    "relu_forward",
    "softmax",
    "softmax_loss",
    "xavier",
]
