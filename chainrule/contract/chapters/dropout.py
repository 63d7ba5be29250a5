"""The operations of the dropout chapter: a layer that drops entries at random in training, and none outside of it."""

from chainrule.contract.operation import ARRAY, CACHE, GENERATOR, NUMBER, Argument, Operation, arrays, parts

RATE = Argument("rate", NUMBER)

OPERATIONS = (
    Operation(
        "dropout_forward",
        (*arrays("x"), RATE, Argument("rng", GENERATOR)),
        parts("out", "cache"),
        "x, of any shape, the probability of dropping an entry and a generator -> (out, cache): each entry of out is 0 "
        "or x / (1 - rate)",
        "dropout",
    ),
    Operation(
        "dropout_backward",
        (Argument("dout", ARRAY), Argument("cache", CACHE)),
        parts("dx"),
        "dout, the gradient with respect to out, and the cache -> dx, shaped like x",
        "dropout",
        undoes="dropout_forward",
    ),
    Operation(
        "dropout_evaluate",
        (*arrays("x"), RATE),
        parts("out"),
        "x, of any shape -> x: the layer outside of training, if it has a mode",
        "dropout",
    ),
)
