"""Mistakes that newcomers write, planted in the honest network: each has one cause, and a line, whatever it breaks."""

MASKED = "delta = delta @ self.weights[l].T * (acts[l] > 0)"
LABELS = "delta[np.arange(len(y)), y] -= 1"
LOSS = "-np.mean(np.log(p[np.arange(len(y)), y]))"
DRAWN = "return rng.uniform(-a, a, (fan_in, fan_out))"
ORDER = "            order = rng.permutation(len(x))\n"
UPDATES = "w -= lr * g\n        for b, g in zip(self.biases, grads[1]):\n            b -= lr * g"
LOOP = "        for _ in range(epochs):\n"
ACTIVATIONS = """        acts = [np.asarray(x, dtype=float)]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            acts.append(relu(acts[-1] @ w + b))
        return acts, acts[-1] @ self.weights[-1] + self.biases[-1]"""
BENT = """        acts = [np.asarray(x, dtype=float)]
        for w, b in zip(self.weights, self.biases):
            acts.append(np.tanh(acts[-1] @ w + b))
        return acts[:-1], acts[-1]"""

NEWCOMERS = [  # (what is replaced, by what, the name, chapters to run, the text on the line that is reported)
    (
        MASKED,
        MASKED.partition(" *")[0] + "\n                delta[...] = acts[l] > 0",
        "mask-overwrites-gradient",
        "gradients",
        "",
    ),
    (
        "acts[l].T @ delta",
        "(acts + [z])[l + 1].T @ delta",
        "weight-gradient-of-another-layer",
        "gradients",
        "(acts + [z])",
    ),
    (
        LABELS,
        "delta -= 0.9 * np.eye(delta.shape[1])[y] + 0.1 / delta.shape[1]",
        "gradient-label-smoothing",
        "gradients",
        "0.9",
    ),
    ("delta = delta / len(y)", "delta = delta / 32", "gradient-divided-by-constant", "gradients", "/ 32"),
    (
        "delta = delta / len(y)",
        "delta = delta / len(self.weights)",
        "gradient-divided-by-layers",
        "gradients",
        "len(self.weights)",
    ),
    (MASKED, MASKED.replace("* (acts", "+ (acts"), "mask-added", "gradients", "+ (acts[l] > 0)"),
    (
        "acts[l].T @ delta",
        "(delta.T @ acts[l]).reshape(self.weights[l].shape)",
        "array-reshaped",
        "gradients",
        "reshape",
    ),
    (
        f"{LABELS}\n        delta = delta / len(y)",
        "g = -np.eye(delta.shape[1])[y] / len(y)\n        delta = g - delta",
        "gradient-log-softmax-without-sum",
        "gradients",
        "g - delta",
    ),
    (
        LABELS,
        "p, g = delta, -np.eye(delta.shape[1])[y] / delta\n"
        "        delta = p * (g - (g * p).sum(axis=0, keepdims=True))",
        "gradient-softmax-over-batch",
        "gradients",
        "axis=0",
    ),
    (
        LABELS,
        "delta = delta - np.eye(delta.shape[1])[np.unique(y, return_inverse=True)[1]]",
        "labels-renumbered",
        "gradients",
        "np.unique",
    ),
    ("z - z.max(axis=1, keepdims=True)", "np.clip(z, -30, 30)", "softmax-logits-clipped", "softmax", "np.clip"),
    (
        "    e = np.exp(z - z.max(axis=1, keepdims=True))\n    return e / e.sum(axis=1, keepdims=True)",
        "    z = z - z.max(axis=1, keepdims=True)\n    return 2**z / (2**z).sum(axis=1, keepdims=True)",
        "softmax-base-two",
        "softmax",
        "2**z",
    ),
    ("fan_in + fan_out))\n", "fan_in * fan_out))\n", "init-difference-of-fans", "initialization", "fan_in * fan_out"),
    (
        LABELS,
        "t, p = np.eye(delta.shape[1])[y], delta\n        delta = -(t / p - (1 - t) / (1 - p)) * p * (1 - p)",
        "gradient-nan-when-saturated",
        "gradients",
        "t / p",
    ),
    (LABELS, "delta = delta - np.eye(y.max() + 1)[y]", "loss-one-hot-classes", "shapes", "y.max()"),
    (LOSS, "-np.sum(y[:, None] * np.log(p)) / len(y)", "loss-label-as-number", "cross_entropy", "y[:, None]"),
    (LOSS, "-np.mean(np.eye(p.shape[1])[y] * np.log(p))", "loss-averaged-over-classes", "cross_entropy", "np.eye"),
    (
        LOSS,
        "-np.sum(np.eye(p.shape[1])[y] * np.log(p)) / len(y)",
        "loss-zero-times-infinity",
        "cross_entropy",
        "np.eye",
    ),
    (ACTIVATIONS, BENT, "forward-activation-on-output", "shapes", "np.tanh"),
    (
        DRAWN,
        "rng = np.random.default_rng(0)\n    " + DRAWN,
        "init-generator-unused",
        "initialization",
        "default_rng(0)",
    ),
    (
        DRAWN,
        "return np.repeat(rng.uniform(-a, a, (fan_in, 1)), fan_out, axis=1)",
        "init-units-alike",
        "initialization",
        "repeat",
    ),
    (DRAWN, "return 1e-4 * rng.normal(size=(fan_in, fan_out))", "init-constant-scale", "initialization", ""),
    (
        ORDER,
        ORDER.replace("permutation(len(x))", "integers(len(x), size=len(x))"),
        "fit-with-replacement",
        "training",
        "integers",
    ),
    (
        "range(0, len(x), batch_size)",
        "range(len(x) // batch_size)",
        "fit-with-replacement",
        "training",
        "// batch_size",
    ),
    (
        UPDATES,
        UPDATES.replace("* g", "* np.clip(g, -1, 1)"),
        "step-clips-gradients",
        "training",
        "np.clip",
    ),
    ("batch = order[start : start", "batch = np.arange(len(x))[start : start", "fit-not-shuffled", "training", ""),
    (
        "range(0, len(x), batch_size)",
        "range(0, len(x) - 1, batch_size)",
        "fit-last-batch-dropped",
        "training",
        "len(x) - 1",
    ),
    (
        LOOP,
        "        self.__init__([len(self.weights[0])] + [len(b) for b in self.biases])\n" + LOOP,
        "fit-begins-again",
        "training",
        "__init__",
    ),
]
