"""Max pooling as people write it, right in every style; and mistakes planted in it.

STYLES: {style: its source}.  PLANTED: (style, what is replaced, by what, the mistake that it makes).
"""

CONTRACT = """
def maxpool2d_forward(x, size=2, stride=2):
    N, C, H, W = x.shape
    H2 = (H - size) // stride + 1
    W2 = (W - size) // stride + 1
    out = np.zeros((N, C, H2, W2))
    where = np.zeros((N, C, H2, W2), int)
    for i in range(H2):
        for j in range(W2):
            window = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size].reshape(N, C, -1)
            where[:, :, i, j] = window.argmax(axis=2)
            out[:, :, i, j] = window.max(axis=2)
    return out, (x.shape, where, size, stride)


def maxpool2d_backward(dout, cache):
    shape, where, size, stride = cache
    N, C, H2, W2 = dout.shape
    dx = np.zeros(shape)
    for n in range(N):
        for c in range(C):
            for i in range(H2):
                for j in range(W2):
                    k, l = divmod(where[n, c, i, j], size)
                    dx[n, c, i * stride + k, j * stride + l] += dout[n, c, i, j]
    return dx
"""

# cs231n: settings in a dictionary, a mask (of one entry) on the way back.
COURSE = """
def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    pool_height = pool_param["pool_height"]
    pool_width = pool_param["pool_width"]
    stride = pool_param["stride"]
    H_out = 1 + (H - pool_height) // stride
    W_out = 1 + (W - pool_width) // stride
    out = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    hs, ws = i * stride, j * stride
                    out[n, c, i, j] = np.max(x[n, c, hs : hs + pool_height, ws : ws + pool_width])
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H_out, W_out = dout.shape
    pool_height = pool_param["pool_height"]
    pool_width = pool_param["pool_width"]
    stride = pool_param["stride"]
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    hs, ws = i * stride, j * stride
                    window = x[n, c, hs : hs + pool_height, ws : ws + pool_width]
                    row, column = np.unravel_index(np.argmax(window), window.shape)
                    dx[n, c, hs + row, ws + column] += dout[n, c, i, j]
    return dx
"""

# deeplearning.ai: channels last, a mode, a mask of one entry.
LAST = """
def create_mask_from_window(x):
    mask = np.zeros(x.shape)
    mask[np.unravel_index(np.argmax(x), x.shape)] = 1
    return mask


def pool_forward(A_prev, hparameters, mode="max"):
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    f = hparameters["f"]
    stride = hparameters["stride"]
    n_H = int(1 + (n_H_prev - f) / stride)
    n_W = int(1 + (n_W_prev - f) / stride)
    n_C = n_C_prev
    A = np.zeros((m, n_H, n_W, n_C))
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    a_prev_slice = A_prev[i, h * stride : h * stride + f, w * stride : w * stride + f, c]
                    if mode == "max":
                        A[i, h, w, c] = np.max(a_prev_slice)
                    elif mode == "average":
                        A[i, h, w, c] = np.mean(a_prev_slice)
    cache = (A_prev, hparameters)
    return A, cache


def pool_backward(dA, cache, mode="max"):
    (A_prev, hparameters) = cache
    stride = hparameters["stride"]
    f = hparameters["f"]
    m, n_H, n_W, n_C = dA.shape
    dA_prev = np.zeros(A_prev.shape)
    for i in range(m):
        a_prev = A_prev[i]
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    top, left = h * stride, w * stride
                    if mode == "max":
                        mask = create_mask_from_window(a_prev[top : top + f, left : left + f, c])
                        dA_prev[i, top : top + f, left : left + f, c] += mask * dA[i, h, w, c]
                    elif mode == "average":
                        dA_prev[i, top : top + f, left : left + f, c] += dA[i, h, w, c] / (f * f)
    return dA_prev
"""

# A book's layer: columns of windows.
BOOK = """
def im2col(input_data, filter_h, filter_w, stride=1, pad=0):
    N, C, H, W = input_data.shape
    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    img = np.pad(input_data, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant")
    col = np.zeros((N, C, filter_h, filter_w, out_h, out_w))
    for y in range(filter_h):
        for x in range(filter_w):
            col[:, :, y, x, :, :] = img[:, :, y : y + stride * out_h : stride, x : x + stride * out_w : stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)


def col2im(col, input_shape, filter_h, filter_w, stride=1, pad=0):
    N, C, H, W = input_shape
    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    col = col.reshape(N, out_h, out_w, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for y in range(filter_h):
        for x in range(filter_w):
            img[:, :, y : y + stride * out_h : stride, x : x + stride * out_w : stride] += col[:, :, y, x, :, :]
    return img[:, :, pad : H + pad, pad : W + pad]


class Pooling:
    def __init__(self, pool_h, pool_w, stride=2, pad=0):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride
        self.pad = pad
        self.x = None
        self.arg_max = None

    def forward(self, x):
        N, C, H, W = x.shape
        out_h = int(1 + (H - self.pool_h) / self.stride)
        out_w = int(1 + (W - self.pool_w) / self.stride)
        col = im2col(x, self.pool_h, self.pool_w, self.stride, self.pad)
        col = col.reshape(-1, self.pool_h * self.pool_w)
        arg_max = np.argmax(col, axis=1)
        out = np.max(col, axis=1)
        out = out.reshape(N, out_h, out_w, C).transpose(0, 3, 1, 2)
        self.x = x
        self.arg_max = arg_max
        return out

    def backward(self, dout):
        dout = dout.transpose(0, 2, 3, 1)
        pool_size = self.pool_h * self.pool_w
        dmax = np.zeros((dout.size, pool_size))
        dmax[np.arange(self.arg_max.size), self.arg_max.flatten()] = dout.flatten()
        dmax = dmax.reshape(dout.shape + (pool_size,))
        dcol = dmax.reshape(dmax.shape[0] * dmax.shape[1] * dmax.shape[2], -1)
        dx = col2im(dcol, self.x.shape, self.pool_h, self.pool_w, self.stride, self.pad)
        return dx
"""

# A layer of its own size, for images that it divides; tied entries share.
LAYER = """
class MaxPool2D:
    def __init__(self):
        self.cache = None

    def forward(self, x):
        n, c, h, w = x.shape
        tiles = x.reshape(n, c, h // 2, 2, w // 2, 2)
        out = tiles.max(axis=(3, 5))
        self.cache = (tiles, out)
        return out

    def backward(self, grad):
        tiles, out = self.cache
        mask = (tiles == out[:, :, :, None, :, None]).astype(float)
        mask /= mask.sum(axis=(3, 5), keepdims=True)
        d = mask * grad[:, :, :, None, :, None]
        n, c, h, _, w, _ = tiles.shape
        return d.reshape(n, c, 2 * h, 2 * w)
"""

# Channels last, a size of one number or two, the stride of the size by default, results kept.
KEEPING = """
class MaxPooling2D:
    def __init__(self, pool_size=(2, 2), strides=None):
        self.pool_size = pool_size
        self.strides = strides or pool_size[0]

    def forward(self, inputs):
        self.inputs = inputs
        ph, pw = self.pool_size
        s = self.strides
        n, h, w, c = inputs.shape
        rows, columns = (h - ph) // s + 1, (w - pw) // s + 1
        self.output = np.empty((n, rows, columns, c))
        for i in range(rows):
            for j in range(columns):
                self.output[:, i, j] = inputs[:, i * s : i * s + ph, j * s : j * s + pw].max(axis=(1, 2))

    def backward(self, dvalues):
        ph, pw = self.pool_size
        s = self.strides
        self.dinputs = np.zeros(self.inputs.shape)
        n, rows, columns, c = dvalues.shape
        for i in range(rows):
            for j in range(columns):
                window = self.inputs[:, i * s : i * s + ph, j * s : j * s + pw]
                flat = window.reshape(n, ph * pw, c)
                best = np.arange(ph * pw)[None, :, None] == flat.argmax(axis=1)[:, None]
                routed = (best * dvalues[:, None, i, j]).reshape(n, ph, pw, c)
                self.dinputs[:, i * s : i * s + ph, j * s : j * s + pw] += routed
"""

STYLES = {
    "contract": CONTRACT,
    "course": COURSE,
    "last": LAST,
    "book": BOOK,
    "layer": LAYER,
    "keeping": KEEPING,
}

PLANTED = [
    # What is kept
    ("course", "np.max(x[n, c", "np.mean(x[n, c", "pooling-average"),
    ("course", "np.max(x[n, c", "np.min(x[n, c", "pooling-smallest"),
    ("contract", "window.max(axis=2)", "np.abs(window).max(axis=2)", "pooling-magnitude"),
    ("last", "np.max(a_prev_slice)", "max(0, np.max(a_prev_slice))", "pooling-from-zero"),
    (
        "contract",
        "    return out, (x.shape",
        "    out = np.maximum(out, 0)\n    return out, (x.shape",
        "pooling-from-zero",
    ),
    ("course", "ws : ws + pool_width])", "ws : ws + pool_width - 1])", "pooling-part-of-the-window"),
    ("course", "np.max(x[n, c, hs", "np.max(x[n, :, hs", "pooling-over-channels"),
    ("keeping", ".max(axis=(1, 2))", ".max(axis=(1, 2, 3), keepdims=True)[:, 0, 0]", "pooling-over-channels"),
    ("course", "np.max(x[n, c, hs", "np.max(x[n, 0, hs", "pooling-one-channel"),
    ("last", "A_prev[i, h * stride", "A_prev[0, h * stride", "pooling-one-channel"),
    (
        "book",
        "out.reshape(N, out_h, out_w, C).transpose(0, 3, 1, 2)",
        "out.reshape(N, C, out_h, out_w)",
        "pooling-output-reshaped",
    ),
    # Sizes and strides
    ("contract", "H2 = (H - size) // stride + 1", "H2 = (H - size) // stride", "pooling-size"),
    (
        "contract",
        "H2 = (H - size) // stride + 1\n    W2 = (W - size) // stride + 1",
        "H2 = H // stride\n    W2 = W // stride",
        "pooling-size-by-division",
    ),
    (
        "contract",
        "H2 = (H - size) // stride + 1\n    W2 = (W - size) // stride + 1",
        "H2 = -(-(H - size) // stride) + 1\n    W2 = -(-(W - size) // stride) + 1",
        "pooling-size-rounded",
    ),
    ("contract", "    out = np.zeros", "    H2 = W2 = min(H2, W2)\n    out = np.zeros", "pooling-sides-mixed"),
    (
        "contract",
        "    N, C, H, W = x.shape\n    H2",
        "    stride = size\n    N, C, H, W = x.shape\n    H2",
        "pooling-stride-ignored",
    ),
    (
        "course",
        "np.max(x[n, c, hs : hs + pool_height, ws : ws + pool_width])",
        "np.max(x[n, c, hs : hs + stride, ws : ws + stride])",
        "pooling-size-ignored",
    ),
    (
        "course",
        "hs, ws = i * stride, j * stride\n                    out",
        "hs, ws = i, j\n                    out",
        "pooling-windows-not-strided",
    ),
    (
        "contract",
        "    out = np.zeros((N, C, H2, W2))",
        "    x = x.astype(np.int8) if x.dtype == np.uint8 else x\n    out = np.zeros((N, C, H2, W2))",
        "pooling-integers",
    ),
    (
        "contract",
        "    out = np.zeros((N, C, H2, W2))",
        "    x = x.ravel(order='K').reshape(x.shape)\n    out = np.zeros((N, C, H2, W2))",
        "pooling-storage",
    ),
    (
        "contract",
        "            out[:, :, i, j] = window.max(axis=2)",
        "            out[:, :, i, j] = window.max(axis=2)\n            x[:, :, i * stride, j * stride] = 0",
        "pooling-arguments-changed",
    ),
    # The gradient
    (
        "last",
        "    mask = np.zeros(x.shape)\n    mask[np.unravel_index(np.argmax(x), x.shape)] = 1\n    return mask",
        "    return x == np.max(x)",
        "pooling-ties-all",
    ),
    ("layer", "        mask /= mask.sum(axis=(3, 5), keepdims=True)\n", "", "pooling-ties-all"),
    ("last", "+= mask * dA[i, h, w, c]", "+= dA[i, h, w, c]", "pooling-gradient-everywhere"),
    ("layer", "d = mask * grad", "d = np.ones_like(mask) / 4 * grad", "pooling-gradient-everywhere"),
    ("course", "np.argmax(window), window", "np.argmin(window), window", "pooling-gradient-elsewhere"),
    ("contract", "k, l = divmod(", "l, k = divmod(", "pooling-gradient-elsewhere"),
    ("course", "ws + column] += dout", "ws + column] = dout", "pooling-gradient-overwritten"),
    (
        "book",
        "x : x + stride * out_w : stride] += col",
        "x : x + stride * out_w : stride] = col",
        "pooling-gradient-overwritten",
    ),
    ("last", "left : left + f, c] += mask * dA", "left : left + f, c] = mask * dA", "pooling-gradient-overwritten"),
    (
        "course",
        "hs, ws = i * stride, j * stride\n                    window",
        "hs, ws = i, j\n                    window",
        "pooling-gradient-of-neighbours",
    ),
    ("contract", "for c in range(C):", "for c in range(C - 1, C):", "pooling-gradient-in-part"),
    ("course", "+= dout[n, c, i, j]", "+= dout[n, c, i, j] * window.max()", "pooling-gradient-times-input"),
    ("last", "+= mask * dA[i, h, w, c]", "+= mask", "pooling-gradient-times-input"),
    ("contract", "    return dx\n", "    return dx / N\n", "pooling-gradient-scaled"),
    ("keeping", "routed = (best", "routed = (-best.astype(float)", "pooling-gradient-scaled"),
]
