"""Max pooling: of each window of an image, the largest entry (18_pooling.md)."""

import numpy as np

__all__ = ["maxpool2d_backward", "maxpool2d_forward"]


def maxpool2d_forward(x, size=2, stride=2):
    """Keep the largest entry of each window, channel by channel.

        out[n, c, i, j] = max_{k, l < size} x[n, c, stride i + k, stride j + l]

    x: (N, C, H, W). Returns out (N, C, H', W'), H' = (H - size) // stride + 1 and W' alike, and the cache.
    Clauses: pooling.values, pooling.stride, pooling.remainder.
    """
    x = np.asarray(x)
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    entries = windows.reshape(*windows.shape[:4], size * size)
    return entries.max(axis=4), (entries.argmax(axis=4), x.shape, size, stride)


def maxpool2d_backward(dout, cache):
    """The gradient with respect to x: each dout goes to the entry that was kept, the first one of several.

        dx[n, c, r, q] = sum of dout[n, c, i, j] over the windows (i, j) that kept (r, q)

    dout: (N, C, H', W'). Returns dx (N, C, H, W).
    Clauses: pooling.routing, pooling.overlaps, pooling.ties.
    """
    kept, shape, size, stride = cache
    dout = np.asarray(dout)
    dx, (rows, columns) = np.zeros(shape, dout.dtype), dout.shape[2:]
    for k, l in np.ndindex(size, size):
        slopes = np.where(kept == k * size + l, dout, 0)
        dx[:, :, k : k + stride * rows : stride, l : l + stride * columns : stride] += slopes
    return dx
