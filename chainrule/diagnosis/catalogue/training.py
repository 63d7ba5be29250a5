"""Mistakes in mini-batch training, that show on data of which the order is no matter."""

from itertools import permutations

import numpy as np

from chainrule.diagnosis.mistake import mistake

MEND_BATCH = "for start in range(0, N, B): batch = order[start : start + B], and the mean gradient of that batch"
FEW = 3  # samples of which every order is tried


def permuted(order):
    """The gradient of a batch that is all of the data, its labels in another order."""

    def batch_gradient(right, model, x, y, batch, size):
        if len(batch) != len(x) or len(x) != len(order):
            return right(model, x, y, batch, size)
        return right(model, x, y[np.array(order)], batch, size)

    return {"batch_gradient": batch_gradient}


def scaled(grads, factor):
    return tuple([factor * g for g in group] for group in grads)


def accumulating(right, model, x, y, batch, size):
    """Every batch's gradient comes on top of those before."""
    grads = right(model, x, y, batch, size)
    before = model.memory.get("grads")
    model.memory["grads"] = (
        grads
        if before is None
        else tuple([a + b for a, b in zip(*pair, strict=True)] for pair in zip(before, grads, strict=True))
    )
    return model.memory["grads"]


def restored(right, model):
    """The parameters that the first call of fit began with come back."""
    start = model.memory.setdefault("start", ([w.copy() for w in model.weights], [b.copy() for b in model.biases]))
    model.weights[:], model.biases[:] = ([a.copy() for a in group] for group in start)


mistake(
    "fit-labels-not-shuffled",
    "inputs and labels are shuffled differently: the pairs are torn apart",
    "One order for both: x[order], y[order]. Where only x is shuffled, or each with a permutation of its own, "
    "the network learns labels of other samples.",
    clause="training.labels",
    mend="order = rng.permutation(N); x[order], y[order]",
    fingerprint="the step for (x[order], y)",
    variants={
        str(list(order)): permuted(order) for order in permutations(range(FEW)) if list(order) != list(range(FEW))
    },
    broken="training.labels",
)
mistake(
    "fit-along-sum",
    "training steps along the sum of the gradients, not their mean",
    "lr times the sum over a batch is B times as far as asked: the right rate then depends on the batch size.",
    clause="training.full_batch",
    mend="use the mean gradient, as backward returns it",
    fingerprint="theta - lr B g",
    variants={
        "": {
            "batch_gradient": lambda right, model, x, y, batch, size: scaled(
                right(model, x, y, batch, size), len(batch)
            )
        },
        "times the batch size": {
            "batch_gradient": lambda right, model, x, y, batch, size: scaled(right(model, x, y, batch, size), size)
        },
        "times all samples": {
            "batch_gradient": lambda right, model, x, y, batch, size: scaled(right(model, x, y, batch, size), len(x))
        },
    },
)
mistake(
    "fit-averaged-twice",
    "training divides the mean gradient by the batch size once more",
    "backward has averaged already.",
    clause="training.full_batch",
    mend="use the gradient as backward returns it",
    fingerprint="theta - lr g / B",
    batch_gradient=lambda right, model, x, y, batch, size: scaled(right(model, x, y, batch, size), 1 / size),
)
mistake(
    "fit-divided-by-all-samples",
    "a batch's summed gradient is divided by the number of all samples",
    "The mean is over the batch, not over the data: with smaller batches the steps become too short.",
    clause="training.batch_size",
    mend="divide by the number of samples in the batch",
    fingerprint="theta - lr B g / N",
    batch_gradient=lambda right, model, x, y, batch, size: scaled(right(model, x, y, batch, size), len(batch) / len(x)),
)
mistake(
    "fit-last-batch-full-size",
    "the last, smaller batch is divided by the full batch size",
    "The mean over a batch of 1 divides by 1, not by B: the last samples of every epoch count less.",
    clause="training.last_batch",
    mend="divide by len(batch), not by batch_size",
    fingerprint="theta - lr (rest / B) g in the last batch",
    batch_gradient=lambda right, model, x, y, batch, size: scaled(
        right(model, x, y, batch, size), min(1.0, len(batch) / size)
    ),
)
mistake(
    "fit-last-batch-dropped",
    "the last, smaller batch is dropped",
    "N // B batches, or range(0, N - B + 1, B): what is left over is never seen in this epoch. A [:-1] drops a full "
    "one.",
    clause="training.last_batch",
    mend="range(0, N, B): slices end by themselves where the data end",
    fingerprint="floor(N / B) updates",
    variants={
        "": {
            "batches": lambda right, order, size: [
                batch for batch in right(order, size) if len(batch) == min(size, len(order))
            ]
        },
        "also a full one": {"batches": lambda right, order, size: list(right(order, size))[:-1]},
    },
)
mistake(
    "fit-last-batch-filled",
    "the last batch is filled up with samples from the beginning",
    "Some samples are visited twice in an epoch.",
    clause="training.last_batch",
    mend="let the last batch be smaller",
    lines=("order = np.resize(order, (batches, batch_size))", "order[start : start + batch_size]"),
    fingerprint="the last batch has B samples",
    suspected="training.last_batch",
)
mistake(
    "fit-one-update",
    "an epoch makes one update, whatever the batch size",
    "Either every update takes all of the data and the batch size is not used, or only one batch of an epoch is "
    "trained on, as after a return inside the loop.",
    clause="training.batch_size",
    mend=MEND_BATCH,
    fingerprint="1 update an epoch, where ceil(N / B) are wanted",
    batches=lambda right, order, size: [order],
)
mistake(
    "fit-every-batch-twice",
    "every batch is trained on more than once",
    "step is called twice, or the loop over the batches stands inside another.",
    clause="training.full_batch",
    mend="one step for each batch",
    fingerprint="2 ceil(N / B) updates an epoch",
    batches=lambda right, order, size: [batch for batch in right(order, size) for _ in range(2)],
)
mistake(
    "fit-one-at-a-time",
    "every sample is a batch of its own",
    "The batch size is not used: N updates an epoch.",
    clause="training.batch_size",
    mend=MEND_BATCH,
    fingerprint="N updates an epoch",
    batches=lambda right, order, size: list(order[:, None]),
)
mistake(
    "fit-first-batch-missing",
    "an epoch begins with the second batch",
    "range(B, N, B), or range(1, batches): the first samples are never seen.",
    clause="training.last_batch",
    mend="range(0, N, B)",
    fingerprint="ceil(N / B) - 1 updates",
    batches=lambda right, order, size: list(right(order, size))[1:],
)
mistake(
    "fit-gradients-accumulate",
    "the gradients of the batches add up",
    "They are set to zero once for each epoch, or never, and not for each batch.",
    clause="training.batch_size",
    mend="begin every batch with gradients of zero",
    fingerprint="theta - lr (g1 + g2 + ...)",
    batch_gradient=accumulating,
)
mistake(
    "fit-epochs-off-by-one",
    "an epoch too many or too few",
    "range(1, epochs), range(epochs + 1), or a loop that runs at least once.",
    clause="training.epochs",
    mend="for epoch in range(epochs)",
    fingerprint="E - 1 or E + 1 passes",
    variants={
        "one too few": {"epochs": lambda right, epochs: max(epochs - 1, 0)},
        "one too many": {"epochs": lambda right, epochs: epochs + 1},
        "at least one": {"epochs": lambda right, epochs: max(epochs, 1)},
        "one too few, of several": {"epochs": lambda right, epochs: epochs - (epochs > 1)},
        "always one": {"epochs": lambda right, epochs: 1},
    },
)
mistake(
    "fit-rate-decays",
    "the learning rate changes from epoch to epoch",
    "A schedule is built in. fit trains at the rate that it is given.",
    clause="training.epochs",
    mend="use lr as it is given, in every epoch",
    fingerprint="lr / (1 + c epoch), or lr c^epoch",
    variants={
        **{
            f"1 / (1 + {c:g} epoch)": {"rate": lambda right, lr, epoch, n, size, c=c: lr / (1 + c * epoch)}
            for c in (1.0, 0.5, 0.1, 0.01, 1e-3)
        },
        **{
            f"{c:g}^epoch": {"rate": lambda right, lr, epoch, n, size, c=c: lr * c**epoch}
            for c in (0.5, 0.9, 0.95, 0.98, 0.99, 0.999)
        },
    },
)
mistake(
    "fit-rate-fixed",
    "the learning rate that is asked for is not used",
    "fit has a rate of its own, or calls step without handing lr on.",
    clause="training.full_batch",
    mend="hand lr on to the update",
    fingerprint="theta - c g",
    variants={
        f"{fixed:g}": {"rate": lambda right, lr, epoch, n, size, fixed=fixed: fixed}
        for fixed in (1.0, 0.5, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.001, 1e-4)
    },
)
mistake(
    "fit-begins-again",
    "training starts again from where the first call began",
    "fit restores, or makes anew, the parameters: what was learned, or assigned, before is lost.",
    clause="training.continues",
    mend="initialize in the constructor, and train from the present parameters",
    fingerprint="the second fit begins where the first did",
    begin=restored,
)
mistake(
    "fit-nothing",
    "training changes nothing",
    "The parameters after fit are those before: the update works on copies, or is never called.",
    clause="training.full_batch",
    mend="update self.weights and self.biases themselves",
    fingerprint="theta",
    batch_gradient=lambda right, model, x, y, batch, size: scaled(right(model, x, y, batch, size), 0.0),
)
mistake(
    "history-summed",
    "the losses of an epoch are added up, not averaged",
    "The history should be comparable between batch sizes: the mean over the epoch.",
    clause="training.history",
    mend="np.mean(losses), or the sum over the samples divided by N",
    fingerprint="sum of the batches' losses",
    variants={
        "over the batches": {"history": lambda right, losses, samples: [float(np.sum(epoch)) for epoch in losses]},
        "over the samples": {
            "history": lambda right, losses, samples: [float(np.mean(epoch)) * samples for epoch in losses]
        },
        "divided by N": {
            "history": lambda right, losses, samples: [float(np.sum(epoch)) / samples for epoch in losses]
        },
    },
)
mistake(
    "history-of-batches",
    "the history has a loss for every batch, not for every epoch",
    "It should have as many entries as there are epochs.",
    clause="training.history",
    mend="append once for each epoch, after the loop over the batches",
    fingerprint="E ceil(N / B) entries",
    history=lambda right, losses, samples: [loss for epoch in losses for loss in epoch],
)
mistake(
    "history-adds-up",
    "the history's total is not set to zero between the epochs",
    "Every entry contains those before.",
    clause="training.history",
    mend="total = 0.0 inside the loop over the epochs",
    fingerprint="cumulative sums",
    variants={
        "": {"history": lambda right, losses, samples: list(np.cumsum(right(losses, samples)))},
        "of sums": {"history": lambda right, losses, samples: list(np.cumsum([np.sum(epoch) for epoch in losses]))},
    },
)
