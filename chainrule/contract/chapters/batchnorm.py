"""The operations of the batchnorm chapter: normalization over a batch, its gradients, and its running statistics."""

from chainrule.contract.operation import ARRAY, BIAS, CACHE, NUMBER, Argument, Operation, ResultPart, arrays, parts

EPSILON = Argument("eps", NUMBER, default=1e-5)
GRADIENT = (Argument("dout", ARRAY), Argument("cache", CACHE))
GRADIENTS = (*parts("dx"), ResultPart("dgamma", BIAS), ResultPart("dbeta", BIAS))

OPERATIONS = (
    Operation(
        "batchnorm_forward",
        (*arrays("x", "gamma", "beta"), EPSILON),
        parts("out", "cache"),
        "x (N, D), gamma and beta (D,) -> (gamma (x - mean) / sqrt(variance + eps) + beta, cache), with the mean and "
        "the variance of each feature over the batch",
        "batchnorm",
    ),
    Operation(
        "batchnorm_backward",
        GRADIENT,
        GRADIENTS,
        "dout (N, D), the gradient with respect to out, and the cache -> (dx, dgamma, dbeta)",
        "batchnorm",
        undoes="batchnorm_forward",
    ),
    Operation(
        "batchnorm_backward_alt",
        GRADIENT,
        GRADIENTS,
        "the same as batchnorm_backward in another form, if the code has two",
        "batchnorm",
        undoes="batchnorm_forward",
    ),
    Operation(
        "batchnorm_evaluate",
        (*arrays("x", "gamma", "beta", "mean", "variance"), EPSILON),
        parts("out"),
        "x (N, D) and four vectors (D,) -> gamma (x - mean) / sqrt(variance + eps) + beta, with running statistics",
        "batchnorm",
    ),
    Operation(
        "batchnorm_running",
        (*arrays("x", "mean", "variance"), Argument("momentum", NUMBER, default=0.9)),
        parts("mean", "variance"),
        "x (N, D) and the running statistics (D,) -> those after a training pass: momentum times the old ones plus "
        "(1 - momentum) times those of the batch",
        "batchnorm",
    ),
)
