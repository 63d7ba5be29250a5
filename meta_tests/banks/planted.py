"""Mistakes planted in the honest network, each with its name in the catalogue and its line."""

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
]
