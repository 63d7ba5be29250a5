"""Layers as functions, written in several correct ways: each variant is a module with the chapter's five names."""

from types import SimpleNamespace

import numpy as np

from banks.correct import parts


def in_a_dictionary():
    """Caches are dictionaries; products are by einsum; the mask is of the output."""

    def affine_forward(x, w, b):
        rows = x.reshape(x.shape[0], -1)
        return np.einsum("nd,dm->nm", rows, w) + b, {"x": x, "w": w, "rows": rows}

    def affine_backward(dout, cache):
        dx = np.einsum("nm,dm->nd", dout, cache["w"]).reshape(cache["x"].shape)
        return dx, np.einsum("nd,nm->dm", cache["rows"], dout), np.einsum("nm->m", dout)

    def relu_forward(x):
        out = np.maximum(x, 0)
        return out, {"out": out.copy()}

    def relu_backward(dout, cache):
        return np.where(cache["out"] > 0, dout, 0)

    def softmax_loss(x, y):
        p = parts.softmax_shifted(x)
        return -np.log(p[np.arange(len(y)), y] + 1e-12).mean(), parts.error_by_subtraction(p, y) / len(y)

    return SimpleNamespace(**locals())


def closures():
    """A cache is the backward pass itself; sums go from the last term to the first."""

    def affine_forward(x, w, b):
        rows = np.array(x).reshape(len(x), -1)
        w, shape = np.array(w), x.shape

        def back(dout):
            dx = parts.product_reversed(dout, w.T).reshape(shape)
            return dx, parts.product_reversed(rows.T, dout), sum(dout[n] for n in reversed(range(len(dout))))

        return parts.product_reversed(rows, w) + b, back

    def affine_backward(dout, cache):
        return cache(dout)

    def relu_forward(x):
        mask = x >= 0
        return np.where(mask, x, 0.0), lambda dout: dout * mask

    def relu_backward(dout, cache):
        return cache(dout)

    def softmax_loss(x, y):
        logarithms = parts.log_softmax_in_one_pass(x)
        loss = -logarithms[np.arange(len(y)), y].sum() / len(y)
        return loss, (np.exp(logarithms) - np.eye(x.shape[1])[y]) * (1 / len(y))

    return SimpleNamespace(**locals())


def by_samples():
    """Loops over samples, arrays in Fortran's order, the loss by logaddexp."""

    def affine_forward(x, w, b):
        return np.asfortranarray([sample.ravel() @ w + b for sample in x]), (x, w, b)

    def affine_backward(dout, cache):
        x, w, b = cache
        dx, dw, db = np.zeros(x.shape), np.zeros(w.shape, order="F"), np.zeros(b.shape)
        for n, sample in enumerate(x):
            dx[n] = (w @ dout[n]).reshape(sample.shape)
            dw += np.outer(sample.ravel(), dout[n])
            db += dout[n]
        return dx, dw, db

    def relu_forward(x):
        out = x.copy()
        out[out < 0] = 0
        return out, x

    def relu_backward(dout, cache):
        dx = np.array(dout)
        dx[cache <= 0] = 0
        return dx

    def softmax_loss(x, y):
        total = np.logaddexp.reduce(x, axis=1)
        dx = np.exp(x - total[:, None])
        dx[np.arange(len(y)), y] -= 1
        return float(np.mean(total - x[np.arange(len(y)), y])), dx / len(y)

    return SimpleNamespace(**locals())


def in_single_precision():
    """Whatever comes in is rounded to float32."""

    def affine_forward(x, w, b):
        x, w, b = (np.asarray(array, np.float32) for array in (x, w, b))
        return x.reshape(len(x), -1) @ w + b, (x, w)

    def affine_backward(dout, cache):
        x, w = cache
        dout = np.asarray(dout, np.float32)
        return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)

    def relu_forward(x):
        x = np.asarray(x, np.float32)
        return np.maximum(x, np.float32(0)), x > 0

    def relu_backward(dout, cache):
        return np.asarray(dout, np.float32) * cache

    def softmax_loss(x, y):
        x = np.asarray(x, np.float32)
        shifted = x - x.max(axis=1, keepdims=True)
        logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        one_hot = np.eye(x.shape[1], dtype=np.float32)[y]
        return float(-(one_hot * logarithms).sum() / len(y)), (np.exp(logarithms) - one_hot) / np.float32(len(y))

    return SimpleNamespace(**locals())


VARIANTS = {
    "layers with dictionaries": in_a_dictionary,
    "layers with closures": closures,
    "layers by samples": by_samples,
    "layers in float32": in_single_precision,
}
