"""Mistakes that show only in long trainings, on many samples, or where the loss rises."""

from functools import partial

import numpy as np

from chainrule.diagnosis.catalogue.training import TRAINING, scaled, trained
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.model import BACKWARD, UPDATE
from chainrule.mathematics.cases import Case
from chainrule.specification.long_training import at_odds, copies, restless_rate, steepened

MEND = "take every step as it comes: theta -= lr * g for each batch of each epoch"
mistake = partial(add, mend=MEND)
EPOCHS, SAMPLES, RISING = 60, 130, 26
FACTOR = 2.0**12  # of inputs with steep gradients


def questions(setting):
    """The trainings of the clauses below, on data whose order does not matter."""
    for case in setting.threes:
        yield trained("an epoch in one batch of large inputs", setting, steepened(case, FACTOR), 0.25, (3, 1))
        rows = np.arange(SAMPLES) % len(case.x)
        many = Case(case.sizes, case.weights, case.biases, case.x[rows], case.y[rows])
        yield trained(f"an epoch of {SAMPLES} samples in one batch", setting, many, 0.25, (SAMPLES, 1))
    for epochs in (12, EPOCHS):
        words = f"{epochs} epochs of 2 equal samples in one batch"
        yield trained(words, setting, copies(setting.single, 2), 0.25, (2, epochs))
    words = f"an epoch of {SAMPLES} equal samples in batches of 1"
    yield trained(words, setting, copies(setting.single, SAMPLES), 2.0**-6, (1, 1))
    two = at_odds(setting.single)
    rate = restless_rate(two, RISING)
    if rate is not None:
        yield trained(f"{RISING} epochs in which the loss rises", setting, two, rate, (2, RISING))


concern("long", UPDATE | BACKWARD | TRAINING, questions, own=[TRAINING, UPDATE], runs=["fit"])
about(
    "training.steep_gradients training.many_samples training.many_epochs training.rising_loss training.many_batches",
    "long",
)
about("training.fresh_batches training.not_a_number")


def norm(arrays):
    return float(np.sqrt(sum(float((a**2).sum()) for a in arrays)))


def together(grads, largest):
    """The gradients, scaled down together to a norm of at most `largest`."""
    size = norm([*grads[0], *grads[1]])
    return scaled(grads, min(1.0, largest / size) if size else 1.0)


def each(change):
    """Another gradient of every update: change(one array)."""
    return lambda right, model, x, y, batch, size: tuple(
        [change(g) for g in group] for group in right(model, x, y, batch, size)
    )


CLIPPED = (0.01, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 50.0, 100.0, 1000.0)
mistake(
    "fit-clips-gradients",
    "training clips its gradients",
    "Large gradients are cut down, by their norm or entry by entry. That is a method of its own: the step is then not "
    "lr times the gradient.",
    clause="training.steep_gradients",
    mend="step along the gradient as backward returns it",
    fingerprint="theta - lr g min(1, c / |g|), or theta - lr clip(g, -c, c)",
    suspected="training.steep_gradients",
    batch_gradient={
        **{
            f"their norm, at {c:g}": lambda right, model, x, y, batch, size, c=c: together(
                right(model, x, y, batch, size), c
            )
            for c in CLIPPED
        },
        **{f"their entries, at {c:g}": each(lambda g, c=c: np.clip(g, -c, c)) for c in CLIPPED},
        **{
            f"the norm of each array, at {c:g}": each(lambda g, c=c: g * min(1.0, c / max(norm([g]), 1e-300)))
            for c in CLIPPED
        },
    },
)
SHARES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
mistake(
    "fit-holds-out",
    "training leaves some of the samples out",
    "A part of the data is kept back, for validation perhaps, and never trained on. fit trains on what it is given; "
    "who wants a validation set splits the data before.",
    clause="training.many_samples",
    mend="split the data outside of fit, or not at all",
    fingerprint="the mean gradient over a part of the samples",
    suspected="training.many_samples",
    batches={
        **{
            f"the first {share:.0%}": lambda right, order, size, share=share: right(
                order[int(share * len(order)) :], size
            )
            for share in SHARES
        },
        **{
            f"the last {share:.0%}": lambda right, order, size, share=share: right(
                order[: len(order) - int(share * len(order))], size
            )
            for share in SHARES
        },
        **{f"all but the first {n}": lambda right, order, size, n=n: right(order[:n], size) for n in (64, 100, 128)},
    },
)
mistake(
    "fit-caps-batches",
    "an epoch ends after a number of batches, whatever the data",
    "A break that was meant for trying things out, perhaps. The samples behind it are not visited in this epoch.",
    clause="training.many_batches",
    mend="loop over all batches: range(0, N, B)",
    fingerprint="min(c, ceil(N / B)) updates an epoch",
    suspected="training.many_batches",
    batches={
        f"{n}": lambda right, order, size, n=n: list(right(order, size))[:n] for n in (10, 20, 32, 50, 64, 100, 128)
    },
)
PERIODS = (2, 3, 4, 5, 8, 10, 15, 20, 25, 30, 40, 50)
mistake(
    "fit-rate-drops",
    "the learning rate drops after some epochs",
    "A schedule is built in. fit trains at the rate that it is given, for as long as it trains.",
    clause="training.many_epochs",
    mend="use lr as it is given, in every epoch",
    fingerprint="lr c^floor(epoch / k)",
    rate={
        **{
            f"times {c:g} every {k} epochs": lambda right, lr, epoch, n, size, c=c, k=k: lr * c ** (epoch // k)
            for k in PERIODS
            for c in (0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99)
        },
        **{
            f"times {c:g} after {k} epochs": lambda right, lr, epoch, n, size, c=c, k=k: lr * (c if epoch >= k else 1.0)
            for k in PERIODS
            for c in (0.1, 0.5)
        },
    },
)


def counted(right, model, loss):
    """Count the epochs."""
    model.memory["epochs"] = model.memory.get("epochs", 0) + 1
    return True


def late_momentum(beta, share, begin):
    """Momentum from the epoch of that number on: v = beta v + share g."""

    def batch_gradient(right, model, x, y, batch, size):
        grads = right(model, x, y, batch, size)
        if model.memory.get("epochs", 0) < begin:
            return grads
        last = model.memory.get("velocity") or scaled(grads, 0.0)
        model.memory["velocity"] = tuple(
            [beta * v + share * g for v, g in zip(*pair, strict=True)] for pair in zip(last, grads, strict=True)
        )
        return model.memory["velocity"]

    return batch_gradient


mistake(
    "fit-momentum-later",
    "momentum joins in after some epochs",
    "The steps remember those before, from some epoch on. Plain gradient descent steps along the present gradient.",
    clause="training.many_epochs",
    fingerprint="v = beta v + g, theta - lr v",
    variants={
        f"{beta:g}{'' if share == 1 else ', averaged'}, after {begin}": {
            "batch_gradient": late_momentum(beta, share, begin),
            "goes_on": counted,
        }
        for beta in (0.5, 0.9, 0.95, 0.99)
        for begin in (1, 2, 3, 4, 5, 10, 20, 50)
        for share in (1.0, 1.0 - beta)
    },
)


def until(enough):
    """Training ends with the epoch after which enough(its loss, those before) says so."""

    def goes_on(right, model, loss):
        losses = model.memory.setdefault("losses", [])
        losses.append(loss())
        return not enough(losses)

    return goes_on


def out_of_patience(epochs):
    """Whether the loss has not fallen below its lowest for so many epochs."""
    return lambda losses: len(losses) - 1 - int(np.argmin(losses)) >= epochs


mistake(
    "fit-stops-early",
    "training ends before the epochs are over",
    "An early stop, a cap on the epochs, or weights that are cut back after training.",
    clause="training.many_epochs",
    mend="run all epochs, and leave the weights as they are",
    lines=("for epoch in range(min(epochs, 10))", "for epoch in range(epochs)"),
    fingerprint="right in the first epochs, not trained at the end",
    suspected=("training.many_epochs", "training.rising_loss", "training.xor", "training.overfit"),
    goes_on={
        **{
            f"at a loss below {c:g}": until(lambda losses, c=c: losses[-1] < c)
            for c in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 5e-3, 1e-3, 1e-4)
        },
        **{f"after {n} epochs without a lower loss": until(out_of_patience(n)) for n in (1, 2, 3, 5, 8, 10, 15, 20)},
        **{f"after {n} epochs": until(lambda losses, n=n: len(losses) >= n) for n in (5, 10, 20, 30, 50)},
    },
)


def remembered(right, model, loss):
    """Note the parameters of the lowest loss so far."""
    present = loss()
    if present < model.memory.get("lowest", np.inf):
        model.memory["lowest"] = present
        model.memory["best"] = [w.copy() for w in model.weights], [b.copy() for b in model.biases]
    return True


def best_again(right, model):
    model.weights[:], model.biases[:] = model.memory.get("best", (model.weights, model.biases))


mistake(
    "fit-keeps-best",
    "training ends with the parameters of the lowest loss, not with the last ones",
    "They are kept aside and put back. fit leaves the network where its last step led.",
    clause="training.rising_loss",
    mend="leave the parameters where the last step led",
    fingerprint="theta of the epoch with the lowest loss",
    variants={"": {"goes_on": remembered, "end": best_again}},
)
mistake(
    "fit-same-batches",
    "later epochs have the batches of the epoch before",
    "The samples are put into batches once, or for the first epochs only; at most the order of the batches changes. "
    "Then the same samples are always averaged together.",
    clause="training.fresh_batches",
    mend="order = rng.permutation(N) inside the loop over the epochs, and batches cut from it",
    lines=("rng.shuffle(batches)", "order = rng.permutation(N)"),
    fingerprint="the batches of epoch 12 are those of epoch 11",
    suspected="training.fresh_batches",
)
mistake(
    "fit-hides-nan",
    "a nan among the inputs leaves no trace",
    "The sample is dropped, or its nan replaced, in silence: broken data then go unnoticed.",
    clause="training.not_a_number",
    mend="let nan through, or raise a ValueError that names the sample",
    lines=("keep = ~np.isnan(x).any(axis=1)", "raise ValueError(f'sample {n} is not finite')"),
    fingerprint="finite weights where an input is nan",
    broken="training.not_a_number",
)
