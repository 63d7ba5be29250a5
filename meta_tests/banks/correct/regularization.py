"""Correct penalties: other orders of the same sum, norms, dot products, and other published forms."""

import math
from types import SimpleNamespace

import numpy as np

from chainrule import reference

CORE = ("relu", "softmax", "cross_entropy", "xavier", "MLP")


def by_norms(weights, lam):
    return 0.5 * lam * sum(float(np.linalg.norm(w.ravel())) ** 2 for w in weights)


def by_dots(weights, lam):
    flat = np.concatenate([np.ravel(w) for w in weights])
    return flat @ flat * lam * 0.5


def by_one_entry_after_the_other(weights, lam):
    return math.fsum(lam * float(x) * float(x) / 2 for w in weights for x in np.ravel(w))


def without_a_half(weights, lam):
    return float(lam * sum((w * w).sum() for w in weights))


def by_multiplying(weights, lam):
    return [np.multiply(w, lam) for w in weights]


def by_adding_to_zeros(weights, lam):
    found = [np.zeros(np.shape(w), np.result_type(w, np.float32)) for w in weights]
    for g, w in zip(found, weights, strict=True):
        g += lam * w
    return found


def doubled(weights, lam):
    return list(map(lambda w: 2 * lam * w, weights))  # noqa: C417


def beside_the_core(**penalties):
    """The core of the reference with another penalty."""
    return SimpleNamespace(**{name: getattr(reference, name) for name in CORE}, **penalties)


VARIANTS = {
    "penalty by norms": lambda: beside_the_core(l2_penalty=by_norms, l2_gradient=by_multiplying),
    "penalty by dot products": lambda: beside_the_core(l2_penalty=by_dots, l2_gradient=by_adding_to_zeros),
    "penalty entry by entry": lambda: beside_the_core(
        l2_penalty=by_one_entry_after_the_other, l2_gradient=by_multiplying
    ),
    "penalty without a half": lambda: beside_the_core(l2_penalty=without_a_half, l2_gradient=doubled),
}
