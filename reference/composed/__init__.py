"""chainrule.reference.composed: networks of layers, put together from the chapters of the reference.  NumPy alone."""

from .layers import Affine, BatchNorm, Conv2D, Dropout, Images, MaxPool2D, ReLU, Rows
from .network import CNN, MLP, Classifier, Network

__all__ = [
    "CNN",
    "MLP",
    "Affine",
    "BatchNorm",
    "Classifier",
    "Conv2D",
    "Dropout",
    "Images",
    "MaxPool2D",
    "Network",
    "ReLU",
    "Rows",
]
