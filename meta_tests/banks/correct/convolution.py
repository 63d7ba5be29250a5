"""Convolution, written in several correct ways: each variant is a module with the chapter's two names."""

import math
from types import SimpleNamespace

import numpy as np


def by_sums():
    """An output at a time, by math.fsum; the cache is a closure over copies."""

    def places(x, w, stride, pad):
        (_, channels, height, width), (_, _, rows, columns) = x.shape, w.shape
        for i in range((height + 2 * pad - rows) // stride + 1):
            for j in range((width + 2 * pad - columns) // stride + 1):
                yield (
                    (i, j),
                    [
                        (c, r, q, k, l)
                        for c in range(channels)
                        for k in range(rows)
                        for l in range(columns)
                        if 0 <= (r := stride * i + k - pad) < height and 0 <= (q := stride * j + l - pad) < width
                    ],
                )

    def conv2d_forward(x, w, b, stride=1, pad=0):
        x, w = np.array(x, float), np.array(w, float)
        found = list(places(x, w, stride, pad))
        high, wide = (1 + at for at in found[-1][0])
        out = np.empty((len(x), len(w), high, wide))
        for (i, j), terms in found:
            for n, f in np.ndindex(out.shape[:2]):
                out[n, f, i, j] = math.fsum([*(x[n, c, r, q] * w[f, c, k, l] for c, r, q, k, l in terms), float(b[f])])

        def back(dout):
            dx, dw = np.zeros(x.shape), np.zeros(w.shape)
            for (i, j), terms in found:
                for c, r, q, k, l in terms:
                    dx[:, c, r, q] += dout[:, :, i, j] @ w[:, c, k, l]
                    dw[:, c, k, l] += dout[:, :, i, j].T @ x[:, c, r, q]
            return dx, dw, np.array([[math.fsum(dout[:, f].ravel())] for f in range(len(w))])

        return out, back

    def conv2d_backward(dout, cache):
        return cache(dout)

    return SimpleNamespace(**locals())


def by_transforms():
    """Products of Fourier transforms; every s-th row and column of the dense result is kept."""

    def correlate(a, b):
        """The sum of a[m, r + i, q + j] b[m, r, q] over m, r, q, for all shifts i, j of b inside a."""
        shape = [p + q for p, q in zip(a.shape[-2:], b.shape[-2:], strict=True)]
        product = np.fft.rfft2(a, shape) * np.conj(np.fft.rfft2(b, shape))
        dense = np.fft.irfft2(product.sum(axis=-3), shape)
        high, wide = (p - q + 1 for p, q in zip(a.shape[-2:], b.shape[-2:], strict=True))
        return dense[..., :high, :wide]

    def conv2d_forward(x, w, b, stride=1, pad=0):
        around = np.pad(np.asarray(x, float), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        out = np.stack([correlate(around, np.asarray(f, float)) for f in w], axis=1)
        cache = {"x": around, "w": np.array(w, float), "stride": stride, "pad": pad, "shape": np.shape(x)}
        return out[:, :, ::stride, ::stride] + np.asarray(b).reshape(1, -1, 1, 1), cache

    def conv2d_backward(dout, cache):
        x, w, s, p = cache["x"], cache["w"], cache["stride"], cache["pad"]
        rows, columns = w.shape[2:]
        _, c, height, width = x.shape
        spread = np.zeros((*dout.shape[:2], height - rows + 1, width - columns + 1))
        spread[:, :, ::s, ::s] = dout
        dw = np.empty(w.shape)
        for f, channel in np.ndindex(w.shape[:2]):
            dw[f, channel] = correlate(x[:, channel], spread[:, f])
        around = np.pad(spread, [(0, 0), (0, 0), (rows - 1, rows - 1), (columns - 1, columns - 1)])
        dx = np.stack([correlate(around, w[:, channel, ::-1, ::-1]) for channel in range(c)], axis=1)
        _, _, height, width = cache["shape"]
        return dx[:, :, p : p + height, p : p + width], dw, dout.sum(axis=(0, 2, 3))

    return SimpleNamespace(**locals())


def in_single_precision():
    """Whatever comes in is rounded to float32; a product for each entry of a filter."""

    def conv2d_forward(x, w, b, stride=1, pad=0):
        x, w, b = (np.asarray(array, np.float32) for array in (x, w, b))
        around = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        high = (around.shape[2] - w.shape[2]) // stride + 1
        wide = (around.shape[3] - w.shape[3]) // stride + 1
        out = np.zeros((len(x), len(w), high, wide), np.float32) + b[:, None, None]
        for k, l in np.ndindex(w.shape[2:]):
            part = around[:, :, k : k + stride * high : stride, l : l + stride * wide : stride]
            out += np.tensordot(part, w[:, :, k, l], axes=(1, 1)).transpose(0, 3, 1, 2)
        return out, (around, w, stride, pad)

    def conv2d_backward(dout, cache):
        around, w, stride, pad = cache
        dout = np.asarray(dout, np.float32)
        (high, wide), dx, dw = dout.shape[2:], np.zeros_like(around), np.zeros_like(w)
        for k, l in np.ndindex(w.shape[2:]):
            place = (..., slice(k, k + stride * high, stride), slice(l, l + stride * wide, stride))
            dw[:, :, k, l] = np.tensordot(dout, around[place], axes=((0, 2, 3), (0, 2, 3)))
            dx[place] += np.tensordot(dout, w[:, :, k, l], axes=(1, 0)).transpose(0, 3, 1, 2)
        (_, _, height, width) = dx.shape
        return dx[:, :, pad : height - pad, pad : width - pad], dw, dout.sum(axis=(0, 2, 3))

    return SimpleNamespace(**locals())


VARIANTS = {
    "convolution by sums": by_sums,
    "convolution by transforms": by_transforms,
    "convolution in float32": in_single_precision,
}
