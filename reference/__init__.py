"""chainrule.reference: a small multilayer perceptron in NumPy alone, and math.md, the mathematics it implements."""

from .functions import cross_entropy, log_sum_exp, relu, softmax, xavier
from .mlp import MLP

__all__ = ["MLP", "cross_entropy", "log_sum_exp", "relu", "softmax", "xavier"]
