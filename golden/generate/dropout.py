"""Dropout: what becomes of an entry that is kept, and of its gradient."""

import random

from .numbers import doubles, exact, vector

SIZE = 8
RATES = (0.1, 0.2, 0.25, 0.3, 0.5, 0.7, 0.9)


def alternating(rng):
    """Numbers of alternating signs, none of them zero."""
    return [(-1) ** i * value for i, value in enumerate(vector(rng, SIZE, 1 / 1024, 4, 1024))]


def enlarged(values, rate):
    """The values over 1 - rate."""
    return doubles([value / (1 - exact(rate)) for value in exact(values)])


def solve(rate, seed):
    """One rate: an input and a gradient, and what both are where the entry is kept."""
    rng = random.Random(seed)
    x, dout = alternating(rng), alternating(rng)
    return {"rate": rate, "x": x, "dout": dout, "out": enlarged(x, rate), "dx": enlarged(dout, rate)}


def solve_dropout():
    """The content of dropout.json."""
    return {
        "description": "Entries that dropout keeps, x / (1 - rate), and their gradients, dout / (1 - rate).",
        "kept": [solve(rate, seed) for seed, rate in enumerate(RATES, 1)],
    }


def cases():
    """{file: what computes its content}"""
    return {"dropout.json": solve_dropout}
