"""Batch normalization as people write it, right in every style; and mistakes planted in it.

STYLES: {style: its source}.  PLANTED: (style, what is replaced, by what, the mistake that it makes).
"""

CONTRACT = """
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=0)
    variance = x.var(axis=0)
    root = np.sqrt(variance + eps)
    h = (x - mean) / root
    return gamma * h + beta, (h, gamma, root)


def batchnorm_backward(dout, cache):
    h, gamma, root = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * h).sum(axis=0)
    dh = dout * gamma
    dx = (dh - dh.mean(axis=0) - h * (dh * h).mean(axis=0)) / root
    return dx, dgamma, dbeta


def batchnorm_evaluate(x, gamma, beta, mean, variance, eps=1e-5):
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def batchnorm_running(x, mean, variance, momentum=0.9):
    mean = momentum * mean + (1 - momentum) * x.mean(axis=0)
    variance = momentum * variance + (1 - momentum) * x.var(axis=0)
    return mean, variance
"""

# cs231n: settings, mode and running statistics in a dictionary, and two backward passes.
COURSE = """
def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    out, cache = None, None
    if mode == "train":
        mu = 1 / float(N) * np.sum(x, axis=0)
        xmu = x - mu
        sq = xmu**2
        var = 1 / float(N) * np.sum(sq, axis=0)
        sqrtvar = np.sqrt(var + eps)
        ivar = 1.0 / sqrtvar
        xhat = xmu * ivar
        out = gamma * xhat + beta
        cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == "test":
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * xhat + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar**2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dx = gamma * ivar / N * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta
"""

# A class with gamma, beta and running statistics as attributes, and a flag for training.
LAYER = """
class BatchNorm:
    def __init__(self, num_features, eps=1e-5, momentum=0.9):
        self.eps = eps
        self.momentum = momentum
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)

    def forward(self, x, training=True):
        if training:
            mean = np.mean(x, axis=0)
            var = np.var(x, axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean = self.running_mean
            var = self.running_var
        self.std = np.sqrt(var + self.eps)
        self.centered = x - mean
        self.x_hat = self.centered / self.std
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        n = dout.shape[0]
        self.dgamma = np.sum(dout * self.x_hat, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        dx_hat = dout * self.gamma
        dvar = np.sum(dx_hat * self.centered, axis=0) * -0.5 * self.std**-3
        dmean = -np.sum(dx_hat, axis=0) / self.std + dvar * np.mean(-2.0 * self.centered, axis=0)
        return dx_hat / self.std + dvar * 2.0 * self.centered / n + dmean / n
"""

# A book's layer: gamma and beta are given to it, and its statistics are made in the first pass.
BOOK = """
class BatchNormalization:
    def __init__(self, gamma, beta, momentum=0.9, running_mean=None, running_var=None):
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.running_mean = running_mean
        self.running_var = running_var
        self.batch_size = None
        self.xc = None
        self.std = None
        self.dgamma = None
        self.dbeta = None

    def forward(self, x, train_flg=True):
        if self.running_mean is None:
            N, D = x.shape
            self.running_mean = np.zeros(D)
            self.running_var = np.zeros(D)
        if train_flg:
            mu = x.mean(axis=0)
            xc = x - mu
            var = np.mean(xc**2, axis=0)
            std = np.sqrt(var + 10e-7)
            xn = xc / std
            self.batch_size = x.shape[0]
            self.xc = xc
            self.xn = xn
            self.std = std
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            xc = x - self.running_mean
            xn = xc / ((np.sqrt(self.running_var + 10e-7)))
        return self.gamma * xn + self.beta

    def backward(self, dout):
        dbeta = dout.sum(axis=0)
        dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        dstd = -np.sum((dxn * self.xc) / (self.std * self.std), axis=0)
        dvar = 0.5 * dstd / self.std
        dxc += (2.0 / self.batch_size) * self.xc * dvar
        dmu = np.sum(dxc, axis=0)
        dx = dxc - dmu / self.batch_size
        self.dgamma = dgamma
        self.dbeta = dbeta
        return dx
"""

# Samples in columns, gradients returned, momentum of the new and the variance over N - 1 in the running statistics.
COLUMNS = """
class BatchNorm1D:
    def __init__(self, n_units, momentum=0.1, epsilon=1e-5):
        self.momentum, self.epsilon, self.mode = momentum, epsilon, "train"
        self.gamma, self.beta = np.ones((n_units, 1)), np.zeros((n_units, 1))
        self.moving_mean, self.moving_var = np.zeros((n_units, 1)), np.ones((n_units, 1))

    def forward(self, Z):
        m = Z.shape[1]
        if self.mode == "train":
            self.mu = Z.mean(axis=1, keepdims=True)
            self.var = Z.var(axis=1, keepdims=True)
            rate = self.momentum
            self.moving_mean = (1 - rate) * self.moving_mean + rate * self.mu
            self.moving_var = (1 - rate) * self.moving_var + rate * self.var * m / max(m - 1, 1)
        else:
            self.mu, self.var = self.moving_mean, self.moving_var
        self.inverse = 1 / np.sqrt(self.var + self.epsilon)
        self.Z_norm = (Z - self.mu) * self.inverse
        return self.gamma * self.Z_norm + self.beta

    def backward(self, dZ):
        dgamma = np.sum(dZ * self.Z_norm, axis=1, keepdims=True)
        dbeta = np.sum(dZ, axis=1, keepdims=True)
        m = dZ.shape[1]
        dx = self.gamma * self.inverse / m * (m * dZ - dbeta - self.Z_norm * dgamma)
        return dx, dgamma, dbeta
"""

# A framework of one's own: parameters and gradients in dictionaries, train() and eval(), gradients that add up.
MODULE = """
class Module:
    def __init__(self):
        self.params, self.grads, self.training = {}, {}, True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def __call__(self, x):
        return self.forward(x)


class BatchNorm1d(Module):
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.params["gamma"] = np.ones((1, dim))
        self.params["beta"] = np.zeros((1, dim))
        self.grads["gamma"] = np.zeros((1, dim))
        self.grads["beta"] = np.zeros((1, dim))
        self.running_mean = np.zeros((1, dim))
        self.running_var = np.ones((1, dim))

    def forward(self, x):
        if self.training:
            mean = x.mean(axis=0, keepdims=True)
            var = x.var(axis=0, keepdims=True)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var
        else:
            mean, var = self.running_mean, self.running_var
        self.root = np.sqrt(var + self.eps)
        self.normalized = (x - mean) / self.root
        return self.params["gamma"] * self.normalized + self.params["beta"]

    def backward(self, grad):
        self.grads["gamma"] += (grad * self.normalized).sum(axis=0, keepdims=True)
        self.grads["beta"] += grad.sum(axis=0, keepdims=True)
        g = grad * self.params["gamma"]
        inner = g - g.mean(axis=0) - self.normalized * (g * self.normalized).mean(axis=0)
        return inner / self.root
"""

# Layers that keep what they compute, and return nothing.
KEEPING = """
class Layer_BatchNormalization:
    def __init__(self, n_features, epsilon=1e-7, momentum=0.9):
        self.weights = np.ones((1, n_features))
        self.biases = np.zeros((1, n_features))
        self.epsilon = epsilon
        self.momentum = momentum
        self.running_mean = np.zeros((1, n_features))
        self.running_variance = np.ones((1, n_features))

    def forward(self, inputs, training):
        self.inputs = inputs
        if training:
            self.mean = np.mean(inputs, axis=0, keepdims=True)
            self.variance = np.mean(np.square(inputs), axis=0, keepdims=True) - np.square(self.mean)
            self.running_mean *= self.momentum
            self.running_mean += (1 - self.momentum) * self.mean
            self.running_variance *= self.momentum
            self.running_variance += (1 - self.momentum) * self.variance
            mean, variance = self.mean, self.variance
        else:
            mean, variance = self.running_mean, self.running_variance
        self.scale = (variance + self.epsilon) ** -0.5
        self.normalized = (inputs - mean) * self.scale
        self.output = self.weights * self.normalized + self.biases

    def backward(self, dvalues):
        self.dweights = np.sum(dvalues * self.normalized, axis=0, keepdims=True)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        d = dvalues * self.weights
        along = np.mean(d * self.normalized, axis=0, keepdims=True)
        self.dinputs = self.scale * (d - np.mean(d, axis=0, keepdims=True) - self.normalized * along)
"""

# A function that takes the running statistics and gives them back.
ARGUMENTS = """
def batch_norm_forward(X, gamma, beta, moving_mean, moving_var, eps=1e-5, momentum=0.9, is_training=True):
    if not is_training:
        X_hat = (X - moving_mean) / np.sqrt(moving_var + eps)
        return gamma * X_hat + beta, None, moving_mean, moving_var
    mean = X.mean(axis=0)
    var = ((X - mean) ** 2).mean(axis=0)
    X_hat = (X - mean) / np.sqrt(var + eps)
    moving_mean = momentum * moving_mean + (1.0 - momentum) * mean
    moving_var = momentum * moving_var + (1.0 - momentum) * var
    return gamma * X_hat + beta, (X_hat, gamma, var, eps), moving_mean, moving_var


def batch_norm_backward(dout, cache):
    X_hat, gamma, var, eps = cache
    N = dout.shape[0]
    dgamma = np.einsum("nd,nd->d", dout, X_hat)
    dbeta = np.einsum("nd->d", dout)
    scale = gamma / np.sqrt(var + eps) / N
    return scale * (N * dout - dbeta - X_hat * dgamma), dgamma, dbeta
"""

# Training alone, with an eps of its own.
PLAIN = """
def batchnorm_forward(x, gamma, beta):
    mu, var = x.mean(0), x.var(0)
    x_hat = (x - mu) / np.sqrt(var + 1e-8)
    return gamma * x_hat + beta, (x, x_hat, mu, var, gamma)


def batchnorm_backward(dout, cache):
    x, x_hat, mu, var, gamma = cache
    N = len(x)
    inv = 1.0 / np.sqrt(var + 1e-8)
    dx_hat = dout * gamma
    dvar = (dx_hat * (x - mu) * -0.5 * inv**3).sum(0)
    dmu = (dx_hat * -inv).sum(0) + dvar * (-2 * (x - mu)).mean(0)
    return dx_hat * inv + dvar * 2 * (x - mu) / N + dmu / N, (dout * x_hat).sum(0), dout.sum(0)
"""

# Functions for samples in columns, gamma and beta (D, 1).
UPRIGHT = """
def batchnorm_forward(Z, gamma, beta, epsilon=1e-8):
    mu = np.mean(Z, axis=1, keepdims=True)
    sigma2 = np.var(Z, axis=1, keepdims=True)
    Z_norm = (Z - mu) / np.sqrt(sigma2 + epsilon)
    return gamma * Z_norm + beta, (Z, Z_norm, mu, sigma2, gamma, epsilon)


def batchnorm_backward(dZ_tilde, cache):
    Z, Z_norm, mu, sigma2, gamma, epsilon = cache
    m = Z.shape[1]
    dgamma = np.sum(dZ_tilde * Z_norm, axis=1, keepdims=True)
    dbeta = np.sum(dZ_tilde, axis=1, keepdims=True)
    dZ_norm = dZ_tilde * gamma
    inverse = 1.0 / np.sqrt(sigma2 + epsilon)
    total = np.sum(dZ_norm, axis=1, keepdims=True)
    dZ = inverse / m * (m * dZ_norm - total - Z_norm * np.sum(dZ_norm * Z_norm, axis=1, keepdims=True))
    return dZ, dgamma, dbeta
"""

STYLES = {
    "contract": CONTRACT,
    "course": COURSE,
    "layer": LAYER,
    "book": BOOK,
    "columns": COLUMNS,
    "module": MODULE,
    "keeping": KEEPING,
    "arguments": ARGUMENTS,
    "plain": PLAIN,
    "upright": UPRIGHT,
}

PLANTED = [
    # The training pass
    ("plain", "(x - mu) / np.sqrt(var + 1e-8)", "(x - mu) / (np.sqrt(var) + 1e-8)", "batchnorm-epsilon-outside"),
    ("plain", "(x - mu) / np.sqrt(var + 1e-8)", "(x - mu) / np.sqrt(var)", "batchnorm-epsilon-missing"),
    ("contract", "np.sqrt(variance + eps)\n    h", "(np.sqrt(variance) + eps)\n    h", "batchnorm-epsilon-outside"),
    ("course", "np.sqrt(var + eps)\n        ivar", "np.sqrt(var) + eps\n        ivar", "batchnorm-epsilon-outside"),
    ("layer", "np.sqrt(var + self.eps)", "np.sqrt(var) + self.eps", "batchnorm-epsilon-outside"),
    ("layer", "np.sqrt(var + self.eps)", "np.sqrt(var)", "batchnorm-epsilon-missing"),
    ("layer", "var = np.var(x, axis=0)", "var = np.var(x, axis=0, ddof=1)", "batchnorm-variance-unbiased"),
    ("course", "np.sum(sq, axis=0)", "np.sum(sq, axis=0) * N / (N - 1)", "batchnorm-variance-unbiased"),
    ("module", "np.sqrt(var + self.eps)", "(var + self.eps)", "batchnorm-root-missing"),
    ("layer", "np.var(x, axis=0)", "np.std(x, axis=0)", "batchnorm-deviation-for-variance"),
    ("arguments", "X.mean(axis=0)", "X.mean(axis=1, keepdims=True)", "batchnorm-axis"),
    ("contract", "mean = x.mean(axis=0)\n    variance", "mean = x.mean()\n    variance", "batchnorm-over-everything"),
    ("plain", "x.mean(0), x.var(0)", "x.mean(), x.var()", "batchnorm-over-everything"),
    ("contract", "h = (x - mean) / root", "h = x / root", "batchnorm-not-centred"),
    ("keeping", " - np.square(self.mean)", "", "batchnorm-second-moment"),
    ("course", "1 / float(N) * np.sum(sq, axis=0)", "np.sum(sq, axis=0)", "batchnorm-sum-of-squares"),
    ("contract", "gamma * h + beta, (", "beta * h + gamma, (", "batchnorm-gamma-beta-swapped"),
    ("layer", "self.gamma * self.x_hat + self.beta", "self.gamma * self.x_hat", "batchnorm-beta-missing"),
    (
        "columns",
        "self.gamma * self.Z_norm + self.beta",
        "self.gamma * (self.Z_norm + self.beta)",
        "batchnorm-gamma-times-beta",
    ),
    ("layer", "self.centered = x - mean", "x -= mean\n        self.centered = x", "batchnorm-arguments-changed"),
    (
        "layer",
        "self.std = ",
        "mean, var = self.running_mean, self.running_var\n        self.std = ",
        "batchnorm-running-in-training",
    ),
    # The gradients
    ("course", "N * dout - dbeta - xhat * dgamma", "N * dout - xhat * dgamma", "batchnorm-mean-constant"),
    ("layer", " + dmean / n", "", "batchnorm-mean-constant"),
    ("contract", " - h * (dh * h).mean(axis=0))", ")", "batchnorm-variance-constant"),
    ("book", "dxc += (2.0 / self.batch_size) * self.xc * dvar", "", "batchnorm-variance-constant"),
    (
        "contract",
        "(dh - dh.mean(axis=0) - h * (dh * h).mean(axis=0)) / root",
        "dh / root",
        "batchnorm-statistics-constant",
    ),
    ("layer", "dx_hat = dout * self.gamma", "dx_hat = dout", "batchnorm-dx-without-gamma"),
    ("columns", "self.gamma * self.inverse / m *", "self.gamma * self.inverse *", "batchnorm-dx-scaled"),
    ("arguments", "(N * dout - dbeta", "(dout - dbeta", "batchnorm-dx-sums"),
    ("layer", "* -0.5 * self.std**-3", "* 0.5 * self.std**-3", "batchnorm-dx-sign"),
    ("plain", "* -0.5 * inv**3", "* -1.0 * inv**3", "batchnorm-dvariance-factor"),
    ("layer", "* 2.0 * self.centered / n", "* self.centered / n", "batchnorm-dvariance-factor"),
    ("layer", "self.std**-3", "self.std**-2", "batchnorm-dvariance-power"),
    ("module", "return inner / self.root", "return inner", "batchnorm-dx-root"),
    ("layer", "np.sum(dout * self.x_hat, axis=0)", "np.sum(dout, axis=0)", "batchnorm-dgamma-without-normalized"),
    ("plain", "(dout * x_hat).sum(0)", "(dout * x).sum(0)", "batchnorm-dgamma-of-another"),
    (
        "layer",
        "np.sum(dout * self.x_hat, axis=0)",
        "np.sum(dout * self.centered, axis=0)",
        "batchnorm-dgamma-of-another",
    ),
    ("book", "np.sum(self.xn * dout, axis=0)", "np.mean(self.xn * dout, axis=0)", "batchnorm-dgamma-averaged"),
    ("layer", "self.dbeta = np.sum(", "self.dbeta = np.mean(", "batchnorm-dbeta-averaged"),
    ("contract", "return dx, dgamma, dbeta", "return dx, dbeta, dgamma", "batchnorm-gradients-swapped"),
    # Running statistics
    ("layer", "self.running_mean = self.momentum", "running_mean = self.momentum", "batchnorm-running-never-updated"),
    ("course", '    bn_param["running_mean"] = running_mean\n', "", "batchnorm-running-never-updated"),
    (
        "layer",
        "self.momentum * self.running_var + (1 - self.momentum) * var",
        "(1 - self.momentum) * self.running_var + self.momentum * var",
        "batchnorm-running-mixed",
    ),
    (
        "course",
        "momentum * running_var + (1 - momentum) * var",
        "momentum * running_var + (1 - momentum) * sqrtvar",
        "batchnorm-running-deviation",
    ),
    (
        "course",
        "momentum * running_var + (1 - momentum) * var",
        "momentum * running_var + (1 - momentum) * sqrtvar**2",
        "batchnorm-running-epsilon",
    ),
    (
        "keeping",
        "(1 - self.momentum) * self.variance",
        "(1 - self.momentum) * (self.variance + self.epsilon)",
        "batchnorm-running-epsilon",
    ),
    ("module", "self.momentum * var\n", "self.momentum * (var + 1e-8)\n", "batchnorm-running-epsilon"),
    (
        "contract",
        "momentum * mean + (1 - momentum) * x.mean(axis=0)",
        "momentum * mean + x.mean(axis=0)",
        "batchnorm-running-complement",
    ),
    ("arguments", "momentum * moving_mean + (1.0 - momentum) * mean", "mean", "batchnorm-running-replaced"),
    (
        "book",
        "= self.momentum * self.running_mean + (1 - self.momentum) * mu\n"
        "            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var",
        "= mu\n            self.running_var = var",
        "batchnorm-running-replaced",
    ),
    # Evaluation
    (
        "course",
        "(x - running_mean) / np.sqrt(running_var + eps)",
        "(x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)",
        "batchnorm-evaluates-by-batch",
    ),
    ("layer", "mean = self.running_mean", "mean = np.mean(x, axis=0)", "batchnorm-evaluates-by-batch"),
    ("arguments", "np.sqrt(moving_var + eps)", "(moving_var + eps)", "batchnorm-evaluates-without-root"),
    (
        "course",
        "np.sqrt(running_var + eps)",
        "(np.sqrt(running_var) + eps)",
        "batchnorm-evaluates-with-another-epsilon",
    ),
    (
        "contract",
        "gamma * (x - mean) / np.sqrt(variance + eps) + beta",
        "(x - mean) / np.sqrt(variance + eps)",
        "batchnorm-evaluates-without-scale",
    ),
    (
        "layer",
        "            mean = self.running_mean\n",
        "            mean = self.running_mean\n            self.running_mean = 0.9 * mean + 0.1 * x.mean(axis=0)\n",
        "batchnorm-evaluation-learns",
    ),
]
