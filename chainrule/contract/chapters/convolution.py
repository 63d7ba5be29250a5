"""The operations of the convolution chapter: a layer of filters that slide over images, and its gradients."""

from chainrule.contract.operation import ARRAY, BIAS, CACHE, NUMBER, Argument, Operation, ResultPart, arrays, parts

OPERATIONS = (
    Operation(
        "conv2d_forward",
        (*arrays("x", "w", "b"), Argument("stride", NUMBER, default=1), Argument("pad", NUMBER, default=0)),
        parts("out", "cache"),
        "x (N, C, H, W), w (F, C, HH, WW), b (F,) -> (out (N, F, H', W'), cache), with H' = (H + 2 pad - HH) // stride "
        "+ 1 and W' alike: the sum of the products of each filter with each window, plus b",
        "convolution",
    ),
    Operation(
        "conv2d_backward",
        (Argument("dout", ARRAY), Argument("cache", CACHE)),
        (*parts("dx", "dw"), ResultPart("db", BIAS)),
        "dout (N, F, H', W'), the gradient with respect to out, and the cache -> (dx, dw, db), shaped like x, w and b",
        "convolution",
        undoes="conv2d_forward",
    ),
)
