"""Mistakes in learning-rate schedules."""

import math
from functools import partial

import numpy as np

from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.model import part

STEP = "lr * drop ** (epoch // every)"
WAVE = "lr / 2 * (1 + math.cos(math.pi * epoch / epochs))"
of_steps = partial(add, mend=f"lambda epoch: {STEP}")
of_waves = partial(add, mend=f"lambda epoch: {WAVE}")


@part
def constant(parts, lr):
    return lambda epoch: lr


@part
def step_decay(parts, lr, drop, every):
    return lambda epoch: lr * drop ** (epoch // every)


@part
def cosine(parts, lr, epochs):
    return lambda epoch: lr / 2 * (1 + math.cos(math.pi * epoch / epochs))


def asked(name, *inputs):
    """Questions about one schedule: its rates in every epoch."""

    def questions(_setting):
        for epochs, *arguments in inputs:
            given = ", ".join(map(str, arguments))

            def ask(actor, arguments=arguments, epochs=epochs):
                rate = actor.function(name, *arguments)[0]
                return [np.array([rate(epoch) for epoch in range(epochs)], np.float64)]

            yield Question(f"{name}({given}) in epochs 0 to {epochs - 1}", ask, ["the rates"])

    return questions


concern("constant", {"constant"}, asked("constant", (5, 0.5), (3, 0.125)))
concern("step_decay", {"step_decay"}, asked("step_decay", (7, 0.5, 0.5, 2), (8, 0.125, 0.75, 3), (4, 0.25, 0.5, 1)))
concern("cosine", {"cosine"}, asked("cosine", (5, 0.5, 4), (8, 0.125, 7), (2, 0.25, 1)))
about("schedules", "constant", "step_decay", "cosine")
about("schedules.constant", "constant")
about("schedules.step_decay schedules.plateaus", "step_decay")
about("schedules.cosine schedules.symmetry", "cosine")

of_steps(
    "schedule-step-counts-from-one",
    "step decay counts the epochs from 1",
    "The first epoch is epoch 0, so that its rate, and that of `every` epochs, is lr. With epoch + 1 the first drop "
    "comes an epoch too early.",
    clause="schedules.start",
    fingerprint="lr drop^((epoch + 1) // every)",
    step_decay=lambda right, lr, drop, every: lambda epoch: right(lr, drop, every)(epoch + 1),
)
of_steps(
    "schedule-step-without-steps",
    "step decay falls in every epoch, not in steps",
    "epoch / every grows in every epoch; epoch // every counts the steps that are over.",
    clause="schedules.plateaus",
    fingerprint="lr drop^(epoch / every)",
    step_decay=lambda right, lr, drop, every: lambda epoch: lr * drop ** (epoch / every),
)
of_steps(
    "schedule-step-only-once",
    "step decay drops once and never again",
    "The drop is a factor for each step: after k steps the rate is lr drop^k.",
    clause="schedules.step_decay",
    fingerprint="lr drop from epoch `every` on",
    step_decay=lambda right, lr, drop, every: lambda epoch: lr * drop ** min(epoch // every, 1),
)
of_steps(
    "schedule-step-by-multiples",
    "step decay multiplies drop by the number of steps, or divides by it",
    "k steps are k factors, drop^k: a power, not a multiple.",
    clause="schedules.step_decay",
    fingerprint="lr drop k, or lr drop / k, with k = epoch // every",
    step_decay={
        "drop / k": lambda right, lr, drop, every: (
            lambda epoch: lr * (drop / (epoch // every) if epoch >= every else 1)
        ),
        "drop k": lambda right, lr, drop, every: lambda epoch: lr * (drop * (epoch // every) if epoch >= every else 1),
    },
)
of_steps(
    "schedule-step-twice",
    "step decay drops twice in each step",
    "Two factors for each step: `every` is halved, or the drop is squared.",
    clause="schedules.step_decay",
    fingerprint="lr drop^(2 (epoch // every))",
    step_decay=lambda right, lr, drop, every: lambda epoch: right(lr, drop**2, every)(epoch),
)
of_waves(
    "schedule-cosine-counts-from-one",
    "the cosine schedule counts the epochs from 1",
    "The first epoch is epoch 0, so that its rate is lr.",
    clause="schedules.start",
    fingerprint="lr/2 (1 + cos(pi (epoch + 1) / epochs))",
    cosine=lambda right, lr, epochs: lambda epoch: right(lr, epochs)(epoch + 1),
)
of_waves(
    "schedule-cosine-not-halved",
    "the cosine schedule lacks the factor one half",
    "1 + cos is 2 in epoch 0: without the half the rate starts at 2 lr.",
    clause="schedules.start",
    fingerprint="lr (1 + cos(pi epoch / epochs))",
    cosine=lambda right, lr, epochs: lambda epoch: 2 * right(lr, epochs)(epoch),
)
of_waves(
    "schedule-cosine-whole-wave",
    "the cosine schedule runs through a whole wave",
    "With 2 pi in place of pi the rate is back at lr after the last epoch.",
    clause="schedules.symmetry",
    fingerprint="lr/2 (1 + cos(2 pi epoch / epochs))",
    cosine=lambda right, lr, epochs: lambda epoch: right(lr, epochs)(2 * epoch),
)
of_waves(
    "schedule-cosine-of-last-epoch",
    "the cosine schedule reaches zero an epoch too early",
    "It is divided by epochs - 1: the last of the epochs 0, ..., epochs - 1 then trains at rate 0.",
    clause="schedules.symmetry",
    fingerprint="lr/2 (1 + cos(pi epoch / (epochs - 1)))",
    cosine=lambda right, lr, epochs: lambda epoch: right(lr, epochs - 1)(epoch),
)
of_waves(
    "schedule-linear",
    "a straight line in place of the cosine",
    "lr (1 - epoch / epochs) has the same ends and the same middle; between them the cosine falls slowly first.",
    clause="schedules.cosine",
    fingerprint="lr (1 - epoch / epochs)",
    cosine=lambda right, lr, epochs: lambda epoch: lr * (1 - epoch / epochs),
)
of_waves(
    "schedule-degrees",
    "the cosine is given degrees",
    "math.cos and np.cos take radians: half a wave is pi, not 180.",
    clause="schedules.symmetry",
    fingerprint="lr/2 (1 + cos(180 epoch / epochs))",
    cosine=lambda right, lr, epochs: lambda epoch: lr / 2 * (1 + math.cos(180 * epoch / epochs)),
)
of_steps(
    "schedule-remembers",
    "a schedule depends on what was asked before",
    "The function of the epoch changes something that stays: a counter, or lr itself. Asked twice for one epoch it "
    "must give the same rate.",
    clause="schedules.repeatable",
    lines=("lr *= drop; return lr", "return lr * drop ** (epoch // every)"),
    fingerprint="rate(epoch) of a second call differs",
    broken="schedules.repeatable",
)
