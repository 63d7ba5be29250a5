"""Convolution: outputs and gradients, by the sums as they stand."""

import itertools
import random

from mpmath import mp

from .numbers import dyadic, nearest

SHAPES = (  # samples, channels, height, width, filters, height and width of a filter, stride, pad
    (2, 3, 5, 6, 4, 3, 2, 1, 0),
    (1, 2, 6, 7, 3, 2, 4, 2, 1),
    (3, 1, 4, 5, 2, 3, 3, 1, 1),
    (1, 2, 7, 5, 3, 4, 3, 3, 2),
)
STEP = mp.mpf(10) ** -15  # of a difference that confirms the gradients


def drawn(rng, *shape):
    """{index: a number} for every index of a shape."""
    return {index: dyadic(rng, -2, 2, 256) for index in itertools.product(*map(range, shape))}


def nested(values, *shape):
    """Nested lists of the doubles nearest to the numbers of a shape."""

    def at(index):
        if len(index) == len(shape):
            return nearest(mp.mpf(values[index]))
        return [at((*index, i)) for i in range(shape[len(index)])]

    return at(())


def terms(samples, channels, height, width, filters, rows, columns, stride, pad):
    """(index of out, of x, of w) of every product of an entry of x with one of w."""
    high, wide = (height + 2 * pad - rows) // stride + 1, (width + 2 * pad - columns) // stride + 1
    everything = (samples, filters, high, wide, channels, rows, columns)
    for n, f, i, j, c, k, l in itertools.product(*map(range, everything)):
        row, column = stride * i + k - pad, stride * j + l - pad
        if 0 <= row < height and 0 <= column < width:  # in the padding x is 0
            yield (n, f, i, j), (n, c, row, column), (f, c, k, l)


def solve_case(shape, rng):
    samples, channels, height, width, filters, rows, columns, stride, pad = shape
    of_x, of_w = (samples, channels, height, width), (filters, channels, rows, columns)
    of_out = (samples, filters, (height + 2 * pad - rows) // stride + 1, (width + 2 * pad - columns) // stride + 1)
    x, w, b, dout = drawn(rng, *of_x), drawn(rng, *of_w), drawn(rng, filters), drawn(rng, *of_out)

    def output(x, w, b):
        out = {index: mp.mpf(b[index[1:2]]) for index in dout}
        for at, of, by in terms(*shape):
            out[at] += mp.mpf(x[of]) * w[by]
        return out

    dx, dw = dict.fromkeys(x, mp.mpf(0)), dict.fromkeys(w, mp.mpf(0))
    db = {f: mp.fsum(d for at, d in dout.items() if at[1:2] == f) for f in b}
    for at, of, by in terms(*shape):
        dx[of] += mp.mpf(dout[at]) * w[by]
        dw[by] += mp.mpf(dout[at]) * x[of]
    confirm(output, dout, (x, w, b), (dx, dw, db), rng)
    found = {"x": nested(x, *of_x), "w": nested(w, *of_w), "b": nested(b, filters), "dout": nested(dout, *of_out)}
    found |= {"stride": stride, "pad": pad, "out": nested(output(x, w, b), *of_out)}
    return found | {"dx": nested(dx, *of_x), "dw": nested(dw, *of_w), "db": nested(db, filters)}


def confirm(output, dout, point, gradients, rng):
    """Compare the gradients with a central difference of sum(dout out) along a random direction."""
    directions = [{index: dyadic(rng, -1, 1, 64) for index in values} for values in point]
    sums = []
    for step in (STEP, -STEP):
        moved = [
            {i: v + step * along[i] for i, v in values.items()} for values, along in zip(point, directions, strict=True)
        ]
        out = output(*moved)
        sums.append(mp.fsum(d * out[at] for at, d in dout.items()))
    slope = mp.fsum(g[i] * along[i] for g, along in zip(gradients, directions, strict=True) for i in g)
    difference = (sums[0] - sums[1]) / (2 * STEP)
    if abs(difference - slope) > mp.mpf(10) ** -20 * max(1, abs(slope)):
        raise ArithmeticError(f"convolution: the gradient gives the slope {slope}, a central difference {difference}")


def solve_convolution():
    """The content of convolution.json."""
    seed = 1
    rng = random.Random(seed)
    return {
        "description": "Convolution layers: outputs and gradients, for several strides and paddings.",
        "seed": seed,
        "layers": [solve_case(shape, rng) for shape in SHAPES],
    }


def cases():
    """{file: what computes its content}"""
    return {"convolution.json": solve_convolution}
