"""Mistakes in mini-batch training, which show on data whose order does not matter."""

from functools import partial
from itertools import combinations_with_replacement, permutations

import numpy as np

from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.model import BACKWARD, UPDATE
from chainrule.diagnosis.questions import everything, of_network, parameter_names
from chainrule.specification.long_training import copies

MEND_BATCH = "for start in range(0, N, B): batch = order[start : start + B], its gradient and an update, in the loop"
mistake = partial(add, mend=MEND_BATCH)
FEW = 3  # samples of which every order is tried
TRAINING = frozenset({"batch_gradient", "batches", "epochs", "rate", "begin", "goes_on", "end"})


def questions(setting):
    """Data whose order does not matter: all in one batch, or all alike."""
    for case in setting.threes:
        for lr in (0.5, 0.125):
            yield trained(f"an epoch in one batch at rate {lr}", setting, case, lr, (3, 1))
    for n, size, epochs in ((6, 2, 1), (6, 6, 3), (7, 3, 1), (7, 7, 0), (3, 1, 1), (7, 2, 2), (3, 8, 1)):
        words = f"{epochs} epochs of {n} equal samples in batches of {size}"
        yield trained(words, setting, copies(setting.single, n), 0.25, (size, epochs))
    yield trained("fit called twice", setting, copies(setting.single, 4), 0.25, (4, 1), (4, 1))


def trained(words, setting, case, lr, *calls):
    """The parameters after fit, called with each (batch size, epochs)."""

    def ask(actor, model, case):
        for size, epochs in calls:
            actor.fit(model, case.x, case.y, epochs=epochs, batch_size=size, lr=lr)
        return everything(actor, model)

    slack = lr * max(epochs for _, epochs in calls) * setting.loss_error(case)
    return of_network(words, case, ask, parameter_names(case), slack)


def of_history(setting):
    """What fit returns of equal batches: the mean by size is the plain one."""

    def ask(actor, model, case):
        found = actor.fit(model, case.x, case.y, epochs=2, batch_size=3, lr=0.25)
        return [] if found is None else [np.asarray(found, np.float64)]

    words = "the history of 2 epochs of 6 equal samples in batches of 3"
    yield of_network(words, copies(setting.single, 6), ask, ["history"])


concern(
    "fit",
    UPDATE | BACKWARD | TRAINING,
    questions,
    own=[TRAINING, UPDATE],
    runs=["backward", "forward", "loss", "step"],
)
concern("history", {"history"}, of_history, runs=["backward", "forward", "loss", "cross_entropy", "step"])
about("training", "fit")
about("training.history", "history")
about("training.arguments_kept")


def permuted(order):
    """The gradient of a batch that is all of the data, its labels in another order."""

    def batch_gradient(right, model, x, y, batch, size):
        if len(batch) != len(x) or len(x) != len(order):
            return right(model, x, y, batch, size)
        return right(model, x, y[np.array(order)], batch, size)

    return {"batch_gradient": batch_gradient}


def resampled(drawn):
    """The gradient of a batch that is all of the data, but of these samples of it."""

    def batch_gradient(right, model, x, y, batch, size):
        if len(batch) != len(x) or len(x) != len(drawn):
            return right(model, x, y, batch, size)
        return right(model, x, y, np.array(drawn), size)

    return {"batch_gradient": batch_gradient}


def scaled_in_part(grads, weights, biases):
    """The gradients of weights and biases, each times a number of its own."""
    return [weights * g for g in grads[0]], [biases * g for g in grads[1]]


def shared(grads, factor, chosen):
    """The gradients, those of the chosen parameters times a factor.  chosen: of kind, layer and the last layer."""
    groups = zip(("weights", "biases"), grads, strict=True)
    return tuple(
        [factor * g if chosen(kind, l, len(group) - 1) else g for l, g in enumerate(group)] for kind, group in groups
    )


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
    batch_gradient={
        "": lambda right, model, x, y, batch, size: scaled(right(model, x, y, batch, size), len(batch)),
        "times the batch size": lambda right, model, x, y, batch, size: scaled(right(model, x, y, batch, size), size),
        "times all samples": lambda right, model, x, y, batch, size: scaled(right(model, x, y, batch, size), len(x)),
    },
)
mistake(
    "fit-along-sum-in-part",
    "training steps along the mean of some gradients, and along the sum of others",
    "Weights and biases divide by the batch size alike: what is not averaged moves B times as far as asked.",
    clause="training.full_batch",
    mend="divide both by the number of samples in the batch",
    fingerprint="theta - lr B g for some parameters",
    batch_gradient={
        "the biases": lambda right, model, x, y, batch, size: scaled_in_part(
            right(model, x, y, batch, size), 1, len(batch)
        ),
        "the weights": lambda right, model, x, y, batch, size: scaled_in_part(
            right(model, x, y, batch, size), len(batch), 1
        ),
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
    batch_gradient={
        name: lambda right, model, x, y, batch, size, chosen=chosen: shared(
            right(model, x, y, batch, size), min(1.0, len(batch) / size), chosen
        )
        for name, chosen in {
            "": lambda kind, l, last: True,
            "in the weights": lambda kind, l, last: kind == "weights",
            "in the biases": lambda kind, l, last: kind == "biases",
            "in the first layer": lambda kind, l, last: l == 0 < last,
            "in the last layer": lambda kind, l, last: l == last > 0,
        }.items()
    },
)
mistake(
    "fit-last-batch-dropped",
    "the last, smaller batch is dropped",
    "N // B batches, or range(0, N - B + 1, B): what is left over is never seen in this epoch. A [:-1] drops a full "
    "one.",
    clause="training.last_batch",
    mend="range(0, N, B): slices end by themselves where the data end",
    fingerprint="floor(N / B) updates",
    batches={
        "": lambda right, order, size: [batch for batch in right(order, size) if len(batch) == min(size, len(order))],
        "also where it is the only one": lambda right, order, size: [
            batch for batch in right(order, size) if len(batch) == size
        ],
        "where it has one sample": lambda right, order, size: [
            batch for batch in right(order, size) if len(batch) > 1 or size == 1
        ],
        "the last sample, where it is alone": lambda right, order, size: [
            batch for batch in right(order, size) if len(batch) > 1 or batch[0] != order[-1]
        ],
        "also a full one": lambda right, order, size: list(right(order, size))[:-1],
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
    fingerprint="1 update an epoch, where ceil(N / B) are wanted",
    batches=lambda right, order, size: [order],
)
mistake(
    "fit-whole-set",
    "every update takes the gradient of the whole data",
    "The loop over the batches is there, but what is handed to the gradient is all of x and y. The batch size then "
    "decides how often, and not on what.",
    clause="training.every_sample",
    mend="backward(x[batch], y[batch])",
    lines=("grads = self.backward(x, y)", "grads = self.backward(x[batch], y[batch])"),
    fingerprint="ceil(N / B) steps along the mean gradient of all samples",
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
    epochs={
        "one too few": lambda right, epochs: max(epochs - 1, 0),
        "one too many": lambda right, epochs: epochs + 1,
        "at least one": lambda right, epochs: max(epochs, 1),
        "one too few, of several": lambda right, epochs: epochs - (epochs > 1),
        "always one": lambda right, epochs: 1,
    },
)
mistake(
    "fit-rate-decays",
    "the learning rate changes from epoch to epoch",
    "A schedule is built in. fit trains at the rate that it is given.",
    clause="training.epochs",
    mend="use lr as it is given, in every epoch",
    fingerprint="lr / (1 + c epoch), or lr c^epoch",
    rate={
        **{
            f"1 / (1 + {c:g} epoch)": lambda right, lr, epoch, n, size, c=c: lr / (1 + c * epoch)
            for c in (1.0, 0.5, 0.1, 0.01, 1e-3)
        },
        **{
            f"{c:g}^epoch": lambda right, lr, epoch, n, size, c=c: lr * c**epoch
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
    rate={
        f"{fixed:g}": lambda right, lr, epoch, n, size, fixed=fixed: fixed
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
    history={
        "over the batches": lambda right, losses, samples: [float(np.sum(epoch)) for epoch in losses],
        "over the samples": lambda right, losses, samples: [float(np.mean(epoch)) * samples for epoch in losses],
        "divided by N": lambda right, losses, samples: [float(np.sum(epoch)) / samples for epoch in losses],
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
    "history-of-one-batch",
    "the history has the loss of one batch of every epoch",
    "The loss of the last batch says little of the others: what is wanted is the mean over the epoch.",
    clause="training.history",
    mend="np.mean(losses) over the batches of the epoch",
    fingerprint="the loss of an epoch's last batch",
    history={
        "the last": lambda right, losses, samples: [epoch[-1] for epoch in losses],
        "the first": lambda right, losses, samples: [epoch[0] for epoch in losses],
    },
)
mistake(
    "history-adds-up",
    "the history's total is not set to zero between the epochs",
    "Every entry contains those before.",
    clause="training.history",
    mend="total = 0.0 inside the loop over the epochs",
    fingerprint="cumulative sums",
    history={
        "": lambda right, losses, samples: list(np.cumsum(right(losses, samples))),
        "of sums": lambda right, losses, samples: list(np.cumsum([np.sum(epoch) for epoch in losses])),
    },
)
mistake(
    "fit-same-order",
    "every epoch visits the samples in the same order",
    "The permutation is drawn once, before the loop over the epochs, or from a generator that is made anew in "
    "each of them. The batches are then the same ones again and again.",
    clause="training.fresh_order",
    mend="order = rng.permutation(N) inside the loop, rng made once outside",
    lines=(
        "order = rng.permutation(N)\nfor epoch in range(epochs): ...",
        "for epoch in range(epochs):\n    order = rng.permutation(N)",
    ),
    fingerprint="the order of epoch 2 is that of epoch 1",
    broken="training.fresh_order",
)
mistake(
    "fit-not-shuffled",
    "the samples are not shuffled",
    "They come in the order in which they are given, in every epoch. Data that are sorted by class then teach "
    "one class after another.",
    clause="training.fresh_order",
    mend="order = rng.permutation(N) for every epoch; x[order], y[order]",
    lines=("batch = slice(start, start + B)", "batch = order[start : start + B]"),
    fingerprint="the order is 0, 1, ..., N - 1",
)
mistake(
    "fit-with-replacement",
    "an epoch visits some samples more than once, or never",
    "Some come twice in an epoch, some never (on average 37 % of them). An epoch is one visit to each.",
    clause="training.every_sample",
    mend="order = rng.permutation(N), cut into batches",
    lines=("batch = rng.integers(N, size=B)", "batch = order[start : start + B]"),
    fingerprint="the gradient of samples of which some come twice",
    variants={
        f"of {FEW} samples those numbered {', '.join(map(str, drawn))}": resampled(drawn)
        for drawn in combinations_with_replacement(range(FEW), FEW)
        if len(set(drawn)) < FEW
    },
    broken="training.every_sample",
)
mistake(
    "fit-seed-unused",
    "the seed does not decide the order",
    "Training twice with one seed gives two results, or other seeds give the same one: the shuffling comes from "
    "another generator, or from a seed fixed in the code.",
    clause="training.seed",
    mend="rng = np.random.default_rng(seed) at the top of fit, and rng.permutation",
    lines=("order = np.random.permutation(N)", "order = rng.permutation(N)"),
    fingerprint="fit(seed=3) twice gives two results, or five seeds give one",
    broken="training.seed",
)
mistake(
    "fit-shuffles-in-place",
    "training shuffles the caller's data in place",
    "np.random.shuffle(x), or x[:] = x[order]: the arrays that were handed in are in another order afterwards.",
    clause="training.arguments_kept",
    mend="shuffle indices, and take x[batch], y[batch]",
    lines=("np.random.shuffle(x)", "order = rng.permutation(N); x[order]"),
    fingerprint="after fit(x, y), x or y has changed",
    broken="training.arguments_kept",
)
