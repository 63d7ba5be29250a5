"""The operations of the regularization chapter: the L2 penalty of a network's weights, and its gradient."""

from chainrule.contract.operation import ARRAYS, NUMBER, Argument, Operation, ResultPart

PENALIZED = (Argument("weights", ARRAYS), Argument("lam", NUMBER))

OPERATIONS = (
    Operation(
        "l2_penalty",
        PENALIZED,
        (ResultPart("penalty", NUMBER),),
        "a list of weights, of any shapes, and the strength -> lam/2 times the sum of the squares of all entries",
        "regularization",
    ),
    Operation(
        "l2_gradient",
        PENALIZED,
        (ResultPart("gradients", ARRAYS),),
        "-> a list of the penalty's gradients with respect to the weights, shaped like these",
        "regularization",
    ),
)
SAMPLES = 7  # which a function is told that divides by the number of samples
