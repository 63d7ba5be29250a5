"""Optimizers: parameters after each of several updates, by every published form of each rule."""

import random

from mpmath import mp

from .numbers import doubles, exact, vector

SIZE, UPDATES = 4, 5
USUAL = {
    "SGD": (0.01,),
    "Momentum": (0.01, 0.9),
    "RMSProp": (0.001, 0.99, 1e-8),
    "Adam": (0.001, 0.9, 0.999, 1e-8),
}
FORMS = {
    "SGD": ("",),
    "Momentum": ("sum", "average"),
    "RMSProp": ("outside", "inside"),
    "Adam": ("outside", "inside", "uncorrected", "uncorrected_inside"),
}


def memory(terms, rate, weight):
    """rate^(t-1) a[1] + ... + a[t], times the weight."""
    t = len(terms)
    return weight * mp.fsum(rate ** (t - i) * term for i, term in enumerate(terms, 1))


def size(s, eps, inside):
    return mp.sqrt(s + eps) if inside else mp.sqrt(s) + eps


def step(operation, form, arguments, past):
    """How far the last of the gradients of one entry moves it."""
    t, g, squares, inside = len(past), past[-1], [g**2 for g in past], form.endswith("inside")
    if operation == "SGD":
        return arguments[0] * g
    if operation == "Momentum":
        lr, momentum = arguments
        return lr * memory(past, momentum, 1 - momentum if form == "average" else 1)
    if operation == "RMSProp":
        lr, decay, eps = arguments
        return lr * g / size(memory(squares, decay, 1 - decay), eps, inside)
    lr, beta1, beta2, eps = arguments
    m, s = memory(past, beta1, 1 - beta1), memory(squares, beta2, 1 - beta2)
    if form.startswith("uncorrected"):
        return lr * mp.sqrt(1 - beta2**t) / (1 - beta1**t) * m / size(s, eps, inside)
    return lr * m / (1 - beta1**t) / size(s / (1 - beta2**t), eps, inside)


def solve(operation, form):
    """One rule in one form: its arguments, the parameter, the gradients, and the parameter after each update."""
    rng = random.Random(1)
    theta = vector(rng, SIZE, -2, 2, 1024)
    gradients = [vector(rng, SIZE, -2, 2, 1024) for _ in range(UPDATES)]
    arguments, columns = exact(list(USUAL[operation])), list(zip(*exact(gradients), strict=True))
    now, updated = exact(theta), []
    for t in range(1, UPDATES + 1):
        now = [a - step(operation, form, arguments, column[:t]) for a, column in zip(now, columns, strict=True)]
        updated.append(now)
    return {
        "form": form,
        "arguments": list(USUAL[operation]),
        "theta": theta,
        "gradients": gradients,
        "updated": doubles(updated),
    }


def solve_optimizers():
    """The content of optimizers.json."""
    return {
        "description": "A parameter of four entries after each of five updates, by the usual hyperparameters.",
        **{operation: [solve(operation, form) for form in forms] for operation, forms in FORMS.items()},
    }


def cases():
    """{file: what computes its content}"""
    return {"optimizers.json": solve_optimizers}
