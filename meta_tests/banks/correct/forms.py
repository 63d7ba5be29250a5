"""Correct networks that differ from each other in more than their parts: how they hold, return and share arrays."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

import chainrule
from banks import variants
from banks.correct import parts
from banks.correct.network import Network, functions
from chainrule import reference


def single_precision_reference():
    module = variants.fresh_reference()
    double = SimpleNamespace(**vars(module))

    class SinglePrecision(module.MLP):
        def __init__(self, sizes, seed=0):
            super().__init__(sizes, seed, dtype=np.float32)

    return functions(
        relu=lambda z: double.relu(single(z)),
        softmax=lambda z: double.softmax(single(z)),
        cross_entropy=lambda p, y: double.cross_entropy(single(p), y),
        xavier=lambda fan_in, fan_out, rng: single(double.xavier(fan_in, fan_out, rng)),
        MLP=SinglePrecision,
    )


def single(x):
    return np.asarray(x, np.float32)


def in_single_precision(module):
    """A module whose functions and network compute in float32, sums included."""
    return SimpleNamespace(
        relu=lambda z: module.relu(single(z)),
        softmax=lambda z: module.softmax(single(z)),
        cross_entropy=lambda p, y: module.cross_entropy(single(p), y),
        xavier=lambda fan_in, fan_out, rng: single(module.xavier(fan_in, fan_out, rng)),
        MLP=type("Single", (module.MLP,), {"dtype": np.dtype(np.float32)}),
    )


class SingleBetween(Network):
    """Kept in float32 and added up in float64."""

    dtype = np.dtype(np.float32)

    def affine(self, l, a):
        return single(np.dot(a.astype(float), self.weights[l].astype(float)) + self.biases[l])

    def layer_gradients(self, l, a, delta):
        return tuple(map(single, super().layer_gradients(l, a.astype(float), delta.astype(float))))

    def step(self, grads, lr):
        super().step(grads, np.float32(lr))


class Extended(Network):
    """Computed in long double, returned in float64."""

    def activations(self, x):
        a = [np.asarray(x, np.longdouble)]
        for l in range(len(self.weights)):
            z = self.affine(l, a[-1])
            a.append(self.softmax(z) if l == len(self.weights) - 1 else self.relu(z))
        return a

    def forward(self, x):
        return super().forward(x).astype(float)

    def backward(self, x, y):
        return tuple([g.astype(float) for g in group] for group in super().backward(x, y))


def lists():
    """Nested lists for parameters, results and gradients, and sums in plain Python, from the last term to the first."""

    class Lists(Network):
        def __init__(self, sizes, seed=0):
            super().__init__(sizes, seed)
            self.weights, self.biases = [w.tolist() for w in self.weights], [b.tolist() for b in self.biases]

        def affine(self, l, a):
            w, b = self.weights[l], self.biases[l]
            columns, rows = range(len(b)), np.asarray(a).tolist()
            z = [[sum(row[i] * w[i][j] for i in reversed(range(len(row)))) + b[j] for j in columns] for row in rows]
            return np.array(z)

        def forward(self, x):
            return super().forward(x).tolist()

        def loss(self, x, y):
            return self.cross_entropy(np.array(self.forward(x)), y)

        def backward(self, x, y):
            return tuple([g.tolist() for g in group] for group in super().backward(x, y))

        def step(self, grads, lr):
            for theta, g in zip(self.weights, grads[0], strict=True):
                for i, row in enumerate(theta):
                    theta[i] = [value - lr * slope for value, slope in zip(row, g[i], strict=True)]
            for theta, g in zip(self.biases, grads[1], strict=True):
                theta[:] = [value - lr * slope for value, slope in zip(theta, g, strict=True)]

        def predict(self, x):
            return [row.index(max(row)) for row in self.forward(x)]

    return functions(
        relu=lambda z: parts.relu_by_mask(z).tolist() if np.size(z) else parts.relu_by_mask(z),
        softmax=lambda z: parts.softmax_by_logarithm(z).tolist(),
        xavier=lambda fan_in, fan_out, rng: parts.glorot_normal(fan_in, fan_out, rng).tolist(),
        MLP=Lists,
    )


def flat_vector():
    """All parameters are views of one vector, shown as tuples by properties that cannot be set."""

    class Flat(variants.fresh_reference().MLP):
        def __init__(self, sizes, seed=0):
            start = Network(sizes, seed)
            self.sizes, self.dtype = list(sizes), np.dtype(float)
            self.theta = np.concatenate([array.ravel() for array in (*start.weights, *start.biases)])

        @property
        def weights(self):
            return views(self.theta, list(pairwise(self.sizes)))

        @property
        def biases(self):
            return views(self.theta[-sum(self.sizes[1:]) :], [(size,) for size in self.sizes[1:]])

    return functions(MLP=Flat, relu=parts.relu_with_slope_one_at_zero, cross_entropy=reference.cross_entropy)


def views(vector, shapes):
    """Arrays of these shapes, one after the other, that share a vector."""
    found, start = [], 0
    for shape in shapes:
        end = start + int(np.prod(shape))
        found.append(vector[start:end].reshape(shape))
        start = end
    return tuple(found)


class AugmentedMatrices(Network):
    """A layer is one matrix whose last row is the bias, and inputs have a column of ones."""

    def __init__(self, sizes, seed=0):
        super().__init__(sizes, seed)
        self.matrices = [np.vstack([w, b]) for w, b in zip(self.weights, self.biases, strict=True)]
        self.weights, self.biases = [m[:-1] for m in self.matrices], [m[-1] for m in self.matrices]

    def affine(self, l, a):
        return np.hstack([a, np.ones((len(a), 1))]) @ self.matrices[l]

    def layer_gradients(self, l, a, delta):
        whole = np.hstack([a, np.ones((len(a), 1))]).T @ delta / len(a)
        return whole[:-1], whole[-1]

    def step(self, grads, lr):
        for m, *g in zip(self.matrices, *grads, strict=True):
            m -= lr * np.vstack(g)


class ColumnMajor(Network):
    """Everything is kept in Fortran's order; weights are shown as transposes of what is stored."""

    def __init__(self, sizes, seed=0):
        super().__init__(sizes, seed)
        self.stored = [np.ascontiguousarray(w.T) for w in self.weights]
        self.weights = [w.T for w in self.stored]

    def affine(self, l, a):
        return np.asfortranarray((self.stored[l] @ np.asfortranarray(a).T).T + self.biases[l])

    def layer_gradients(self, l, a, delta):
        return np.asfortranarray((delta.T @ a / len(a)).T), delta.sum(axis=0) / len(a)

    def step(self, grads, lr):
        for group, theta in zip(grads, (self.weights, self.biases), strict=True):
            for array, g in zip(theta, group, strict=True):
                np.subtract(array, lr * g, out=array)


class RowBiases(Network):
    def __init__(self, sizes, seed=0):
        super().__init__(sizes, seed)
        self.biases = [b.reshape(1, -1) for b in self.biases]


class ColumnBiases(Network):
    def __init__(self, sizes, seed=0):
        super().__init__(sizes, seed)
        self.biases = [b.reshape(-1, 1) for b in self.biases]


class GradientBuffer(Network):
    """Gradients are views of a buffer that each call makes for itself."""

    def backward(self, x, y):
        groups = super().backward(x, y)
        shapes = [np.shape(g) for group in groups for g in group]
        found = views(np.empty(sum(int(np.prod(shape)) for shape in shapes)), shapes)
        for view, g in zip(found, [*groups[0], *groups[1]], strict=True):
            view[...] = g
        return [list(found[: len(groups[0])]), list(found[len(groups[0]) :])]


class Padded(Network):
    """Batches are extended to a multiple of eight rows of zeros, which count for nothing."""

    def activations(self, x):
        x = np.asarray(x, self.dtype)
        extended = super().activations(np.vstack([x, np.zeros((-len(x) % 8, x.shape[1]), self.dtype)]))
        return [a[: len(x)] for a in extended]

    def layer_gradients(self, l, a, delta):
        filling = -len(a) % 8
        whole = [np.vstack([array, np.zeros((filling, array.shape[1]))]) for array in (a, delta)]
        return whole[0].T @ whole[1] / len(a), whole[1].sum(axis=0) / len(a)


class SampleBySample(Network):
    """Gradients of single samples, added up, or a mean that is kept up to date."""

    running = False

    def backward(self, x, y):
        total = None
        for n, (row, label) in enumerate(zip(x, y, strict=True), 1):
            weight_grads, bias_grads = super().backward(row[None], np.array([label]))
            one = [*weight_grads, *bias_grads]
            if total is None:
                total = one
            elif self.running:
                total = [mean + (g - mean) / n for mean, g in zip(total, one, strict=True)]
            else:
                total = [so_far + g for so_far, g in zip(total, one, strict=True)]
        mean = total if self.running else [g / len(x) for g in total]
        return mean[: len(self.weights)], mean[len(self.weights) :]


class RunningMean(SampleBySample):
    running = True


class Accumulated(Network):
    """Gradients of pieces of the batch, weighted with their sizes."""

    def backward(self, x, y):
        pieces = [slice(start, start + 3) for start in range(0, len(x), 3)]
        found = [super(Accumulated, self).backward(x[piece], y[piece]) for piece in pieces]
        shares = [len(x[piece]) / len(x) for piece in pieces]
        return tuple(
            [sum(share * g for share, g in zip(shares, layer, strict=True)) for layer in zip(*groups, strict=True)]
            for groups in zip(*found, strict=True)
        )


class ErrorDividedFirst(Network):
    """The mean is taken at the logits, and by the reciprocal of the number of samples."""

    def backward(self, x, y):
        self.share = 1.0 / len(x)
        return super().backward(x, y)

    def layer_gradients(self, l, a, delta):
        scaled = delta * self.share
        return a.T @ scaled, np.ones(len(a)) @ scaled


class FromLogits(Network):
    """The loss is log-sum-exp minus the label's logit, and never sees a probability."""

    def logits(self, x):
        return self.affine(len(self.weights) - 1, self.activations(x)[-2])

    def loss(self, x, y):
        z = self.logits(x)
        m = z.max(axis=1)
        return float((m + np.log(np.exp(z - m[:, None]).sum(axis=1)) - z[np.arange(len(y)), y]).mean())

    def predict(self, x):
        return self.logits(x).argmax(axis=1)


class FromOnePass(FromLogits):
    def loss(self, x, y):
        return -float(parts.log_softmax_in_one_pass(self.logits(x))[np.arange(len(y)), y].mean())


class ShufflesCopies(Network):
    """Inputs and labels are copied, and the copies shuffled together, on from where the last epoch left them."""

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng, x, y = np.random.default_rng(seed), np.array(x), np.array(y)
        history = []
        for _ in range(epochs):
            state = rng.bit_generator.state
            rng.shuffle(x)
            rng.bit_generator.state = state
            rng.shuffle(y)
            losses = []
            for start in range(0, len(x), batch_size):
                batch = slice(start, start + batch_size)
                losses.append(self.loss(x[batch], y[batch]))
                self.step(self.backward(x[batch], y[batch]), lr)
            history.append(float(np.mean(losses)))
        return history


class ShufflesPairs(Network):
    """Pairs in a list, shuffled by NumPy's older generator; each batch is put together from its pairs."""

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng, pairs, history = np.random.RandomState(seed), list(zip(x, y, strict=True)), []
        for _ in range(epochs):
            rng.shuffle(pairs)
            total = 0.0
            for start in range(0, len(pairs), batch_size):
                rows, labels = map(np.array, zip(*pairs[start : start + batch_size], strict=True))
                total += len(rows) * self.loss(rows, labels)
                self.step(self.backward(rows, labels), lr)
            history.append(total / len(pairs))
        return np.array(history)


class ShufflesRows(Network):
    """Labels stand in a last column beside the inputs, as numbers like them."""

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng, table = np.random.default_rng(seed), np.column_stack([x, y])
        for _ in range(epochs):
            table = rng.permutation(table, axis=0)
            for batch in np.split(table, range(batch_size, len(table), batch_size)):
                self.step(self.backward(batch[:, :-1], batch[:, -1].astype(int)), lr)


class SeedsForLayers(Network):
    """Every layer draws from a generator of its own, split off from the network's."""

    def __init__(self, sizes, seed=0):
        super().__init__(sizes, seed)
        children = np.random.SeedSequence(seed).spawn(len(sizes) - 1)
        generators = [np.random.default_rng(child) for child in children]
        self.weights = [self.xavier(*fans, rng) for fans, rng in zip(pairwise(sizes), generators, strict=True)]


class OlderGenerator(Network):
    def __init__(self, sizes, seed=0):
        super().__init__(sizes, seed)
        rng = np.random.RandomState(seed)
        self.weights = [rng.randn(*fans) * np.sqrt(2 / sum(fans)) for fans in pairwise(sizes)]


class Dictionary(chainrule.Implementation):
    """An adapter for a network that is a dictionary of arrays, with samples in columns."""

    def relu(self, z):
        return parts.relu_with_slope_one_at_zero(z)

    def softmax(self, z):
        return parts.softmax_by_logarithm(z)

    def cross_entropy(self, p, y):
        return reference.cross_entropy(p, y)

    def xavier(self, fan_in, fan_out, rng):
        return parts.glorot_normal(fan_out, fan_in, rng).T

    def create(self, sizes, seed):
        rng = np.random.default_rng(seed)
        layers = list(enumerate(pairwise(sizes), 1))
        return {f"W{l}": parts.glorot_normal(*fans, rng).T for l, fans in layers} | {
            f"b{l}": np.zeros((fans[1], 1)) for l, fans in layers
        }

    def parameters(self, model):
        depth = range(1, len(model) // 2 + 1)
        return [model[f"W{l}"].T for l in depth], [model[f"b{l}"] for l in depth]

    def assign(self, model, weights, biases):
        for l, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
            model[f"W{l}"], model[f"b{l}"] = np.array(w).T, np.array(b).reshape(-1, 1)

    def columns(self, model, x):
        a, depth = [np.asarray(x, float).T], len(model) // 2
        for l in range(1, depth + 1):
            z = model[f"W{l}"] @ a[-1] + model[f"b{l}"]
            a.append(np.maximum(z, 0) if l < depth else parts.softmax_by_logarithm(z.T).T)
        return a

    def forward(self, model, x):
        return self.columns(model, x)[-1].T

    def loss(self, model, x, y):
        return reference.cross_entropy(self.forward(model, x), y)

    def backward(self, model, x, y):
        a, depth = self.columns(model, x), len(model) // 2
        delta, grads = a[-1].copy(), ([], [])
        delta[y, np.arange(len(y))] -= 1.0
        for l in range(depth, 0, -1):
            grads[0].insert(0, a[l - 1] @ delta.T / len(y))
            grads[1].insert(0, delta.sum(axis=1, keepdims=True) / len(y))
            delta = (model[f"W{l}"].T @ delta) * (a[l - 1] > 0)
        return grads

    def step(self, model, grads, lr):
        for l in range(1, len(model) // 2 + 1):
            model[f"W{l}"] = model[f"W{l}"] - lr * np.asarray(grads[0][l - 1]).T
            model[f"b{l}"] = model[f"b{l}"] - lr * np.asarray(grads[1][l - 1]).reshape(-1, 1)

    def fit(self, model, x, y, *, epochs, batch_size, lr, seed):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            left = list(rng.permutation(len(x)))
            while left:
                batch, left = left[:batch_size], left[batch_size:]
                self.step(model, self.backward(model, x[batch], y[batch]), lr)

    def predict(self, model, x):
        return self.forward(model, x).argmax(axis=1)
