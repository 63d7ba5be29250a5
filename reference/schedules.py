"""Learning-rate schedules: functions of the epoch, which counts from 0."""

import numpy as np

__all__ = ["constant", "cosine", "step_decay"]


def constant(lr):
    """Keep the rate.

        rate(t) = lr

    lr: the rate.  Returns a function epoch -> rate.
    Clauses: schedules.start, schedules.constant.
    """
    return lambda epoch: lr


def step_decay(lr, drop, every):
    """Multiply the rate by `drop` after each `every` epochs.

        rate(t) = lr drop^floor(t / every)

    lr: the first rate; drop: a factor in (0, 1]; every: epochs, a positive integer.  Returns a function epoch -> rate.
    Clauses: schedules.start, schedules.plateaus, schedules.step_decay.
    """
    return lambda epoch: lr * drop ** (epoch // every)


def cosine(lr, epochs):
    """Let the rate fall from `lr` to 0 along half a wave (Loshchilov and Hutter 2017, without restarts).

        rate(t) = lr/2 (1 + cos(pi t / T))

    lr: the first rate; epochs: T, a positive integer.  Returns a function epoch -> rate.
    Clauses: schedules.start, schedules.symmetry, schedules.cosine.
    """
    return lambda epoch: lr / 2 * (1 + np.cos(np.pi * epoch / epochs))
