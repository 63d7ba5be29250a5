import numpy as np

CHAINRULE = {"initialization": "he"}

# network architecture: one dict per layer
NN_ARCHITECTURE = [
    {"input_dim": 2, "output_dim": 25, "activation": "relu"},
    {"input_dim": 25, "output_dim": 50, "activation": "relu"},
    {"input_dim": 50, "output_dim": 3, "activation": "softmax"},
]


def init_layers(sizes, seed=99):
    np.random.seed(seed)
    layers = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:]):
        layers.append({
            "W": np.random.randn(fan_out, fan_in) * np.sqrt(2 / fan_in),
            "b": np.zeros((fan_out, 1)),
        })
    return layers


def relu(Z):
    return np.maximum(0, Z)


def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def softmax(Z):
    e = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def full_forward_propagation(X, layers):
    memory = []
    A_curr = X
    for idx, layer in enumerate(layers):
        A_prev = A_curr
        Z_curr = np.dot(layer["W"], A_prev) + layer["b"]
        A_curr = softmax(Z_curr) if idx == len(layers) - 1 else relu(Z_curr)
        memory.append((A_prev, Z_curr))
    return A_curr, memory


def get_cost_value(Y_hat, Y):
    m = Y_hat.shape[1]
    cost = -1 / m * np.sum(Y * np.log(Y_hat + 1e-9))
    return np.squeeze(cost)


def full_backward_propagation(Y_hat, Y, memory, layers):
    grads_values = [None] * len(layers)
    m = Y.shape[1]
    dZ_curr = Y_hat - Y
    for idx in reversed(range(len(layers))):
        A_prev, Z_curr = memory[idx]
        if idx < len(layers) - 1:
            dZ_curr = relu_backward(dA_curr, Z_curr)
        grads_values[idx] = {
            "dW": np.dot(dZ_curr, A_prev.T) / m,
            "db": np.sum(dZ_curr, axis=1, keepdims=True) / m,
        }
        dA_curr = np.dot(layers[idx]["W"].T, dZ_curr)
    return grads_values


def update(layers, grads_values, learning_rate):
    for layer, grads in zip(layers, grads_values):
        layer["W"] -= learning_rate * grads["dW"]
        layer["b"] -= learning_rate * grads["db"]
    return layers


def train(X, Y, layers, epochs, learning_rate):
    cost_history = []
    for i in range(epochs):
        Y_hat, memory = full_forward_propagation(X, layers)
        cost_history.append(get_cost_value(Y_hat, Y))
        layers = update(layers, full_backward_propagation(Y_hat, Y, memory, layers), learning_rate)
    return layers, cost_history


if __name__ == "__main__":
    sizes = [layer["input_dim"] for layer in NN_ARCHITECTURE] + [NN_ARCHITECTURE[-1]["output_dim"]]
    X = np.random.randn(2, 500)
    Y = np.eye(3)[(np.sqrt((X ** 2).sum(axis=0)) * 1.2).astype(int).clip(0, 2)].T
    layers, history = train(X, Y, init_layers(sizes), 1000, 0.1)
    print(history[-1])
