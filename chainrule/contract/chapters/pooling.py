"""The operations of the pooling chapter: a layer that keeps the largest entry of each window, and its gradient."""

from chainrule.contract.operation import ARRAY, CACHE, NUMBER, Argument, Operation, arrays, parts

OPERATIONS = (
    Operation(
        "maxpool2d_forward",
        (*arrays("x"), Argument("size", NUMBER, default=2), Argument("stride", NUMBER, default=2)),
        parts("out", "cache"),
        "x (N, C, H, W) -> (out (N, C, H', W'), cache), with H' = (H - size) // stride + 1 and W' alike: the largest "
        "entry of each window of `size` rows and columns",
        "pooling",
    ),
    Operation(
        "maxpool2d_backward",
        (Argument("dout", ARRAY), Argument("cache", CACHE)),
        parts("dx"),
        "dout (N, C, H', W'), the gradient with respect to out, and the cache -> dx, shaped like x",
        "pooling",
        undoes="maxpool2d_forward",
    ),
)
