"""Optimizers as people write them, in right styles, and with a mistake planted in each of its forms.

STYLES: {name: {operation: source}}, of optimizers that need nothing of each other.  PLANTED: (style, operation, text,
what stands in its place, the id of the mistake).
"""

LISTS = {
    "SGD": """
class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for i in range(len(params)):
            params[i] = params[i] - self.lr * grads[i]
""",
    "Momentum": """
class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = [np.zeros_like(p) for p in params]
        for i in range(len(params)):
            self.v[i] = self.momentum * self.v[i] + grads[i]
            params[i] -= self.lr * self.v[i]
""",
    "RMSProp": """
class RMSProp:
    def __init__(self, lr=0.01, decay=0.99, eps=1e-8):
        self.lr, self.decay, self.eps = lr, decay, eps
        self.s = None

    def update(self, params, grads):
        if self.s is None:
            self.s = [np.zeros_like(p) for p in params]
        for i, g in enumerate(grads):
            self.s[i] = self.decay * self.s[i] + (1 - self.decay) * g**2
            params[i] -= self.lr * g / (np.sqrt(self.s[i]) + self.eps)
""",
    "Adam": """
class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = None
        self.v = None
        self.t = 0

    def update(self, params, grads):
        if self.m is None:
            self.m = [np.zeros_like(p) for p in params]
            self.v = [np.zeros_like(p) for p in params]
        self.t += 1
        for i, g in enumerate(grads):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g**2
            m_hat = self.m[i] / (1 - self.beta1**self.t)
            v_hat = self.v[i] / (1 - self.beta2**self.t)
            params[i] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
""",
}

COURSE = {  # functions of one array and a dictionary, as in Stanford's cs231n
    "SGD": """
def sgd(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config
""",
    "Momentum": """
def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    config["velocity"] = v
    return next_w, config
""",
    "RMSProp": """
def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(w))
    config["cache"] = config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * dw**2
    next_w = w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])
    return next_w, config
""",
    "Adam": """
def adam(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dw**2
    mb = config["m"] / (1 - config["beta1"] ** config["t"])
    vb = config["v"] / (1 - config["beta2"] ** config["t"])
    next_w = w - config["learning_rate"] * mb / (np.sqrt(vb) + config["epsilon"])
    return next_w, config
""",
}

BOOK = {  # classes of dictionaries, as in Saito's Deep Learning from Scratch; eps is a number in the code
    "SGD": """
class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for key in params.keys():
            params[key] -= self.lr * grads[key]
""",
    "Momentum": """
class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = {}
            for key, val in params.items():
                self.v[key] = np.zeros_like(val)
        for key in params.keys():
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]
""",
    "RMSProp": """
class RMSprop:
    def __init__(self, lr=0.01, decay_rate=0.99):
        self.lr = lr
        self.decay_rate = decay_rate
        self.h = None

    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(val) for key, val in params.items()}
        for key in params.keys():
            self.h[key] *= self.decay_rate
            self.h[key] += (1 - self.decay_rate) * grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)
""",
    "Adam": """
class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.iter = 0
        self.m = None
        self.v = None

    def update(self, params, grads):
        if self.m is None:
            self.m, self.v = {}, {}
            for key, val in params.items():
                self.m[key] = np.zeros_like(val)
                self.v[key] = np.zeros_like(val)
        self.iter += 1
        lr_t = self.lr * np.sqrt(1.0 - self.beta2**self.iter) / (1.0 - self.beta1**self.iter)
        for key in params.keys():
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)
""",
}

NOTEBOOK = {  # functions that take and return dictionaries, as in deeplearning.ai's course
    "SGD": """
def update_parameters_with_gd(parameters, grads, learning_rate):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        parameters["W" + str(l)] = parameters["W" + str(l)] - learning_rate * grads["dW" + str(l)]
        parameters["b" + str(l)] = parameters["b" + str(l)] - learning_rate * grads["db" + str(l)]
    return parameters
""",
    "Momentum": """
def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        v["dW" + str(l)] = beta * v["dW" + str(l)] + (1 - beta) * grads["dW" + str(l)]
        v["db" + str(l)] = beta * v["db" + str(l)] + (1 - beta) * grads["db" + str(l)]
        parameters["W" + str(l)] = parameters["W" + str(l)] - learning_rate * v["dW" + str(l)]
        parameters["b" + str(l)] = parameters["b" + str(l)] - learning_rate * v["db" + str(l)]
    return parameters, v
""",
    "Adam": """
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    L = len(parameters) // 2
    v_corrected, s_corrected = {}, {}
    for l in range(1, L + 1):
        for name in ("W" + str(l), "b" + str(l)):
            g = "d" + name
            v[g] = beta1 * v[g] + (1 - beta1) * grads[g]
            v_corrected[g] = v[g] / (1 - beta1**t)
            s[g] = beta2 * s[g] + (1 - beta2) * grads[g] ** 2
            s_corrected[g] = s[g] / (1 - beta2**t)
            parameters[name] = parameters[name] - learning_rate * v_corrected[g] / (np.sqrt(s_corrected[g]) + epsilon)
    return parameters, v, s, v_corrected, s_corrected
""",
}

LAYERS = {  # classes that update a layer, as in Kinsley's Neural Networks from Scratch; SGD has momentum
    "SGD": """
class Optimizer_SGD:
    def __init__(self, learning_rate=1.0, decay=0.0, momentum=0.0):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0
        self.momentum = momentum

    def pre_update_params(self):
        if self.decay:
            self.current_learning_rate = self.learning_rate * (1.0 / (1.0 + self.decay * self.iterations))

    def update_params(self, layer):
        if self.momentum:
            if not hasattr(layer, "weight_momentums"):
                layer.weight_momentums = np.zeros_like(layer.weights)
                layer.bias_momentums = np.zeros_like(layer.biases)
            weight_updates = self.momentum * layer.weight_momentums - self.current_learning_rate * layer.dweights
            layer.weight_momentums = weight_updates
            bias_updates = self.momentum * layer.bias_momentums - self.current_learning_rate * layer.dbiases
            layer.bias_momentums = bias_updates
        else:
            weight_updates = -self.current_learning_rate * layer.dweights
            bias_updates = -self.current_learning_rate * layer.dbiases
        layer.weights += weight_updates
        layer.biases += bias_updates

    def post_update_params(self):
        self.iterations += 1
""",
    "Adam": """
class Optimizer_Adam:
    def __init__(self, learning_rate=0.001, decay=0.0, epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        self.current_learning_rate = learning_rate
        self.iterations = 0
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def update_params(self, layer):
        if not hasattr(layer, "weight_cache"):
            layer.weight_momentums, layer.weight_cache = np.zeros_like(layer.weights), np.zeros_like(layer.weights)
            layer.bias_momentums, layer.bias_cache = np.zeros_like(layer.biases), np.zeros_like(layer.biases)
        layer.weight_momentums = self.beta_1 * layer.weight_momentums + (1 - self.beta_1) * layer.dweights
        layer.bias_momentums = self.beta_1 * layer.bias_momentums + (1 - self.beta_1) * layer.dbiases
        layer.weight_cache = self.beta_2 * layer.weight_cache + (1 - self.beta_2) * layer.dweights**2
        layer.bias_cache = self.beta_2 * layer.bias_cache + (1 - self.beta_2) * layer.dbiases**2
        first, second = (1 - beta ** (self.iterations + 1) for beta in (self.beta_1, self.beta_2))
        rate = self.current_learning_rate
        layer.weights -= rate * layer.weight_momentums / first / (np.sqrt(layer.weight_cache / second) + self.epsilon)
        layer.biases -= rate * layer.bias_momentums / first / (np.sqrt(layer.bias_cache / second) + self.epsilon)

    def post_update_params(self):
        self.iterations += 1
""",
}

TENSORS = {  # classes that are made with the parameters and step, after PyTorch's
    "SGD": """
class SGD:
    def __init__(self, params, lr=0.01, momentum=0.0):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.v = [np.zeros_like(p.data) for p in self.params]

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            self.v[i] = self.momentum * self.v[i] + p.grad
            p.data = p.data - self.lr * self.v[i]
""",
    "Adam": """
class Adam:
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.eps, self.t = list(params), lr, eps, 0
        self.beta1, self.beta2 = betas
        self.m, self.v = ([np.zeros_like(p.data) for p in self.params] for _ in range(2))

    def step(self):
        self.t += 1
        for i, p in enumerate(self.params):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * p.grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * p.grad**2
            m, v = self.m[i] / (1 - self.beta1**self.t), self.v[i] / (1 - self.beta2**self.t)
            p.data -= self.lr * m / (np.sqrt(v) + self.eps)
""",
}

ARRAYS = {  # an object for each array, which returns the new one, as in Linder-Noren's ML-From-Scratch
    "SGD": """
class StochasticGradientDescent:
    def __init__(self, learning_rate=0.01, momentum=0):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.w_updt = None

    def update(self, w, grad_wrt_w):
        if self.w_updt is None:
            self.w_updt = np.zeros(np.shape(w))
        self.w_updt = self.momentum * self.w_updt + (1 - self.momentum) * grad_wrt_w
        return w - self.learning_rate * self.w_updt
""",
    "RMSProp": """
class RMSprop:
    def __init__(self, learning_rate=0.01, rho=0.9):
        self.learning_rate = learning_rate
        self.Eg = None
        self.eps = 1e-8
        self.rho = rho

    def update(self, w, grad_wrt_w):
        if self.Eg is None:
            self.Eg = np.zeros(np.shape(grad_wrt_w))
        self.Eg = self.rho * self.Eg + (1 - self.rho) * np.power(grad_wrt_w, 2)
        return w - self.learning_rate * grad_wrt_w / np.sqrt(self.Eg + self.eps)
""",
    "Adam": """
class Adam:
    def __init__(self, learning_rate=0.001, b1=0.9, b2=0.999):
        self.learning_rate = learning_rate
        self.eps = 1e-8
        self.m = None
        self.v = None
        self.t = 0
        self.b1 = b1
        self.b2 = b2

    def update(self, w, grad_wrt_w):
        if self.m is None:
            self.m = np.zeros(np.shape(grad_wrt_w))
            self.v = np.zeros(np.shape(grad_wrt_w))
        self.t += 1
        self.m = self.b1 * self.m + (1 - self.b1) * grad_wrt_w
        self.v = self.b2 * self.v + (1 - self.b2) * np.power(grad_wrt_w, 2)
        m_hat = self.m / (1 - self.b1**self.t)
        v_hat = self.v / (1 - self.b2**self.t)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.eps)
""",
}

FUNCTIONS = {  # functions of one array, or of dictionaries, that are passed their memory and return it
    "SGD": """
def sgd(params, grads, lr):
    for name in params:
        params[name] = params[name] - lr * grads[name]
    return params
""",
    "Momentum": """
def momentum(w, dw, v, lr, mu=0.9):
    v = mu * v - lr * dw
    return w + v, v
""",
    "RMSProp": """
def rmsprop(w, dw, s, lr, rho=0.99):
    s = rho * s + (1 - rho) * dw**2
    return w - lr * dw / (np.sqrt(s) + 1e-8), s
""",
    "Adam": """
def adam(w, dw, m, v, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * dw**2
    step = lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w - step, m, v
""",
}

STYLES = {
    "lists": LISTS,
    "course": COURSE,
    "book": BOOK,
    "notebook": NOTEBOOK,
    "layers": LAYERS,
    "tensors": TENSORS,
    "arrays": ARRAYS,
    "functions": FUNCTIONS,
}

MADE_FOR_EACH = """    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = [np.zeros_like(p) for p in params]
"""
MADE_FOR_ALL = """    v = []

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum = lr, momentum

    def update(self, params, grads):
        if not self.v:
            self.v.extend(np.zeros_like(p) for p in params)
"""
MADE_BY_DEFAULT = """    def __init__(self, lr=0.01, momentum=0.9, v=[]):
        self.lr, self.momentum, self.v = lr, momentum, v

    def update(self, params, grads):
        if not self.v:
            self.v.extend(np.zeros_like(p) for p in params)
"""
PLANTED = (
    # any optimizer
    ("lists", "SGD", "params[i] = params[i] - self", "params[i] = params[i] + self", "optimizer-ascends"),
    ("course", "SGD", "w -= config", "w += config", "optimizer-ascends"),
    ("book", "Momentum", "params[key] += self.v", "params[key] -= self.v", "optimizer-ascends"),
    (
        "lists",
        "SGD",
        "            params[i] = params[i] -",
        "            p = params[i]\n            p = p -",
        "optimizer-moves-nothing",
    ),
    ("course", "Momentum", "return next_w, config", "return w, config", "optimizer-moves-nothing"),
    ("lists", "SGD", "self.lr * grads[i]\n", "self.lr * grads[i]\n            return\n", "returns-in-loop"),
    ("lists", "SGD", "self.lr * grads[i]", "self.lr * self.lr * grads[i]", "optimizer-rate-twice"),
    ("book", "Momentum", "params[key] += self.v[key]", "params[key] += self.lr * self.v[key]", "optimizer-rate-twice"),
    ("lists", "Momentum", "self.lr * self.v[i]", "self.v[i]", "optimizer-rate-missing"),
    ("course", "SGD", "* dw", "* (dw + 0.01 * w)", "optimizer-decays-parameters"),
    (
        "lists",
        "Momentum",
        "self.momentum * self.v[i] + grads[i]\n            params[i] -= self.lr * self.v[i]",
        "self.momentum * self.v[i] + grads[i]\n"
        "            params[i] -= self.lr * self.v[i] + self.lr * 1e-4 * params[i]",
        "optimizer-decays-parameters",
    ),
    ("lists", "Momentum", "if self.v is None:", "if True:", "optimizer-memory-made-anew"),
    ("course", "Momentum", '    config["velocity"] = v\n', "", "optimizer-memory-made-anew"),
    ("book", "RMSProp", "if self.h is None:", "if True:", "optimizer-memory-made-anew"),
    ("lists", "Adam", "if self.m is None:", "if True:", "optimizer-memory-made-anew"),
    (
        "lists",
        "Momentum",
        "self.v[i] = self.momentum * self.v[i] + grads[i]\n            params[i] -= self.lr * self.v[i]",
        "self.v[0] = self.momentum * self.v[0] + grads[i]\n            params[i] -= self.lr * self.v[0]",
        "optimizer-memory-shared",
    ),
    ("lists", "Momentum", MADE_FOR_EACH, MADE_FOR_ALL, "optimizer-objects-share-memory"),
    ("lists", "Momentum", MADE_FOR_EACH, MADE_BY_DEFAULT, "optimizer-objects-share-memory"),
    (
        "lists",
        "SGD",
        "            params[i] = params[i] - self.lr * grads[i]",
        "            grads[i] *= self.lr\n            params[i] = params[i] - grads[i]",
        "optimizer-writes-into-gradients",
    ),
    # momentum
    (
        "lists",
        "Momentum",
        "            self.v[i] = self.momentum * self.v[i] + grads[i]\n            params[i] -= self.lr * self.v[i]",
        "            params[i] -= self.lr * self.v[i]\n            self.v[i] = self.momentum * self.v[i] + grads[i]",
        "momentum-a-step-late",
    ),
    (
        "lists",
        "Momentum",
        "self.lr * self.v[i]",
        "self.lr * (grads[i] + self.momentum * self.v[i])",
        "momentum-nesterov",
    ),
    (
        "lists",
        "Momentum",
        "self.momentum * self.v[i] + grads[i]",
        "(1 - self.momentum) * self.v[i] + self.momentum * grads[i]",
        "momentum-complement",
    ),
    ("notebook", "Momentum", "beta * v", "(1 - beta) * v", "momentum-complement"),
    (
        "lists",
        "Momentum",
        "self.momentum * self.v[i] + grads[i]",
        "self.momentum * (self.v[i] + grads[i])",
        "momentum-of-the-sum",
    ),
    ("lists", "Momentum", "self.momentum * self.v[i] + grads[i]", "self.v[i] + grads[i]", "momentum-never-decays"),
    ("course", "Momentum", "next_w = w + v", "next_w = w - v", "optimizer-ascends"),
    ("lists", "Momentum", "self.v[i] + grads[i]", "self.v[i] - grads[i]", "optimizer-ascends"),
    (
        "lists",
        "Momentum",
        "self.momentum * self.v[i] + grads",
        "-self.momentum * self.v[i] + grads",
        "momentum-subtracts-gradient",
    ),
    # RMSProp
    ("lists", "RMSProp", "np.sqrt(self.s[i])", "self.s[i]", "rmsprop-without-root"),
    ("course", "RMSProp", 'np.sqrt(config["cache"])', 'config["cache"]', "rmsprop-without-root"),
    ("lists", "RMSProp", "self.decay * self.s[i] + (1 - self.decay) * g**2", "self.s[i] + g**2", "rmsprop-adds-up"),
    ("lists", "RMSProp", "(1 - self.decay) * g**2", "g**2", "rmsprop-without-complement"),
    (
        "lists",
        "RMSProp",
        "self.decay * self.s[i] + (1 - self.decay) * g",
        "(1 - self.decay) * self.s[i] + self.decay * g",
        "rmsprop-complement",
    ),
    ("lists", "RMSProp", "(1 - self.decay) * g**2", "(1 - self.decay) * g", "rmsprop-of-gradients"),
    ("book", "RMSProp", "* grads[key] * grads[key]", "* np.abs(grads[key])", "rmsprop-of-gradients"),
    (
        "lists",
        "RMSProp",
        "            self.s[i] = self.decay * self.s[i] + (1 - self.decay) * g**2\n"
        "            params[i] -= self.lr * g / (np.sqrt(self.s[i]) + self.eps)",
        "            params[i] -= self.lr * g / (np.sqrt(self.s[i]) + self.eps)\n"
        "            self.s[i] = self.decay * self.s[i] + (1 - self.decay) * g**2",
        "rmsprop-a-step-late",
    ),
    ("lists", "RMSProp", "np.sqrt(self.s[i]) + self.eps", "np.sqrt(self.s[i] + self.eps) + self.eps", "epsilon-twice"),
    ("lists", "RMSProp", "(np.sqrt(self.s[i]) + self.eps)", "np.sqrt(self.s[i])", "epsilon-missing"),
    (
        "course",
        "RMSProp",
        '(np.sqrt(config["cache"]) + config["epsilon"])',
        'np.sqrt(config["cache"]) + config["epsilon"]',
        "epsilon-beside-the-quotient",
    ),
    # Adam
    (
        "lists",
        "Adam",
        "self.lr * m_hat / (np.sqrt(v_hat)",
        "self.lr * self.m[i] / (np.sqrt(self.v[i])",
        "adam-without-correction",
    ),
    ("course", "Adam", "* mb / (np.sqrt(vb)", '* config["m"] / (np.sqrt(config["v"])', "adam-without-correction"),
    ("book", "Adam", "params[key] -= lr_t", "params[key] -= self.lr", "adam-without-correction"),
    ("lists", "Adam", "m_hat / (np.sqrt(v_hat)", "m_hat / (np.sqrt(self.v[i])", "adam-corrects-one-average"),
    ("course", "Adam", "* mb /", '* config["m"] /', "adam-corrects-one-average"),
    (
        "lists",
        "Adam",
        "self.m[i] / (1 - self.beta1**self.t)",
        "self.m[i] * (1 - self.beta1**self.t)",
        "adam-corrects-by-multiplying",
    ),
    ("lists", "Adam", "(1 - self.beta2**self.t)", "(1 - self.beta1**self.t)", "adam-corrects-with-one-beta"),
    ("lists", "Adam", "        self.t += 1\n        for", "        for", "adam-counts-from-zero"),
    ("lists", "Adam", "self.t = 0", "self.t = 1", "adam-counts-from-two"),
    ("arrays", "Adam", "**self.t", "", "adam-does-not-count"),
    (
        "lists",
        "Adam",
        "        self.t += 1\n        for i, g in enumerate(grads):\n",
        "        for i, g in enumerate(grads):\n            self.t += 1\n",
        "adam-counts-parameters",
    ),
    (
        "lists",
        "Adam",
        "            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g\n"
        "            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g**2",
        "            self.m[i] = self.beta2 * self.m[i] + (1 - self.beta2) * g\n"
        "            self.v[i] = self.beta1 * self.v[i] + (1 - self.beta1) * g**2",
        "adam-betas-exchanged",
    ),
    ("course", "Adam", '["beta2"]', '["beta1"]', "adam-one-beta"),
    (
        "lists",
        "Adam",
        "self.beta1 * self.m[i] + (1 - self.beta1) * g",
        "(1 - self.beta1) * self.m[i] + self.beta1 * g",
        "adam-complement",
    ),
    ("lists", "Adam", "(1 - self.beta2) * g**2", "g**2", "adam-without-complement"),
    ("lists", "Adam", "np.sqrt(v_hat)", "v_hat", "adam-without-root"),
    ("lists", "Adam", "self.lr * m_hat", "self.lr * g", "adam-moves-by-gradient"),
    ("lists", "Adam", "(1 - self.beta2) * g**2", "(1 - self.beta2) * self.m[i] ** 2", "adam-squares-the-average"),
    ("lists", "Adam", "(1 - self.beta2) * g**2", "(1 - self.beta2) * g", "adam-square-missing"),
    (
        "lists",
        "Adam",
        "            m_hat = self.m[i] / (1 - self.beta1**self.t)\n"
        "            v_hat = self.v[i] / (1 - self.beta2**self.t)\n",
        "            m_hat = self.m[i] = self.m[i] / (1 - self.beta1**self.t)\n"
        "            v_hat = self.v[i] = self.v[i] / (1 - self.beta2**self.t)\n",
        "adam-keeps-corrected",
    ),
    ("lists", "Adam", "np.sqrt(v_hat) + self.eps", "np.sqrt(v_hat + self.eps) + self.eps", "epsilon-twice"),
    ("lists", "Adam", "(np.sqrt(v_hat) + self.eps)", "np.sqrt(v_hat)", "epsilon-missing"),
    ("layers", "Adam", "(self.iterations + 1)", "self.iterations", "adam-counts-from-zero"),
    (
        "tensors",
        "Adam",
        "self.m[i] / (1 - self.beta1**self.t), self.v[i] / (1 - self.beta2**self.t)",
        "self.m[i], self.v[i]",
        "adam-without-correction",
    ),
)
