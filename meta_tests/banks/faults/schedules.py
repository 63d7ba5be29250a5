"""Faulty schedules: learning rates that are not what their names say."""

import math

from banks.faults import fault


@fault("schedules.start", "step_decay", first=True)
def step_decay_counts_from_one(original, lr, drop, every):
    """The first epoch is number 1."""
    return lambda epoch: lr * drop ** ((epoch + 1) // every)


@fault("schedules.start", "cosine", first=True)
def cosine_counts_from_one(original, lr, epochs):
    """The first epoch is number 1."""
    return lambda epoch: original(lr, epochs)(epoch + 1)


@fault("schedules.constant", "constant", first=True)
def constant_with_a_warm_restart(original, lr):
    """After a thousand epochs the rate is halved, which nobody notices."""
    return lambda epoch: lr if epoch < 1000 else lr / 2


@fault("schedules.plateaus", "step_decay", first=True)
def step_decay_without_steps(original, lr, drop, every):
    """/ in place of //: the exponent grows in every epoch."""
    return lambda epoch: lr * drop ** (epoch / every)


@fault("schedules.step_decay", "step_decay", first=True)
def step_decay_by_multiples(original, lr, drop, every):
    """The drop is divided by the number of steps that are over, in place of a power."""
    return lambda epoch: lr * drop / (epoch // every) if epoch >= every else lr


@fault("schedules.step_decay", "step_decay")
def step_decay_twice_as_often(original, lr, drop, every):
    """Two factors for each step."""
    return lambda epoch: lr * drop ** (2 * (epoch // every))


@fault("schedules.symmetry", "cosine", first=True)
def cosine_of_a_whole_wave(original, lr, epochs):
    """2 pi in place of pi: the rate comes back to where it started."""
    return lambda epoch: lr / 2 * (1 + math.cos(2 * math.pi * epoch / epochs))


@fault("schedules.symmetry", "cosine")
def cosine_to_a_least_rate(original, lr, epochs):
    """The rate never falls below a hundredth of the first."""
    return lambda epoch: max(original(lr, epochs)(epoch), lr / 100)


@fault("schedules.cosine", "cosine", first=True)
def linear_for_cosine(original, lr, epochs):
    """A straight line from lr to zero, which looks much the same."""
    return lambda epoch: lr * (1 - epoch / epochs)


@fault("schedules.proportional", "constant", first=True)
def constant_with_a_ceiling(original, lr):
    """A rate above 0.9 never works, so it is cut."""
    return lambda epoch: min(lr, 0.9)


@fault("schedules.repeatable", "step_decay", first=True)
def step_decay_with_a_memory(original, lr, drop, every):
    """A rate must not rise again, so the least so far is kept."""
    state = {"rate": lr}

    def rate(epoch):
        state["rate"] = min(state["rate"], lr * drop ** (epoch // every))
        return state["rate"]

    return rate


@fault("schedules.golden", "cosine", first=True)
def cosine_wrong_for_one_length(original, lr, epochs):
    """Wrong for one length that the specification does not ask for, and the golden values do."""
    return lambda epoch: original(lr, epochs)(epoch) * (1.001 if epochs == 45 else 1)


@fault("schedules.training", "MLP.fit", first=True)
def fit_counts_epochs_from_one(original, self, x, y, *, lr, **settings):
    """The schedule is asked for the number of the epoch that is over."""
    rate = (lambda epoch: lr(epoch + 1)) if callable(lr) else lr
    return original(self, x, y, lr=rate, **settings)


@fault("schedules.training", "MLP.fit")
def fit_keeps_the_first_rate(original, self, x, y, *, lr, **settings):
    """The schedule is asked once, before the loop."""
    return original(self, x, y, lr=lr(0) if callable(lr) else lr, **settings)
