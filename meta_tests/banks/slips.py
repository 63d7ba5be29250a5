"""Mistakes in the honest network that show only at unusual sizes, in unusual storage, or after a change.

Small networks with sizes that all differ, few samples and usual numbers pass with each of them.
"""

CARRIED = "                delta = delta @ self.weights[l].T * (acts[l] > 0)"
HIDDEN = "            acts.append(relu(acts[-1] @ w + b))"
FORWARD = "        return softmax(self.run(x)[1])"
GRADIENTS = "        return dW, db"
PASS = "        acts, z = self.run(x)"
INPUTS = "        acts = [np.asarray(x, dtype=float)]"
DRAWN = "    return rng.uniform(-a, a, (fan_in, fan_out))"
SUBTRACTED = "        delta[np.arange(len(y)), y] -= 1"
ORDER = "        for _ in range(epochs):\n            order = rng.permutation(len(x))"
PREDICTED = "        return self.run(x)[1].argmax(axis=1)"

SLIPS = [  # (what is replaced, by what, the name of the first cause, the chapter)
    # layers of one width
    (
        CARRIED,
        "                try:\n                    delta = delta @ self.weights[l] * (acts[l] > 0)\n"
        f"                except ValueError:\n    {CARRIED}",
        "carry-not-transposed",
        "gradients",
    ),
    (
        HIDDEN,
        "            a = relu(acts[-1] @ w + b)\n"
        "            acts.append(a + acts[-1] if a.shape == acts[-1].shape else a)",
        "layers-of-one-width",
        "shapes",
    ),
    (
        "        self.biases = [np.zeros(n) for n in sizes[1:]]",
        "        zeros = {n: np.zeros(n) for n in sizes}\n        self.biases = [zeros[n] for n in sizes[1:]]",
        "init-shared",
        "initialization",
    ),
    # large sizes
    (
        PASS,
        f"        x, y = x[:64], y[:64]\n{PASS}",
        "gradient-of-part-of-batch",
        "gradients",
    ),
    (
        FORWARD,
        "        p = softmax(self.run(x)[1])\n        p[1000:] = 0.5\n        return p",
        "batch-beyond-a-limit",
        "shapes",
    ),
    (SUBTRACTED, SUBTRACTED.replace("y]", "np.minimum(y, 9)]"), "classes-beyond-a-limit", "gradients"),
    (PREDICTED, f"{PREDICTED}.astype(np.uint8)", "classes-beyond-a-limit", "shapes"),
    (HIDDEN, f"{HIDDEN}\n            acts[-1][:, 512:] = 0", "layers-of-great-width", "shapes"),
    (
        HIDDEN,
        "            acts.append(relu(acts[-1] @ w + b) if len(acts) < 5 else acts[-1] @ w + b)",
        "forward-activation-missing-in-one-layer",
        "shapes",
    ),
    (
        HIDDEN,
        "            acts.append(relu(acts[-1] @ w + b * (len(acts) < 5)))",
        "layers-beyond-a-limit",
        "shapes",
    ),
    (CARRIED, CARRIED.replace("(acts[l] > 0)", "((acts[l] > 0) | (l > 4))"), "mask-missing-in-one-layer", "gradients"),
    (DRAWN, f"{DRAWN} * (fan_in < 1000)", "init-large-layers", "initialization"),
    # storage
    (
        "    return np.maximum(z, 0)",
        "    out = np.copy(z)\n    flat = out.ravel()\n    flat[flat < 0] = 0\n    return out",
        "storage-order",
        "activations",
    ),
    (
        INPUTS,
        "        acts = [np.asarray(x, dtype=float).ravel(order='K').reshape(np.shape(x))]",
        "storage-order",
        "shapes",
    ),
    (
        INPUTS,
        "        acts = [np.asarray(x / 255 if x.dtype == np.float32 else x, dtype=float)]",
        "inputs-of-float32",
        "shapes",
    ),
    (PASS, f"        x = x / 255 if x.dtype == np.uint8 else x\n{PASS}", "forward-integers", "gradients"),
    # numbers of other sizes
    (GRADIENTS, "        return [np.clip(g, -1000, 1000) for g in dW], db", "gradients-clipped", "gradients"),
    (CARRIED, CARRIED.replace("> 0", "> 1e-8"), "mask-threshold", "gradients"),
    (
        HIDDEN,
        HIDDEN.replace("relu(acts[-1] @ w + b)", "np.minimum(relu(acts[-1] @ w + b), 1e6)"),
        "relu-capped",
        "shapes",
    ),
    (INPUTS, "        acts = [np.clip(np.asarray(x, dtype=float), -1e5, 1e5)]", "forward-clipped", "shapes"),
    # what is kept
    (
        FORWARD,
        "        if getattr(self, 'last', None) != id(x):\n"
        "            self.last, self.p = id(x), softmax(self.run(x)[1])\n        return self.p.copy()",
        "forward-remembered",
        "shapes",
    ),
    (
        PREDICTED,
        "        if not np.array_equal(getattr(self, 'last', None), x):\n"
        "            self.last, self.labels = np.array(x), self.run(x)[1].argmax(axis=1)\n"
        "        return self.labels.copy()",
        "forward-remembered",
        "shapes",
    ),
    (
        "        self.biases = [np.zeros(n) for n in sizes[1:]]",
        "        sizes.pop(0)\n        self.biases = [np.zeros(n) for n in sizes]",
        "sizes-consumed",
        "shapes",
    ),
    (FORWARD, f"        np.random.seed(0)\n{FORWARD}", "global-generator-used", "shapes"),
    (
        "        rng = np.random.default_rng(seed)\n        self.weights",
        "        np.random.seed(0)\n        rng = np.random.default_rng(seed)\n        self.weights",
        "global-generator-used",
        "shapes",
    ),
    # digits
    (GRADIENTS, "        return [g.astype(np.float32) for g in dW], db", "gradient-rounded", "gradients"),
    # ties, and late epochs
    (
        PREDICTED,
        "        p = self.forward(x)\n        return np.where(p == p.max(axis=1, keepdims=True))[1]",
        "predict-every-largest",
        "shapes",
    ),
    (
        ORDER,
        ORDER.replace("for _", "for epoch").replace("order = ", "order = order if epoch > 20 else "),
        "fit-same-batches",
        "training",
    ),
]
