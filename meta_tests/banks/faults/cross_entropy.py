"""Faulty cross-entropies."""

from __future__ import annotations

import numpy as np

from banks.faults import fault
from chainrule.reference import cross_entropy as true_cross_entropy


@fault("cross_entropy.input_kept", "cross_entropy", first=True)
def cross_entropy_adds_epsilon_in_place(original, p, y):
    """p += 1e-12 keeps the logarithm finite."""
    p += 1e-12
    return original(p, y)


@fault("cross_entropy.input_kept", "cross_entropy")
def cross_entropy_sorts_labels(original, p, y):
    """Labels and rows are brought into order, and the labels are sorted in place for it."""
    order = np.argsort(y)
    loss = original(p, y)
    y[:] = y[order]
    return loss


@fault("cross_entropy.nonnegative", "cross_entropy", first=True)
def cross_entropy_without_minus(original, p, y):
    """The minus sign is missing."""
    return -original(p, y)


@fault("cross_entropy.certainty", "cross_entropy", first=True)
def cross_entropy_smooths_labels(original, p, y):
    """A tenth of the labels' weight is spread over all classes."""
    n, k = p.shape
    target = 0.9 * np.eye(k)[y] + 0.1 / k
    return float(-(target * np.log(p)).sum() / n)


@fault("cross_entropy.certainty", "cross_entropy")
def cross_entropy_labels_from_one(original, p, y):
    """Labels are counted from 1."""
    return original(p, y - 1)


@fault("cross_entropy.certainty", "cross_entropy")
def cross_entropy_multiplies_one_hot(original, p, y):
    """(one_hot * log(p)).sum(): 0 times -inf is nan."""
    return float(-(np.eye(p.shape[1])[y] * np.log(p)).sum() / len(p))


@fault("cross_entropy.uniform", "cross_entropy", first=True)
def cross_entropy_in_bits(original, p, y):
    """log2 in place of the natural logarithm."""
    return original(p, y) / np.log(2)


@fault("cross_entropy.uniform", "cross_entropy")
def cross_entropy_sum(original, p, y):
    """The batch is summed up and not averaged."""
    return original(p, y) * len(p)


@fault("cross_entropy.uniform", "cross_entropy")
def cross_entropy_divides_by_classes(original, p, y):
    """np.mean over all N K entries of one_hot * log p."""
    return original(p, y) / p.shape[1]


@fault("cross_entropy.uniform", "cross_entropy")
def cross_entropy_divides_twice(original, p, y):
    """np.mean, and then divided by N."""
    return original(p, y) / len(p)


@fault("cross_entropy.uniform", "cross_entropy")
def binary_cross_entropy(original, p, y):
    """-log(1 - p) of the other classes is added."""
    others = np.log1p(-np.where(np.eye(p.shape[1])[y] > 0, 0.0, p)).sum(axis=1).mean()
    return original(p, y) - float(others)


@fault("cross_entropy.zero_probability", "cross_entropy")
def squared_error(original, p, y):
    """The mean squared distance from the one-hot labels."""
    return float(((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1).mean())


@fault("cross_entropy.zero_probability", "cross_entropy", first=True)
def cross_entropy_ignores_zeros(original, p, y):
    """nan_to_num takes the infinities away."""
    true = p[np.arange(len(y)), y]
    return float(np.where(true > 0, -np.log(np.where(true > 0, true, 1.0)), 0.0).mean())


@fault("cross_entropy.epsilon", "cross_entropy", first=True)
def cross_entropy_with_a_large_epsilon(original, p, y):
    """log(p + 1.5e-7)."""
    return original(p + 1.5e-7, y)


@fault("cross_entropy.epsilon", "cross_entropy")
def cross_entropy_with_a_huge_epsilon(original, p, y):
    """log(p + 1e-3)."""
    return original(p + 1e-3, y)


@fault("cross_entropy.epsilon", "cross_entropy")
def cross_entropy_clips_at_a_thousandth(original, p, y):
    """np.clip(p, 1e-3, 1)."""
    return original(np.clip(p, 1e-3, 1.0), y)


@fault("cross_entropy.near_one", "cross_entropy", first=True)
def cross_entropy_rounds_certainty(original, p, y):
    """A probability above 0.999999 is taken for one."""
    return original(np.where(p > 0.999999, 1.0, p), y)


@fault("cross_entropy.additivity", "cross_entropy", first=True)
def cross_entropy_median(original, p, y):
    """The median of the samples' losses is robust."""
    return float(np.median([original(p[i : i + 1], y[i : i + 1]) for i in range(len(y))]))


@fault("cross_entropy.additivity", "cross_entropy")
def cross_entropy_of_the_mean(original, p, y):
    """The logarithm of the mean probability."""
    return float(-np.log(p[np.arange(len(y)), y].mean()))


@fault("cross_entropy.additivity", "cross_entropy")
def cross_entropy_running_average(original, p, y):
    """loss = (loss + this one) / 2, sample by sample."""
    loss = original(p[:1], y[:1])
    for i in range(1, len(y)):
        loss = (loss + original(p[i : i + 1], y[i : i + 1])) / 2
    return loss


@fault("cross_entropy.likelier_label", "cross_entropy")
def cross_entropy_of_the_prediction(original, p, y):
    """The loss is that of the likeliest class."""
    return original(p, p.argmax(axis=1))


@fault("cross_entropy.likelier_label", "cross_entropy", first=True)
def cross_entropy_of_three_classes(original, p, y):
    """Labels are cut off at 2: there are three kinds of iris."""
    return original(p, np.minimum(y, 2))


@fault("cross_entropy.kullback_leibler", "cross_entropy", first=True)
def cross_entropy_averages_chunks(original, p, y):
    """The mean over chunks of five samples of each chunk's mean, the shorter last chunk's as well."""
    return float(np.mean([original(p[i : i + 5], y[i : i + 5]) for i in range(0, len(y), 5)]))


@fault("cross_entropy.kullback_leibler", "cross_entropy")
def cross_entropy_balances_classes(original, p, y):
    """The mean over the classes of each class's mean loss."""
    return float(np.mean([original(p[y == k], y[y == k]) for k in np.unique(y)]))


@fault("cross_entropy.label_types", "cross_entropy", first=True)
def cross_entropy_counts_from_the_end(original, p, y):
    """Labels are taken as negative indices, y - K, which an unsigned byte cannot hold."""
    return original(p, y - np.array(p.shape[1], dtype=y.dtype))


@fault("cross_entropy.gradient", "cross_entropy")
def cross_entropy_decimal(original, p, y):
    """log10 in place of the natural logarithm."""
    return original(p, y) / np.log(10)


@fault("cross_entropy.gradient", "cross_entropy", first=True)
def cross_entropy_is_looked_up(original, p, y, results={}):  # noqa: B006  the mistake
    """A loss is kept for the next time that the same log-probabilities come, the same to three decimals."""
    with np.errstate(divide="ignore"):
        key = (np.round(np.log(p), 3).tobytes(), np.asarray(y, int).tobytes())
    return results.setdefault(key, original(p, y))


@fault("cross_entropy.values", "cross_entropy", first=True)
def cross_entropy_counts_samples_in_bytes(original, p, y):
    """The samples are numbered by bytes, like the labels of an image file."""
    return float(-np.log(p[np.arange(len(y)).astype(np.uint8), y]).mean())


@fault("cross_entropy.values", "cross_entropy")
def cross_entropy_label_smoothing(original, p, y):
    """The labels are smoothed to 0.95, as in Inception."""
    return 0.95 * original(p, y) - 0.05 * float(np.log(np.maximum(p, 1e-300)).mean())


@fault("cross_entropy.values", "cross_entropy")
def focal_loss(original, p, y):
    """Easy samples count less: -(1 - p)^2 log p, scaled so that uniform p gives log K."""
    true, k = p[np.arange(len(y)), y], p.shape[1]
    return float(
        np.mean([((1 - t) / (1 - 1 / k)) ** 2 * true_cross_entropy(np.array([[t]]), np.array([0])) for t in true])
    )
