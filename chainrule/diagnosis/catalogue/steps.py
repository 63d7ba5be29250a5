"""Mistakes in the update of the parameters."""

from functools import partial

import numpy as np

from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.model import UPDATE
from chainrule.diagnosis.questions import everything, of_network, parameter_names

MEND = "theta -= lr * g, for every weight and every bias of every layer"
mistake = partial(add, mend=MEND)
RATES = (0.5, 0.125)


def questions(setting):
    for case in setting.networks[:3]:
        for words, rates in (*((f"a step of {lr}", [lr]) for lr in RATES), ("two steps", RATES)):

            def ask(actor, model, case, rates=rates):
                for seed, lr in enumerate(rates, 1):
                    actor.step(model, unrelated(case, seed), lr)
                return everything(actor, model)

            yield of_network(words, case, ask, parameter_names(case))


def unrelated(case, seed):
    """Gradients that have nothing to do with the parameters."""
    rng = np.random.default_rng([seed, *case.sizes])
    return tuple([rng.normal(size=a.shape).round(3) for a in arrays] for arrays in (case.weights, case.biases))


concern("step", UPDATE, questions)
about("training.step training.step_stateless", "step")
about("training.step_arguments_kept")
about("training.zero_rate", "step", "fit")
about("golden.steps", "step", "backward")
DECAYS = (0.1, 0.05, 0.01, 5e-3, 1e-3, 5e-4, 1e-4, 1e-5)


def last(model, l):
    return l == len(model.weights) - 1


def every(wrong):
    """Another update of every parameter: wrong(theta, g, lr)."""
    return lambda right, theta, g, lr, model, kind, l: wrong(theta, g, lr)


def some(wrong):
    """{which parameters: another update of these}."""
    return {
        name: lambda right, theta, g, lr, model, kind, l, which=which: (
            wrong(theta, g, lr) if which(model, kind, l) else right(theta, g, lr, model, kind, l)
        )
        for name, which in SOME.items()
    }


def at_rate(rate):
    """The right update at another rate: rate(lr)."""
    return lambda right, theta, g, lr, model, kind, l: right(theta, g, rate(lr), model, kind, l)


SOME = {
    "all weights": lambda model, kind, l: kind == "weights",
    "all biases": lambda model, kind, l: kind == "biases",
    "the first layer": lambda model, kind, l: l == 0,
    "the last layer": lambda model, kind, l: last(model, l),
    "all layers but the last": lambda model, kind, l: not last(model, l),
    "all layers but the first": lambda model, kind, l: l > 0,
    "the first weights": lambda model, kind, l: kind == "weights" and l == 0,
    "the last weights": lambda model, kind, l: kind == "weights" and last(model, l),
    "the first bias": lambda model, kind, l: kind == "biases" and l == 0,
    "the last bias": lambda model, kind, l: kind == "biases" and last(model, l),
}


def velocity(model, kind, l, g, beta, scale=1.0):
    """A running sum of the gradients of one parameter."""
    place = ("velocity", kind, l)
    model.memory[place] = beta * model.memory.get(place, 0.0) + scale * g
    return model.memory[place]


def counted(model, kind, l):
    """How often this parameter has been updated before."""
    place = ("count", kind, l)
    model.memory[place] = model.memory.get(place, -1) + 1
    return model.memory[place]


mistake(
    "step-ascends",
    "the update climbs: theta + lr g",
    "The gradient points to where the loss grows. Descending takes a minus.",
    clause="training.step",
    fingerprint="theta + lr g",
    updated=every(lambda theta, g, lr: theta + lr * g),
)
mistake(
    "step-ascends-in-part",
    "some of the parameters climb: theta + lr g",
    "They work against the others. A sign differs between two lines that should be alike.",
    clause="training.step",
    special="step-ascends",
    fingerprint="theta + lr g for some parameters",
    updated=some(lambda theta, g, lr: theta + lr * g),
)
mistake(
    "step-leaves-out",
    "some of the parameters are not updated",
    "They stay as they began: a line is missing, the loop ends one too early, or the new value is stored where "
    "nobody looks.",
    clause="training.step",
    fingerprint="theta for some parameters",
    updated=some(lambda theta, g, lr: theta),
)
mistake(
    "step-nothing",
    "nothing is updated",
    "The new values are computed and thrown away: theta = theta - lr * g binds a local name, in a loop over the "
    "list too; theta -= lr * g changes the array.",
    clause="training.step",
    fingerprint="theta",
    updated=every(lambda theta, g, lr: theta),
)
mistake(
    "step-rate-unused",
    "the learning rate is not used",
    "The update is g itself, or has a rate of its own.",
    clause="training.step",
    fingerprint="theta - g",
    updated={
        "": every(lambda theta, g, lr: theta - g),
        **{f"lr = {c:g}": at_rate(lambda lr, c=c: c) for c in (0.1, 0.05, 0.01, 0.005, 0.001, 1e-4)},
    },
)
mistake(
    "step-rate-unused-in-part",
    "some of the parameters learn at rate 1",
    "lr is missing in their line.",
    clause="training.step",
    special="step-rate-unused",
    fingerprint="theta - g for some parameters",
    updated=some(lambda theta, g, lr: theta - g),
)
mistake(
    "step-rate-wrong",
    "the learning rate is scaled",
    "Twice, half, a tenth or the square of what was asked for.",
    clause="training.step",
    fingerprint="theta - c lr g",
    updated={
        "2 lr": at_rate(lambda lr: 2 * lr),
        "lr / 2": at_rate(lambda lr: lr / 2),
        "lr / 10": at_rate(lambda lr: lr / 10),
        "10 lr": at_rate(lambda lr: 10 * lr),
        "lr^2": at_rate(lambda lr: lr**2),
        "lr / 100": at_rate(lambda lr: lr / 100),
        "sqrt lr": at_rate(np.sqrt),
        "1 / lr": at_rate(lambda lr: 1 / lr),
    }
    | {
        "half for the biases": lambda right, theta, g, lr, model, kind, l: right(
            theta, g, lr / 2 if kind == "biases" else lr, model, kind, l
        ),
        "twice for the biases": lambda right, theta, g, lr, model, kind, l: right(
            theta, g, lr * 2 if kind == "biases" else lr, model, kind, l
        ),
    },
)
mistake(
    "step-multiplies",
    "the update multiplies where it should subtract, or keeps only the change",
    "theta * (1 - lr g), or theta = -lr g: the old value must stay, less lr g.",
    clause="training.step",
    fingerprint="theta (1 - lr g), or -lr g",
    updated={
        "theta (1 - lr g)": every(lambda theta, g, lr: theta * (1 - lr * g)),
        "-lr g": every(lambda theta, g, lr: -lr * g),
        "lr g": every(lambda theta, g, lr: lr * g),
        "lr (theta - g)": every(lambda theta, g, lr: lr * (theta - g)),
        "lr theta - g": every(lambda theta, g, lr: lr * theta - g),
        "(1 - lr) theta - lr g": every(lambda theta, g, lr: (1 - lr) * theta - lr * g),
    },
)
mistake(
    "step-sign",
    "only the sign of the gradient is used, or its size is normalized",
    "A step of gradient descent is as long as lr |g|. np.sign(g), or g / norm(g), makes all steps alike.",
    clause="training.step",
    fingerprint="theta - lr sign(g)",
    updated={
        "the sign": every(lambda theta, g, lr: theta - lr * np.sign(g)),
        "g / norm": every(lambda theta, g, lr: theta - lr * g / max(np.linalg.norm(g), 1e-300)),
    },
)
mistake(
    "step-clips-gradients",
    "the step clips the gradients",
    "Entries beyond a limit, or a norm beyond it, are cut down. That is a method of its own, against exploding "
    "gradients: a step of gradient descent is lr times the gradient.",
    clause="training.step",
    fingerprint="theta - lr clip(g, -c, c), or theta - lr g min(1, c / |g|)",
    updated={
        f"{words} {c:g}": every(lambda theta, g, lr, c=c, cut=cut: theta - lr * cut(g, c))
        for c in (0.1, 0.25, 0.5, 1.0, 2.0)
        for words, cut in (
            ("each entry at", lambda g, c: np.clip(g, -c, c)),
            ("each norm at", lambda g, c: g * min(1.0, c / max(np.linalg.norm(g), 1e-300))),
        )
    },
)
mistake(
    "step-weight-decay",
    "the parameters shrink in every step",
    "A penalty lam W is part of the update: weight decay, an extension that nobody asked for here.",
    clause="training.step",
    fingerprint="theta - lr (g + c theta)",
    updated={
        f"{name}, c = {c:g}": lambda right, theta, g, lr, model, kind, l, c=c, f=f: f(
            right, theta, g, lr, model, kind, l, c
        )
        for c in DECAYS
        for name, f in {
            "of the weights": lambda right, theta, g, lr, model, kind, l, c: right(
                theta, g + c * theta if kind == "weights" else g, lr, model, kind, l
            ),
            "of all": lambda right, theta, g, lr, model, kind, l, c: right(theta, g + c * theta, lr, model, kind, l),
            "of the weights, besides the rate": lambda right, theta, g, lr, model, kind, l, c: right(
                theta * (1 - c) if kind == "weights" else theta, g, lr, model, kind, l
            ),
        }.items()
    },
)
mistake(
    "step-momentum",
    "a velocity is kept from step to step",
    "Momentum adds what is left of the steps before. It is an optimizer of its own; gradient descent remembers "
    "nothing.",
    clause="training.step_stateless",
    fingerprint="v = c v + g, theta - lr v",
    updated={
        f"{name}c = {c}": lambda right, theta, g, lr, model, kind, l, c=c, s=s: right(
            theta, velocity(model, kind, l, g, c, s(c)), lr, model, kind, l
        )
        for c in (0.9, 0.5, 0.8, 0.95, 0.99)
        for name, s in {"": lambda c: 1.0, "averaged, ": lambda c: 1 - c}.items()
    },
)
mistake(
    "step-accumulates",
    "the gradients of earlier steps are added",
    "A sum is kept that nothing sets back to zero.",
    clause="training.step_stateless",
    mend="begin every step with this step's gradients alone",
    fingerprint="theta - lr (g + the gradients before)",
    updated=lambda right, theta, g, lr, model, kind, l: right(
        theta, velocity(model, kind, l, g, 1.0), lr, model, kind, l
    ),
)
mistake(
    "step-rate-decays",
    "the rate falls with every step",
    "A counter inside step changes the rate. Schedules belong outside: step(grads, lr) uses the lr that it is given.",
    clause="training.step_stateless",
    fingerprint="theta - lr g / (1 + c t), or lr c^t",
    updated={
        **{
            f"1 / (1 + {c:g} t)": lambda right, theta, g, lr, model, kind, l, c=c: right(
                theta, g, lr / (1 + c * counted(model, kind, l)), model, kind, l
            )
            for c in (1.0, 0.1, 0.01, 1e-3, 1e-4)
        },
        **{
            f"{c:g}^t": lambda right, theta, g, lr, model, kind, l, c=c: right(
                theta, g, lr * c ** counted(model, kind, l), model, kind, l
            )
            for c in (0.5, 0.9, 0.95, 0.99, 0.999)
        },
    },
)
mistake(
    "step-adaptive",
    "the gradient is divided by a running size of itself",
    "That is AdaGrad, RMSProp or Adam. They are optimizers of their own; gradient descent is theta - lr g.",
    clause="training.step",
    fingerprint="theta - lr g / (sqrt(v) + eps)",
    updated={
        f"{name}, eps = {eps:g}": lambda right, theta, g, lr, model, kind, l, eps=eps, c=c: right(
            theta, g / (np.sqrt(c) * np.abs(g) + eps), lr, model, kind, l
        )
        for eps in (1e-8, 1e-7)
        for name, c in {
            "AdaGrad or Adam": 1.0,
            "RMSProp 0.9": 0.1,
            "RMSProp 0.99": 0.01,
            "RMSProp 0.999": 0.001,
        }.items()
    },
)
mistake(
    "step-changes-gradients",
    "step writes into the gradients",
    "g *= lr scales the caller's arrays; a second use of them is lr times too small.",
    clause="training.step_arguments_kept",
    mend="theta -= lr * g, which makes a new array",
    lines=("g *= lr; theta -= g", "theta -= lr * g"),
    fingerprint="after step(grads, lr), grads has changed",
    broken="training.step_arguments_kept",
)
mistake(
    "step-rate-zero",
    "a rate of zero still changes something",
    "`lr or 0.01` takes zero for no rate.",
    clause="training.zero_rate",
    mend="use lr as it is given; compare with None where it may be left out",
    lines=("lr = lr or 0.01", "theta -= lr * g"),
    fingerprint="theta != theta - 0 g",
    broken="training.zero_rate",
)
