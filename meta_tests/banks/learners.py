"""Mistakes that a learner makes while filling in the skeleton, one at a time, each with the first cause to be named.

A network of the skeleton's functions, filled in as the course has them, up to a function; the mistake is a small
replacement in it.
"""

from chainrule.cli.skeleton import SKELETON

BODIES = {
    "relu": "    return np.maximum(z, 0)\n",
    "softmax": """\
    shifted = z - np.max(z, axis=1, keepdims=True)
    exps = np.exp(shifted)
    return exps / np.sum(exps, axis=1, keepdims=True)
""",
    "cross_entropy": """\
    n = len(y)
    picked = p[np.arange(n), y]
    return float(-np.mean(np.log(picked)))
""",
    "xavier": """\
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=(fan_in, fan_out))
""",
    "__init__": """\
        rng = np.random.default_rng(seed)
        self.weights = []
        self.biases = []
        for i in range(len(sizes) - 1):
            self.weights.append(xavier(sizes[i], sizes[i + 1], rng))
            self.biases.append(np.zeros(sizes[i + 1]))
""",
    "forward": """\
        a = x
        last = len(self.weights) - 1
        for i in range(len(self.weights)):
            z = a @ self.weights[i] + self.biases[i]
            a = softmax(z) if i == last else relu(z)
        return a
""",
    "loss": "        return cross_entropy(self.forward(x), y)\n",
    "backward": """\
        n = len(y)
        end = len(self.weights) - 1
        activations = [x]
        zs = []
        for i in range(len(self.weights)):
            zs.append(activations[-1] @ self.weights[i] + self.biases[i])
            activations.append(softmax(zs[-1]) if i == end else relu(zs[-1]))
        delta = activations[-1].copy()
        delta[np.arange(n), y] -= 1
        delta /= n
        weight_grads = [None] * len(self.weights)
        bias_grads = [None] * len(self.weights)
        for i in reversed(range(len(self.weights))):
            weight_grads[i] = activations[i].T @ delta
            bias_grads[i] = np.sum(delta, axis=0)
            if i > 0:
                delta = (delta @ self.weights[i].T) * (zs[i - 1] > 0)
        return weight_grads, bias_grads
""",
    "step": """\
        weight_grads, bias_grads = grads
        for i in range(len(self.weights)):
            self.weights[i] -= lr * weight_grads[i]
            self.biases[i] -= lr * bias_grads[i]
""",
    "fit": """\
        rng = np.random.default_rng(seed)
        history = []
        for epoch in range(epochs):
            order = rng.permutation(len(x))
            total = 0.0
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                xb, yb = x[batch], y[batch]
                grads = self.backward(xb, yb)
                total += self.loss(xb, yb) * len(batch)
                self.step(grads, lr)
            history.append(total / len(x))
        return history
""",
    "predict": "        return np.argmax(self.forward(x), axis=1)\n",
}
STUB = "raise NotImplementedError"


def filled(last="predict"):
    """The skeleton with its functions filled in, from the first to `last`."""
    written, name, more = [], "", True
    for line in SKELETON.splitlines(keepends=True):
        if line.strip().startswith("def "):
            more, name = more and name != last, line.strip()[4:].partition("(")[0]
        written.append(BODIES[name] if STUB in line and more else line)
    return "".join(written)


SHIFT = "np.max(z, axis=1, keepdims=True)"
TOTAL = "np.sum(exps, axis=1, keepdims=True)"
LOSS = "-np.mean(np.log(picked))"
LIMIT = "np.sqrt(6 / (fan_in + fan_out))"
DRAWN = "rng.uniform(-limit, limit, size=(fan_in, fan_out))"
ZEROS = "self.biases.append(np.zeros(sizes[i + 1]))"
ACTIVE = "a = softmax(z) if i == last else relu(z)"
DOWN = "(delta @ self.weights[i].T) * (zs[i - 1] > 0)"
OF_BIASES = "np.sum(delta, axis=0)"
OF_WEIGHTS = "activations[i].T @ delta"
RETURNED = "        return weight_grads, bias_grads"
LISTS = "        weight_grads = [None] * len(self.weights)\n        bias_grads = [None] * len(self.weights)\n"
UPDATES = "self.weights[i] -= lr * weight_grads[i]\n            self.biases[i] -= lr * bias_grads[i]"

LEARNERS = [  # (the last function written, the chapter to run, {old: new}, the first cause, text on its line)
    ("relu", "activations", {"np.maximum(z, 0)": "np.max(z, 0)"}, "relu-shape", "np.max("),
    ("relu", "activations", {"    return np.maximum(z, 0)": "    z[z < 0] = 0\n    return z"}, "relu-in-place", "z[z"),
    ("relu", "activations", {"maximum": "maximun"}, "did you mean 'maximum'?", "maximun"),
    ("softmax", "softmax", {SHIFT: "np.max(z, axis=0)", TOTAL: "np.sum(exps, axis=0)"}, "softmax-over-batch", "axis=0"),
    ("softmax", "softmax", {TOTAL: "np.sum(exps, axis=1)"}, "softmax-shape", "np.sum(exps, axis=1)"),
    ("softmax", "softmax", {SHIFT: "0"}, "softmax-no-shift", ""),
    ("softmax", "softmax", {SHIFT: "np.max(z)"}, "softmax-global-maximum", "np.max(z)"),
    ("softmax", "softmax", {"np.sum(exps,": "np.sum(exp,"}, "did you mean 'exps'?", "np.sum(exp,"),
    ("softmax", "softmax", {"np.exp": "math.exp"}, "is `import math` missing?", "math.exp"),
    ("softmax", "softmax", {SHIFT: "np.max(z, axis=1, keepdim=True)"}, "unexpected keyword argument", "keep"),
    (
        "softmax",
        "softmax",
        {"exps / " + TOTAL: "np.exp(shifted / np.sum(shifted, axis=1, keepdims=True))"},
        "softmax-exponent-divided",
        "shifted / np.sum",
    ),
    (
        "softmax",
        "softmax",
        {"np.exp(shifted)": "np.exp(z) - " + SHIFT},
        "softmax-shift-after-exp",
        "np.exp(z) - ",
    ),
    ("cross_entropy", "cross_entropy", {LOSS: "-np.sum(np.log(picked))"}, "loss-summed", "np.sum"),
    ("cross_entropy", "cross_entropy", {LOSS: LOSS[1:]}, "loss-negated", "np.mean"),
    ("cross_entropy", "cross_entropy", {"p[np.arange(n), y]": "p[:, y]"}, "loss-of-all-classes", "p[:, y]"),
    (
        "cross_entropy",
        "cross_entropy",
        {"picked = p[np.arange(n), y]": "", LOSS: "-np.sum(y * np.log(p)) / n"},
        "loss-zero-times-infinity",
        "y * np.log",
    ),
    ("cross_entropy", "cross_entropy", {"log(picked)": "log(np.clip(picked, 1e-3, 1))"}, "loss-clipped", "np.clip"),
    ("cross_entropy", "cross_entropy", {"np.log(": "np.log2("}, "loss-log-base", "log2"),
    ("cross_entropy", "cross_entropy", {LOSS: "np.mean(np.log(-picked))"}, "should be", "log(-picked)"),
    ("cross_entropy", "cross_entropy", {"log(picked)": "log(1 - picked)"}, "should be", "1 - picked"),
    ("cross_entropy", "cross_entropy", {"n = len(y)": "n = p.shape[1]"}, "should be", "n = p.shape[1]"),
    ("cross_entropy", "cross_entropy", {"p[np.arange(n), y]": "np.max(p, axis=1)"}, "loss-of-prediction", "np.max"),
    ("xavier", "initialization", {LIMIT: LIMIT.replace("6", "2")}, "init-third-variance", "2 / ("),
    ("xavier", "initialization", {LIMIT: "np.sqrt(6 / fan_in)"}, "init-he", "6 / fan_in"),
    ("xavier", "initialization", {LIMIT: "np.sqrt(6) / (fan_in + fan_out)"}, "should be", "np.sqrt(6)"),
    ("xavier", "initialization", {LIMIT: LIMIT.replace("/", "//")}, "integer-division", "//"),
    ("xavier", "initialization", {"(-limit, limit": "(0, limit"}, "init-positive", "(0, limit"),
    ("xavier", "initialization", {"uniform(-limit": "normal(0"}, "init-triple-variance", "limit"),
    ("xavier", "initialization", {"rng.uniform": "np.random.uniform"}, "init-generator-unused", "np.random.uniform"),
    ("xavier", "initialization", {DRAWN: "rng.standard_normal((fan_in, fan_out))"}, "init-constant-scale", "normal("),
    (
        "xavier",
        "initialization",
        {"(fan_in, fan_out))\n\n": "(fan_out, fan_in))\n\n"},
        "init-shape",
        "(fan_out, fan_in)",
    ),
    ("forward", "initialization", {"range(len(sizes) - 1)": "range(len(sizes))"}, "IndexError", "range(len(sizes))"),
    ("forward", "initialization", {ZEROS: ZEROS.replace(" + 1", "")}, "init-bias-shape", "np.zeros(sizes[i])"),
    ("forward", "initialization", {"default_rng(seed)\n": "default_rng()\n"}, "init-seed-unused", "default_rng()"),
    (
        "forward",
        "initialization",
        {"xavier(sizes[i], sizes[i + 1], rng)": "xavier(sizes[i + 1], sizes[i], rng)"},
        "init-sizes",
        "xavier(sizes[i + 1]",
    ),
    (
        "forward",
        "initialization",
        {
            "self.weights.append": "rng = np.random.default_rng(seed)\n            self.weights.append",
        },
        "init-layers-alike",
        "            rng =",
    ),
    (
        "loss",
        "shapes",
        {ACTIVE + "\n        return a": "a = relu(z)\n        return softmax(a)"},
        "forward-relu-on-output",
        "",
    ),
    ("loss", "shapes", {"        return a\n": "            return a\n"}, "returns-in-loop", "            return a"),
    ("loss", "shapes", {ACTIVE: "a = z if i == last else relu(z)"}, "forward-logits", "return a"),
    ("loss", "shapes", {ACTIVE: "a = softmax(z)"}, "forward-softmax-in-hidden-layers", "a = softmax(z)"),
    ("loss", "shapes", {"= a @ self.weights[i]": "= a @ self.weight[i]"}, "did you mean 'weights'?", "self.weight[i]"),
    ("loss", "shapes", {"= a @ self.weights[i]": "= x @ self.weights[i]"}, "do not fit", "x @ self.weights[i]"),
    ("loss", "shapes", {"= a @ self.weights[i]": "= a * self.weights[i]"}, "operands", "a * self.weights[i]"),
    ("loss", "shapes", {ACTIVE: ACTIVE.replace("relu", "self.relu")}, "without self", "self.relu"),
    ("loss", "shapes", {"last = len(self.weights) - 1": "last = len(self.weights)"}, "forward-other-network", "last ="),
    ("loss", "shapes", {"cross_entropy(self.forward(x), y)": "cross_entropy(x, y)"}, "loss-of-inputs", "(x, y)"),
    (
        "loss",
        "shapes",
        {"cross_entropy(self.forward(x), y)": "cross_entropy(y, self.forward(x))"},
        "IndexError",
        "(y, self",
    ),
    ("loss", "shapes", {"(self.forward(x), y)": "(self.forward(x), y), 1"}, "expected one number", "), 1"),
    ("backward", "gradients", {"        delta /= n\n": ""}, "gradient-not-averaged", "-= 1"),
    ("backward", "gradients", {OF_WEIGHTS: "delta.T @ activations[i]"}, "weight-gradient-transposed", "delta.T"),
    ("backward", "gradients", {DOWN: DOWN.replace(".T", "")}, "carry-not-transposed", "weights[i])"),
    ("backward", "gradients", {DOWN: DOWN.replace("i - 1", "i")}, "mask-of-another-layer", "zs[i]"),
    ("backward", "gradients", {DOWN: "relu(delta @ self.weights[i].T)"}, "mask-of-delta", "relu(delta"),
    (
        "backward",
        "gradients",
        {OF_WEIGHTS: "activations[i + 1].T @ delta"},
        "weight-gradient-of-another-layer",
        "i + 1",
    ),
    ("backward", "gradients", {OF_BIASES: "np.sum(delta)"}, "bias-gradient-over-all-entries", "np.sum(delta)"),
    ("backward", "gradients", {OF_BIASES: "delta"}, "bias-gradient-not-summed", "bias_grads[i] = delta"),
    ("backward", "gradients", {RETURNED: "        return bias_grads, weight_grads"}, "gradients-exchanged", "return"),
    (
        "backward",
        "gradients",
        {"delta[np.arange(n), y] -= 1": "delta -= y[:, None]"},
        "gradient-label-as-number",
        "y[:",
    ),
    ("backward", "gradients", {"if i > 0": "if i < end"}, "do not fit", "if i < end"),
    (
        "backward",
        "gradients",
        {"reversed(range(len(self.weights)))": "range(end, 0, -1)"},
        "no line fills",
        "range(end",
    ),
    ("backward", "gradients", {"weight_grads[i] = ": "weight_grads = "}, "two lists of arrays", "weight_grads ="),
    ("backward", "gradients", {"activations[-1].copy()": "activations[-2].copy()"}, "do not fit", "[-2]"),
    (
        "backward",
        "gradients",
        {
            LISTS: "        weight_grads, bias_grads = [], []\n",
            "weight_grads[i] = " + OF_WEIGHTS: f"weight_grads.append({OF_WEIGHTS})",
            "bias_grads[i] = " + OF_BIASES: f"bias_grads.append({OF_BIASES})",
        },
        "gradients-reversed",
        "return weight_grads",
    ),
    ("predict", "training", {UPDATES: UPDATES.replace("-=", "+=")}, "step-ascends", "+="),
    ("predict", "training", {UPDATES: UPDATES.replace("-=", "-")}, "step-nothing", "self.weights[i] - lr"),
    (
        "predict",
        "training",
        {"weight_grads, bias_grads = grads": "bias_grads, weight_grads = grads"},
        "ValueError",
        "= grads",
    ),
    ("predict", "training", {"y[batch]": "y[start : start + batch_size]"}, "fit-labels-not-shuffled", "y[start"),
    ("predict", "training", {"self.step(grads, lr)": "self.step(grads, 0.01)"}, "fit-rate-fixed", "0.01"),
    (
        "predict",
        "training",
        {"        return history": "            return history"},
        "returns-in-loop",
        "return history",
    ),
    (
        "predict",
        "training",
        {"(0, len(x), batch_size)": "(0, len(x) - batch_size + 1, batch_size)"},
        "fit-last-batch-dropped",
        "+ 1",
    ),
    (
        "predict",
        "training",
        {
            "            order = rng.permutation(len(x))\n": "",
            "        for epoch": "        order = rng.permutation(len(x))\n        for epoch",
        },
        "fit-same-order",
        "order =",
    ),
    (
        "predict",
        "shapes",
        {"np.argmax(self.forward(x), axis=1)": "np.argmax(self.forward(x), axis=0)"},
        "predict-over-batch",
        "axis=0",
    ),
    (
        "predict",
        "shapes",
        {"np.argmax(self.forward(x), axis=1)": "np.round(self.forward(x))"},
        "predict-probabilities",
        "round",
    ),
    ("cross_entropy", "cross_entropy", {"p[np.arange(n), y]": "p[:, 0]"}, "loss-of-one-class", "p[:, 0]"),
    (
        "forward",
        "shapes",
        {" + self.biases[i]\n            a = soft": "\n            a = soft"},
        "forward-bias-missing",
        "@",
    ),
    ("forward", "shapes", {ACTIVE: "a = softmax(z) if i == last else z"}, "relu-missing", "@ self.weights[i]"),
    ("forward", "shapes", {ACTIVE: "a = z if i == last else relu(z)"}, "forward-logits", "return a"),
    ("forward", "shapes", {ACTIVE: "a = softmax(z)"}, "forward-softmax-in-hidden-layers", "softmax(z)"),
    ("forward", "shapes", {ACTIVE: "a = softmax(relu(z)) if i == last else relu(z)"}, "forward-relu-on-output", "relu"),
    (
        "__init__",
        "initialization",
        {"self.biases = []": "self.biases = [np.zeros(n) for n in sizes]", ZEROS: "pass"},
        "init-sizes",
        "for n in sizes",
    ),
    (
        "predict",
        "initialization",
        {"self.biases = []": "self.biases = [np.zeros(n) for n in sizes]", ZEROS: "pass"},
        "init-sizes",
        "for n in sizes",
    ),
    ("backward", "gradients", {"(zs[i - 1] > 0)": "activations[i]"}, "mask-is-activation", "* activations[i]"),
    (
        "backward",
        "gradients",
        {RETURNED: "        return weight_grads[::-1], bias_grads[::-1]", "        delta /= n\n": ""},
        "gradients-reversed",
        "[::-1]",
    ),
    (
        "step",
        "training",
        {UPDATES: UPDATES.replace("-=", "+=").replace("weight_grads", "grads[0]").replace("bias_grads", "grads[1]")},
        "step-ascends",
        "self.weights[i] +=",
    ),
    ("forward", "initialization", {"sizes[i + 1], rng)": "sizes[i + 1], np.random)"}, "init-seed-unused", "np.random)"),
    ("loss", "shapes", {"len(self.weights) - 1": "len(weights) - 1"}, "did you mean 'self.weights'?", "len(weights)"),
    (
        "loss",
        "shapes",
        {"(self.forward(x), y)": "(self.forward(x), np.eye(len(self.biases[-1]))[y])"},
        "arrays used as indices",
        "np.eye",
    ),
    ("loss", "shapes", {ACTIVE: "a = softmax(z) if i == last else z"}, "relu-missing", "@ self.weights[i]"),
    ("backward", "gradients", {"delta[np.arange(n), y]": "delta[y, np.arange(n)]"}, "IndexError", "delta[y, "),
    (
        "backward",
        "gradients",
        {"delta[np.arange(n), y] -= 1\n        delta /= n": "delta = delta - np.eye(delta.shape[1])[y] / n"},
        "gradient-log-softmax-without-sum",
        "/ n",
    ),
    ("predict", "shapes", {"x), axis=1)": "x), axis=1) + 1"}, "predict-shifted", "+ 1"),
]
UNWRITTEN = [  # (the last function written, {old: new}, what is said is to be done)
    ("relu", {"return np.maximum": "np.maximum"}, "relu returns None: a stub, or its `return` is missing"),
    (
        "forward",
        {"        self.weights = []": "        weights = []", "self.weights.append": "weights.append"},
        "sets self.weights",
    ),
]
