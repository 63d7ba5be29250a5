import jax
import jax.numpy as jnp
from jax import random


def init_mlp(layer_widths, seed=0):
    keys = random.split(random.PRNGKey(seed), len(layer_widths) - 1)
    params = []
    for in_width, out_width, key in zip(layer_widths[:-1], layer_widths[1:], keys):
        params.append([
            random.normal(key, (out_width, in_width)) * jnp.sqrt(2 / in_width),
            jnp.zeros((out_width,)),
        ])
    return params


def relu(x):
    return jnp.maximum(0, x)


def forward(params, x):
    *hidden, last = params
    activations = [x]
    for w, b in hidden:
        activations.append(relu(jnp.dot(activations[-1], w.T) + b))
    w, b = last
    logits = jnp.dot(activations[-1], w.T) + b
    return logits, activations


def log_softmax(logits):
    shifted = logits - jnp.max(logits, axis=1, keepdims=True)
    return shifted - jnp.log(jnp.sum(jnp.exp(shifted), axis=1, keepdims=True))


def loss_fn(params, x, y):
    logits, _ = forward(params, x)
    return -jnp.mean(jnp.sum(y * log_softmax(logits), axis=1))


def gradients(params, x, y):
    logits, activations = forward(params, x)
    delta = (jnp.exp(log_softmax(logits)) - y) / x.shape[0]
    grads = []
    for (w, b), a in zip(params[::-1], activations[::-1]):
        grads.insert(0, [jnp.dot(delta.T, a), delta.sum(axis=0)])
        delta = jnp.dot(delta, w) * (a > 0)
    return grads


def update(params, grads, lr):
    return [[w - lr * dw, b - lr * db] for (w, b), (dw, db) in zip(params, grads)]


def train(params, x, y, epochs, lr):
    for _ in range(epochs):
        params = update(params, gradients(params, x, y), lr)
    return params
