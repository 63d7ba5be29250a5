"""Max pooling, written in several correct ways: each variant is a module with the chapter's two names."""

from types import SimpleNamespace

import numpy as np


def in_equal_shares():
    """A mask for each window; tied entries share the gradient; the cache is a dictionary with the image."""

    def maxpool2d_forward(x, size=2, stride=2):
        n, c, height, width = x.shape
        out = np.empty((n, c, (height - size) // stride + 1, (width - size) // stride + 1))
        for i, j in np.ndindex(out.shape[2:]):
            out[:, :, i, j] = x[:, :, stride * i : stride * i + size, stride * j : stride * j + size].max(axis=(2, 3))
        return out, {"x": np.array(x), "size": size, "stride": stride}

    def maxpool2d_backward(dout, cache):
        x, size, stride = cache["x"], cache["size"], cache["stride"]
        dx = np.zeros(x.shape)
        for i, j in np.ndindex(dout.shape[2:]):
            place = (..., slice(stride * i, stride * i + size), slice(stride * j, stride * j + size))
            mask = x[place] == x[place].max(axis=(2, 3), keepdims=True)
            dx[place] += mask / mask.sum(axis=(2, 3), keepdims=True) * dout[:, :, i, j, None, None]
        return dx

    return SimpleNamespace(**locals())


def by_indices():
    """Python's max over each window, the last of the tied; the cache is a closure over places."""

    def maxpool2d_forward(x, size=2, stride=2):
        n, c, height, width = np.shape(x)
        out, kept = np.empty((n, c, (height - size) // stride + 1, (width - size) // stride + 1)), {}
        for at in np.ndindex(out.shape):
            image, (top, left) = x[at[:2]], (stride * at[2], stride * at[3])
            places = [(r, q) for r in range(top, top + size) for q in range(left, left + size)]
            kept[at] = max(reversed(places), key=lambda place, image=image: float(image[place]))
            out[at] = image[kept[at]]

        def back(dout):
            dx = np.zeros((n, c, height, width))
            for at, place in kept.items():
                dx[(*at[:2], *place)] += dout[at]
            return dx

        return out, back

    def maxpool2d_backward(dout, cache):
        return cache(dout)

    return SimpleNamespace(**locals())


def in_single_precision():
    """Whatever comes in is rounded to float32; the largest so far, entry by entry of the window."""

    def maxpool2d_forward(x, size=2, stride=2):
        x = np.asarray(x, np.float32)
        high, wide = ((length - size) // stride + 1 for length in x.shape[2:])
        out, place = np.full((*x.shape[:2], high, wide), -np.inf, np.float32), None
        place = np.zeros(out.shape, int)
        for number, (k, l) in enumerate(np.ndindex(size, size)):
            part = x[:, :, k : k + stride * (high - 1) + 1 : stride, l : l + stride * (wide - 1) + 1 : stride]
            place = np.where(part > out, number, place)
            out = np.maximum(out, part)
        return out, (place, x.shape, size, stride)

    def maxpool2d_backward(dout, cache):
        place, shape, size, stride = cache
        dx, dout = np.zeros(shape, np.float32), np.asarray(dout, np.float32)
        n, c, i, j = np.indices(place.shape)
        np.add.at(dx, (n, c, stride * i + place // size, stride * j + place % size), dout)
        return dx

    return SimpleNamespace(**locals())


VARIANTS = {
    "max pooling in equal shares": in_equal_shares,
    "max pooling by indices": by_indices,
    "max pooling in float32": in_single_precision,
}
