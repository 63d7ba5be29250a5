"""Networks from fixed seeds: their forward pass, loss, gradients, and some steps of gradient descent."""

import functools
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from mpmath import mp

from .functions import logit_gradient, mean_loss, relu, sample_loss, softmax
from .numbers import below, confirm_slope, doubles, exact, flat, matrix, moved, require, vector

KINK_MARGIN = 1e-3  # hidden pre-activations keep this distance from 0, so that rounding never flips a ReLU
DEAD = (1, 4)  # the units of the case dead_units that are off for every sample


@dataclass
class Problem:
    """A network and a batch: weights[l] (s[l], s[l+1]), biases[l] (s[l+1],), x (N, s[0]), y (N,)."""

    weights: list
    biases: list
    x: list
    y: list


def draw(sizes, samples, rng):
    """A problem of ordinary size: Glorot-uniform weights, biases that are not zero, inputs of both signs."""
    layers = list(itertools.pairwise(sizes))
    bounds = [math.sqrt(6 / (fan_in + fan_out)) for fan_in, fan_out in layers]
    return Problem(
        weights=[matrix(rng, *shape, -a, a, 1024) for shape, a in zip(layers, bounds, strict=True)],
        biases=[vector(rng, fan_out, -0.25, 0.25, 1024) for _, fan_out in layers],
        x=matrix(rng, samples, sizes[0], -2, 2, 256),
        y=[below(rng, sizes[-1]) for _ in range(samples)],
    )


# The network, in multiple precision


def affine(a, w, b):
    """z = a W + b"""
    columns = list(zip(*w, strict=True))
    return [[mp.fdot(row, column) + bias for column, bias in zip(columns, b, strict=True)] for row in a]


def propagate(problem):
    """The hidden pre-activations of every layer, and the logits."""
    a, hidden = problem.x, []
    for w, b in zip(problem.weights[:-1], problem.biases[:-1], strict=True):
        hidden.append(affine(a, w, b))
        a = relu(hidden[-1])
    return hidden, affine(a, problem.weights[-1], problem.biases[-1])


def gradients(problem, hidden, logits):
    """The chain rule, from the last layer to the first: (weight_grads, bias_grads) of the mean loss."""
    inputs = [problem.x, *map(relu, hidden)]
    delta = [
        [value / len(problem.y) for value in logit_gradient(z, label)]
        for z, label in zip(logits, problem.y, strict=True)
    ]
    weight_grads, bias_grads = [], []
    for layer in range(len(problem.weights) - 1, -1, -1):
        by_output = list(zip(*delta, strict=True))
        weight_grads.append([[mp.fdot(a, d) for d in by_output] for a in zip(*inputs[layer], strict=True)])
        bias_grads.append([mp.fsum(d) for d in by_output])
        if layer > 0:
            delta = [
                [mp.fdot(d, row) if z > 0 else mp.zero for row, z in zip(problem.weights[layer], z_row, strict=True)]
                for d, z_row in zip(delta, hidden[layer - 1], strict=True)
            ]
    return weight_grads[::-1], bias_grads[::-1]


def descend(problem, weight_grads, bias_grads, rate):
    """The problem after one step of gradient descent."""
    weights, biases = moved(problem.weights, weight_grads, rate), moved(problem.biases, bias_grads, rate)
    return Problem(weights, biases, problem.x, problem.y)


# Conditions for writing a case


def away_from_kinks(name, hidden):
    closest = min(map(abs, flat(hidden)), default=mp.inf)
    require(closest > KINK_MARGIN, name, f"a pre-activation is {mp.nstr(closest, 3)} away from the ReLU's kink")


def confirm_gradients(name, problem, weight_grads, bias_grads):
    """Compare with a central difference of the loss along one random direction in the space of parameters."""
    layers = len(problem.weights)

    def loss(*theta):
        return mean_loss(propagate(Problem(theta[:layers], theta[layers:], problem.x, problem.y))[1], problem.y)

    confirm_slope(name, loss, [*problem.weights, *problem.biases], [*weight_grads, *bias_grads])


def every_unit_is_used(name, hidden, _problem, _logits):
    for layer, z in enumerate(hidden, 1):
        require(all(max(unit) > 0 for unit in zip(*z, strict=True)), name, f"hidden layer {layer} has a dead unit")


def half_the_units_are_on(name, hidden, _problem, _logits):
    for layer, z in enumerate(hidden, 1):
        on = sum(value > 0 for value in flat(z))
        require(2 * on >= len(flat(z)), name, f"most units of hidden layer {layer} are off")


def units_are_dead(name, hidden, problem, logits):
    first, second = hidden
    require(all(row[unit] < -1 for row in first for unit in DEAD), name, f"units {DEAD} are to be off, by more than 1")
    require(sum(max(row) < 0 for row in second) == 1, name, "exactly one sample is to find the second layer off")
    every_unit_is_used(name, [second], problem, logits)


def logits_are_large(name, hidden, problem, logits):
    every_unit_is_used(name, hidden, problem, logits)
    losses = [sample_loss(z, label) for z, label in zip(logits, problem.y, strict=True)]
    require(min(losses) < 1e-300 and max(losses) > 1000, name, "right and wrong labels of extreme certainty are needed")
    require(800 < max(map(abs, flat(logits))) < 4000, name, "logits of about 1e3 are needed")


# The cases


def like_images(problem, rng):
    """Pixels k/256, four in five of them 0."""
    problem.x = [[below(rng, 256) / 256 if rng.random() < 0.2 else 0.0 for _ in row] for row in problem.x]


def with_large_logits(problem, rng):
    problem.weights[-1] = [[512 * value for value in row] for row in problem.weights[-1]]


def with_dead_units(problem, rng):
    for unit in DEAD:
        problem.biases[0][unit] = -16.0
    problem.biases[1] = vector(rng, len(problem.biases[1]), -0.75, -0.25, 1024)


def without_last_class(problem, rng):
    problem.y = [below(rng, len(problem.biases[-1]) - 1) for _ in problem.y]


def unchanged(problem, rng):
    pass


@dataclass(frozen=True)
class Recipe:
    """The choices that determine everything in a case's file."""

    name: str
    description: str
    seed: int
    sizes: list
    samples: int
    lr: float = 0.5
    steps: int = 3
    design: Callable = unchanged
    check: Callable = every_unit_is_used


# In order of the number of parameters.
RECIPES = [
    Recipe("smallest", "Two inputs, two classes, one sample: small enough to follow by hand.", 1, [2, 2], 1),
    Recipe("no_hidden", "No hidden layer: multinomial logistic regression.", 1, [4, 3], 7),
    Recipe("one_hidden", "One hidden layer, the smallest network with a ReLU.", 2, [2, 3, 2], 5),
    Recipe("one_sample", "A batch of one sample.", 1, [5, 4, 3], 1, check=half_the_units_are_on),
    Recipe(
        "large_logits",
        "Logits of about 1e3, right labels and wrong: probabilities underflow to 0, the loss is about 1e3 where the "
        "label is wrong.",
        32, [3, 6, 4], 8, lr=2.0**-12, steps=1, design=with_large_logits, check=logits_are_large,
    ),
    Recipe("two_hidden", "Two hidden layers.", 2, [3, 5, 4, 3], 7),
    Recipe(
        "missing_class", "No sample of the batch belongs to the last class.",
        1, [4, 6, 5], 7, design=without_last_class,
    ),
    Recipe(
        "dead_units",
        f"Units {DEAD[0]} and {DEAD[1]} of the first hidden layer are off for the whole batch; "
        "one sample finds every unit of the second off.",
        210, [4, 7, 6, 3], 5, design=with_dead_units, check=units_are_dead,
    ),
    Recipe("four_hidden", "Four hidden layers, all sizes different.", 83, [5, 7, 6, 8, 4, 3], 11, lr=0.125),
    Recipe(
        "image", "The size of a small image classifier; sparse inputs k/256, none negative.",
        5, [784, 32, 16, 10], 5, lr=0.03125, design=like_images, check=half_the_units_are_on,
    ),
]  # fmt: skip


def solve(recipe):
    """The content of a case's file: its recipe, inputs, and outputs as the nearest doubles."""
    rng = random.Random(recipe.seed)
    drawn = draw(recipe.sizes, recipe.samples, rng)
    recipe.design(drawn, rng)
    problem = Problem(exact(drawn.weights), exact(drawn.biases), exact(drawn.x), drawn.y)
    hidden, logits = propagate(problem)
    recipe.check(recipe.name, hidden, problem, logits)
    weight_grads, bias_grads = gradients(problem, hidden, logits)
    confirm_gradients(recipe.name, problem, weight_grads, bias_grads)
    losses, last = train(recipe, problem)
    outputs = {
        "hidden": [relu(z) for z in hidden],
        "logits": logits,
        "probabilities": [softmax(z) for z in logits],
        "loss": losses[0],
        "weight_grads": weight_grads,
        "bias_grads": bias_grads,
        "losses": losses,
        "stepped_weights": last.weights,
        "stepped_biases": last.biases,
    }
    about = {key: getattr(recipe, key) for key in ("name", "description", "seed", "sizes", "lr", "steps")}
    return about | vars(drawn) | {key: doubles(value) for key, value in outputs.items()}


def train(recipe, problem):
    """Take `steps` steps of gradient descent: the loss before each and after the last, and the final parameters."""
    losses = []
    for step in range(recipe.steps + 1):
        hidden, logits = propagate(problem)
        away_from_kinks(recipe.name, hidden)
        losses.append(mean_loss(logits, problem.y))
        if step < recipe.steps:
            problem = descend(problem, *gradients(problem, hidden, logits), mp.mpf(recipe.lr))
    return losses, problem


def cases():
    """{file: what computes its content}, in order of the number of parameters"""
    return {f"networks/{recipe.name}.json": functools.partial(solve, recipe) for recipe in RECIPES}
