"""L2 penalties as people write them, in right styles, and with a mistake planted in them.

STYLES: {name: source}, of functions and classes.  NETWORKS: {name: source}, of networks with a penalty inside.
PLANTED: (the source of a style, text, what stands in its place, the id of the mistake).
"""

STYLES = {
    "lists": """
def l2_penalty(weights, lam):
    total = 0.0
    for w in weights:
        total += np.sum(w ** 2)
    return 0.5 * lam * total


def l2_gradient(weights, lam):
    grads = []
    for w in weights:
        grads.append(lam * w)
    return grads
""",
    "matrices": """
def l2_regularization(W, reg):
    return reg * np.sum(W * W)


def l2_regularization_grad(W, reg):
    return 2 * reg * W
""",
    "dictionaries": """
def l2_cost(parameters, lambd, m):
    L = len(parameters) // 2
    cost = 0
    for l in range(1, L + 1):
        cost += np.sum(np.square(parameters["W" + str(l)]))
    return lambd / (2 * m) * cost


def add_l2_gradients(grads, parameters, lambd, m):
    L = len(parameters) // 2
    for l in range(1, L + 1):
        grads["dW" + str(l)] = grads["dW" + str(l)] + lambd / m * parameters["W" + str(l)]
    return grads
""",
    "class": """
class L2Regularizer:
    def __init__(self, alpha=0.01):
        self.alpha = alpha

    def __call__(self, weights):
        return 0.5 * self.alpha * sum(float(np.linalg.norm(w) ** 2) for w in weights)

    def gradient(self, weights):
        return [self.alpha * w for w in weights]
""",
    "vectors": """
class l2_regularization():
    def __init__(self, alpha):
        self.alpha = alpha

    def __call__(self, w):
        return self.alpha * 0.5 * w.T.dot(w)

    def grad(self, w):
        return self.alpha * w
""",
    "everything": """
def regularization_loss(params, weight_decay):
    return 0.5 * weight_decay * sum(np.sum(p ** 2) for p in params.values())


def regularization_gradients(params, weight_decay):
    return {"d" + name: weight_decay * p for name, p in params.items()}
""",
    "pairs": """
def l2_reg(layers, lmbda):
    return lmbda / 2 * sum((w ** 2).sum() for w, b in layers)


def l2_reg_grads(layers, lmbda):
    return [(lmbda * w, np.zeros_like(b)) for w, b in layers]
""",
    "objects": """
def regularization_cost(layers, lambda_):
    cost = 0
    for layer in layers:
        cost += np.sum(np.square(layer.weights))
    return 0.5 * lambda_ * cost


def weight_decay_grad(w, lambda_):
    return lambda_ * w
""",
    "in place": """
def l2_penalty(W, lam):
    return lam / 2 * (W ** 2).sum()


def add_l2_gradient(dW, W, lam):
    dW += lam * W
""",
    "course": """
def relu(Z):
    return np.maximum(0, Z)


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def forward_propagation(X, parameters):
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    W3, b3 = parameters["W3"], parameters["b3"]
    Z1 = np.dot(W1, X) + b1
    A1 = relu(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = relu(Z2)
    Z3 = np.dot(W3, A2) + b3
    A3 = sigmoid(Z3)
    return A3, (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3)


def compute_cost(A3, Y):
    m = Y.shape[1]
    logprobs = np.multiply(-np.log(A3), Y) + np.multiply(-np.log(1 - A3), 1 - Y)
    return 1. / m * np.nansum(logprobs)


def compute_cost_with_regularization(A3, Y, parameters, lambd):
    m = Y.shape[1]
    W1 = parameters["W1"]
    W2 = parameters["W2"]
    W3 = parameters["W3"]
    cross_entropy_cost = compute_cost(A3, Y)
    L2_regularization_cost = lambd / (2 * m) * (np.sum(np.square(W1)) + np.sum(np.square(W2)) + np.sum(np.square(W3)))
    return cross_entropy_cost + L2_regularization_cost


def backward_propagation_with_regularization(X, Y, cache, lambd):
    m = X.shape[1]
    (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3) = cache
    dZ3 = A3 - Y
    dW3 = 1. / m * np.dot(dZ3, A2.T) + lambd / m * W3
    db3 = 1. / m * np.sum(dZ3, axis=1, keepdims=True)
    dA2 = np.dot(W3.T, dZ3)
    dZ2 = np.multiply(dA2, np.int64(A2 > 0))
    dW2 = 1. / m * np.dot(dZ2, A1.T) + lambd / m * W2
    db2 = 1. / m * np.sum(dZ2, axis=1, keepdims=True)
    dA1 = np.dot(W2.T, dZ2)
    dZ1 = np.multiply(dA1, np.int64(A1 > 0))
    dW1 = 1. / m * np.dot(dZ1, X.T) + lambd / m * W1
    db1 = 1. / m * np.sum(dZ1, axis=1, keepdims=True)
    return {"dZ3": dZ3, "dW3": dW3, "db3": db3, "dA2": dA2, "dZ2": dZ2, "dW2": dW2, "db2": db2,
            "dA1": dA1, "dZ1": dZ1, "dW1": dW1, "db1": db1}
""",
}

SOFTMAX = """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""

NETWORKS = {
    "native": SOFTMAX
    + """
class MLP:
    def __init__(self, sizes, seed=0, l2=0.0):
        rng = np.random.default_rng(seed)
        self.l2 = l2
        self.weights = [rng.normal(size=(a, b)) * np.sqrt(2 / (a + b)) for a, b in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros(b) for b in sizes[1:]]

    def forward(self, x):
        self.activations = [x]
        for l, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = self.activations[-1] @ w + b
            self.activations.append(np.maximum(z, 0) if l < len(self.weights) - 1 else softmax(z))
        return self.activations[-1]

    def loss(self, x, y):
        p = self.forward(x)
        data = -np.mean(np.log(p[np.arange(len(y)), y]))
        return data + 0.5 * self.l2 * sum(np.sum(w ** 2) for w in self.weights)

    def backward(self, x, y):
        delta = self.forward(x).copy()
        delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        dw, db = [None] * len(self.weights), [None] * len(self.weights)
        for l in reversed(range(len(self.weights))):
            dw[l] = self.activations[l].T @ delta + self.l2 * self.weights[l]
            db[l] = delta.sum(axis=0)
            delta = (delta @ self.weights[l].T) * (self.activations[l] > 0)
        return dw, db

    def step(self, grads, lr):
        for w, g in zip(self.weights, grads[0]):
            w -= lr * g
        for b, g in zip(self.biases, grads[1]):
            b -= lr * g

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for i in range(0, len(x), batch_size):
                batch = order[i:i + batch_size]
                self.step(self.backward(x[batch], y[batch]), lr)

    def predict(self, x):
        return self.forward(x).argmax(axis=1)
""",
    "two layers": """
class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-1):
        self.params = {}
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        N, D = X.shape
        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores
        shifted = scores - np.max(scores, axis=1, keepdims=True)
        probs = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)
        loss = np.sum(-np.log(probs[np.arange(N), y])) / N
        loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        grads = {}
        dscores = probs.copy()
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads["W2"] = hidden.T.dot(dscores) + 2 * reg * W2
        grads["b2"] = np.sum(dscores, axis=0)
        dhidden = dscores.dot(W2.T)
        dhidden[hidden <= 0] = 0
        grads["W1"] = X.T.dot(dhidden) + 2 * reg * W1
        grads["b1"] = np.sum(dhidden, axis=0)
        return loss, grads

    def train(self, X, y, learning_rate=1e-3, reg=5e-6, num_epochs=10, batch_size=200):
        N = X.shape[0]
        for epoch in range(num_epochs):
            order = np.random.permutation(N)
            for i in range(0, N, batch_size):
                idx = order[i:i + batch_size]
                loss, grads = self.loss(X[idx], y=y[idx], reg=reg)
                for name in self.params:
                    self.params[name] -= learning_rate * grads[name]

    def predict(self, X):
        return np.argmax(self.loss(X), axis=1)
""",
    "columns": """
class NeuralNetwork:
    def __init__(self, layer_dims, lambd=0.7):
        self.lambd = lambd
        self.parameters = {}
        self.L = len(layer_dims) - 1
        for l in range(1, len(layer_dims)):
            self.parameters["W" + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) * 0.1
            self.parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))

    def forward(self, X):
        self.cache = {"A0": X}
        A = X
        for l in range(1, self.L + 1):
            Z = self.parameters["W" + str(l)] @ A + self.parameters["b" + str(l)]
            if l < self.L:
                A = np.maximum(0, Z)
            else:
                e = np.exp(Z - Z.max(axis=0, keepdims=True))
                A = e / e.sum(axis=0, keepdims=True)
            self.cache["A" + str(l)] = A
        return A

    def compute_cost(self, AL, Y):
        m = Y.shape[1]
        cost = -np.sum(Y * np.log(AL + 1e-12)) / m
        for l in range(1, self.L + 1):
            cost += self.lambd / (2 * m) * np.sum(np.square(self.parameters["W" + str(l)]))
        return cost

    def backward(self, X, Y):
        m = X.shape[1]
        grads = {}
        dZ = self.cache["A" + str(self.L)] - Y
        for l in reversed(range(1, self.L + 1)):
            A_prev = self.cache["A" + str(l - 1)]
            grads["dW" + str(l)] = dZ @ A_prev.T / m + self.lambd / m * self.parameters["W" + str(l)]
            grads["db" + str(l)] = np.sum(dZ, axis=1, keepdims=True) / m
            if l > 1:
                dZ = (self.parameters["W" + str(l)].T @ dZ) * (A_prev > 0)
        return grads

    def update_parameters(self, grads, learning_rate):
        for l in range(1, self.L + 1):
            self.parameters["W" + str(l)] -= learning_rate * grads["dW" + str(l)]
            self.parameters["b" + str(l)] -= learning_rate * grads["db" + str(l)]

    def train(self, X, Y, epochs, learning_rate):
        for i in range(epochs):
            AL = self.forward(X)
            grads = self.backward(X, Y)
            self.update_parameters(grads, learning_rate)
""",
}

NETWORKS["decay"] = (  # the loss leaves out what the gradients have
    NETWORKS["native"]
    .replace("return data + 0.5 * self.l2 * sum(np.sum(w ** 2) for w in self.weights)", "return data")
    .replace("l2", "weight_decay")
)
NETWORKS["in the step"] = (  # the gradient of the penalty is added in the update
    NETWORKS["native"].replace(" + self.l2 * self.weights[l]", "").replace("w -= lr * g", "w -= lr * (g + self.l2 * w)")
)
NETWORKS["biases too"] = (
    NETWORKS["native"]
    .replace("for w in self.weights)\n", "for w in self.weights + self.biases)\n")
    .replace("db[l] = delta.sum(axis=0)", "db[l] = delta.sum(axis=0) + self.l2 * self.biases[l]")
)
NETWORKS["functions"] = """
def initialize_parameters(layer_dims):
    np.random.seed(3)
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters["W" + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) / np.sqrt(layer_dims[l - 1])
        parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


def forward_propagation(X, parameters):
    L = len(parameters) // 2
    cache = {"A0": X}
    A = X
    for l in range(1, L + 1):
        Z = parameters["W" + str(l)] @ A + parameters["b" + str(l)]
        if l < L:
            A = np.maximum(0, Z)
        else:
            e = np.exp(Z - Z.max(axis=0, keepdims=True))
            A = e / e.sum(axis=0, keepdims=True)
        cache["A" + str(l)] = A
    return A, cache


def compute_cost(AL, Y, parameters, lambd):
    m = Y.shape[1]
    L = len(parameters) // 2
    cross_entropy = -np.sum(Y * np.log(AL)) / m
    l2 = sum(np.sum(np.square(parameters["W" + str(l)])) for l in range(1, L + 1))
    return cross_entropy + lambd / (2 * m) * l2


def backward_propagation(X, Y, cache, parameters, lambd):
    m = X.shape[1]
    L = len(parameters) // 2
    grads = {}
    dZ = cache["A" + str(L)] - Y
    for l in range(L, 0, -1):
        grads["dW" + str(l)] = dZ @ cache["A" + str(l - 1)].T / m + lambd / m * parameters["W" + str(l)]
        grads["db" + str(l)] = dZ.sum(axis=1, keepdims=True) / m
        if l > 1:
            dZ = (parameters["W" + str(l)].T @ dZ) * (cache["A" + str(l - 1)] > 0)
    return grads


def update_parameters(parameters, grads, learning_rate):
    for l in range(1, len(parameters) // 2 + 1):
        parameters["W" + str(l)] -= learning_rate * grads["dW" + str(l)]
        parameters["b" + str(l)] -= learning_rate * grads["db" + str(l)]
    return parameters


def model(X, Y, layer_dims, learning_rate=0.1, num_iterations=1000, lambd=0.0):
    parameters = initialize_parameters(layer_dims)
    for i in range(num_iterations):
        AL, cache = forward_propagation(X, parameters)
        cost = compute_cost(AL, Y, parameters, lambd)
        grads = backward_propagation(X, Y, cache, parameters, lambd)
        parameters = update_parameters(parameters, grads, learning_rate)
    return parameters
"""
NETWORKS["layers"] = """
class Dense:
    def __init__(self, n_inputs, n_neurons, weight_regularizer_l2=0):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.weight_regularizer_l2 = weight_regularizer_l2

    def forward(self, inputs):
        self.inputs = inputs
        return np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        if self.weight_regularizer_l2 > 0:
            self.dweights += 2 * self.weight_regularizer_l2 * self.weights
        return np.dot(dvalues, self.weights.T)


class ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        return np.maximum(0, inputs)

    def backward(self, dvalues):
        return dvalues * (self.inputs > 0)


class Network:
    def __init__(self, sizes, weight_regularizer_l2=0):
        self.layers = []
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            self.layers += [Dense(n_in, n_out, weight_regularizer_l2), ReLU()]
        self.layers.pop()

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        e = np.exp(X - X.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        p = self.forward(X)
        loss = -np.mean(np.log(p[range(len(y)), y]))
        for layer in self.layers:
            if isinstance(layer, Dense):
                loss += layer.weight_regularizer_l2 * np.sum(layer.weights * layer.weights)
        return loss

    def backward(self, X, y):
        d = self.forward(X).copy()
        d[range(len(y)), y] -= 1
        d /= len(y)
        for layer in reversed(self.layers):
            d = layer.backward(d)

    def fit(self, X, y, epochs=10, batch_size=32, learning_rate=0.1):
        for _ in range(epochs):
            order = np.random.permutation(len(X))
            for start in range(0, len(X), batch_size):
                batch = order[start:start + batch_size]
                self.backward(X[batch], y[batch])
                for layer in self.layers:
                    if isinstance(layer, Dense):
                        layer.weights -= learning_rate * layer.dweights
                        layer.biases -= learning_rate * layer.dbiases

    def predict(self, X):
        return self.forward(X).argmax(axis=1)
"""
NETWORKS["wired"] = (  # layers that chainrule puts together, and a loss beside them
    NETWORKS["layers"].partition("class Network:")[0]
    + """
class SoftmaxCrossEntropy:
    def forward(self, logits, y):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.mean(np.log(self.p[range(len(y)), y]))

    def backward(self):
        d = self.p.copy()
        d[range(len(self.y)), self.y] -= 1
        return d / len(self.y)
"""
)
NETWORKS["optimizer"] = (
    NETWORKS["layers"]
    .replace("batch_size=32, learning_rate=0.1)", "batch_size=32, learning_rate=0.1, weight_decay=0.0)")
    .replace("learning_rate * layer.dweights", "learning_rate * (layer.dweights + weight_decay * layer.weights)")
    .replace(", weight_regularizer_l2=0", "")
    .replace("n_out, weight_regularizer_l2)", "n_out)")
    .replace("self.weight_regularizer_l2 = weight_regularizer_l2", "self.weight_regularizer_l2 = 0")
)
NETWORKS["a factor of its own"] = (
    NETWORKS["native"]
    .replace("0.5 * self.l2 * sum(np.sum(w ** 2)", "0.3 * self.l2 * sum(np.sum(w ** 2)")
    .replace("+ self.l2 * self.weights[l]", "+ 0.6 * self.l2 * self.weights[l]")
)

PLANTED = (
    # the penalty
    ("lists", "total += np.sum(w ** 2)", "total += np.linalg.norm(w)", "l2-not-squared"),
    (
        "class",
        "sum(float(np.linalg.norm(w) ** 2) for w in weights)",
        "sum(np.linalg.norm(w) for w in weights)",
        "l2-not-squared",
    ),
    ("lists", "np.sum(w ** 2)", "np.sum(np.abs(w))", "l2-is-l1"),
    ("in place", "lam / 2 * (W ** 2).sum()", "lam * np.abs(W).sum()", "l2-is-l1"),
    ("lists", "np.sum(w ** 2)", "np.mean(w ** 2)", "l2-mean"),
    ("matrices", "np.sum(W * W)", "np.mean(W * W)", "l2-mean"),
    ("lists", "np.sum(w ** 2)", "np.sum(w) ** 2", "l2-square-of-sum"),
    ("pairs", "(w ** 2).sum()", "w.sum()", "l2-without-square"),
    ("lists", "total += np", "total = np", "l2-layer-overwritten"),
    ("dictionaries", "cost += np.sum", "cost = np.sum", "l2-layer-overwritten"),
    (
        "dictionaries",
        '"W" + str(l)]))\n    return lambd / (2 * m) * cost',
        '"W" + str(l)]))\n        return lambd / (2 * m) * cost',
        "returns-in-loop",
    ),
    ("objects", "cost += np.sum", "cost = np.sum", "l2-layer-overwritten"),
    (
        "dictionaries",
        "for l in range(1, L + 1):\n        cost",
        "for l in range(1, L):\n        cost",
        "l2-layer-left-out",
    ),
    (
        "dictionaries",
        "for l in range(1, L + 1):\n        grads",
        "for l in range(1, L):\n        grads",
        "l2-layer-left-out",
    ),
    ("lists", "for w in weights:\n        total", "for w in weights[1:]:\n        total", "l2-layer-left-out"),
    ("lists", "return 0.5 * lam * total", "return 0.5 * total", "l2-without-strength"),
    ("class", "return [self.alpha * w for w in weights]", "return [w for w in weights]", "l2-without-strength"),
    ("lists", "np.sum(w ** 2)", "lam * np.sum(w ** 2)", "l2-strength-squared"),
    ("lists", "0.5 * lam", "-0.5 * lam", "l2-sign"),
    ("everything", "weight_decay * p for", "-weight_decay * p for", "l2-sign"),
    # the gradient
    ("lists", "grads.append(lam * w)", "grads.append(2 * lam * w)", "l2-gradient-twice"),
    ("class", "[self.alpha * w for", "[2 * self.alpha * w for", "l2-gradient-twice"),
    ("matrices", "2 * reg * W", "reg * W", "l2-gradient-half"),
    ("course", "lambd / m * W", "lambd / (2 * m) * W", "l2-gradient-half"),
    ("dictionaries", "lambd / m * parameters", "lambd * parameters", "l2-samples-in-one"),
    ("course", "lambd / m * W", "lambd * W", "l2-samples-in-one"),
    ("dictionaries", "lambd / (2 * m) * cost", "lambd / 2 * cost", "l2-samples-in-one"),
    ("lists", "lam * w)", "lam * w ** 2)", "l2-gradient-squared"),
    ("pairs", "lmbda * w,", "lmbda / 2 * w ** 2,", "l2-gradient-squared"),
    ("lists", "lam * w)", "lam * np.ones_like(w))", "l2-gradient-constant"),
    ("lists", "lam * w)", "lam * np.sum(w) * np.ones_like(w))", "l2-gradient-constant"),
    ("matrices", "2 * reg * W", "reg * W / np.linalg.norm(W)", "l2-gradient-normalized"),
    ("lists", "lam * w)", "lam * np.sign(w))", "l2-is-l1"),
    (
        "lists",
        "        grads.append(lam * w)\n    return grads",
        "        grads.append(lam * w if not grads else 0 * w)\n    return grads",
        "l2-gradient-first-only",
    ),
    ("pairs", "np.zeros_like(b)", "lmbda * b", "l2-biases-in-one"),
    ("everything", "for p in params.values()", 'for name, p in params.items() if "W" in name', "l2-biases-in-one"),
    ("lists", "total += np.sum(w ** 2)", "w **= 2\n        total += np.sum(w)", "l2-writes-into-weights"),
    ("matrices", "return 2 * reg * W", "W *= 2 * reg\n    return W", "l2-writes-into-weights"),
    # inside networks
    ("native", " + self.l2 * self.weights[l]", "", "l2-missing-in-gradient"),
    ("native", " + self.l2 * self.weights[l]", " + 2 * self.l2 * self.weights[l]", "l2-gradient-twice"),
    ("native", "np.sum(w ** 2)", "np.linalg.norm(w)", "l2-not-squared"),
    ("native", "+ 0.5 * self.l2", "- 0.5 * self.l2", "l2-sign"),
    ("two layers", "        loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))\n", "", "l2-missing-in-loss"),
    ("two layers", "2 * reg * W", "reg * W", "l2-gradient-half"),
    ("two layers", "+ np.sum(W2 * W2)", "+ np.sum(W1 * W1)", "l2-layer-twice"),
    ("two layers", "np.sum(W1 * W1) + np.sum(W2 * W2)", "np.sum(W1 * W1)", "l2-layer-overwritten"),
    ("two layers", "np.sum(W1 * W1) +", "np.sum(W1 * W1) + np.sum(b1 * b1) + np.sum(b2 * b2) +", "l2-biases-in-one"),
    ("columns", "self.lambd / m * self", "self.lambd * self", "l2-samples-in-one"),
    ("columns", "np.sum(np.square(", "np.sum(np.abs(", "l2-is-l1"),
    ("columns", "cost += self", "cost -= self", "l2-sign"),
)

LEFT_ALONE = (  # by the names of a penalty
    "def l2_loss(y_pred, y_true):\n    return np.mean((y_pred - y_true) ** 2)",
    "def l2_norm(w):\n    return np.sqrt((w ** 2).sum())",
    "def l2_penalty(weights):\n    return sum((w ** 2).sum() for w in weights)",
    "def weight_penalty(net, lam):\n    return lam * net.size()",
    "def regularization(x, dropout):\n    return x * dropout",
    "class L2:\n    def __init__(self, a, b): pass\n    def __call__(self, w): return 0",
    "class Ridge:\n    def __init__(self, alpha=1.0): self.alpha = alpha\n    def fit(self, X, y): pass",
    "def weight_decay(epoch, lr):\n    return lr / (1 + epoch)",
    "l2_penalty = 0.01",
)
WITHOUT = (  # networks: one that takes no strength, one that has no use for it
    NETWORKS["native"].replace(", l2=0.0", "").replace("self.l2 = l2", "self.l2 = 0.0"),
    NETWORKS["native"].replace("self.l2 = l2", "self.l2 = 0.0"),
)
