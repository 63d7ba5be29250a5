"""The functions: ReLU, softmax, log-sum-exp and cross-entropy, each in its plainest form."""

import random

from mpmath import mp

from .numbers import below, doubles, exact, nearest, vector

CLASSES = (1, 2, 3, 5, 10)
SCALES = (1.0, 30.0, 700.0, 1e3, 1e4)


def relu(z):
    return [[value if value > 0 else mp.zero for value in row] for row in z]


def softmax(z):
    """p[k] = exp(z[k]) / sum_j exp(z[j]) of one sample"""
    powers = [mp.exp(value) for value in z]
    total = mp.fsum(powers)
    return [power / total for power in powers]


def log_sum_exp(z):
    """log sum_j exp(z[j]) of one sample, as z[i] + log(1 + sum_{j != i} exp(z[j] - z[i])) so that no digit is lost"""
    i = z.index(max(z))
    return z[i] + sample_loss(z, i)


def sample_loss(z, label):
    """-log p[label] = log sum_j exp(z[j] - z[label]), accurate also where p[label] is 1 to 50 digits"""
    return mp.log1p(mp.fsum(mp.exp(value - z[label]) for j, value in enumerate(z) if j != label))


def mean_loss(logits, y):
    return mp.fsum(sample_loss(z, label) for z, label in zip(logits, y, strict=True)) / len(y)


def logit_gradient(z, label):
    """p - onehot(label) of one sample; the entry p[label] - 1 is summed from the others, so it doesn't cancel"""
    p = softmax(z)
    p[label] = -mp.fsum(value for j, value in enumerate(p) if j != label)
    return p


def cross_entropy(p, y):
    """1/N sum_n -log p[n, y[n]]"""
    return -mp.fsum(mp.log(row[label]) for row, label in zip(p, y, strict=True)) / len(y)


def logit_rows(classes, rng):
    """Rows of logits: all equal, 1e-8 apart, one alone at +-scale, and anything up to each scale."""
    rows = [[0.0] * classes, [(-1) ** k * 1e-8 for k in range(classes)]]
    for scale in SCALES:
        for peak in (scale, -scale):
            rows.append([peak] + [0.0] * (classes - 1))
            rows.append([peak + offset for offset in vector(rng, classes, -2, 2, 256)])
        rows.append(vector(rng, classes, -scale, scale, 256))
    return rows


def cross_entropy_batches(rng):
    """Batches (p, y): probabilities near 1, near 0, and ordinary ones k/1024 whose rows sum to 1 exactly."""
    batches = [([[1.0]], [0])]
    for tiny in (0.25, 2.0**-10, 2.0**-30, 2.0**-52, 1e-100, 1e-300):
        batches += [([[1 - tiny, tiny]], [0]), ([[1 - tiny, tiny]], [1])]
    for classes in CLASSES:
        cuts = [sorted(below(rng, 1025 - classes) for _ in range(classes - 1)) for _ in range(7)]
        p = [[(b - a + 1) / 1024 for a, b in zip([0, *row], [*row, 1024 - classes], strict=True)] for row in cuts]
        batches.append((p, [below(rng, classes) for _ in p]))
    return batches


def solve_functions():
    """The content of functions.json: inputs and outputs of softmax, log-sum-exp and cross-entropy."""
    seed = 1
    rng = random.Random(seed)
    logits = [logit_rows(classes, rng) for classes in CLASSES]
    batches = cross_entropy_batches(rng)
    return {
        "description": "softmax, log-sum-exp and cross-entropy (the mean over a batch), one row per sample.",
        "seed": seed,
        "softmax": [{"z": z, "p": doubles([softmax(row) for row in exact(z)])} for z in logits],
        "log_sum_exp": [{"z": z, "value": doubles([log_sum_exp(row) for row in exact(z)])} for z in logits],
        "cross_entropy": [{"p": p, "y": y, "value": nearest(cross_entropy(exact(p), y))} for p, y in batches],
    }


def cases():
    """{file: what computes its content}"""
    return {"functions.json": solve_functions}
