"""Dropout as people write it, in right styles, and with a mistake planted in each of its forms.

STYLES: {name: source}.  PLANTED: (style, text, what stands in its place, the id of the mistake).
"""

CONTRACT = """
def dropout_forward(x, rate, rng):
    kept = rng.random(x.shape) >= rate
    mask = kept / (1 - rate)
    out = x * mask
    return out, mask

def dropout_backward(dout, cache):
    dx = dout * cache
    return dx
"""

COURSE = """
def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = None
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    elif mode == "test":
        out = x
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache

def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    dx = None
    if mode == "train":
        dx = dout * mask
    elif mode == "test":
        dx = dout
    return dx
"""

OLDER_COURSE = COURSE.replace("np.random.rand(*x.shape) < p) / p", "np.random.rand(*x.shape) >= p) / (1 - p)")

FLAGS = """
class Dropout:
    def __init__(self, dropout_ratio=0.5):
        self.dropout_ratio = dropout_ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.dropout_ratio
            return x * self.mask
        return x * (1.0 - self.dropout_ratio)

    def backward(self, dout):
        return dout * self.mask
"""

ATTRIBUTES = """
class Layer_Dropout:
    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs, training):
        self.inputs = inputs
        if not training:
            self.output = inputs.copy()
            return
        self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.binary_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.binary_mask
"""

MODES = """
class Module:
    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def __call__(self, x):
        return self.forward(x)

class Dropout(Module):
    def __init__(self, p=0.5, rng=None):
        self.p = p
        self.rng = rng or np.random.default_rng()
        self.training = True

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        self.keep = self.rng.binomial(1, 1 - self.p, size=x.shape)
        return x * self.keep / (1 - self.p)

    def backward(self, grad):
        return grad * self.keep / (1 - self.p)
"""

MASKS = """
def dropout_forward(A, keep_prob):
    D = np.random.rand(A.shape[0], A.shape[1])
    D = D < keep_prob
    A = A * D
    A = A / keep_prob
    return A, D

def dropout_backward(dA, D, keep_prob):
    dA = dA * D
    dA = dA / keep_prob
    return dA
"""

WORDS = """
class DropoutLayer:
    def __init__(self, keep_prob, seed=None):
        self.keep_prob = keep_prob
        self.random = np.random.RandomState(seed)
        self.mode = "train"

    def forward_pass(self, X):
        if self.mode == "test":
            return X
        self.mask = (self.random.uniform(size=X.shape) < self.keep_prob).astype(np.float32)
        return X * self.mask / self.keep_prob

    def backward_pass(self, grad, lr):
        return grad * self.mask / self.keep_prob
"""

FORWARD_ONLY = """
def dropout_layer(X, dropout):
    assert 0 <= dropout <= 1
    if dropout == 1:
        return np.zeros_like(X)
    if dropout == 0:
        return X
    mask = np.random.uniform(0, 1, X.shape) > dropout
    return mask.astype(float) * X / (1.0 - dropout)
"""

GENERATORS = """
rng = np.random.default_rng(42)

def dropout(x, p, training=True):
    if not training:
        return x, np.ones_like(x)
    mask = np.where(rng.random(size=x.shape) < p, 0.0, 1.0 / (1.0 - p))
    return np.multiply(x, mask), mask

def backward_dropout(grad, mask):
    return np.multiply(grad, mask)
"""

STYLES = {
    "contract": CONTRACT,
    "course": COURSE,
    "older course": OLDER_COURSE,
    "flags": FLAGS,
    "attributes": ATTRIBUTES,
    "modes": MODES,
    "masks": MASKS,
    "words": WORDS,
    "forward only": FORWARD_ONLY,
    "generators": GENERATORS,
}

PLANTED = (
    # the rate
    ("contract", "rng.random(x.shape) >= rate", "rng.random(x.shape) < rate", "dropout-keeps-the-rate"),
    (
        "contract",
        "kept = rng.random(x.shape) >= rate\n    mask = kept / (1 - rate)",
        "kept = rng.random(x.shape) < rate\n    mask = kept / rate",
        "dropout-keeps-the-rate",
    ),
    ("attributes", "self.rate = 1 - rate", "self.rate = rate", "dropout-keeps-the-rate"),
    ("masks", "D < keep_prob", "D >= keep_prob", "dropout-keeps-the-rate"),
    ("flags", "> self.dropout_ratio", "< self.dropout_ratio", "dropout-keeps-the-rate"),
    ("contract", "rng.random(x.shape)", "rng.standard_normal(x.shape)", "dropout-normal-mask"),
    ("course", "np.random.rand(*x.shape)", "np.random.randn(*x.shape)", "dropout-normal-mask"),
    ("masks", "np.random.rand(", "np.random.randn(", "dropout-normal-mask"),
    ("course", "np.random.rand(*x.shape) < p)", "np.random.rand(*x.shape) < 0.5)", "dropout-rate-fixed"),
    ("contract", "rng.random(x.shape) >= rate", "rng.random(x.shape) >= 0.2", "dropout-rate-fixed"),
    ("contract", "out = x * mask", "out = x", "dropout-drops-nothing"),
    # the draws
    ("contract", "rng.random(x.shape)", "rng.random(x.shape[1:])", "dropout-mask-of-units"),
    ("course", "np.random.rand(*x.shape)", "np.random.rand(x.shape[1])", "dropout-mask-of-units"),
    ("contract", "rng.random(x.shape)", "rng.random((len(x), *[1] * (x.ndim - 1)))", "dropout-mask-of-samples"),
    ("masks", "(A.shape[0], A.shape[1])", "(A.shape[0], 1)", "dropout-mask-of-samples"),
    ("contract", "rng.random(x.shape)", "rng.random()", "dropout-mask-of-the-batch"),
    ("attributes", "size=inputs.shape", "size=1", "dropout-mask-of-the-batch"),
    ("contract", "rng.random(x.shape) >= rate", "x > 0", "dropout-mask-of-input"),
    ("masks", "D = D < keep_prob", "D = A > 0", "dropout-mask-of-input"),
    ("contract", "    kept =", "    rng = np.random.default_rng(0)\n    kept =", "dropout-mask-repeats"),
    ("course", "        mask = (", "        np.random.seed(0)\n        mask = (", "dropout-mask-repeats"),
    (
        "flags",
        "            self.mask = np",
        "            if self.mask is None or self.mask.shape != x.shape:\n                self.mask = np",
        "dropout-mask-repeats",
    ),
    ("contract", "rng.random(x.shape)", "np.random.rand(*x.shape)", "dropout-generator-ignored"),
    ("contract", "    kept =", "    rng = np.random.default_rng()\n    kept =", "dropout-generator-ignored"),
    ("modes", "self.rng.binomial", "np.random.binomial", "dropout-generator-ignored"),
    # the factor
    ("contract", "mask = kept / (1 - rate)", "mask = kept", "dropout-unscaled"),
    ("course", " < p) / p", " < p)", "dropout-unscaled"),
    ("flags", "x * (1.0 - self.dropout_ratio)", "x", "dropout-unscaled"),
    ("contract", "kept / (1 - rate)", "kept / rate", "dropout-divided-by-rate"),
    ("generators", "1.0 / (1.0 - p))", "1.0 / p)", "dropout-divided-by-rate"),
    ("contract", "kept / (1 - rate)", "kept * (1 - rate)", "dropout-multiplied"),
    ("course", "out = x * mask", "out = x * mask / p", "dropout-applied-twice"),
    ("contract", "out = x * mask", "out = x * mask * mask", "dropout-applied-twice"),
    ("contract", "out = x * mask", "out = x + mask", "dropout-mask-added"),
    ("contract", "out = x * mask", "out = mask * 1.0", "dropout-returns-mask"),
    ("contract", "out = x * mask", "out = np.where(kept, x * mask, x)", "dropout-leaves-dropped"),
    # the backward pass
    ("contract", "dx = dout * cache", "dx = dout.copy()", "dropout-backward-unmasked"),
    ("modes", "return grad * self.keep / (1 - self.p)", "return grad / (1 - self.p)", "dropout-backward-unmasked"),
    ("contract", "dx = dout * cache", "dx = dout * (cache > 0)", "dropout-backward-unscaled"),
    ("masks", "    dA = dA / keep_prob\n", "", "dropout-backward-unscaled"),
    ("modes", "return grad * self.keep / (1 - self.p)", "return grad * self.keep", "dropout-backward-unscaled"),
    ("course", "dx = dout * mask", 'dx = dout * mask / dropout_param["p"]', "dropout-backward-scaled-twice"),
    (
        "attributes",
        "dvalues * self.binary_mask",
        "dvalues * self.binary_mask / self.rate",
        "dropout-backward-scaled-twice",
    ),
    (
        "course",
        "dx = dout * mask",
        'p = dropout_param["p"]\n        dx = dout * (np.random.rand(*dout.shape) < p) / p',
        "dropout-backward-draws-anew",
    ),
    (
        "flags",
        "return dout * self.mask",
        "return dout * (np.random.rand(*dout.shape) > self.dropout_ratio)",
        "dropout-backward-draws-anew",
    ),
    ("flags", "return dout * self.mask", "return dout * ~self.mask", "dropout-backward-inverted"),
    ("contract", "return out, mask", "return out, x * mask", "dropout-backward-of-values"),
    ("attributes", "dvalues * self.binary_mask", "dvalues * self.output", "dropout-backward-of-values"),
    ("contract", "return out, mask", "return out, (out != 0) / (1 - rate)", "dropout-backward-masks-by-values"),
    ("attributes", "dvalues * self.binary_mask", "dvalues * (self.inputs > 0)", "dropout-backward-masks-by-values"),
    # evaluation
    (
        "course",
        'elif mode == "test":\n        out = x\n',
        'elif mode == "test":\n        out = x * p\n',
        "dropout-scales-in-evaluation",
    ),
    (
        "flags",
        "self.mask = np.random.rand(*x.shape) > self.dropout_ratio",
        "self.mask = (np.random.rand(*x.shape) > self.dropout_ratio) / (1 - self.dropout_ratio)",
        "dropout-scales-in-evaluation",
    ),
    ("words", 'if self.mode == "test":', "if self.mode is None:", "dropout-drops-in-evaluation"),
    ("modes", "if not self.training or self.p == 0:", "if self.p == 0:", "dropout-drops-in-evaluation"),
    (
        "course",
        '    elif mode == "test":\n        out = x\n',
        "    else:\n        out = np.zeros_like(x)\n",
        "dropout-nothing-in-evaluation",
    ),
    # what is changed
    ("contract", "out = x * mask", "x *= mask\n    out = x.copy()", "dropout-in-place"),
    ("masks", "    A = A * D\n", "    A *= D\n", "dropout-in-place"),
    ("contract", "dx = dout * cache", "dout *= cache\n    dx = dout.copy()", "dropout-in-place"),
)
