"""The L2 penalty of two layers of weights and its gradients, in every published form."""

import random

from mpmath import mp

from .numbers import doubles, exact, flat, matrix

SAMPLES = 7  # for the forms that divide by the number of samples
STRENGTHS = (0.5, 0.001)
FORMS = {"half": (2, 1), "whole": (1, 1), "half_mean": (2, SAMPLES), "mean": (1, SAMPLES)}


def solve(form, lam):
    """The penalty with one strength in one form, and its gradients."""
    rng = random.Random(1)
    layers = {"first": matrix(rng, 3, 4, -2, 2, 1024), "second": matrix(rng, 4, 2, -2, 2, 1024)}
    halves, samples = FORMS[form]
    scale = exact(lam) / (halves * samples)
    squares = mp.fsum(entry**2 for weights in layers.values() for entry in flat(exact(weights)))
    gradients = {
        f"{name}_gradient": doubles([[2 * scale * entry for entry in row] for row in exact(weights)])
        for name, weights in layers.items()
    }
    return {"form": form, "lam": lam, **layers, "penalty": doubles(scale * squares), **gradients}


def solve_regularization():
    """The content of regularization.json."""
    return {
        "description": "The L2 penalty of two layers of weights, of 7 samples where a form divides by their number.",
        "l2": [solve(form, lam) for form in FORMS for lam in STRENGTHS],
    }


def cases():
    """{file: what computes its content}"""
    return {"regularization.json": solve_regularization}
