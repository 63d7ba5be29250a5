"""Convolution: each filter is multiplied with every window of an image (17_convolution.md).

All windows, each as a column, make a matrix; the layer is then a matrix product.
"""

import numpy as np

__all__ = ["conv2d_backward", "conv2d_forward"]


def conv2d_forward(x, w, b, stride=1, pad=0):
    """Slide filters over images, and add a bias to each filter's output.

        out[n, f, i, j] = sum_{c, k, l} xp[n, c, stride i + k, stride j + l] w[f, c, k, l] + b[f]
        xp: x between `pad` rows and columns of zeros on every side

    x: (N, C, H, W); w: (F, C, HH, WW); b: (F,). Returns out (N, F, H', W'), H' = (H + 2 pad - HH) // stride + 1 and W'
    alike, and the cache.
    Clauses: convolution.values, convolution.stride, convolution.padding, convolution.columns.
    """
    x, w, b = map(np.asarray, (x, w, b))
    columns, size = as_columns(x, w.shape[2:], stride, pad)
    out = w.reshape(len(w), -1) @ columns + b[:, None]
    return out.reshape(len(x), len(w), *size), (columns, x.shape, w, stride, pad)


def conv2d_backward(dout, cache):
    """The gradients with respect to x, w and b.

        dw[f, c, k, l] = sum_{n, i, j} dout[n, f, i, j] xp[n, c, stride i + k, stride j + l]
        db[f] = sum_{n, i, j} dout[n, f, i, j]
        dx: each dout[n, f, i, j] w[f] is added to the window that it came from

    dout: (N, F, H', W'). Returns dx (N, C, H, W), dw (F, C, HH, WW), db (F,).
    Clauses: convolution.input_gradient, convolution.weight_gradient, convolution.bias_gradient.
    """
    columns, shape, w, stride, pad = cache
    dout = np.asarray(dout)
    slopes = dout.reshape(*dout.shape[:2], -1)
    dw = (slopes @ columns.transpose(0, 2, 1)).sum(axis=0)
    dcolumns = w.reshape(len(w), -1).T @ slopes
    dx = from_columns(dcolumns, shape, w.shape[2:], dout.shape[2:], stride, pad)
    return dx, dw.reshape(w.shape), dout.sum(axis=(0, 2, 3))


def as_columns(x, window, stride, pad):
    """(the windows of padded images as columns (N, C HH WW, H' W'), the size (H', W') of the output).

    Clause: convolution.columns.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    views = np.lib.stride_tricks.sliding_window_view(padded, window, axis=(2, 3))[:, :, ::stride, ::stride]
    size = views.shape[2:4]
    return views.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), -1, size[0] * size[1]), size


def from_columns(columns, shape, window, size, stride, pad):
    """Add columns up where their windows lie in images of a shape (N, C, H, W), and take the padding off.

    Clause: convolution.input_gradient.
    """
    (n, c, height, width), (rows, cols) = shape, size
    parts = columns.reshape(n, c, *window, rows, cols)
    padded = np.zeros((n, c, height + 2 * pad, width + 2 * pad), columns.dtype)
    for k, l in np.ndindex(*window):
        padded[:, :, k : k + stride * rows : stride, l : l + stride * cols : stride] += parts[:, :, k, l]
    return padded[:, :, pad : pad + height, pad : pad + width]
