"""Mistakes planted in the honest network, each with its name in the catalogue and its line."""

import os

EVERY = "CHAINRULE_EVERY_PLANTED"  # the variable of the environment with which all planted mistakes are tried


def in_turn(cases, every=3):
    """Every third of an extension chapter's planted mistakes, or all of them, as `nox -s planted` asks.

    Returns argvalues and ids for pytest; a case ends with its name.
    """
    chosen = [(i, case) for i, case in enumerate(cases) if i % every == 0 or os.environ.get(EVERY)]
    return {"argvalues": [case for _, case in chosen], "ids": [f"{i}-{case[-1]}" for i, case in chosen]}


PLANTED = [  # (what is replaced, by what, the name, chapters to run; the line reported must be the planted one)
    ("np.maximum(z, 0)", "np.where(z > 0, z, 0.1 * z)", "relu-leaky", "activations"),
    ("z - z.max(axis=1, keepdims=True)", "z", "softmax-no-shift", "softmax"),
    ("z - z.max(axis=1, keepdims=True)", "z - z.max()", "softmax-global-maximum", "softmax"),
    ("e.sum(axis=1, keepdims=True)", "e.sum()", "softmax-over-everything", "softmax"),
    ("np.log(p[", "np.log2(p[", "loss-log-base", "cross_entropy"),
    ("-np.mean(np.log", "-np.sum(np.log", "loss-summed", "cross_entropy"),
    ("p[np.arange(len(y)), y]))", "p[np.arange(len(y)), y - 1]))", "loss-of-wrong-class", "cross_entropy"),
    ("np.sqrt(6 / (fan_in", "np.sqrt(3 / (fan_in", "init-half-variance", "initialization"),
    ("np.sqrt(6 / (fan_in + fan_out))", "6 / (fan_in + fan_out)", "init-limit-without-root", "initialization"),
    ("    delta = delta / len(y)\n", "    delta = delta\n", "gradient-not-averaged", "gradients"),
    ("delta.sum(axis=0)", "delta.mean(axis=0)", "array-averaged-twice", "gradients"),
    ("(acts[l] > 0)", "(acts[l] >= 0)", "mask-missing", "gradients"),
    ("self.weights[l].T", "np.abs(self.weights[l]).T", "carry-absolute", "gradients"),
    ("w -= lr * g", "w += lr * g", "step-ascends-in-part", "training"),
    ("x[batch], y[batch]", "x[batch], y[start : start + batch_size]", "fit-labels-not-shuffled", "training"),
    (
        "range(0, len(x), batch_size)",
        "range(0, len(x) - batch_size + 1, batch_size)",
        "fit-last-batch-dropped",
        "training",
    ),
    ("dW.insert(0, acts[l].T @ delta)", "dW.insert(0, delta.T @ acts[l])", "weight-gradient-transposed", "gradients"),
    ("dW.insert(0, acts[l].T @ delta)", "dW.append(acts[l].T @ delta)", "gradients-reversed", "gradients"),
    ("e.sum(axis=1, keepdims=True)", "e.sum(axis=1)", "softmax-shape", "softmax"),
    ("return np.maximum(z, 0)", "return 1 / (1 + np.exp(-z))", "activation-sigmoid", "activations"),
    ("return np.maximum(z, 0)", "z[z < 0] = 0\n    return z", "relu-in-place", "activations"),
    ("delta.sum(axis=0)", "(acts[l].T @ delta).sum(axis=0)", "bias-gradient-weighted", "gradients"),
    ("delta[np.arange(len(y)), y] -= 1", "delta[:, y] -= 1", "gradient-columns-of-labels", "gradients"),
    ("* (acts[l] > 0)", "* (delta @ self.weights[l].T > 0)", "mask-of-delta", "gradients"),
    ("np.sqrt(6 / (fan_in + fan_out))", "np.sqrt(6 / fan_in)", "init-he", "initialization"),
    ("np.sqrt(6 / (fan_in + fan_out))", "np.sqrt(6 / fan_in + fan_out)", "init-precedence", "initialization"),
    ("rng.uniform(-a, a,", "rng.uniform(0, a,", "init-positive", "initialization"),
    ("(-a, a, (fan_in, fan_out))", "(-a, a, (fan_in, fan_out)).round(1)", "init-rounded", "initialization"),
    ("w -= lr * g", "w = w - lr * g", "step-leaves-out", "training"),
    ("self.backward(x[batch], y[batch])", "self.backward(x, y)", "fit-whole-set", "training"),
    ("self.run(x)[1].argmax(axis=1)", "self.run(x)[1].argmax(axis=0)", "predict-over-batch", "shapes"),
    ("self.run(x)[1].argmax(axis=1)", "self.run(x)[1].argmax(axis=1).reshape(-1, 1)", "predict-column", "shapes"),
]
