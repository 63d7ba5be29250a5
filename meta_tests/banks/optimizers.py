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

VARIABLES = {  # functions of one variable, hyperparameters first, that return it with its moments
    "Momentum": """
def update_variables_momentum(alpha, beta1, var, grad, v):
    v = beta1 * v + (1 - beta1) * grad
    return var - alpha * v, v
""",
    "RMSProp": """
def update_variables_RMSProp(alpha, beta2, epsilon, var, grad, s):
    s = beta2 * s + (1 - beta2) * grad * grad
    return var - alpha * grad / (s**0.5 + epsilon), s
""",
    "Adam": """
def update_variables_Adam(alpha, beta1, beta2, epsilon, var, grad, v, s, t):
    v = beta1 * v + (1 - beta1) * grad
    s = beta2 * s + (1 - beta2) * grad * grad
    v_unbiased, s_unbiased = v / (1 - beta1**t), s / (1 - beta2**t)
    return var - alpha * v_unbiased / (s_unbiased**0.5 + epsilon), v, s
""",
}

TENSOR_BY_TENSOR = {  # an object for each array, which returns the new one, under names of methods other than update
    "SGD": """
class Sgd:
    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def calculate_update(self, weight_tensor, gradient_tensor):
        return weight_tensor - self.learning_rate * gradient_tensor
""",
    "Momentum": """
class SgdWithMomentum:
    def __init__(self, learning_rate, momentum_rate):
        self.learning_rate, self.momentum_rate, self.velocity = learning_rate, momentum_rate, 0.0

    def calculate_update(self, weight_tensor, gradient_tensor):
        self.velocity = self.momentum_rate * self.velocity - self.learning_rate * gradient_tensor
        return weight_tensor + self.velocity
""",
    "RMSProp": """
class RMSprop:
    def __init__(self, lr=0.01, rho=0.9, eps=1e-8):
        self.lr, self.rho, self.eps, self.cache = lr, rho, eps, None

    def get_next_update(self, x, dx):
        if self.cache is None:
            self.cache = np.zeros_like(x)
        self.cache = self.rho * self.cache + (1 - self.rho) * dx**2
        return x - self.lr * dx / (np.sqrt(self.cache) + self.eps)
""",
    "Adam": """
class Adam:
    def __init__(self, learning_rate, mu, rho):
        self.learning_rate, self.mu, self.rho, self.eps = learning_rate, mu, rho, 1e-8
        self.v = self.r = 0.0
        self.k = 1

    def calculate_update(self, weight_tensor, gradient_tensor):
        self.v = self.mu * self.v + (1 - self.mu) * gradient_tensor
        self.r = self.rho * self.r + (1 - self.rho) * gradient_tensor**2
        v, r = self.v / (1 - self.mu**self.k), self.r / (1 - self.rho**self.k)
        self.k += 1
        return weight_tensor - self.learning_rate * v / (np.sqrt(r) + self.eps)
""",
}

NETWORKS = {  # classes that are given layers or a network, each with names of its own
    "SGD": """
class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, model):
        for layer in model.layers:
            if hasattr(layer, "W"):
                layer.W -= self.lr * layer.dw
            if hasattr(layer, "B"):
                layer.B -= self.lr * layer.db
""",
    "Momentum": """
class Momentum:
    def __init__(self, layers, learning_rate, momentum=0.9, weight_decay=0.0):
        self.layers, self.rate, self.momentum, self.weight_decay = layers, learning_rate, momentum, weight_decay
        self.v = [[np.zeros(layer.grad_W.shape), np.zeros(layer.grad_b.shape)] for layer in layers]

    def step(self):
        for v, layer in zip(self.v, self.layers):
            v[0] = self.momentum * v[0] + layer.grad_W + self.weight_decay * layer.weights
            v[1] = self.momentum * v[1] + layer.grad_b
            layer.weights = layer.weights - self.rate * v[0]
            layer.biases = layer.biases - self.rate * v[1]
""",
    "RMSProp": """
class RMSProp:
    def __init__(self, learning_rate=0.001, rho=0.9, epsilon=1e-7):
        self.learning_rate, self.rho, self.epsilon, self.cache = learning_rate, rho, epsilon, {}

    def update(self, layer, grad_weights, grad_bias=None):
        if not layer.trainable:
            return
        kept = self.cache.setdefault(id(layer), [np.zeros_like(layer.weights), np.zeros_like(layer.bias)])
        kept[0] = self.rho * kept[0] + (1 - self.rho) * grad_weights**2
        layer.weights -= self.learning_rate * grad_weights / (np.sqrt(kept[0]) + self.epsilon)
        if grad_bias is not None:
            kept[1] = self.rho * kept[1] + (1 - self.rho) * grad_bias**2
            layer.bias -= self.learning_rate * grad_bias / (np.sqrt(kept[1]) + self.epsilon)
""",
    "Adam": """
class Adam:
    def __init__(self, model, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.model, self.lr, self.beta1, self.beta2, self.eps = model, lr, beta1, beta2, eps
        self.t, self.m, self.v = 0, {}, {}

    def step(self):
        self.t += 1
        for i, layer in enumerate(self.model.layers):
            for key, g in layer.grads.items():
                self.m[i, key] = self.beta1 * self.m.get((i, key), 0.0) + (1 - self.beta1) * g
                self.v[i, key] = self.beta2 * self.v.get((i, key), 0.0) + (1 - self.beta2) * g**2
                m, v = self.m[i, key] / (1 - self.beta1**self.t), self.v[i, key] / (1 - self.beta2**self.t)
                layer.params[key] -= self.lr * m / (np.sqrt(v) + self.eps)
""",
}

KEPT = {  # classes that keep what they are made with, or keep the memory by name
    "SGD": """
class SGD:
    def __init__(self, parameters, lr=0.01):
        self.parameters, self.lr = parameters, lr

    def step(self):
        for parameter in self.parameters:
            parameter.value -= self.lr * parameter.grad
""",
    "Momentum": """
class Momentum:
    def __init__(self, params, grads, lr=0.01, momentum=0.9):
        self.params, self.grads, self.lr, self.momentum = params, grads, lr, momentum
        self.v = {key: np.zeros_like(array) for key, array in params.items()}

    def step(self):
        for key in self.params:
            self.v[key] = self.momentum * self.v[key] + self.grads[key]
            self.params[key] -= self.lr * self.v[key]
""",
    "RMSProp": """
class RMSProp:
    def __init__(self, params, lr=0.01, decay_rate=0.99, eps=1e-8):
        self.params, self.lr, self.decay_rate, self.eps = list(params), lr, decay_rate, eps
        for p in self.params:
            p.cache = np.zeros(p.shape)

    def step(self):
        for p in self.params:
            p.cache = self.decay_rate * p.cache + (1 - self.decay_rate) * p.grads**2
            p.params -= self.lr * p.grads / (np.sqrt(p.cache) + self.eps)
""",
    "Adam": """
class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps, self.t, self.cache = lr, beta1, beta2, eps, 0, {}

    def step(self):
        self.t += 1

    def update(self, param, param_grad, param_name):
        m, v = self.cache.get(param_name, (0.0, 0.0))
        m = self.beta1 * m + (1 - self.beta1) * param_grad
        v = self.beta2 * v + (1 - self.beta2) * param_grad**2
        self.cache[param_name] = m, v
        m, v = m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)
        return param - self.lr * m / (np.sqrt(v) + self.eps)
""",
}

PARALLEL = {  # weights beside biases: as lists, as arrays, as dictionaries, and as a dictionary a layer
    "SGD": """
class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, weights, biases, dW, db):
        return weights - self.lr * dW, biases - self.lr * db
""",
    "Momentum": """
class Momentum:
    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate, self.momentum, self.v_w = learning_rate, momentum, []

    def update(self, weights, biases, dW, db):
        if not self.v_w:
            self.v_w, self.v_b = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
        for i in range(len(weights)):
            self.v_w[i] = self.momentum * self.v_w[i] - self.learning_rate * dW[i]
            self.v_b[i] = self.momentum * self.v_b[i] - self.learning_rate * db[i]
            weights[i] += self.v_w[i]
            biases[i] += self.v_b[i]
""",
    "RMSProp": """
class RMSProp:
    def __init__(self, lr=0.01, beta=0.9, eps=1e-8):
        self.lr, self.beta, self.eps, self.cache = lr, beta, eps, {}

    def update_layer(self, index, w, b, dw, db):
        old_w, old_b = self.cache.get(index, (0.0, 0.0))
        self.cache[index] = s_w, s_b = (
            self.beta * old_w + (1 - self.beta) * dw**2,
            self.beta * old_b + (1 - self.beta) * db**2,
        )
        w -= self.lr * dw / (np.sqrt(s_w) + self.eps)
        b -= self.lr * db / (np.sqrt(s_b) + self.eps)
""",
    "Adam": """
class Adam:
    def __init__(self, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.lr, self.betas, self.eps, self.t, self.m, self.v = lr, betas, eps, 0, None, None

    def update(self, params, grads):
        if self.m is None:
            self.m, self.v = ([{key: np.zeros_like(a) for key, a in row.items()} for row in params] for _ in range(2))
        self.t += 1
        for row, gradients, m, v in zip(params, grads, self.m, self.v):
            for key in ("weights", "bias"):
                g = gradients["d" + key]
                m[key] = self.betas[0] * m[key] + (1 - self.betas[0]) * g
                v[key] = self.betas[1] * v[key] + (1 - self.betas[1]) * g**2
                m_hat, v_hat = m[key] / (1 - self.betas[0] ** self.t), v[key] / (1 - self.betas[1] ** self.t)
                row[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
""",
}

LAYER_BY_LAYER = {  # one call a layer, t and the memory kept by layer
    "Adam": """
class AdamOptimizer:
    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7):
        self.learning_rate, self.beta1, self.beta2, self.epsilon = learning_rate, beta1, beta2, epsilon
        self.m, self.v, self.t = {}, {}, {}

    def update(self, layer):
        if layer not in self.m:
            self.m[layer], self.v[layer], self.t[layer] = [0.0, 0.0], [0.0, 0.0], 0
        self.t[layer] += 1
        m, v, t = self.m[layer], self.v[layer], self.t[layer]
        steps = []
        for i, g in enumerate((layer.dweights, layer.dbiases)):
            m[i] = self.beta1 * m[i] + (1 - self.beta1) * g
            v[i] = self.beta2 * v[i] + (1 - self.beta2) * g**2
            step = m[i] / (1 - self.beta1**t) / (np.sqrt(v[i] / (1 - self.beta2**t)) + self.epsilon)
            steps.append(self.learning_rate * step)
        layer.weights -= steps[0]
        layer.biases -= steps[1]
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
    "variables": VARIABLES,
    "tensor by tensor": TENSOR_BY_TENSOR,
    "networks": NETWORKS,
    "kept": KEPT,
    "parallel": PARALLEL,
    "layer by layer": LAYER_BY_LAYER,
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
    # other forms
    ("variables", "Momentum", "beta1 * v + (1 - beta1) * grad", "beta1 * (v + grad)", "momentum-of-the-sum"),
    ("variables", "RMSProp", "s**0.5", "s", "rmsprop-without-root"),
    ("variables", "Adam", "v, s\n", "v_unbiased, s_unbiased\n", "adam-keeps-corrected"),
    ("variables", "Adam", "s / (1 - beta2**t)", "s / (1 - beta2**2)", "adam-power-is-two"),
    ("tensor by tensor", "SGD", "- self", "+ self", "optimizer-ascends"),
    ("tensor by tensor", "Momentum", "- self.learning_rate * grad", "- grad", "optimizer-rate-missing"),
    ("tensor by tensor", "RMSProp", "np.sqrt(self.cache)", "self.cache", "rmsprop-without-root"),
    ("tensor by tensor", "Adam", "        self.k += 1\n", "", "adam-does-not-count"),
    ("networks", "SGD", "self.lr * layer.d", "self.lr * self.lr * layer.d", "optimizer-rate-twice"),
    (
        "networks",
        "Momentum",
        "layer.biases - self.rate * v[1]",
        "layer.biases - self.rate * v[0].sum()",
        "unnamed",
    ),
    ("networks", "RMSProp", "np.sqrt(kept[", "(kept[", "rmsprop-without-root"),
    (
        "networks",
        "Adam",
        "        self.t += 1\n        for i, layer in enumerate(self.model.layers):\n",
        "        for i, layer in enumerate(self.model.layers):\n            self.t += 1\n",
        "adam-counts-layers",
    ),
    ("kept", "SGD", "-= self.lr", "+= self.lr", "optimizer-ascends"),
    ("kept", "Momentum", "self.v[key] + self", "self.v[key] - self", "optimizer-ascends"),
    ("kept", "RMSProp", "(1 - self.decay_rate) * p", "p", "rmsprop-without-complement"),
    ("kept", "Adam", "        self.t += 1\n", "        self.t = 1\n", "adam-does-not-count"),
    ("parallel", "SGD", "- self", "+ self", "optimizer-ascends"),
    ("parallel", "Momentum", "weights[i] += self.v_w[i]", "weights[i] += self.v_b[i]", "optimizer-memory-of-the-other"),
    ("parallel", "RMSProp", "(np.sqrt(s_w)", "(np.sqrt(s_b)", "optimizer-memory-of-the-other"),
    ("parallel", "Adam", "self.betas[1]", "self.betas[0]", "adam-one-beta"),
    (
        "layer by layer",
        "Adam",
        "self.v[layer], self.t[layer]\n",
        "self.v[layer], sum(self.t.values())\n",
        "adam-counts-layers",
    ),
    (
        "layers",
        "Adam",
        "np.sqrt(layer.weight_cache",
        "np.sqrt(layer.bias_cache",
        "optimizer-memory-of-the-other",
    ),
    (
        "notebook",
        "Momentum",
        'learning_rate * v["dW" + str(l)]',
        'learning_rate * v["db" + str(l)]',
        "optimizer-memory-of-the-other",
    ),
)
