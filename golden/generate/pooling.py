"""Max pooling: outputs and gradients, window by window."""

import itertools
import random

from mpmath import mp

from .numbers import below, dyadic, nearest, require

SHAPES = (  # samples, channels, height, width, size, stride
    (2, 3, 4, 6, 2, 2),
    (1, 2, 5, 7, 2, 2),
    (2, 2, 5, 6, 3, 1),
    (1, 3, 7, 8, 3, 2),
    (3, 1, 8, 5, 2, 3),
)


def distinct(rng, count):
    """Different multiples of 1/16, of both signs, in a random order."""
    left, found = list(range(-count // 2, count - count // 2)), []
    while left:
        found.append(left.pop(below(rng, len(left))) / 16)
    return found


def nested(values, shape, at=()):
    """Nested lists of the doubles nearest to the numbers of a shape."""
    if len(at) == len(shape):
        return nearest(mp.mpf(values[at]))
    return [nested(values, shape, (*at, i)) for i in range(shape[len(at)])]


def solve_case(shape, rng):
    samples, channels, height, width, size, stride = shape
    of_x = samples, channels, height, width
    of_out = samples, channels, (height - size) // stride + 1, (width - size) // stride + 1
    places = list(itertools.product(*map(range, of_x)))
    x = dict(zip(places, distinct(rng, len(places)), strict=True))
    dout = {index: dyadic(rng, -2, 2, 256) for index in itertools.product(*map(range, of_out))}
    out, dx = {}, dict.fromkeys(x, mp.mpf(0))
    for (n, c, i, j), slope in dout.items():
        window = [(n, c, stride * i + k, stride * j + l) for k, l in itertools.product(range(size), repeat=2)]
        kept = max(window, key=x.__getitem__)
        require(sum(x[place] == x[kept] for place in window) == 1, "pooling", "a window has two largest entries")
        out[n, c, i, j] = x[kept]
        dx[kept] += slope
    found = {"x": nested(x, of_x), "dout": nested(dout, of_out), "size": size, "stride": stride}
    return found | {"out": nested(out, of_out), "dx": nested(dx, of_x)}


def solve_pooling():
    """The content of pooling.json."""
    seed = 1
    rng = random.Random(seed)
    return {
        "description": "Max pooling: outputs and gradients, for windows that overlap and windows that do not.",
        "seed": seed,
        "layers": [solve_case(shape, rng) for shape in SHAPES],
    }


def cases():
    """{file: what computes its content}"""
    return {"pooling.json": solve_pooling}
