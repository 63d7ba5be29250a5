"""Mistakes in optimizers."""

from functools import partial

import numpy as np

from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.model import part

VELOCITY = "v = momentum * v + g; theta -= lr * v"
ROOT = "s = decay * s + (1 - decay) * g**2; theta -= lr * g / (np.sqrt(s) + eps)"
AVERAGES = (
    "m = beta1 * m + (1 - beta1) * g; s = beta2 * s + (1 - beta2) * g**2; "
    "theta -= lr * m / (1 - beta1**t) / (np.sqrt(s / (1 - beta2**t)) + eps)"
)
of_optimizers = partial(add, chapter="optimizers")
of_momentum = partial(add, chapter="optimizers", mend=VELOCITY)
of_rmsprop = partial(add, chapter="optimizers", mend=ROOT)
of_adam = partial(add, chapter="optimizers", mend=AVERAGES)


class Updating:
    """An optimizer made of parts: `step` takes the gradients of one parameter so far, and the number of updates."""

    def __init__(self, parts, step, lr):
        self.parts, self.step, self.lr, self.past = parts, step, lr, []

    def update(self, params, *gradients):
        found = []
        for grads in gradients:
            self.past.append(grads)
            counts = range(len(params))
            steps = [self.step(self.parts.opt_past(self.past, i), self.parts.opt_count(self.past, i)) for i in counts]
            params = [self.parts.opt_apply(params[i], steps[i], self.lr, i) for i in counts]
            found.append(params)
        return found


def decaying(terms, rate, weight):
    """rate v + weight a, over all terms a."""
    v = np.zeros(np.shape(terms[-1]))
    for term in terms:
        v = rate * v + weight * term
    return v


@part
def opt_past(parts, past, i):
    """The gradients of parameter i so far, the latest last.  past: those of all parameters, in each update."""
    return [grads[i] for grads in past]


@part
def opt_count(parts, past, i):
    """The number of updates, as parameter i sees it."""
    return len(past)


@part
def opt_apply(parts, theta, step, lr, i):
    """Parameter i after a step.  step: the rate included."""
    return theta - step


@part
def SGD(parts, lr):  # noqa: N802
    return Updating(parts, lambda gs, t: lr * gs[-1], lr)


@part
def Momentum(parts, lr, momentum=0.9):  # noqa: N802
    return Updating(parts, lambda gs, t: lr * parts.velocity(gs, momentum), lr)


@part
def velocity(parts, gs, momentum):
    return decaying(gs, momentum, parts.velocity_weight(momentum))


@part
def velocity_weight(parts, momentum):
    return 1.0


@part
def RMSProp(parts, lr, decay=0.99, eps=1e-8):  # noqa: N802
    return Updating(parts, lambda gs, t: lr * gs[-1] / parts.rms_size(parts.mean_square(gs, decay), eps), lr)


@part
def mean_square(parts, gs, decay):
    return decaying([g**2 for g in gs], decay, 1 - decay)


@part
def rms_size(parts, s, eps):
    return np.sqrt(s) + eps


@part
def Adam(parts, lr, beta1=0.9, beta2=0.999, eps=1e-8):  # noqa: N802
    def step(gs, t):
        above, below = parts.corrections(beta1, beta2, t)
        m, s = parts.moments(gs, beta1, beta2)
        return lr * (m / above) / parts.adam_size(s, below, eps)

    return Updating(parts, step, lr)


@part
def moments(parts, gs, beta1, beta2):
    return decaying(gs, beta1, 1 - beta1), decaying([g**2 for g in gs], beta2, 1 - beta2)


@part
def corrections(parts, beta1, beta2, t):
    """What the averages of the gradients and of their squares are divided by."""
    return np.float64(1 - beta1**t), np.float64(1 - beta2**t)


@part
def adam_size(parts, s, below, eps):
    return np.sqrt(s / below) + eps


G = tuple(np.array(values) for values in ((0.5, -1.5), (-1.0, 0.25), (2.0, 0.75), (-0.25, 1.0)))


def asked(name, *settings):
    """Questions about one optimizer: three parameters of one shape, a parameter alone, and gradients of zero."""
    theta = [np.array([1.0, -2.0]), np.array([0.5, 3.0]), np.array([-0.75, 2.0])]
    threes = [[G[0], G[1], G[2]], [G[2], G[3], G[0]], [G[1], G[0], G[3]]]
    alone = [[g] for g in (G[0], G[2], G[3], G[1])]
    zeros = [[np.zeros(2)]] * 2

    def questions(_setting):
        for arguments in settings:
            given = ", ".join(f"{argument:g}" for argument in arguments)
            inputs = (
                ("three parameters", theta, threes),
                ("one parameter", theta[:1], alone),
                ("zeros", theta[:1], zeros),
            )
            for what, params, gradients in inputs:

                def ask(actor, arguments=arguments, params=params, gradients=gradients):
                    optimizer = actor.function(name, *arguments)[0]
                    copies = [[g.copy() for g in grads] for grads in gradients]
                    found = optimizer.update([p.copy() for p in params], *copies)
                    return [np.array([now[i] for now in found]) for i in range(len(params))]

                labels = [f"parameter {i} after each update" for i in range(len(params))]
                usual = len(arguments) > 1 and len(arguments) < len(settings[0])
                about_it = f"{name}({given}) on {what}"
                yield Question(about_it, ask, labels, slack=1e-6 if usual else 0.0, relative=not usual)

    return questions


ANY = {"opt_past", "opt_count", "opt_apply"}
concern("SGD", {"SGD", "opt_apply"}, asked("SGD", (0.5,), (0.125,)), own=[frozenset({"SGD"})])
concern(
    "Momentum",
    {"Momentum", "velocity", "velocity_weight", "opt_past", "opt_apply"},
    asked("Momentum", (0.5, 0.75), (0.125, 0.5), (0.5, 0.0)),
    own=[frozenset({"Momentum", "velocity", "velocity_weight"})],
    readings=({"velocity_weight": lambda right, momentum: 1 - momentum},),
)
concern(
    "RMSProp",
    {"RMSProp", "mean_square", "rms_size", "opt_past", "opt_apply"},
    asked("RMSProp", (0.5, 0.75, 0.25), (0.125, 0.5, 2.0**-24), (0.5, 0.75)),
    own=[frozenset({"RMSProp", "mean_square", "rms_size"})],
    readings=({"rms_size": lambda right, s, eps: np.sqrt(s + eps)},),
)
concern(
    "Adam",
    {"Adam", "moments", "corrections", "adam_size", *ANY},
    asked("Adam", (0.5, 0.75, 0.96875, 0.25), (0.125, 0.5, 0.875, 2.0**-24), (0.5, 0.75, 0.96875)),
    own=[frozenset({"Adam", "moments", "corrections", "adam_size"})],
    stages=[(frozenset({"moments", "corrections"}), frozenset({"adam_size"}))],
    readings=(
        {"adam_size": lambda right, s, below, eps: np.sqrt(s / below + eps)},
        {"adam_size": lambda right, s, below, eps: (np.sqrt(s) + eps) / np.sqrt(below)},
        {"adam_size": lambda right, s, below, eps: np.sqrt((s + eps) / below)},
    ),
)
about("sgd", "SGD")
about("momentum", "Momentum")
about("rmsprop", "RMSProp")
about("adam", "Adam")
about("optimizers", "SGD", "Momentum", "RMSProp", "Adam")


def every(past, i):
    """The gradients that one memory for all parameters has seen."""
    return [g for grads in past[:-1] for g in grads] + list(past[-1][: i + 1])


def layers_of(past):
    """How many layers the parameters belong to, each with weights and biases."""
    return (len(past[-1]) + 1) // 2


class Beside(list):
    """The gradients of one parameter so far.  partner: those of the other parameter of its layer."""

    def __init__(self, gs, partner):
        super().__init__(gs)
        self.partner = partner


def with_partner(first, second):
    """How a parameter sees the gradients, if the memory of weights, of biases, or of both is the other's."""

    def opt_past(right, past, i):
        own, j = right(past, i), i ^ 1
        partner = right(past, j) if j < len(past[-1]) else [np.zeros(1) for _ in past]
        return Beside(own, partner if (second if i % 2 else first) else own)

    return opt_past


def mixed_memory(first, second):
    """Every rule with the memory of the other parameter of the layer: for weights, for biases, or for both."""
    whose = " and ".join(name for name, on in (("weights", first), ("biases", second)) if on)
    past = with_partner(first, second)
    return {
        f"momentum, {whose}": {
            "opt_past": past,
            "velocity": lambda right, gs, momentum: right(gs.partner, momentum),
        },
        f"RMSProp, {whose}": {
            "opt_past": past,
            "mean_square": lambda right, gs, decay: right(gs.partner, decay),
        },
        f"m, {whose}": {
            "opt_past": past,
            "moments": lambda right, gs, beta1, beta2: (
                right(gs.partner, beta1, beta2)[0],
                right(list(gs), beta1, beta2)[1],
            ),
        },
        f"s, {whose}": {
            "opt_past": past,
            "moments": lambda right, gs, beta1, beta2: (
                right(list(gs), beta1, beta2)[0],
                right(gs.partner, beta1, beta2)[1],
            ),
        },
    }


def kept_corrected(gs, beta1, beta2, t):
    """Averages that are replaced by their corrected values in each update."""
    m, s = np.zeros(gs[0].shape), np.zeros(gs[0].shape)
    for k, g in enumerate(gs, 1):
        m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**k)
        s = (beta2 * s + (1 - beta2) * g**2) / (1 - beta2**k)
    return m, s


def longer(optimizer, by):
    """The optimizer with steps that are longer by a number."""
    step = optimizer.step
    optimizer.step = lambda gs, t: step(gs, t) + by
    return optimizer


def rmsprop_beside(sign):
    """RMSProp with eps beside the quotient, subtracted with it or added to theta."""
    return lambda right, lr, decay=0.99, eps=1e-8: longer(right(lr, decay, 0.0), sign * eps)


def adam_beside(sign):
    """Adam with eps beside the quotient, subtracted with it or added to theta."""
    return lambda right, lr, beta1=0.9, beta2=0.999, eps=1e-8: longer(right(lr, beta1, beta2, 0.0), sign * eps)


# Of any optimizer

of_optimizers(
    "optimizer-ascends",
    "the optimizer moves up the gradient",
    "The step is added; the loss grows along it. A velocity with lr in it, v = momentum v - lr g, is added, one "
    "without is subtracted.",
    clause="sgd.update",
    mend="theta -= lr * step",
    fingerprint="theta + lr g",
    opt_apply=lambda right, theta, step, lr, i: theta + step,
)
of_optimizers(
    "optimizer-moves-nothing",
    "update leaves the parameters where they are",
    "`theta = theta - step` gives a new array to a local name; the array in the list stays. Write into it "
    "(`theta -= step`), put the new one into the list (`params[i] = ...`), or return all of them.",
    clause="sgd.update",
    mend="params[i] -= lr * grads[i]",
    fingerprint="theta",
    opt_apply=lambda right, theta, step, lr, i: theta,
)
of_optimizers(
    "optimizer-first-parameter-only",
    "update changes the first parameter only",
    "The loop over the parameters ends in its first round, mostly by a `return` that belongs behind it.",
    clause="sgd.update",
    mend="the `return` behind the loop, as far to the left as its `for`",
    fingerprint="theta[0] - step, theta[1]",
    opt_apply=lambda right, theta, step, lr, i: theta if i else right(theta, step, lr, i),
)
of_optimizers(
    "optimizer-rate-twice",
    "the learning rate is multiplied in twice",
    "The step has the rate in it and is multiplied by it again: with lr in the velocity, theta -= v.",
    clause="sgd.update",
    mend="the rate in one place only",
    fingerprint="theta - lr^2 g",
    opt_apply=lambda right, theta, step, lr, i: theta - lr * step,
)
of_optimizers(
    "optimizer-rate-missing",
    "the learning rate is left out",
    "The step is subtracted whole, as if the rate were 1.",
    clause="sgd.update",
    mend="theta -= lr * step",
    fingerprint="theta - g",
    opt_apply=lambda right, theta, step, lr, i: theta - step / lr,
)
of_optimizers(
    "optimizer-decays-parameters",
    "the parameters shrink in every update",
    "Weight decay, a part lr lam theta of each step, is a penalty of its own, which is not part of these rules.",
    clause="optimizers.zero_gradient",
    mend="theta -= lr * step, without a part of theta",
    fingerprint="(1 - lr lam) theta - lr g, lam a power of ten",
    opt_apply={
        f"lam = {lam:g}": lambda right, theta, step, lr, i, lam=lam: theta - step - lr * lam * theta
        for lam in (0.1, 0.01, 0.001, 1e-4, 5e-4, 1e-5)
    },
)
of_optimizers(
    "optimizer-memory-shared",
    "all parameters share one memory",
    "One velocity, or one average, is used for each parameter in turn, so that the gradients of one move the others. "
    "Each needs its own array.",
    clause="optimizers.parameters",
    mend="self.v = [np.zeros_like(theta) for theta in params]",
    fingerprint="v of all gradients in turn",
    opt_past=lambda right, past, i: every(past, i),
)
of_optimizers(
    "optimizer-memory-of-the-other",
    "weights move by the memory of the biases, or biases by that of the weights",
    "The step of a parameter takes the average of another one of its layer, mostly a `db` where `dW` is meant. What "
    "has the bias's shape broadcasts, so that nothing is raised.",
    clause="optimizers.parameters",
    mend='the same name on both sides: v["dW1"] moves W1',
    fingerprint="v or s of db in the step of W",
    variants={
        **mixed_memory(first=True, second=False),
        **mixed_memory(first=False, second=True),
    },
)
of_optimizers(
    "optimizer-memory-made-anew",
    "earlier gradients are forgotten: the memory is made anew in every update, or not used",
    "The zeros belong into the constructor, or into the first update: what is set to zero each time remembers nothing, "
    "and neither does what the step does not use.",
    clause="momentum.update",
    mend="if self.v is None: self.v = [np.zeros_like(theta) for theta in params]",
    fingerprint="v = g in every update",
    variants={
        "": {"opt_past": lambda right, past, i: right(past, i)[-1:]},
        "t too": {
            "opt_past": lambda right, past, i: right(past, i)[-1:],
            "opt_count": lambda right, past, i: 1,
        },
    },
)
of_optimizers(
    "optimizer-objects-share-memory",
    "two optimizers share one memory",
    "The memory is a global variable, an attribute of the class, or a default argument, and is made once for all "
    "optimizers. The constructor has to make it, for each object.",
    clause="optimizers.objects",
    mend="self.v = None in __init__",
    fingerprint="the updates of one optimizer change with those of another",
    broken="optimizers.objects",
    lines=("class Momentum:\n    v = {}", "def __init__(self, lr): self.v = {}"),
)
of_optimizers(
    "optimizer-writes-into-gradients",
    "update writes into the gradients",
    "`v = g` makes the memory the caller's array, and `g *= lr` scales it. Copy what is kept, and compute anew.",
    clause="optimizers.gradients_kept",
    mend="v = g.copy(), or v = momentum * v + g",
    fingerprint="the gradients differ after the update",
    broken="optimizers.gradients_kept",
    lines=("g *= lr; theta -= g", "theta -= lr * g"),
)

# Momentum

of_momentum(
    "momentum-a-step-late",
    "momentum moves by the velocity of the update before",
    "theta moves before the gradient enters v, so that every gradient comes an update late. The first step is zero.",
    clause="momentum.plain",
    fingerprint="theta - lr v[t-1]",
    velocity=lambda right, gs, momentum: right(gs[:-1], momentum) if len(gs) > 1 else np.zeros(gs[0].shape),
)
of_momentum(
    "momentum-nesterov",
    "Nesterov's step in place of momentum",
    "g + momentum v, with v after the update, looks one step ahead: a rule of its own.",
    clause="momentum.update",
    fingerprint="theta - lr (g + momentum v)",
    velocity=lambda right, gs, momentum: gs[-1] + momentum * right(gs, momentum),
)
of_momentum(
    "momentum-complement",
    "momentum and 1 - momentum are exchanged",
    "momentum is what remains of the velocity: near 1 it remembers long. Exchanged, v is nearly the last gradient.",
    clause="momentum.plain",
    fingerprint="v = (1 - momentum) v + momentum g, or + g",
    velocity={
        "momentum g": lambda right, gs, momentum: decaying(gs, 1 - momentum, momentum),
        "g": lambda right, gs, momentum: decaying(gs, 1 - momentum, 1.0),
        "v": lambda right, gs, momentum: decaying(gs, 1 - momentum, 1 - momentum),
    },
)
of_momentum(
    "momentum-of-the-sum",
    "momentum multiplies the latest gradient too",
    "momentum (v + g) decays the gradient before it has moved anything.",
    clause="momentum.plain",
    fingerprint="v = momentum (v + g)",
    velocity=lambda right, gs, momentum: momentum * decaying(gs, momentum, 1.0),
)
of_momentum(
    "momentum-never-decays",
    "the velocity never decays",
    "v += g adds up all gradients: momentum is 1, whatever was asked for.",
    clause="momentum.plain",
    fingerprint="v = v + g",
    velocity=lambda right, gs, momentum: decaying(gs, 1.0, 1.0),
)
of_momentum(
    "momentum-subtracts-gradient",
    "the gradient enters the velocity with the other sign",
    "v = momentum v - g, or theta += lr v: the two signs belong together.",
    clause="momentum.plain",
    fingerprint="v = g - momentum v",
    velocity=lambda right, gs, momentum: decaying(gs, -momentum, 1.0),
)

# RMSProp

of_rmsprop(
    "rmsprop-without-root",
    "RMSProp divides by the average square, not by its root",
    "g / s has the unit of 1 / g: small gradients make large steps.",
    clause="rmsprop.stationary",
    fingerprint="theta - lr g / (s + eps)",
    rms_size=lambda right, s, eps: s + eps,
)
of_rmsprop(
    "rmsprop-adds-up",
    "the squares are added up and never decay",
    "s = s + g^2 is AdaGrad: the steps become shorter and shorter.",
    clause="rmsprop.stationary",
    fingerprint="s = s + g^2",
    mean_square=lambda right, gs, decay: decaying([g**2 for g in gs], 1.0, 1.0),
)
of_rmsprop(
    "rmsprop-without-complement",
    "the squares are not weighted by 1 - decay",
    "decay s + g^2 is a sum, 1 / (1 - decay) times the average: the steps are too short by the root of that.",
    clause="rmsprop.stationary",
    fingerprint="s = decay s + g^2",
    mean_square=lambda right, gs, decay: decaying([g**2 for g in gs], decay, 1.0),
)
of_rmsprop(
    "rmsprop-complement",
    "decay and 1 - decay are exchanged",
    "decay is what remains of the average: near 1 it remembers long.",
    clause="rmsprop.update",
    fingerprint="s = (1 - decay) s + decay g^2",
    mean_square=lambda right, gs, decay: decaying([g**2 for g in gs], 1 - decay, decay),
)
of_rmsprop(
    "rmsprop-of-gradients",
    "the average is of the gradients, not of their squares",
    "The average of g has a sign, and no root where it is negative; that of |g| is not the root mean square.",
    clause="rmsprop.update",
    fingerprint="s = decay s + (1 - decay) g, or |g|",
    mean_square={
        "g": lambda right, gs, decay: decaying(gs, decay, 1 - decay),
        "|g|": lambda right, gs, decay: decaying([np.abs(g) for g in gs], decay, 1 - decay),
    },
)
of_rmsprop(
    "rmsprop-a-step-late",
    "RMSProp divides by the average before the latest gradient",
    "s takes up the gradient after theta has moved: the first step divides by eps alone.",
    clause="rmsprop.update",
    fingerprint="theta - lr g / (sqrt(s[t-1]) + eps)",
    mean_square=lambda right, gs, decay: right(gs[:-1], decay) if len(gs) > 1 else np.zeros(gs[0].shape),
)
of_optimizers(
    "epsilon-twice",
    "eps is added inside the root and outside",
    "One place is enough: beside the root.",
    clause="adam.epsilon",
    mend="np.sqrt(s) + eps",
    fingerprint="sqrt(s + eps) + eps",
    variants={
        "RMSProp": {"rms_size": lambda right, s, eps: np.sqrt(s + eps) + eps},
        "Adam": {"adam_size": lambda right, s, below, eps: np.sqrt(s / below + eps) + eps},
    },
)
of_optimizers(
    "epsilon-missing",
    "nothing keeps the quotient finite where the gradients are zero",
    "0 / 0 is nan, and a parameter that is nan stays so. eps belongs beside the root.",
    clause="optimizers.zero_gradient",
    mend="np.sqrt(s) + eps",
    fingerprint="theta - lr m / sqrt(s)",
    variants={
        "RMSProp": {"rms_size": lambda right, s, eps: np.sqrt(s)},
        "Adam": {"adam_size": lambda right, s, below, eps: np.sqrt(s / below)},
    },
)
of_optimizers(
    "epsilon-beside-the-quotient",
    "eps is added to the quotient, not to its denominator",
    "lr g / sqrt(s) + eps: parentheses are missing around sqrt(s) + eps. A parameter moves without a gradient.",
    clause="optimizers.zero_gradient",
    mend="lr * g / (np.sqrt(s) + eps)",
    fingerprint="theta - (lr g / sqrt(s) + eps)",
    variants={
        "RMSProp, subtracted": {"RMSProp": rmsprop_beside(1)},
        "RMSProp, added": {"RMSProp": rmsprop_beside(-1)},
        "Adam, subtracted": {"Adam": adam_beside(1)},
        "Adam, added": {"Adam": adam_beside(-1)},
    },
)

# Adam

of_adam(
    "adam-without-correction",
    "the averages are not corrected for their start at zero",
    "m and s are too small by 1 - beta^t, and s by more: the first steps are too long, with the usual numbers about "
    "three times and more.",
    clause="adam.first_step",
    fingerprint="theta - lr m / (sqrt(s) + eps)",
    corrections=lambda right, beta1, beta2, t: (1.0, 1.0),
)
of_adam(
    "adam-corrects-one-average",
    "one of the two averages is not corrected",
    "m is divided by 1 - beta1^t, and s by 1 - beta2^t: both start at zero.",
    clause="adam.first_step",
    fingerprint="m / (1 - beta1^t) with s, or m with s / (1 - beta2^t)",
    corrections={
        "m alone": lambda right, beta1, beta2, t: (right(beta1, beta2, t)[0], 1.0),
        "s alone": lambda right, beta1, beta2, t: (1.0, right(beta1, beta2, t)[1]),
    },
)
of_adam(
    "adam-corrects-by-multiplying",
    "the averages are multiplied by the correction",
    "1 - beta^t is what they are too small by: it divides.",
    clause="adam.first_step",
    fingerprint="m (1 - beta1^t), s (1 - beta2^t)",
    corrections={
        "both": lambda right, beta1, beta2, t: tuple(1 / c for c in right(beta1, beta2, t)),
        "m": lambda right, beta1, beta2, t: (1 / right(beta1, beta2, t)[0], right(beta1, beta2, t)[1]),
        "s": lambda right, beta1, beta2, t: (right(beta1, beta2, t)[0], 1 / right(beta1, beta2, t)[1]),
    },
)
of_adam(
    "adam-corrects-with-one-beta",
    "both averages are corrected with the same beta",
    "m decays with beta1 and s with beta2, and each is corrected with its own.",
    clause="adam.first_step",
    fingerprint="1 - beta1^t for both, or 1 - beta2^t",
    corrections={
        "beta1": lambda right, beta1, beta2, t: right(beta1, beta1, t),
        "beta2": lambda right, beta1, beta2, t: right(beta2, beta2, t),
        "exchanged": lambda right, beta1, beta2, t: right(beta2, beta1, t),
    },
)
of_adam(
    "adam-counts-from-zero",
    "the first update counts as t = 0",
    "1 - beta^0 is 0, and the first update divides by it. Count before the correction: t += 1 comes first.",
    clause="adam.first_step",
    fingerprint="1 - beta^(t - 1)",
    opt_count=lambda right, past, i: right(past, i) - 1,
)
of_adam(
    "adam-counts-from-two",
    "the first update counts as t = 2",
    "t begins at 1 and is counted up before it is used. Begin at 0.",
    clause="adam.first_step",
    fingerprint="1 - beta^(t + 1)",
    opt_count=lambda right, past, i: right(past, i) + 1,
)
of_adam(
    "adam-does-not-count",
    "t stays at 1",
    "Every update is corrected as the first one, by 1 - beta: t += 1 is missing, or the power.",
    clause="adam.bias_correction",
    fingerprint="1 - beta",
    opt_count=lambda right, past, i: 1,
)
of_adam(
    "adam-power-is-two",
    "the correction has the power 2 in place of t",
    "1 - beta^2 is the correction of the second update alone: the power is the number of updates.",
    clause="adam.bias_correction",
    fingerprint="1 - beta^2",
    corrections={
        "both": lambda right, beta1, beta2, t: right(beta1, beta2, 2),
        "m": lambda right, beta1, beta2, t: (right(beta1, beta2, 2)[0], right(beta1, beta2, t)[1]),
        "s": lambda right, beta1, beta2, t: (right(beta1, beta2, t)[0], right(beta1, beta2, 2)[1]),
    },
)
of_adam(
    "adam-counts-parameters",
    "t counts the parameters, not the updates",
    "t += 1 stands inside the loop over the parameters, so that it grows by their number in each update. It belongs "
    "before the loop.",
    clause="optimizers.parameters",
    fingerprint="1 - beta^(number of parameters * updates)",
    opt_count=lambda right, past, i: (right(past, i) - 1) * len(past[-1]) + i + 1,
)
of_adam(
    "adam-counts-layers",
    "t counts the layers, not the updates",
    "t += 1 stands in what runs once a layer, so that it grows by their number in each update. It belongs into what "
    "runs once an update, or every layer needs its own t.",
    clause="optimizers.parameters",
    fingerprint="1 - beta^(number of layers * updates)",
    opt_count=lambda right, past, i: (right(past, i) - 1) * layers_of(past) + i // 2 + 1,
)
of_adam(
    "adam-betas-exchanged",
    "beta1 and beta2 are exchanged",
    "beta1 belongs to the average of the gradients, beta2 to that of their squares.",
    clause="adam.update",
    fingerprint="m = beta2 m + (1 - beta2) g, s = beta1 s + (1 - beta1) g^2",
    variants={
        "in the averages": {"moments": lambda right, gs, beta1, beta2: right(gs, beta2, beta1)},
        "everywhere": {
            "moments": lambda right, gs, beta1, beta2: right(gs, beta2, beta1),
            "corrections": lambda right, beta1, beta2, t: right(beta2, beta1, t),
        },
    },
)
of_adam(
    "adam-one-beta",
    "both averages decay with the same beta",
    "beta1 belongs to the average of the gradients, beta2 to that of their squares.",
    clause="adam.update",
    fingerprint="beta1 for both averages, or beta2",
    variants={
        "beta1": {"moments": lambda right, gs, beta1, beta2: right(gs, beta1, beta1)},
        "beta2": {"moments": lambda right, gs, beta1, beta2: right(gs, beta2, beta2)},
        "beta1 everywhere": {"Adam": lambda right, lr, beta1=0.9, beta2=0.999, eps=1e-8: right(lr, beta1, beta1, eps)},
        "beta2 everywhere": {"Adam": lambda right, lr, beta1=0.9, beta2=0.999, eps=1e-8: right(lr, beta2, beta2, eps)},
    },
)
of_adam(
    "adam-complement",
    "a beta and 1 - beta are exchanged",
    "beta is what remains of an average: near 1 it remembers long.",
    clause="adam.update",
    fingerprint="m = (1 - beta1) m + beta1 g",
    moments={
        "both": lambda right, gs, beta1, beta2: right(gs, 1 - beta1, 1 - beta2),
        "m": lambda right, gs, beta1, beta2: right(gs, 1 - beta1, beta2),
        "s": lambda right, gs, beta1, beta2: right(gs, beta1, 1 - beta2),
    },
)
of_adam(
    "adam-without-complement",
    "the gradients are not weighted by 1 - beta",
    "beta m + g is a sum, 1 / (1 - beta) times the average.",
    clause="adam.first_step",
    fingerprint="m = beta1 m + g",
    moments={
        "m": lambda right, gs, beta1, beta2: (decaying(gs, beta1, 1.0), right(gs, beta1, beta2)[1]),
        "s": lambda right, gs, beta1, beta2: (
            right(gs, beta1, beta2)[0],
            decaying([g**2 for g in gs], beta2, 1.0),
        ),
        "both": lambda right, gs, beta1, beta2: (
            decaying(gs, beta1, 1.0),
            decaying([g**2 for g in gs], beta2, 1.0),
        ),
    },
)
of_adam(
    "adam-without-root",
    "Adam divides by the average square, not by its root",
    "m / s has the unit of 1 / g: the steps depend on the scale of the loss.",
    clause="adam.first_step",
    fingerprint="theta - lr m_hat / (s_hat + eps)",
    adam_size=lambda right, s, below, eps: s / below + eps,
)
of_adam(
    "adam-moves-by-gradient",
    "Adam moves by the gradient, not by its average",
    "g / sqrt(s_hat) is RMSProp with a correction: m is computed and not used.",
    clause="adam.update",
    fingerprint="theta - lr g / (sqrt(s_hat) + eps)",
    variants={
        "g": {
            "moments": lambda right, gs, beta1, beta2: (gs[-1], right(gs, beta1, beta2)[1]),
            "corrections": lambda right, beta1, beta2, t: (1.0, right(beta1, beta2, t)[1]),
        },
        "g corrected": {"moments": lambda right, gs, beta1, beta2: (gs[-1], right(gs, beta1, beta2)[1])},
    },
)
of_adam(
    "adam-squares-the-average",
    "s averages the squares of m, not those of the gradients",
    "The size of a gradient is in g^2; m^2 is that of the average, which forgets what changes its sign.",
    clause="adam.update",
    fingerprint="s = beta2 s + (1 - beta2) m^2",
    moments=lambda right, gs, beta1, beta2: (
        right(gs, beta1, beta2)[0],
        decaying([decaying(gs[: k + 1], beta1, 1 - beta1) ** 2 for k in range(len(gs))], beta2, 1 - beta2),
    ),
)
of_adam(
    "adam-square-missing",
    "s averages the gradients, not their squares",
    "The average of g has a sign, and no root where it is negative.",
    clause="adam.first_step",
    fingerprint="s = beta2 s + (1 - beta2) g",
    moments=lambda right, gs, beta1, beta2: (right(gs, beta1, beta2)[0], decaying(gs, beta2, 1 - beta2)),
)
of_adam(
    "adam-keeps-corrected",
    "the corrected averages are kept for the next update",
    "m_hat = m / (1 - beta1^t) is for this step alone; written back into m, it is corrected again and again.",
    clause="adam.bias_correction",
    fingerprint="m = (beta1 m + (1 - beta1) g) / (1 - beta1^t)",
    variants={
        "": {
            "moments": lambda right, gs, beta1, beta2: kept_corrected(gs, beta1, beta2, len(gs)),
            "corrections": lambda right, beta1, beta2, t: (1.0, 1.0),
        }
    },
)
