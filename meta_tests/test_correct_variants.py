"""Who is right must pass, however it is written; what is no implementation must pass nothing and break nothing."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import variants

import chainrule
from chainrule import reference
from chainrule.contract import CORE_CHAPTERS

# Specs that ask for shapes, for what is left alone and for what agrees with itself: no number has to be right.
NOT_NUMERIC = {
    *("relu.shape", "relu.input_kept", "relu.empty", "softmax.shape", "softmax.input_kept"),
    *("cross_entropy.input_kept", "initialization.shape", "initialization.sizes", "initialization.biases"),
    *(
        "initialization.seed",
        "initialization.fresh",
        "network.assignable",
        "network.output_shape",
        "network.arguments_kept",
    ),
    *("gradients.shapes", "training.step_arguments_kept", "training.arguments_kept"),
}


CORE = [clause for clause, (spec, _) in variants.specs().items() if spec.chapter in CORE_CHAPTERS[:-1]]


class Network:
    """An MLP written anew, with the choices that learners make differently as attributes and methods to override."""

    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.weights = [glorot_normal(*fans, rng) for fans in pairwise(sizes)]
        self.biases = [np.zeros(size) for size in sizes[1:]]

    def activations(self, x):
        a = [np.asarray(x, dtype=float)]
        for w, b in zip(self.weights, self.biases, strict=True):
            z = np.dot(a[-1], w) + np.reshape(b, (1, -1))
            a.append(softmax_by_logarithm(z) if len(a) == len(self.weights) else relu_by_mask(z))
        return a

    def forward(self, x):
        return self.activations(x)[-1]

    def predict(self, x):
        return np.argmax(self.forward(x), axis=-1)

    def loss(self, x, y):
        return cross_entropy_with_epsilon(self.forward(x), y)

    def backward(self, x, y):
        a = self.activations(x)
        delta = a[-1] - (np.asarray(y)[:, None] == np.arange(a[-1].shape[1]))
        grads = []
        for l in range(len(self.weights) - 1, -1, -1):
            grads.append(
                (np.einsum("ni,nj->ij", a[l], delta) / len(y), delta.mean(axis=0).reshape(np.shape(self.biases[l])))
            )
            delta = np.einsum("nj,ij->ni", delta, self.weights[l]) * np.sign(a[l])
        return [w for w, _ in reversed(grads)], [b for _, b in reversed(grads)]

    def step(self, grads, lr):
        self.weights = [w - lr * g for w, g in zip(self.weights, grads[0], strict=True)]
        self.biases = [b - lr * g for b, g in zip(self.biases, grads[1], strict=True)]

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = np.arange(len(x))
            rng.shuffle(order)
            for batch in np.array_split(order, range(batch_size, len(x), batch_size)):
                self.step(self.backward(x[batch], y[batch]), lr)


def relu_by_mask(z):
    return z * (z > 0)


def relu_with_slope_one_at_zero(z):
    return np.where(z >= 0, z, 0.0)


def softmax_by_logarithm(z):
    m = z.max(axis=1, keepdims=True)
    return np.exp(z - (m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))))


def cross_entropy_with_epsilon(p, y):
    return -np.log(p[range(len(y)), y] + 1e-12).mean()


def cross_entropy_clipped(p, y):
    one_hot = np.eye(p.shape[1])[y]
    return -(one_hot * np.log(np.clip(p, 1e-7, 1.0))).sum() / len(p)


def glorot_normal(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / (fan_in + fan_out))


def functions(**changes):
    """A namespace with the contract's names, as a module would have them."""
    return SimpleNamespace(
        **{
            "relu": relu_by_mask,
            "softmax": softmax_by_logarithm,
            "cross_entropy": cross_entropy_with_epsilon,
            "xavier": glorot_normal,
            "MLP": Network,
        }
        | changes
    )


def single_precision():
    module = variants.fresh_reference()
    double = SimpleNamespace(**vars(module))

    class SinglePrecision(module.MLP):
        def __init__(self, sizes, seed=0):
            super().__init__(sizes, seed, dtype=np.float32)

    def single(x):
        return np.asarray(x, np.float32)

    return functions(
        relu=lambda z: double.relu(single(z)),
        softmax=lambda z: double.softmax(single(z)),
        cross_entropy=lambda p, y: double.cross_entropy(single(p), y),
        xavier=lambda fan_in, fan_out, rng: single(double.xavier(fan_in, fan_out, rng)),
        MLP=SinglePrecision,
    )


def lists():
    """Nested lists for parameters, results and gradients, and sums in plain Python, from the last term to the first."""

    class Lists(Network):
        def __init__(self, sizes, seed=0):
            super().__init__(sizes, seed)
            self.weights, self.biases = [w.tolist() for w in self.weights], [b.tolist() for b in self.biases]

        def activations(self, x):
            rows = np.asarray(x, dtype=float).tolist()
            a = [np.array(rows)]
            for w, b in zip(self.weights, self.biases, strict=True):
                columns = range(len(b))
                z = [[sum(row[i] * w[i][j] for i in reversed(range(len(row)))) + b[j] for j in columns] for row in rows]
                z = np.array(z)
                a.append(softmax_by_logarithm(z) if len(a) == len(self.weights) else relu_by_mask(z))
                rows = a[-1].tolist()
            return a

        def forward(self, x):
            return super().forward(x).tolist()

        def loss(self, x, y):
            return cross_entropy_with_epsilon(np.array(self.forward(x)), y)

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
        relu=lambda z: relu_by_mask(z).tolist() if np.size(z) else relu_by_mask(z),
        softmax=lambda z: softmax_by_logarithm(z).tolist(),
        xavier=lambda fan_in, fan_out, rng: glorot_normal(fan_in, fan_out, rng).tolist(),
        MLP=Lists,
    )


def flat_vector():
    """All parameters are views of one vector, shown as tuples by properties that cannot be set."""

    class Flat(variants.fresh_reference().MLP):
        def __init__(self, sizes, seed=0):
            start = Network(sizes, seed)
            self.sizes, self.dtype = list(sizes), np.dtype(float)
            self.theta = np.concatenate([array.ravel() for array in (*start.weights, *start.biases)])

        def views(self, shapes, start):
            views = []
            for shape in shapes:
                end = start + int(np.prod(shape))
                views.append(self.theta[start:end].reshape(shape))
                start = end
            return tuple(views)

        @property
        def weights(self):
            return self.views(list(pairwise(self.sizes)), 0)

        @property
        def biases(self):
            return self.views([(size,) for size in self.sizes[1:]], self.theta.size - sum(self.sizes[1:]))

    return functions(MLP=Flat, relu=relu_with_slope_one_at_zero, cross_entropy=reference.cross_entropy)


def row_biases():
    """Biases are (1, out), and the loss is clipped."""

    class Rows(Network):
        def __init__(self, sizes, seed=0):
            super().__init__(sizes, seed)
            self.biases = [b.reshape(1, -1) for b in self.biases]

        def loss(self, x, y):
            return cross_entropy_clipped(self.forward(x), y)

    return functions(MLP=Rows, cross_entropy=cross_entropy_clipped)


def column_biases():
    """Biases are (out, 1); the loss's epsilon is as large as is accepted; parameters are rebound in every step."""

    def cross_entropy(p, y):
        return float(np.mean(-np.log(p[np.arange(len(y)), y] + 1e-7)))

    class Columns(Network):
        def __init__(self, sizes, seed=0):
            super().__init__(sizes, seed)
            self.biases = [b.reshape(-1, 1) for b in self.biases]

        def loss(self, x, y):
            return cross_entropy(self.forward(x), y)

    return functions(MLP=Columns, cross_entropy=cross_entropy)


class Dictionary(chainrule.Implementation):
    """An adapter for a network that is a dictionary of arrays, with samples in columns."""

    def relu(self, z):
        return relu_with_slope_one_at_zero(z)

    def softmax(self, z):
        return softmax_by_logarithm(z)

    def cross_entropy(self, p, y):
        return reference.cross_entropy(p, y)

    def xavier(self, fan_in, fan_out, rng):
        return glorot_normal(fan_out, fan_in, rng).T

    def create(self, sizes, seed):
        rng = np.random.default_rng(seed)
        layers = list(enumerate(pairwise(sizes), 1))
        return {f"W{l}": glorot_normal(*fans, rng).T for l, fans in layers} | {
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
            a.append(np.maximum(z, 0) if l < depth else softmax_by_logarithm(z.T).T)
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


CORRECT = {
    "the reference": lambda: reference,
    "written anew": functions,
    "float32": single_precision,
    "lists": lists,
    "views of a flat vector": flat_vector,
    "biases as rows, p clipped": row_biases,
    "biases as columns, a large epsilon": column_biases,
    "an adapter": lambda: Dictionary(None),
}


@pytest.mark.parametrize("make", CORRECT.values(), ids=CORRECT)
def test_correct_variant_passes(make):
    outcome = variants.check(make())
    found = variants.not_passed(outcome)
    assert found.pop("training.history", "").removeprefix("skipped: ") in ("", "fit returns no history")
    assert found == {}
    assert outcome.verdict == "pass"


HISTORIES = {
    "over samples": lambda before, sizes, after: float(np.average(before, weights=sizes)),
    "over batches": lambda before, sizes, after: float(np.mean(before)),
    "after the epoch": lambda before, sizes, after: after,
}


@pytest.mark.parametrize("history_of", HISTORIES.values(), ids=HISTORIES)
def test_history_may_have_any_of_three_meanings(history_of):
    class WithHistory(Network):
        def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
            rng, history = np.random.default_rng(seed), []
            for _ in range(epochs):
                batches = np.array_split(rng.permutation(len(x)), range(batch_size, len(x), batch_size))
                before = []
                for batch in batches:
                    before.append(self.loss(x[batch], y[batch]))
                    self.step(self.backward(x[batch], y[batch]), lr)
                history.append(history_of(before, [len(batch) for batch in batches], self.loss(x, y)))
            return history

    results = variants.run_clauses(functions(MLP=WithHistory), ["training.history"])
    assert results["training.history"].outcome == "passed", results["training.history"].message


def outcomes(outcome):
    return {result.outcome for result in outcome.specs}


def test_an_empty_module_is_all_todo():
    outcome = variants.check(SimpleNamespace())
    assert outcomes(outcome) == {"todo"}
    assert outcome.verdict == "incomplete"


def constants(entry, *, probability=None):
    """Right shapes, and the same number everywhere."""

    def filled(shape):
        return np.full(shape, entry)

    def uniform(shape):
        return np.full(shape, 1 / shape[1] if probability == "uniform" else entry)

    class Constant:
        def __init__(self, sizes, seed=0):
            self.sizes = sizes
            self.weights, self.biases = (
                [filled(fans) for fans in pairwise(sizes)],
                [np.zeros(size) for size in sizes[1:]],
            )

        def forward(self, x):
            return uniform((len(x), self.sizes[-1]))

        def loss(self, x, y):
            return float(np.log(self.sizes[-1])) if probability == "uniform" else float(entry)

        def backward(self, x, y):
            return [filled(np.shape(w)) for w in self.weights], [filled(np.shape(b)) for b in self.biases]

        def step(self, grads, lr):
            pass

        def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
            return [self.loss(x, y)] * epochs

        def predict(self, x):
            return np.zeros(len(x), dtype=int)

    return SimpleNamespace(
        relu=lambda z: filled(np.shape(z)),
        softmax=lambda z: uniform(np.shape(z)),
        cross_entropy=lambda p, y: float(np.log(p.shape[1])) if probability == "uniform" else float(entry),
        xavier=lambda fan_in, fan_out, rng: filled((fan_in, fan_out)),
        MLP=Constant,
    )


CONSTANTS = {
    "zeros": lambda: constants(0.0),
    "ones": lambda: constants(1.0),
    "uniform probabilities": lambda: constants(0.0, probability="uniform"),
    "infinities": lambda: constants(np.inf),
    "nan": lambda: constants(np.nan),
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in CONSTANTS.items()])
def test_constants_pass_no_numeric_spec(make):
    outcome = variants.check(make())
    assert {result.id for result in outcome.specs if result.outcome == "passed"} - NOT_NUMERIC == set()
    assert outcome.verdict == "fail"


def test_the_specs_called_not_numeric_exist():
    assert set(variants.specs()) >= NOT_NUMERIC


def everywhere(answer):
    """A module all of whose functions and methods do the same thing."""

    class Network:
        def __init__(self, sizes, seed=0):
            self.weights = [np.zeros(fans) for fans in pairwise(sizes)]
            self.biases = [np.zeros(size) for size in sizes[1:]]

        def forward(self, x):
            return answer()

        def loss(self, x, y):
            return answer()

        def backward(self, x, y):
            return answer()

        def step(self, grads, lr):
            return answer()

        def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
            return answer()

        def predict(self, x):
            return answer()

    return SimpleNamespace(
        relu=lambda z: answer(),
        softmax=lambda z: answer(),
        cross_entropy=lambda p, y: answer(),
        xavier=lambda fan_in, fan_out, rng: answer(),
        MLP=Network,
    )


def raises():
    raise ZeroDivisionError("as it happens")


def leaves():
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("answer", "message"),
    [(raises, "ZeroDivisionError: as it happens"), (leaves, "SystemExit: 3")],
    ids=["raises", "exits"],
)
def test_what_raises_is_an_error_of_each_spec(answer, message):
    outcome = variants.check(everywhere(answer))
    found = {result.id: result for result in outcome.specs}
    assert outcome.verdict == "fail"
    assert found["softmax.overflow"].outcome == "error"
    assert message in found["softmax.overflow"].message
    assert len(found) == len(CORE)


STRANGE = {
    "strings": lambda: "0.5",
    "objects": object,
    "empty lists": list,
    "complex numbers": lambda: 1j,
    "dictionaries": dict,
    "classes": lambda: int,
}


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE)
def test_strange_results_fail_and_break_nothing(answer):
    outcome = variants.check(everywhere(answer))
    found = {result.id: result for result in outcome.specs}
    assert found["softmax.overflow"].outcome == "failed"
    assert found["network.forward"].outcome in ("failed", "blocked")
    assert outcome.verdict == "fail"
    assert len(found) == len(CORE)


def test_stubs_are_todo():
    outcome = variants.check(everywhere(lambda: None))
    assert {result.id for result in outcome.specs if result.outcome == "passed"} <= NOT_NUMERIC
    assert {result.outcome for result in outcome.specs if result.chapter in ("activations", "softmax")} == {"todo"}


def test_what_is_printed_is_kept_out(capsys):
    def softmax(z):
        print("noise")
        return softmax_by_logarithm(z)

    results = variants.run_clauses(functions(softmax=softmax), ["softmax.overflow"])
    assert results["softmax.overflow"].outcome == "passed"
    assert capsys.readouterr().out == ""


def forever_counting(calls):
    def forever(*arguments, **keywords):
        calls.append(1)
        while True:
            pass

    return forever


@pytest.mark.parametrize(
    ("method", "clause"),
    [("fit", "training.full_batch"), ("forward", "network.output_shape"), ("loss", "network.loss")],
)
def test_what_never_returns_is_called_once(method, clause):
    calls = []
    module = functions(MLP=type("Endless", (Network,), {method: forever_counting(calls)}))
    outcome = variants.check(module, timeout=5.0)
    found = {result.id: result for result in outcome.specs}
    assert found[clause].outcome in ("error", "blocked")
    assert f"{method} did not return within 5 s" in found[clause].message
    assert found["softmax.values"].outcome == "passed"
    assert outcome.verdict == "fail"
    assert len(calls) <= 7  # once by the search, each stage of precision, each other probe, and a spec: no more tries
