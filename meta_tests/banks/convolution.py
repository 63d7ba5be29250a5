"""Convolution as people write it, right in every style; and mistakes planted in it.

STYLES: {style: its source}.  PLANTED: (style, what is replaced, by what, the mistake that it makes).
"""

CONTRACT = """
def conv2d_forward(x, w, b, stride=1, pad=0):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    H2 = (H + 2 * pad - HH) // stride + 1
    W2 = (W + 2 * pad - WW) // stride + 1
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, H2, W2))
    for i in range(H2):
        for j in range(W2):
            window = xp[:, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (x, w, b, stride, pad)


def conv2d_backward(dout, cache):
    x, w, b, stride, pad = cache
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, H2, W2 = dout.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    db = dout.sum(axis=(0, 2, 3))
    for i in range(H2):
        for j in range(W2):
            rows = slice(i * stride, i * stride + HH)
            columns = slice(j * stride, j * stride + WW)
            dw += np.tensordot(dout[:, :, i, j], xp[:, :, rows, columns], axes=(0, 0))
            dxp[:, :, rows, columns] += np.tensordot(dout[:, :, i, j], w, axes=(1, 0))
    dx = dxp[:, :, pad : pad + H, pad : pad + W]
    return dx, dw, db
"""

# cs231n: settings in a dictionary, four loops.
COURSE = """
def conv_forward_naive(x, w, b, conv_param):
    out = None
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    x_pad = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
    H_out = int(1 + (H + 2 * pad - HH) / stride)
    W_out = int(1 + (W + 2 * pad - WW) / stride)
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    field = x_pad[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                    out[n, f, i, j] = np.sum(field * w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    dx, dw, db = None, None, None
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    N, F, H_out, W_out = dout.shape
    x_pad = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            db[f] += np.sum(dout[n, f])
            for i in range(H_out):
                for j in range(W_out):
                    hs, ws = i * stride, j * stride
                    dw[f] += x_pad[n, :, hs : hs + HH, ws : ws + WW] * dout[n, f, i, j]
                    dx_pad[n, :, hs : hs + HH, ws : ws + WW] += w[f] * dout[n, f, i, j]
    dx = dx_pad[:, :, pad : pad + H, pad : pad + W]
    return dx, dw, db
"""

# Columns of windows by indices, and a scattered sum back.
COLUMNS = """
def im2col_indices(shape, HH, WW, stride, pad):
    N, C, H, W = shape
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1
    i0 = np.tile(np.repeat(np.arange(HH), WW), C)
    i1 = stride * np.repeat(np.arange(H_out), W_out)
    j0 = np.tile(np.arange(WW), HH * C)
    j1 = stride * np.tile(np.arange(W_out), H_out)
    i = i0.reshape(-1, 1) + i1.reshape(1, -1)
    j = j0.reshape(-1, 1) + j1.reshape(1, -1)
    k = np.repeat(np.arange(C), HH * WW).reshape(-1, 1)
    return k, i, j, H_out, W_out


def conv_forward(X, W, b, stride=1, padding=1):
    N = X.shape[0]
    F, C, HH, WW = W.shape
    k, i, j, H_out, W_out = im2col_indices(X.shape, HH, WW, stride, padding)
    X_padded = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="constant")
    X_col = X_padded[:, k, i, j].transpose(1, 2, 0).reshape(C * HH * WW, -1)
    W_col = W.reshape(F, -1)
    out = W_col @ X_col + b.reshape(-1, 1)
    out = out.reshape(F, H_out, W_out, N).transpose(3, 0, 1, 2)
    return out, (X.shape, W, X_col, stride, padding)


def conv_backward(dout, cache):
    shape, W, X_col, stride, padding = cache
    N, C, H, W_in = shape
    F, _, HH, WW = W.shape
    db = np.sum(dout, axis=(0, 2, 3)).reshape(F, -1)
    dout_reshaped = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    dW = (dout_reshaped @ X_col.T).reshape(W.shape)
    dX_col = W.reshape(F, -1).T @ dout_reshaped
    k, i, j, H_out, W_out = im2col_indices(shape, HH, WW, stride, padding)
    X_padded = np.zeros((N, C, H + 2 * padding, W_in + 2 * padding))
    cols = dX_col.reshape(C * HH * WW, -1, N).transpose(2, 0, 1)
    np.add.at(X_padded, (slice(None), k, i, j), cols)
    return X_padded[:, :, padding : padding + H, padding : padding + W_in], dW, db
"""

# deeplearning.ai: channels last, square filters, settings in a dictionary.
LAST = """
def zero_pad(X, pad):
    return np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))


def conv_forward(A_prev, W, b, hparameters):
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride = hparameters["stride"]
    pad = hparameters["pad"]
    n_H = int((n_H_prev - f + 2 * pad) / stride) + 1
    n_W = int((n_W_prev - f + 2 * pad) / stride) + 1
    Z = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = zero_pad(A_prev, pad)
    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    slice_prev = a_prev_pad[h * stride : h * stride + f, w * stride : w * stride + f, :]
                    Z[i, h, w, c] = np.sum(slice_prev * W[:, :, :, c]) + float(b[0, 0, 0, c])
    cache = (A_prev, W, b, hparameters)
    return Z, cache


def conv_backward(dZ, cache):
    (A_prev, W, b, hparameters) = cache
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride = hparameters["stride"]
    pad = hparameters["pad"]
    (m, n_H, n_W, n_C) = dZ.shape
    dA_prev = np.zeros(A_prev.shape)
    dW = np.zeros(W.shape)
    db = np.zeros((1, 1, 1, n_C))
    A_prev_pad = zero_pad(A_prev, pad)
    dA_prev_pad = zero_pad(dA_prev, pad)
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    top, left = h * stride, w * stride
                    a_slice = A_prev_pad[i, top : top + f, left : left + f, :]
                    dA_prev_pad[i, top : top + f, left : left + f, :] += W[:, :, :, c] * dZ[i, h, w, c]
                    dW[:, :, :, c] += a_slice * dZ[i, h, w, c]
                    db[:, :, :, c] += dZ[i, h, w, c]
        dA_prev[i] = dA_prev_pad[i, pad : pad + n_H_prev, pad : pad + n_W_prev, :]
    return dA_prev, dW, db
"""

# A book's layer: filters and biases are given to it.
BOOK = """
def im2col(input_data, filter_h, filter_w, stride=1, pad=0):
    N, C, H, W = input_data.shape
    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    img = np.pad(input_data, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant")
    col = np.zeros((N, C, filter_h, filter_w, out_h, out_w))
    for y in range(filter_h):
        y_max = y + stride * out_h
        for x in range(filter_w):
            x_max = x + stride * out_w
            col[:, :, y, x, :, :] = img[:, :, y:y_max:stride, x:x_max:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)


def col2im(col, input_shape, filter_h, filter_w, stride=1, pad=0):
    N, C, H, W = input_shape
    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    col = col.reshape(N, out_h, out_w, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for y in range(filter_h):
        y_max = y + stride * out_h
        for x in range(filter_w):
            x_max = x + stride * out_w
            img[:, :, y:y_max:stride, x:x_max:stride] += col[:, :, y, x, :, :]
    return img[:, :, pad : H + pad, pad : W + pad]


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad
        self.x = None
        self.col = None
        self.col_W = None
        self.dW = None
        self.db = None

    def forward(self, x):
        FN, C, FH, FW = self.W.shape
        N, C, H, W = x.shape
        out_h = 1 + int((H + 2 * self.pad - FH) / self.stride)
        out_w = 1 + int((W + 2 * self.pad - FW) / self.stride)
        col = im2col(x, FH, FW, self.stride, self.pad)
        col_W = self.W.reshape(FN, -1).T
        out = np.dot(col, col_W) + self.b
        out = out.reshape(N, out_h, out_w, -1).transpose(0, 3, 1, 2)
        self.x, self.col, self.col_W = x, col, col_W
        return out

    def backward(self, dout):
        FN, C, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.col.T, dout)
        self.dW = self.dW.transpose(1, 0).reshape(FN, C, FH, FW)
        dcol = np.dot(dout, self.col_W.T)
        dx = col2im(dcol, self.x.shape, FH, FW, self.stride, self.pad)
        return dx
"""

# A layer that makes its filters, of one side, and keeps parameters and gradients in dictionaries.
LAYER = """
class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0):
        self.stride, self.padding, self.k = stride, padding, kernel_size
        scale = np.sqrt(2.0 / (in_channels * kernel_size * kernel_size))
        self.params = {
            "W": np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * scale,
            "b": np.zeros(out_channels),
        }
        self.grads = {}

    def windows(self, x):
        view = np.lib.stride_tricks.sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        return view[:, :, :: self.stride, :: self.stride]

    def forward(self, x):
        p = self.padding
        self.shape = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        out = np.einsum("ncijkl,fckl->nfij", self.windows(self.xp), self.params["W"])
        return out + self.params["b"].reshape(1, -1, 1, 1)

    def backward(self, dout):
        s, p, k = self.stride, self.padding, self.k
        self.grads["W"] = np.einsum("nfij,ncijkl->fckl", dout, self.windows(self.xp))
        self.grads["b"] = dout.sum(axis=(0, 2, 3))
        dxp = np.zeros(self.xp.shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                step = np.einsum("nf,fckl->nckl", dout[:, :, i, j], self.params["W"])
                dxp[:, :, i * s : i * s + k, j * s : j * s + k] += step
        h, w = self.shape[2:]
        return dxp[:, :, p : p + h, p : p + w]
"""

# A layer of a small framework: channels last, filters made in the first pass, `same` padding or none, and an update.
LAZY = """
class Conv2D:
    def __init__(self, filters, kernel_size, padding="valid"):
        self.filters, self.kernel_size, self.padding = filters, kernel_size, padding
        self.kernels = None

    def forward(self, inputs):
        self.inputs = inputs
        kh, kw = self.kernel_size
        if self.kernels is None:
            self.kernels = np.random.randn(kh, kw, inputs.shape[3], self.filters) * 0.1
            self.biases = np.zeros(self.filters)
        self.around = ((kh - 1) // 2, (kw - 1) // 2) if self.padding == "same" else (0, 0)
        (top, left) = self.around
        self.padded = np.pad(inputs, ((0, 0), (top, top), (left, left), (0, 0)))
        n, h, w, _ = self.padded.shape
        output = np.zeros((n, h - kh + 1, w - kw + 1, self.filters)) + self.biases
        for i in range(kh):
            for j in range(kw):
                output += self.padded[:, i : i + h - kh + 1, j : j + w - kw + 1, :] @ self.kernels[i, j]
        self.output = output

    def backward(self, dvalues, learning_rate):
        kh, kw = self.kernel_size
        n, h, w, _ = dvalues.shape
        dpadded = np.zeros(self.padded.shape)
        dkernels = np.zeros(self.kernels.shape)
        for i in range(kh):
            for j in range(kw):
                window = self.padded[:, i : i + h, j : j + w, :]
                dkernels[i, j] = np.tensordot(window, dvalues, axes=([0, 1, 2], [0, 1, 2]))
                dpadded[:, i : i + h, j : j + w, :] += dvalues @ self.kernels[i, j].T
        dbiases = dvalues.sum(axis=(0, 1, 2))
        (top, left), (_, height, width, _) = self.around, self.inputs.shape
        self.kernels = self.kernels - learning_rate * dkernels
        self.biases = self.biases - learning_rate * dbiases
        self.dinputs = dpadded[:, top : top + height, left : left + width, :]
"""

# A layer with a true convolution, one stride and no padding.
TURNED = """
class ConvolutionalLayer:
    def __init__(self, n_channels, n_filters, kernel_h, kernel_w):
        self.weights = np.random.randn(n_filters, n_channels, kernel_h, kernel_w)
        self.bias = np.zeros(n_filters)

    def forward(self, x):
        self.x = x
        n, c, h, w = x.shape
        f, _, kh, kw = self.weights.shape
        out = np.zeros((n, f, h - kh + 1, w - kw + 1))
        turned = self.weights[:, :, ::-1, ::-1]
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = np.einsum("nckl,fckl->nf", x[:, :, i : i + kh, j : j + kw], turned)
        return out + self.bias[None, :, None, None]

    def backward(self, grad):
        n, f, h, w = grad.shape
        kh, kw = self.weights.shape[2:]
        turned = self.weights[:, :, ::-1, ::-1]
        self.grad_weights = np.zeros(self.weights.shape)
        grad_x = np.zeros(self.x.shape)
        for i in range(h):
            for j in range(w):
                window = self.x[:, :, i : i + kh, j : j + kw]
                self.grad_weights += np.einsum("nf,nckl->fckl", grad[:, :, i, j], window)[:, :, ::-1, ::-1]
                grad_x[:, :, i : i + kh, j : j + kw] += np.einsum("nf,fckl->nckl", grad[:, :, i, j], turned)
        self.grad_bias = grad.sum(axis=(0, 2, 3))
        return grad_x
"""

STYLES = {
    "contract": CONTRACT,
    "course": COURSE,
    "columns": COLUMNS,
    "last": LAST,
    "book": BOOK,
    "layer": LAYER,
    "lazy": LAZY,
    "turned": TURNED,
}

PLANTED = [
    # Windows and filters
    (
        "contract",
        "np.tensordot(window, w, axes",
        "np.tensordot(window, w[:, :, ::-1, ::-1], axes",
        "convolution-flipped",
    ),
    ("course", "field * w[f]) + b[f]", "field * np.flip(w[f], axis=(1, 2))) + b[f]", "convolution-flipped"),
    ("last", "slice_prev * W[:, :, :, c]", "slice_prev * W[::-1, ::-1, :, c]", "convolution-flipped"),
    ("course", "field * w[f]) + b[f]", "field * w[f, :, ::-1]) + b[f]", "convolution-flipped"),
    (
        "layer",
        '"ncijkl,fckl->nfij", self.windows(self.xp), self.params["W"]',
        '"ncijkl,fclk->nfij", self.windows(self.xp), self.params["W"]',
        "convolution-filter-transposed",
    ),
    ("columns", "W_col = W.reshape(F, -1)\n", "W_col = W.reshape(-1, F).T\n", "convolution-filter-reshaped"),
    ("book", "col_W = self.W.reshape(FN, -1).T", "col_W = self.W.reshape(-1, FN)", "convolution-filter-reshaped"),
    (
        "book",
        "out.reshape(N, out_h, out_w, -1).transpose(0, 3, 1, 2)",
        "out.reshape(N, -1, out_h, out_w)",
        "convolution-output-reshaped",
    ),
    (
        "columns",
        "out.reshape(F, H_out, W_out, N).transpose(3, 0, 1, 2)",
        "out.reshape(N, F, H_out, W_out)",
        "convolution-output-reshaped",
    ),
    (
        "book",
        "col.transpose(0, 4, 5, 1, 2, 3).reshape",
        "col.transpose(0, 4, 5, 2, 3, 1).reshape",
        "convolution-columns-reshaped",
    ),
    ("course", "np.sum(field * w[f]) + b[f]", "np.sum(field[0] * w[f][0]) + b[f]", "convolution-one-channel"),
    ("course", "np.sum(field * w[f]) + b[f]", "np.sum(field * w[f][0]) + b[f]", "convolution-filter-of-one-channel"),
    (
        "contract",
        "np.tensordot(window, w, axes",
        "np.tensordot(window, w[:, ::-1], axes",
        "convolution-channels-reversed",
    ),
    ("course", "np.sum(field * w[f]) + b[f]", "np.mean(field * w[f]) + b[f]", "convolution-averaged"),
    ("course", "np.sum(field * w[f]) + b[f]", "np.sum(field * w[0]) + b[f]", "convolution-one-filter"),
    (
        "last",
        "np.sum(slice_prev * W[:, :, :, c]) + float",
        "np.sum(slice_prev * W[:, :, :, 0]) + float",
        "convolution-one-filter",
    ),
    ("course", "x_pad[n, :, i * stride", "x_pad[0, :, i * stride", "convolution-one-image"),
    (
        "contract",
        "np.tensordot(window, w, axes",
        "np.tensordot(window[:, :, :-1], w[:, :, :-1], axes",
        "convolution-part-of-the-window",
    ),
    ("lazy", "output += self.padded", "output = self.biases + self.padded", "convolution-part-of-the-window"),
    (
        "course",
        "                    out[n, f, i, j] = np.sum(field * w[f]) + b[f]",
        "                    below = out[n, f - 1, i, j] - b[f - 1] if f else 0\n"
        "                    out[n, f, i, j] = below + np.sum(field * w[f]) + b[f]",
        "convolution-filters-added",
    ),
    (
        "contract",
        "    return out, (x, w",
        "    return out.transpose(0, 1, 3, 2), (x, w",
        "convolution-output-transposed",
    ),
    # The bias, and what follows
    ("contract", "axes=([1, 2, 3], [1, 2, 3])) + b", "axes=([1, 2, 3], [1, 2, 3]))", "convolution-bias-missing"),
    ("layer", 'return out + self.params["b"].reshape(1, -1, 1, 1)', "return out", "convolution-bias-missing"),
    ("course", "np.sum(field * w[f]) + b[f]", "np.sum(field * w[f] + b[f])", "convolution-bias-repeated"),
    (
        "lazy",
        "self.kernels[i, j]\n        self.output",
        "self.kernels[i, j] + self.biases\n        self.output",
        "convolution-bias-repeated",
    ),
    ("course", "np.sum(field * w[f]) + b[f]", "np.sum(field * w[f]) + b[0]", "convolution-bias-of-another-filter"),
    ("columns", "X_col + b.reshape(-1, 1)", "X_col + b.sum()", "convolution-bias-of-another-filter"),
    ("course", "np.sum(field * w[f]) + b[f]", "np.sum(field * w[f]) * b[f]", "convolution-bias-multiplied"),
    ("contract", "    return out, (x, w", "    return np.maximum(out, 0), (x, w", "convolution-activation"),
    # Sizes, stride and padding
    ("contract", "H2 = (H + 2 * pad - HH) // stride + 1", "H2 = (H + 2 * pad - HH) // stride", "convolution-size"),
    (
        "course",
        "W_out = int(1 + (W + 2 * pad - WW) / stride)",
        "W_out = int((W + 2 * pad - WW) / stride)",
        "convolution-size",
    ),
    ("contract", "W2 = (W + 2 * pad - WW)", "W2 = (W + 2 * pad - HH)", "convolution-sides-mixed"),
    (
        "contract",
        "    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))\n    out = ",
        "    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad + stride), (pad, pad + stride)))\n"
        "    H2, W2 = -(-(H + 2 * pad - HH) // stride) + 1, -(-(W + 2 * pad - WW) // stride) + 1\n    out = ",
        "convolution-size-rounded",
    ),
    (
        "contract",
        "    N, C, H, W = x.shape\n    F, _, HH, WW = w.shape\n    H2",
        "    stride = 1\n    N, C, H, W = x.shape\n    F, _, HH, WW = w.shape\n    H2",
        "convolution-stride-ignored",
    ),
    (
        "course",
        "field = x_pad[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]",
        "field = x_pad[n, :, i : i + HH, j : j + WW]",
        "convolution-windows-not-strided",
    ),
    (
        "last",
        "slice_prev = a_prev_pad[h * stride : h * stride + f, w * stride : w * stride + f, :]",
        "slice_prev = a_prev_pad[h * stride : h * stride + f, w : w + f, :]",
        "convolution-windows-not-strided",
    ),
    (
        "contract",
        "    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))\n    out",
        "    pad = 0\n    H2, W2 = (H - HH) // stride + 1, (W - WW) // stride + 1\n    xp = x\n    out",
        "convolution-padding-missing",
    ),
    (
        "columns",
        "X_padded = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding))",
        "X_padded = np.pad(X, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding))",
        "convolution-padding-one-sided",
    ),
    ("course", '(pad,)), "constant")\n    H_out', '(pad,)), "edge")\n    H_out', "convolution-padding-values"),
    ("book", '(pad, pad)], "constant")', '(pad, pad)], "reflect")', "convolution-padding-values"),
    ("layer", "p = self.padding\n", "p = 2 * self.padding\n", "convolution-padding-amount"),
    (
        "contract",
        "out = np.zeros((N, F, H2, W2))",
        "out = np.zeros((N, F, H2, W2), dtype=x.dtype)",
        "convolution-integers",
    ),
    (
        "course",
        '    x_pad = np.pad(x, ((0,), (0,), (pad,), (pad,)), "constant")\n    H_out',
        '    x *= 1.5\n    x_pad = np.pad(x / 1.5, ((0,), (0,), (pad,), (pad,)), "constant")\n    H_out',
        "convolution-arguments-changed",
    ),
    (
        "columns",
        "    X_padded = np.pad(X,",
        "    X = X.ravel(order='K').reshape(X.shape)\n    X_padded = np.pad(X,",
        "convolution-storage",
    ),
    # The gradients
    ("contract", "db = dout.sum(axis=(0, 2, 3))", "db = dout.mean(axis=(0, 2, 3))", "convolution-db-scaled"),
    (
        "layer",
        'self.grads["b"] = dout.sum(axis=(0, 2, 3))',
        'self.grads["b"] = dout.sum(axis=(0, 2, 3)) / len(dout)',
        "convolution-db-scaled",
    ),
    ("course", "db[f] += np.sum(dout[n, f])", "db[f] = np.sum(dout[n, f])", "convolution-db-in-part"),
    ("contract", "db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(axis=(0, 1, 2))", "convolution-db-axes"),
    ("columns", "dW = (dout_reshaped @ X_col.T)", "dW = (dout_reshaped @ X_col.T / N)", "convolution-dw-scaled"),
    ("course", "dw[f] += x_pad", "dw[f] = x_pad", "convolution-dw-in-part"),
    ("last", "dW[:, :, :, c] += a_slice", "dW[:, :, :, c] = a_slice", "convolution-dw-in-part"),
    ("layer", '"nfij,ncijkl->fckl", dout', '"nfij,ncijkl->fclk", dout', "convolution-dw-flipped"),
    (
        "book",
        "self.dW.transpose(1, 0).reshape(FN, C, FH, FW)",
        "self.dW.reshape(FN, C, FH, FW)",
        "convolution-dw-reshaped",
    ),
    (
        "course",
        "dw[f] += x_pad[n, :, hs : hs + HH, ws : ws + WW]",
        "dw[f] += x_pad[n, :, i : i + HH, j : j + WW]",
        "convolution-dw-of-neighbours",
    ),
    ("contract", "    return dx, dw, db", "    return dx / N, dw, db", "convolution-dx-scaled"),
    ("course", "+= w[f] * dout[n, f, i, j]", "+= w[f, :, ::-1, ::-1] * dout[n, f, i, j]", "convolution-dx-flipped"),
    (
        "lazy",
        "dvalues @ self.kernels[i, j].T",
        "dvalues @ self.kernels[kh - 1 - i, kw - 1 - j].T",
        "convolution-dx-flipped",
    ),
    ("contract", "dxp[:, :, rows, columns] += np", "dxp[:, :, rows, columns] = np", "convolution-dx-overwritten"),
    ("book", "x:x_max:stride] += col", "x:x_max:stride] = col", "convolution-dx-overwritten"),
    (
        "last",
        "+ f, left : left + f, :] += W[:, :, :, c] * dZ",
        "+ f, left : left + f, :] += W[:, :, :, 0] * dZ",
        "convolution-dx-of-one-filter",
    ),
    ("course", "+= w[f] * dout[n, f, i, j]", "+= w[f, 0] * dout[n, f, i, j]", "convolution-dx-channels"),
    (
        "course",
        "dx_pad[n, :, hs : hs + HH, ws : ws + WW] +=",
        "dx_pad[n, :, i : i + HH, j : j + WW] +=",
        "convolution-dx-of-neighbours",
    ),
    (
        "course",
        "dx = dx_pad[:, :, pad : pad + H, pad : pad + W]",
        "dx = dx_pad[:, :, pad:-pad, pad:-pad]",
        "convolution-dx-empty",
    ),
    ("layer", "return dxp[:, :, p : p + h, p : p + w]", "return dxp[:, :, p:-p, p:-p]", "convolution-dx-empty"),
    ("contract", "dx = dxp[:, :, pad : pad + H, pad : pad + W]", "dx = dxp", "convolution-dx-padded"),
    (
        "contract",
        "dx = dxp[:, :, pad : pad + H, pad : pad + W]",
        "dx = dxp[:, :, :H, :W]",
        "convolution-dx-cut-elsewhere",
    ),
    ("contract", "return dx, dw, db", "return dx, db, dw", "convolution-gradients-swapped"),
]
