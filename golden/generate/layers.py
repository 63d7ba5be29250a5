"""The layers as functions: the affine layer, the ReLU layer, and softmax with its loss, forward and backward."""

import math
import random

from mpmath import mp

from .functions import CLASSES, logit_gradient, mean_loss, relu, softmax
from .network import affine
from .numbers import below, confirm_slope, doubles, dyadic, exact, flat, matrix, shaped, vector

IMAGES = ((1, 2), (4, 3), (3, 2, 2), (2, 3, 4, 5))  # shapes of x; its first axis is the batch
OUTPUTS = (3, 2, 5, 7)
EXTREMES = (2.0**-100, 2.0**-30, 1.0, 2.0**30, 2.0**100)
LAYER_SCALES = (4.0, 30.0, 300.0, 1e3, 1e4)  # at 300, losses are large and probabilities do not underflow


def affine_layer(shape, outputs, rng):
    """x (N, d[1], ..., d[k]), w, b, dout as drawn, and out = X w + b with the gradients of sum(dout out)."""
    inputs = math.prod(shape[1:])
    drawn = matrix(rng, shape[0], inputs, -2, 2, 256)
    w, b = matrix(rng, inputs, outputs, -1, 1, 256), vector(rng, outputs, -1, 1, 256)
    dout = matrix(rng, shape[0], outputs, -2, 2, 256)
    rows, weights, slopes = exact(drawn), exact(w), exact(dout)
    gradients = {
        "dx": [[mp.fdot(slope, row) for row in weights] for slope in slopes],
        "dw": [[mp.fdot(x, d) for d in zip(*slopes, strict=True)] for x in zip(*rows, strict=True)],
        "db": [mp.fsum(d) for d in zip(*slopes, strict=True)],
    }
    confirm_slope(
        "affine", lambda x, w, b: weighted(slopes, affine(x, w, b)), [rows, weights, exact(b)], list(gradients.values())
    )
    gradients["dx"] = shaped(flat(gradients["dx"]), shape)
    out = affine(rows, weights, exact(b))
    return {"x": shaped(flat(drawn), shape), "w": w, "b": b, "dout": dout, "out": doubles(out)} | {
        name: doubles(gradient) for name, gradient in gradients.items()
    }


def relu_layer(shape, rng):
    """x of both signs, from 2^-100 to 2^100, dout, and out with the gradient of sum(dout out).  Nothing is rounded."""
    x = [sign * scale for scale in EXTREMES for sign in (1, -1)]
    x += [dyadic(rng, 1, 4, 256) * (-1) ** k for k in range(math.prod(shape) - len(x))]
    x = sorted(x, key=lambda _: rng.random())
    dout = [dyadic(rng, -2, 2, 256) for _ in x]
    [out], dx = relu([x]), [slope if value > 0 else 0.0 for value, slope in zip(x, dout, strict=True)]
    lists = {"x": x, "dout": dout, "out": [float(value) for value in out], "dx": dx}
    return {name: shaped(values, shape) for name, values in lists.items()}


def softmax_loss_layer(classes, scale, rng):
    """Seven samples: equal logits, a single high or low logit, and logits up to the scale; all kinds of labels.

    At the largest scales probabilities underflow, and losses are as large as the scale.
    """
    peaks = [[peak] + [0.0] * (classes - 1) for peak in (scale, -scale)]
    near = [[peak + offset for offset in vector(rng, classes, -2, 2, 256)] for peak in (scale, -scale)]
    x = [[0.0] * classes, *peaks, *near, *matrix(rng, 2, classes, -scale, scale, 256)]
    y = [below(rng, classes) for _ in x]
    z = exact(x)
    dx = [[value / len(y) for value in logit_gradient(row, label)] for row, label in zip(z, y, strict=True)]
    confirm_slope("softmax_loss", lambda z: mean_loss(z, y), [z], [dx])
    outputs = {"probabilities": [softmax(row) for row in z], "loss": mean_loss(z, y), "dx": dx}
    return {"x": x, "y": y} | {name: doubles(value) for name, value in outputs.items()}


def weighted(slopes, out):
    """sum(dout out)"""
    return mp.fdot(flat(slopes), flat(out))


def solve_layers():
    """The content of layers.json: inputs, outputs and gradients of the layer functions."""
    seed = 1
    rng = random.Random(seed)
    return {
        "description": "The affine layer, the ReLU layer, and softmax with its loss: forward and backward.",
        "seed": seed,
        "affine": [affine_layer(shape, outputs, rng) for shape, outputs in zip(IMAGES, OUTPUTS, strict=True)],
        "relu": [relu_layer(shape, rng) for shape in ((12,), (4, 5), (2, 3, 4))],
        "softmax_loss": [softmax_loss_layer(classes, scale, rng) for classes in CLASSES[1:] for scale in LAYER_SCALES],
    }


def cases():
    """{file: what computes its content}"""
    return {"layers.json": solve_layers}
