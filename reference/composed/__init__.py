"""chainrule.reference.composed: networks of layers, put together from the chapters of the reference.  NumPy alone."""

from .layers import Affine, BatchNorm, Dropout, ReLU
from .network import MLP, Network

__all__ = ["MLP", "Affine", "BatchNorm", "Dropout", "Network", "ReLU"]
