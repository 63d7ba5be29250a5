"""The operations of the optimizers chapter: objects that update parameters by gradients and remember earlier ones."""

from chainrule.contract.operation import NUMBER, OPTIMIZER, Argument, Operation, ResultPart

RATE, EPSILON = Argument("lr", NUMBER), Argument("eps", NUMBER, default=1e-8)
UPDATING = (ResultPart("optimizer", OPTIMIZER),)
UPDATES = "-> an object whose update(params, grads) changes lists of arrays in place"

OPERATIONS = (
    Operation("SGD", (RATE,), UPDATING, f"{UPDATES}: params -= lr g", "optimizers"),
    Operation(
        "Momentum",
        (RATE, Argument("momentum", NUMBER, default=0.9)),
        UPDATING,
        f"{UPDATES}: v = momentum v + g, params -= lr v",
        "optimizers",
    ),
    Operation(
        "RMSProp",
        (RATE, Argument("decay", NUMBER, default=0.99), EPSILON),
        UPDATING,
        f"{UPDATES}: s = decay s + (1 - decay) g^2, params -= lr g / (sqrt(s) + eps)",
        "optimizers",
    ),
    Operation(
        "Adam",
        (RATE, Argument("beta1", NUMBER, default=0.9), Argument("beta2", NUMBER, default=0.999), EPSILON),
        UPDATING,
        f"{UPDATES}: m and s of g and g^2, both corrected for their start at zero, params -= lr m / (sqrt(s) + eps)",
        "optimizers",
    ),
)
