import torch

dtype = torch.float64
device = torch.device("cpu")


def init_params(sizes, seed=0):
    g = torch.Generator().manual_seed(seed)
    params = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        W = torch.randn(n_in, n_out, generator=g, dtype=dtype, device=device) * (2.0 / (n_in + n_out)) ** 0.5
        b = torch.zeros(n_out, dtype=dtype, device=device)
        params.append((W, b))
    return params


def relu(z):
    return torch.where(z > 0, z, torch.zeros_like(z))


def softmax(z):
    return torch.exp(z - torch.logsumexp(z, dim=1, keepdim=True))


def forward(params, X):
    acts = [X]
    for W, b in params[:-1]:
        acts.append(relu(acts[-1] @ W + b))
    W, b = params[-1]
    acts.append(softmax(acts[-1] @ W + b))
    return acts


def loss_fn(probs, Y):
    return -(Y * torch.log(probs + 1e-15)).sum(dim=1).mean()


def backward(params, acts, Y):
    N = Y.shape[0]
    delta = (acts[-1] - Y) / N
    grads = []
    for i in range(len(params) - 1, -1, -1):
        W, b = params[i]
        grads.append((acts[i].T @ delta, delta.sum(0)))
        if i > 0:
            delta = (delta @ W.T) * (acts[i] > 0).to(dtype)
    grads.reverse()
    return grads


def sgd(params, grads, lr):
    return [(W - lr * dW, b - lr * db) for (W, b), (dW, db) in zip(params, grads)]


def train(params, X, Y, num_epochs, lr):
    for epoch in range(num_epochs):
        acts = forward(params, X)
        params = sgd(params, backward(params, acts, Y), lr)
    return params
