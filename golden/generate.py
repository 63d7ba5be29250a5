"""Compute the golden values with mpmath at 50 digits.

    python golden/generate.py [--output DIR]            write one JSON file per case, and SHA256SUMS
    python golden/generate.py [--output DIR] --check    compare what would be written with what is there, byte by byte

This program shares no code with the reference, so that it cannot repeat its mistakes: it uses mpmath and the standard
library, and computes each formula in its plainest form (mpmath's exponents are unbounded, so nothing can overflow and
nothing need be shifted). It confirms its gradients by a central difference of its loss, and its digits by a second run
at 100: a case is written only if both give the same doubles.

Inputs are dyadic rationals, exact as doubles and short as text. They come from `random.Random(seed).random()`, the one
method whose sequence Python promises to keep. Every output is the double nearest to the 50-digit value.
"""

import argparse
import hashlib
import itertools
import json
import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mpmath import mp

DIGITS = 50
KINK_MARGIN = 1e-3  # no hidden pre-activation comes closer to 0, so a rounding error never flips a ReLU
FOLDER = Path(__file__).resolve().parent


# Inputs: exact doubles, drawn from the seed


def below(rng, n):
    """An integer 0..n-1.  `randrange` would be shorter, but its sequence may change between Python versions."""
    return int(rng.random() * n)


def dyadic(rng, low, high, denominator):
    """A multiple of 1/denominator in [low, high]."""
    first, last = math.ceil(low * denominator), math.floor(high * denominator)
    return (first + below(rng, last - first + 1)) / denominator


def vector(rng, size, low, high, denominator):
    return [dyadic(rng, low, high, denominator) for _ in range(size)]


def matrix(rng, rows, columns, low, high, denominator):
    return [vector(rng, columns, low, high, denominator) for _ in range(rows)]


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


def exact(tree):
    """Doubles, or nested lists of them, as multiple-precision numbers."""
    return [exact(item) for item in tree] if isinstance(tree, list) else mp.mpf(tree)


def affine(a, w, b):
    """z = a W + b"""
    columns = list(zip(*w, strict=True))
    return [[mp.fdot(row, column) + bias for column, bias in zip(columns, b, strict=True)] for row in a]


def relu(z):
    return [[value if value > 0 else mp.zero for value in row] for row in z]


def softmax(z):
    """p[k] = exp(z[k]) / sum_j exp(z[j]) of one sample"""
    powers = [mp.exp(value) for value in z]
    total = mp.fsum(powers)
    return [power / total for power in powers]


def log_sum_exp(z):
    """log sum_j exp(z[j]) of one sample, as z[i] + log(1 + sum_{j != i} exp(z[j] - z[i])) so that no digit is lost"""
    i = z.index(max(z))
    return z[i] + sample_loss(z, i)


def sample_loss(z, label):
    """-log p[label] = log sum_j exp(z[j] - z[label]), accurate also where p[label] is 1 to 50 digits"""
    return mp.log1p(mp.fsum(mp.exp(value - z[label]) for j, value in enumerate(z) if j != label))


def logit_gradient(z, label):
    """p - onehot(label) of one sample; the entry p[label] - 1 is summed from the others, so it doesn't cancel"""
    p = softmax(z)
    p[label] = -mp.fsum(value for j, value in enumerate(p) if j != label)
    return p


def propagate(problem):
    """The hidden pre-activations of every layer, and the logits."""
    a, hidden = problem.x, []
    for w, b in zip(problem.weights[:-1], problem.biases[:-1], strict=True):
        hidden.append(affine(a, w, b))
        a = relu(hidden[-1])
    return hidden, affine(a, problem.weights[-1], problem.biases[-1])


def mean_loss(logits, y):
    return mp.fsum(sample_loss(z, label) for z, label in zip(logits, y, strict=True)) / len(y)


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


def moved(theta, g, rate):
    """theta - rate g, over nested lists of the same form"""
    if isinstance(theta, list):
        return [moved(t, d, rate) for t, d in zip(theta, g, strict=True)]
    return theta - rate * g


def descend(problem, weight_grads, bias_grads, rate):
    """The problem after one step of gradient descent."""
    weights, biases = moved(problem.weights, weight_grads, rate), moved(problem.biases, bias_grads, rate)
    return Problem(weights, biases, problem.x, problem.y)


# What must hold of a case before it is written


class Unsuitable(ValueError):
    """The seed gives a case that is not what its description says; another one is to be chosen."""


def require(condition, name, message):
    if not condition:
        raise Unsuitable(f"{name}: {message}; choose another seed")


def flat(tree):
    return [leaf for item in tree for leaf in flat(item)] if isinstance(tree, list) else [tree]


def away_from_kinks(name, hidden):
    closest = min(map(abs, flat(hidden)), default=mp.inf)
    require(closest > KINK_MARGIN, name, f"a pre-activation is {mp.nstr(closest, 3)} away from the ReLU's kink")


def confirm_gradients(name, problem, weight_grads, bias_grads):
    """Compare with a central difference of the loss along one random direction, which knows nothing of the chain rule.

    With h = 1e-15 its truncation error is of order h^2 = 1e-30 and its rounding error of order 10^-DIGITS / h = 1e-35,
    times the third derivative and the loss; 1e-20 leaves room for both at the largest logits.
    """
    rng, h = random.Random(0), mp.mpf(10) ** -15
    direction = [[[dyadic(rng, -1, 1, 64) for _ in row] for row in w] for w in weight_grads]
    bias_direction = [[dyadic(rng, -1, 1, 64) for _ in b] for b in bias_grads]
    losses = [
        mean_loss(propagate(descend(problem, exact(direction), exact(bias_direction), rate))[1], problem.y)
        for rate in (-h, h)
    ]
    difference = (losses[0] - losses[1]) / (2 * h)
    slope = mp.fdot(flat([weight_grads, bias_grads]), flat([direction, bias_direction]))
    if abs(difference - slope) > mp.mpf(10) ** -20 * max(1, abs(slope)):
        raise ArithmeticError(f"{name}: backpropagation gives the slope {slope}, a central difference {difference}")


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

DEAD = (1, 4)  # the units of dead_units that no sample of the batch switches on


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
    """What decides a case: everything in its file follows from these."""

    name: str
    description: str
    seed: int
    sizes: list
    samples: int
    lr: float = 0.5
    steps: int = 3
    design: Callable = unchanged
    check: Callable = every_unit_is_used


# From the fewest parameters to the most.
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
    """The content of a case's file: the recipe, its inputs, and the outputs as the nearest doubles."""
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
    """`steps` steps of full-batch gradient descent: the loss before each and after the last, and where they lead."""
    losses = []
    for step in range(recipe.steps + 1):
        hidden, logits = propagate(problem)
        away_from_kinks(recipe.name, hidden)
        losses.append(mean_loss(logits, problem.y))
        if step < recipe.steps:
            problem = descend(problem, *gradients(problem, hidden, logits), mp.mpf(recipe.lr))
    return losses, problem


# The functions by themselves

CLASSES = (1, 2, 3, 5, 10)
SCALES = (1.0, 30.0, 700.0, 1e3, 1e4)


def logit_rows(classes, rng):
    """Rows of logits: all equal, 1e-8 apart, one alone at +-scale, and anything up to each scale."""
    rows = [[0.0] * classes, [(-1) ** k * 1e-8 for k in range(classes)]]
    for scale in SCALES:
        for peak in (scale, -scale):
            rows.append([peak] + [0.0] * (classes - 1))
            rows.append([peak + offset for offset in vector(rng, classes, -2, 2, 256)])
        rows.append(vector(rng, classes, -scale, scale, 256))
    return rows


def cross_entropy_batches(rng):
    """Batches (p, y): probabilities near 1, near 0, and ordinary ones k/1024 whose rows sum to 1 exactly."""
    batches = [([[1.0]], [0])]
    for tiny in (0.25, 2.0**-10, 2.0**-30, 2.0**-52, 1e-100, 1e-300):
        batches += [([[1 - tiny, tiny]], [0]), ([[1 - tiny, tiny]], [1])]
    for classes in CLASSES:
        cuts = [sorted(below(rng, 1025 - classes) for _ in range(classes - 1)) for _ in range(7)]
        p = [[(b - a + 1) / 1024 for a, b in zip([0, *row], [*row, 1024 - classes], strict=True)] for row in cuts]
        batches.append((p, [below(rng, classes) for _ in p]))
    return batches


def solve_functions():
    """The content of functions.json: inputs and outputs of softmax, log-sum-exp and cross-entropy."""
    seed = 1
    rng = random.Random(seed)
    logits = [logit_rows(classes, rng) for classes in CLASSES]
    batches = cross_entropy_batches(rng)
    return {
        "description": "softmax, log-sum-exp and cross-entropy (the mean over a batch), one row per sample.",
        "seed": seed,
        "softmax": [{"z": z, "p": doubles([softmax(row) for row in exact(z)])} for z in logits],
        "log_sum_exp": [{"z": z, "value": doubles([log_sum_exp(row) for row in exact(z)])} for z in logits],
        "cross_entropy": [{"p": p, "y": y, "value": nearest(cross_entropy(exact(p), y))} for p, y in batches],
    }


# The layers by themselves

IMAGES = ((1, 2), (4, 3), (3, 2, 2), (2, 3, 4, 5))  # shapes of x, of which one axis is the batch
OUTPUTS = (3, 2, 5, 7)
EXTREMES = (2.0**-100, 2.0**-30, 1.0, 2.0**30, 2.0**100)
LAYER_SCALES = (4.0, 30.0, 300.0, 1e3, 1e4)  # at 300 losses are large, and no probability underflows


def shaped(flat_list, shape):
    """A flat list as nested lists of this shape, the last axis running fastest."""
    if len(shape) == 1:
        return flat_list
    size = len(flat_list) // shape[0]
    return [shaped(flat_list[i : i + size], shape[1:]) for i in range(0, len(flat_list), size)]


def affine_layer(shape, outputs, rng):
    """x (N, d[1], ..., d[k]), w, b, dout as drawn, and out = X w + b with the gradients of sum(dout out)."""
    inputs = math.prod(shape[1:])
    drawn = matrix(rng, shape[0], inputs, -2, 2, 256)
    w, b = matrix(rng, inputs, outputs, -1, 1, 256), vector(rng, outputs, -1, 1, 256)
    dout = matrix(rng, shape[0], outputs, -2, 2, 256)
    rows, weights, slopes = exact(drawn), exact(w), exact(dout)
    gradients = {
        "dx": [[mp.fdot(slope, row) for row in weights] for slope in slopes],
        "dw": [[mp.fdot(x, d) for d in zip(*slopes, strict=True)] for x in zip(*rows, strict=True)],
        "db": [mp.fsum(d) for d in zip(*slopes, strict=True)],
    }
    confirm_slope("affine", lambda x, w, b: weighted(slopes, affine(x, w, b)), [rows, weights, exact(b)], gradients)
    gradients["dx"] = shaped(flat(gradients["dx"]), shape)
    out = affine(rows, weights, exact(b))
    return {"x": shaped(flat(drawn), shape), "w": w, "b": b, "dout": dout, "out": doubles(out)} | {
        name: doubles(gradient) for name, gradient in gradients.items()
    }


def relu_layer(shape, rng):
    """x of both signs, from 2^-100 to 2^100, dout, and out with the gradient of sum(dout out).  Nothing is rounded."""
    x = [sign * scale for scale in EXTREMES for sign in (1, -1)]
    x += [dyadic(rng, 1, 4, 256) * (-1) ** k for k in range(math.prod(shape) - len(x))]
    x = sorted(x, key=lambda _: rng.random())
    dout = [dyadic(rng, -2, 2, 256) for _ in x]
    [out], dx = relu([x]), [slope if value > 0 else 0.0 for value, slope in zip(x, dout, strict=True)]
    lists = {"x": x, "dout": dout, "out": [float(value) for value in out], "dx": dx}
    return {name: shaped(values, shape) for name, values in lists.items()}


def softmax_loss_layer(classes, scale, rng):
    """Seven samples: logits equal, one alone at the top or bottom, and anything up to the scale; labels of any kind.

    At the largest scales probabilities underflow, and losses are as large as the scale.
    """
    peaks = [[peak] + [0.0] * (classes - 1) for peak in (scale, -scale)]
    near = [[peak + offset for offset in vector(rng, classes, -2, 2, 256)] for peak in (scale, -scale)]
    x = [[0.0] * classes, *peaks, *near, *matrix(rng, 2, classes, -scale, scale, 256)]
    y = [below(rng, classes) for _ in x]
    z = exact(x)
    dx = [[value / len(y) for value in logit_gradient(row, label)] for row, label in zip(z, y, strict=True)]
    confirm_slope("softmax_loss", lambda z: mean_loss(z, y), [z], {"dx": dx})
    outputs = {"probabilities": [softmax(row) for row in z], "loss": mean_loss(z, y), "dx": dx}
    return {"x": x, "y": y} | {name: doubles(value) for name, value in outputs.items()}


def weighted(slopes, out):
    """sum(dout out)"""
    return mp.fdot(flat(slopes), flat(out))


def confirm_slope(name, f, point, gradients):
    """Compare with a central difference of f along one random direction, as `confirm_gradients` does."""
    rng, h = random.Random(0), mp.mpf(10) ** -15
    direction = exact([[dyadic(rng, -1, 1, 64) for _ in flat(item)] for item in point])
    values = []
    for rate in (-h, h):
        lines = [moved(flat(item), along, rate) for item, along in zip(point, direction, strict=True)]
        values.append(f(*(like(line, item) for line, item in zip(lines, point, strict=True))))
    slope = mp.fdot(flat(list(gradients.values())), flat(direction))
    difference = (values[0] - values[1]) / (2 * h)
    if abs(difference - slope) > mp.mpf(10) ** -20 * max(1, abs(slope)):
        raise ArithmeticError(f"{name}: the gradient gives the slope {slope}, a central difference {difference}")


def like(line, item):
    """A flat list in the form of a vector or a matrix."""
    return shaped(line, (len(item), len(item[0]))) if isinstance(item[0], list) else line


def solve_layers():
    """The content of layers.json: inputs, outputs and gradients of the layer functions."""
    seed = 1
    rng = random.Random(seed)
    return {
        "description": "The affine layer, the ReLU layer, and softmax with its loss: forward and backward.",
        "seed": seed,
        "affine": [affine_layer(shape, outputs, rng) for shape, outputs in zip(IMAGES, OUTPUTS, strict=True)],
        "relu": [relu_layer(shape, rng) for shape in ((12,), (4, 5), (2, 3, 4))],
        "softmax_loss": [softmax_loss_layer(classes, scale, rng) for classes in CLASSES[1:] for scale in LAYER_SCALES],
    }


def cross_entropy(p, y):
    """1/N sum_n -log p[n, y[n]]"""
    return -mp.fsum(mp.log(row[label]) for row, label in zip(p, y, strict=True)) / len(y)


# Files


def nearest(value):
    """The double nearest to a multiple-precision number, ties to even.

    Python rounds a quotient of integers once; `float(value)` rounds subnormal numbers twice.
    """
    mantissa, exponent = mp.frexp(value)
    integer, exponent = int(mp.ldexp(mantissa, mp.prec)), exponent - mp.prec
    return float(integer << exponent) if exponent >= 0 else integer / (1 << -exponent)


def doubles(tree):
    return [doubles(item) for item in tree] if isinstance(tree, list) else nearest(tree)


def as_text(value, indent=""):
    """JSON that diffs well: an innermost list, such as the row of a matrix, on a line of its own."""
    deeper = indent + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {as_text(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(deeper + item for item in items) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], list | dict):
        return "[\n" + ",\n".join(deeper + as_text(item, deeper) for item in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)


def assured(solution, *arguments):
    """What `solution` gives at 50 digits, if the same doubles at 100: then nothing cancels that they would show."""
    with mp.workdps(DIGITS):
        content = solution(*arguments)
    with mp.workdps(2 * DIGITS):
        again = solution(*arguments)
    for key, value in content.items():
        require(
            value == again[key], content.get("name", content["description"]), f"{DIGITS} digits are too few for {key}"
        )
    return content


def texts():
    """{file name: content} of the cases, functions.json, layers.json, and SHA256SUMS, which lists them in order."""
    contents = {recipe.name: assured(solve, recipe) for recipe in RECIPES}
    contents |= {"functions": assured(solve_functions), "layers": assured(solve_layers)}
    files = {f"{name}.json": as_text(content) + "\n" for name, content in contents.items()}
    sums = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in files.items()]
    return files | {"SHA256SUMS": "".join(sums)}


def difference(path, text):
    """What distinguishes the file at `path` from `text`, in words; None if nothing does."""
    if not path.is_file():
        return f"{path}: missing"
    found, expected = path.read_bytes(), text.encode()
    if found == expected:
        return None
    pairs = zip(found.split(b"\n"), expected.split(b"\n"), strict=False)
    line = next((number for number, (a, b) in enumerate(pairs, 1) if a != b), "last")
    return f"{path}: differs from what the generator gives, first at line {line}"


def check(folder, files):
    """The ways in which a folder is not what the generator would write, one line each."""
    found = [difference(folder / name, text) for name, text in files.items()]
    strays = [f"{path}: no case of the generator" for path in sorted(folder.glob("*.json")) if path.name not in files]
    return [line for line in found if line] + strays


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Compute the golden values with mpmath at 50 digits.")
    parser.add_argument("--output", type=Path, default=FOLDER, metavar="DIR", help="default: this program's folder")
    parser.add_argument("--check", action="store_true", help="write nothing, compare; exit 1 if a file differs")
    options = parser.parse_args(arguments)
    files = texts()
    if options.check:
        problems = check(options.output, files)
        print("\n".join(problems) or f"{len(files)} files in {options.output} are what the generator gives")
        return 1 if problems else 0
    options.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (options.output / name).write_bytes(text.encode())
    print(f"wrote {len(files)} files to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
