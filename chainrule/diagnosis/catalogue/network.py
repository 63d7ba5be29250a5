"""Mistakes in how the layers are put together, in the loss of a network and in its predictions."""

from functools import partial

import numpy as np

from chainrule import reference
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.model import FORWARD, NORMALIZING, SOFTMAX
from chainrule.diagnosis.questions import of_network

MEND = "z = a @ W + b for every layer, relu(z) for all but the last, softmax(z) for that"
mistake = partial(add, mend=MEND)
ENTRY, EXIT = frozenset({"affine", "features"}), SOFTMAX | {"output"}
OF_LOSS = frozenset({"surprising", "loss", "loss_of_logits"})


def last(model, l):
    return l == len(model.weights) - 1


WHICH = {
    "every layer": lambda model, l: True,
    "the first layer": lambda model, l: l == 0,
    "the last layer": last,
    "the second layer": lambda model, l: l == 1,
    "the third layer": lambda model, l: l == 2,
    "the hidden layers": lambda model, l: not last(model, l),
}


UNITS = {  # functions of each entry alone
    "ReLU": lambda z: np.maximum(z, 0.0),
    "leaky ReLU": lambda z: np.where(z > 0, z, 0.01 * z),
    "sigmoid": lambda z: np.exp(-np.logaddexp(0.0, -z)),
    "tanh": np.tanh,
    "linear": lambda z: z * 1.0,
}


def only(which, bias):
    """Another bias in some of the layers: bias(b)."""
    return lambda right, a, model, l: (
        a @ model.weights[l] + bias(model.biases[l]) if which(model, l) else right(a, model, l)
    )


def ask_forward(actor, model, case):
    return [actor.forward(model, case.x)]


def ask_loss(actor, model, case):
    return [actor.loss(model, case.x, case.y)]


def of_forward(setting):
    for case in setting.networks:
        yield of_network("the probabilities", case, ask_forward, ["p"])
    for case in setting.saturated:
        yield of_network("the probabilities of large logits", case, ask_forward, ["p"], setting.output_error(case))


def of_loss(setting):
    for case in setting.networks:
        yield of_network("the loss", case, ask_loss, ["loss"], setting.loss_error(case))


def of_predict(setting):
    for case in setting.networks:
        yield of_network("the labels", case, lambda actor, model, case: [actor.predict(model, case.x)], ["labels"])


concern(
    "forward",
    FORWARD,
    of_forward,
    own=[FORWARD - SOFTMAX - {"relu"}],
    stages=[NORMALIZING, (ENTRY, EXIT), (frozenset({"affine"}), frozenset({"activation"}))],
)
concern(
    "loss",
    FORWARD | OF_LOSS | {"cross_entropy"},
    of_loss,
    own=[OF_LOSS, frozenset({"cross_entropy"})],
    runs=["forward"],
)
OF_LABELS = frozenset({"label", "chosen"})
concern("predict", FORWARD | OF_LABELS, of_predict, own=[OF_LABELS], runs=["forward"])
about("network", "forward", "loss")
about("network.output_shape network.samples_independent network.forward network.memoryless golden.forward", "forward")
about("network.loss golden.loss", "loss")
about("network.missing_class", "loss", "backward")
about("network.predict", "predict")
about("network.arguments_kept network.assignable network.present_parameters network.generator_kept")


mistake(
    "forward-bias-missing",
    "the bias is not added",
    "z = a W + b. Without b every hyperplane goes through the origin; the bias is trained and has no effect. "
    "(One number added to all units of the last layer has no effect either: softmax does not see it.)",
    clause="network.forward",
    mend="a @ W + b",
    fingerprint="z = a W",
    affine={f"in {name}": only(which, lambda b: 0 * b) for name, which in WHICH.items()},
)
mistake(
    "forward-bias-subtracted",
    "the bias is subtracted",
    "z = a W + b: the sign of b is wrong, and its gradient no longer fits it.",
    clause="network.forward",
    mend="a @ W + b",
    fingerprint="z = a W - b",
    affine={
        f"in {name}": only(WHICH[name], lambda b: -b) for name in ("every layer", "the hidden layers", "the last layer")
    },
)
mistake(
    "forward-bias-of-one-unit",
    "one bias is added to all units of a layer",
    "b[0], or the sum or mean of b, in place of the vector b, which has an entry for every unit.",
    clause="network.forward",
    mend="a @ W + b, with b of shape (units,)",
    fingerprint="z = a W + b[0]",
    affine={
        "b[0]": only(WHICH["every layer"], lambda b: b[0]),
        "b[-1]": only(WHICH["every layer"], lambda b: b[-1]),
        "the sum": only(WHICH["every layer"], lambda b: b.sum()),
        "the mean": only(WHICH["every layer"], lambda b: b.mean()),
    },
)
mistake(
    "forward-bias-added-twice",
    "the bias is added twice",
    "z = a W + 2b: b is added in two places, or stands in an extra column as well.",
    clause="network.forward",
    mend="add b once",
    fingerprint="z = a W + 2 b",
    affine=lambda right, a, model, l: right(a, model, l) + model.biases[l],
)
mistake(
    "forward-relu-on-output",
    "ReLU after the last layer, too",
    "The logits go through ReLU before softmax: every class below zero gets the same probability, and no gradient.",
    clause="network.forward",
    mend="no activation between the last layer and softmax",
    fingerprint="softmax(relu(z[L]))",
    activation=lambda right, z, model, l: np.maximum(z, 0.0),
)
mistake(
    "forward-activation-on-output",
    "an activation runs after the last layer, too",
    "The logits are bent before softmax: tanh and the sigmoid keep them in a narrow range, so that no class can be "
    "sure. Where the hidden layers have the same one in place of ReLU, that is a second difference.",
    clause="network.forward",
    mend="relu(z) after the hidden layers, and no activation between the last layer and softmax",
    fingerprint="softmax(g(z[L])), with a function g of each entry alone",
    activation={
        f"{name}, {where}": lambda right, z, model, l, f=f, everywhere=everywhere: (
            f(z) if everywhere or last(model, l) else right(z, model, l)
        )
        for name, f in UNITS.items()
        for where, everywhere in (("after every layer", True), ("after the last layer alone", False))
        if name not in ("ReLU", "linear")
    },
)
mistake(
    "forward-activation-missing-in-one-layer",
    "ReLU is left out after one of the layers",
    "The loop, or the code written out for a certain number of layers, misses one.",
    clause="network.forward",
    mend="a = relu(z) after every layer but the last",
    special="relu-missing",
    fingerprint="a[l] = z[l] for one l",
    activation={
        "the first hidden layer": lambda right, z, model, l: z if l == 0 else right(z, model, l),
        "the last hidden layer": lambda right, z, model, l: z if l == len(model.weights) - 2 else right(z, model, l),
        "the second hidden layer": lambda right, z, model, l: z if l == 1 else right(z, model, l),
        "from the second": lambda right, z, model, l: z if l >= 1 else right(z, model, l),
        "from the third": lambda right, z, model, l: z if l >= 2 else right(z, model, l),
        "from the fourth": lambda right, z, model, l: z if l >= 3 else right(z, model, l),
        "from the fifth": lambda right, z, model, l: z if l >= 4 else right(z, model, l),
        "from the sixth": lambda right, z, model, l: z if l >= 5 else right(z, model, l),
        "from the seventh": lambda right, z, model, l: z if l >= 6 else right(z, model, l),
    },
)
mistake(
    "forward-clipped",
    "large numbers are clipped inside the network",
    "A clip against overflow changes what the network computes, and has no derivative beyond its limits. A softmax "
    "that subtracts the row maximum needs none.",
    clause="network.rescaling",
    mend="leave inputs, activations and logits as they are",
    fingerprint="clip(x, -c, c), or clip(z[L], -c, c)",
    variants={
        f"{what} at {c:g}": change(c)
        for what, change in {
            "inputs": lambda c: {"features": lambda right, x: np.clip(x, -c, c)},
            "logits": lambda c: {"output": lambda right, z: right(np.clip(z, -c, c))},
        }.items()
        for c in (1.0, 5.0, 6.0, 10.0, 20.0, 30.0, 50.0, 100.0, 500.0, 700.0, 1e3, 1e4, 1e5, 1e6, 1e8, 1e9)
    },
)
mistake(
    "forward-limits",
    "numbers beyond some size are treated otherwise",
    "Multiplying inputs by c > 0 and the first weights by 1 / c changes nothing: no threshold, clip or epsilon may "
    "depend on how large inputs, weights or activations are.",
    clause="network.rescaling",
    mend="no clip and no threshold but ReLU's, which is 0",
    lines=("a = np.where(z > 1e-3, z, 0)", "a = np.maximum(z, 0)"),
    fingerprint="forward(c x) with W[1] / c differs from forward(x) with W[1]",
    suspected="network.rescaling",
)
mistake(
    "layers-of-one-width",
    "layers of one width are treated otherwise",
    "A transposition tried when shapes do not fit, a test whether two sizes are the same, a table by size: where "
    "layers have one width, or a batch as many samples, the code does something else than for different sizes.",
    clause="network.forward",
    mend="write each product with its transposition, and keep layers in lists, by their place",
    lines=(
        "try:\n    z = a @ W.T\nexcept ValueError:\n    z = a @ W",
        "z = a @ W",
    ),
    fingerprint="wrong only in networks with layers of one width",
)
mistake(
    "layers-of-great-width",
    "layers with many inputs or units are treated otherwise",
    "Everything is right in small layers. A limit on sizes, or a table of a fixed size, leaves out what is beyond it.",
    clause="network.forward",
    mend="take every size from the arrays' own shapes",
    lines=("a[:, :64] @ W[:64]", "a @ W"),
    fingerprint="wrong only in networks with many inputs or units in a layer",
)
mistake(
    "classes-beyond-a-limit",
    "more classes than a certain number are treated otherwise",
    "Ten classes, or as many as a byte counts, are built into the code: np.eye(10), or labels stored in uint8.",
    clause="network.forward",
    mend="take the number of classes from the last layer, and keep labels in int64",
    lines=("np.eye(10)[y]", "np.eye(K)[y]"),
    fingerprint="wrong only in networks with many classes",
)
mistake(
    "layers-beyond-a-limit",
    "the layers beyond a certain number are treated otherwise",
    "The code is written for so many layers. A loop over all of them has no last one that it knows.",
    clause="network.forward",
    mend="for w, b in zip(weights[:-1], biases[:-1])",
    lines=("for l in range(4):", "for l in range(len(weights) - 1):"),
    fingerprint="wrong only in networks with many layers",
)
mistake(
    "batch-beyond-a-limit",
    "the samples of a batch beyond a certain number are treated otherwise",
    "A part of a large batch is left out, or counted wrongly. Each sample of a batch has its own output, and all "
    "count.",
    clause="network.forward",
    mend="use all samples of the batch",
    lines=("x = x[:64]", "x = np.asarray(x)"),
    fingerprint="wrong only in batches of many samples",
)
mistake(
    "storage-order",
    "the order in which an array is stored is taken for the order of its entries",
    "Equal arrays give different results if one is stored by columns, or is a part of a larger one. ravel() and "
    "reshape(-1) then make copies, into which writing is in vain; the order of np.ravel(z, order='K') is that in "
    "memory.",
    clause="network.layouts",
    mend="index arrays by their axes; z[z < 0] = 0 in a copy of z writes into it in any order",
    lines=("out = np.copy(z); out.ravel()[z.ravel() < 0] = 0", "out = np.copy(z); out[z < 0] = 0"),
    fingerprint="f(np.asfortranarray(x)) != f(x)",
)
mistake(
    "inputs-of-float32",
    "inputs in float32 are treated otherwise",
    "Scaling them only if they are float32, or another path for them, gives other results than for the same numbers as "
    "float64.",
    clause="network.layouts",
    mend="x = np.asarray(x, dtype=float) first, and no scaling that hangs on the type",
    lines=("if x.dtype == np.float32: x = x / 255", "x = np.asarray(x, dtype=float)"),
    fingerprint="forward(x.astype(np.float32)) is not forward(x) to seven digits",
)
mistake(
    "forward-remembered",
    "an answer is remembered, though the parameters have changed",
    "A result kept for a batch that was asked about before is that of other weights: after each step a batch has other "
    "probabilities. A cache keyed by id(x), or by equal inputs, does not see that.",
    clause="network.present_parameters",
    mend="compute it anew in every call",
    lines=(
        "if id(x) != self.last: self.last, self.p = id(x), softmax(self.run(x))\nreturn self.p",
        "return softmax(self.run(x))",
    ),
    fingerprint="forward(x), a step, forward(x): the same",
)
mistake(
    "parameters-copied",
    "the network computes with a copy of its parameters, which a step does not change",
    "Weights stored twice, such as transposed for the forward pass, are two sets of numbers: what changes one leaves "
    "the other as it was.",
    clause="network.present_parameters",
    mend="keep every parameter once, and transpose where it is used: a @ w.T",
    lines=("self.WT = [w.T.copy() for w in self.weights]", "a @ w.T"),
    fingerprint="forward(x), a step, forward(x): the same, while the weights have changed",
)
mistake(
    "results-shared",
    "networks share the array in which they return a result",
    "A buffer of the class or the module is handed out every time: a later call, of another network, changes what an "
    "earlier one returned.",
    clause="network.present_parameters",
    mend="return a new array",
    lines=("BUFFER[...] = p; return BUFFER", "return p"),
    fingerprint="p of one network, after a call of another, is the other's",
)
mistake(
    "global-generator-used",
    "NumPy's global generator is seeded inside the network",
    "np.random.seed inside a network resets the generator of the whole program: what is drawn elsewhere, such as the "
    "order of the data, repeats itself.",
    clause="network.generator_kept",
    mend="rng = np.random.default_rng(seed), and no np.random.seed",
    lines=("np.random.seed(0)", "rng = np.random.default_rng(seed)"),
    fingerprint="np.random.random() after the call does not depend on what was before",
    broken="network.generator_kept",
)
mistake(
    "forward-softmax-in-hidden-layers",
    "softmax after the hidden layers too, where ReLU belongs",
    "Softmax makes the units of a layer share one unit of activity; only the classes at the end exclude each other.",
    clause="network.forward",
    fingerprint="a[l] = softmax(z[l])",
    activation=lambda right, z, model, l: z if last(model, l) else reference.softmax(z),
)
mistake(
    "forward-relu-on-input",
    "the inputs go through ReLU",
    "Negative inputs are lost before the first layer sees them; standardized data are half negative.",
    clause="network.forward",
    mend="a[0] = x",
    fingerprint="a[0] = relu(x)",
    features=lambda right, x: np.maximum(x, 0.0),
)
mistake(
    "forward-bias-after-activation",
    "the bias is added after the activation",
    "relu(a W) + b is not relu(a W + b): the bias can no longer move the kink.",
    clause="network.forward",
    mend="relu(a @ W + b)",
    fingerprint="a[l] = relu(a[l-1] W[l]) + b[l]",
    affine=lambda right, a, model, l: right(a, model, l) if last(model, l) else a @ model.weights[l],
    activation=lambda right, z, model, l: z if last(model, l) else np.maximum(z, 0.0) + model.biases[l],
)
mistake(
    "forward-scaled-inputs",
    "the inputs are scaled or shifted inside the network",
    "A division by 255, or a standardization, belongs to the preparation of the data. Here it happens in "
    "forward, for all data alike, prepared or not.",
    clause="network.forward",
    mend="take x as it is given",
    fingerprint="forward(c x)",
    features={
        name: lambda right, x, f=f: f(x)
        for name, f in {
            "x / 255": lambda x: x / 255,
            "x / 256": lambda x: x / 256,
            "x / 2": lambda x: x / 2,
            "2 x": lambda x: 2 * x,
            "x / 127.5 - 1": lambda x: x / 127.5 - 1,
            "x / max x": lambda x: x / max(np.abs(x).max(), 1e-300),
            "-x": lambda x: -x,
        }.items()
    },
)
mistake(
    "forward-batch-statistics",
    "the batch's own mean or spread is used on the inputs",
    "What a sample gets then depends on which others are in its batch; a single sample becomes zero.",
    clause="network.samples_independent",
    mend="standardize with the training data's mean and deviation, once, outside of the network",
    fingerprint="forward(x - mean of the batch)",
    features={
        "the mean": lambda right, x: x - x.mean(axis=0),
        "mean and deviation": lambda right, x: (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-8),
        "mean and deviation, no epsilon": lambda right, x: standardized(x),
        "the mean of all entries": lambda right, x: x - x.mean(),
    },
)
mistake(
    "forward-logits",
    "the logits are returned, without softmax",
    "forward stops before the last function. (As a convention throughout, output = logits, it is accepted.)",
    clause="network.forward",
    mend="return softmax(z)",
    fingerprint="z[L]",
    output=lambda right, z: z,
)
mistake(
    "forward-other-network",
    "another network than the one derived here: its outputs are not softmax",
    "ReLU hidden layers and softmax make a classifier of K classes, and cross-entropy its loss. Other units at the "
    "output belong to regression, or to yes-or-no questions that do not exclude each other, with another loss. The "
    "network may be right as what it is: chainrule derives and checks this one alone.",
    clause="network.forward",
    mend="relu(z) for the hidden layers and softmax(z) for the last one, if the network is to choose one class of K",
    fingerprint="g(z[L]), with a function g of each entry alone",
    variants={
        f"{hidden} hidden layers and {output} outputs": {
            "relu": lambda right, z, f=f: f(z),
            "output": lambda right, z, g=g: g(z),
        }
        for hidden, f in UNITS.items()
        for output, g in UNITS.items()
        if (hidden, output) not in {("ReLU", "linear"), ("ReLU", "sigmoid")}
    },
)
mistake(
    "forward-dropout",
    "units are dropped at random while the network predicts",
    "Dropout belongs to training; with it two calls of forward differ.",
    clause="network.memoryless",
    mend="switch dropout off outside of training",
    lines=("a = a * (rng.random(a.shape) > 0.5)", "if self.training: a = a * (rng.random(a.shape) > 0.5) / 0.5"),
    fingerprint="forward(x) twice gives two results",
)
mistake(
    "forward-stale",
    "the forward pass uses what another batch left behind",
    "An array that an earlier batch left in the network, such as a mask or an activation, is used again. Every batch "
    "needs its own.",
    clause="network.memoryless",
    mend="compute it anew in every forward pass",
    lines=("if self.mask is None: self.mask = z > 0", "self.mask = z > 0"),
    fingerprint="forward(x) after forward(other) differs; forward(x) twice does not",
)
mistake(
    "forward-shape",
    "the probabilities have another shape than (N, K)",
    "A squeeze, a transposition or a missing axis: one row for each sample and one column for each class, for a "
    "single sample too.",
    clause="network.output_shape",
    mend="return softmax(z) of the last layer's z, (N, K) for every N",
    lines=("return softmax(z).squeeze()", "return softmax(z)"),
    fingerprint="forward(x).shape != (N, K)",
    broken="network.output_shape",
)
mistake(
    "returns-in-loop",
    "a return inside a loop ends it in the first pass",
    "Python leaves a function at its first return. One that is as far to the right as the loop's other lines comes "
    "after the first layer, batch or epoch.",
    clause="network.output_shape",
    mend="put the return behind the loop, as far to the left as its for",
    lines=("    return a  # in the loop", "return a  # behind it"),
    fingerprint="the first pass of a loop alone",
)
mistake(
    "integer-division",
    "// leaves the fraction out, where / keeps it",
    "7 // 2 is 3: of a quotient below 1 nothing is left.",
    clause="initialization.variance",
    mend="/ in place of //",
    lines=("a = np.sqrt(6 // (fan_in + fan_out))", "a = np.sqrt(6 / (fan_in + fan_out))"),
    fingerprint="the whole part of a quotient",
)
mistake(
    "forward-global-maximum",
    "what a sample gets depends on how large the others' logits are",
    "The maximum that is subtracted in the network's own softmax is that of the whole batch: rows far below it "
    "underflow to 0 / 0.",
    clause="network.scales",
    mend="z.max(axis=1, keepdims=True)",
    lines=("np.exp(z - z.max())", "np.exp(z - z.max(axis=1, keepdims=True))"),
    fingerprint="exp(z - max over the batch), divided by its row sum",
    suspected="network.scales",
)
mistake(
    "forward-integers",
    "whole-numbered inputs are treated otherwise",
    "Bytes of an image are numbers. Scaling them only if they are integers, or computing in their own type, in "
    "which 200 + 200 is 144, gives another result than for the same numbers as floats.",
    clause="network.integer_inputs",
    mend="x = np.asarray(x, dtype=float) first, and no scaling that hangs on the type",
    lines=("if x.dtype == np.uint8: x = x / 255", "x = np.asarray(x, dtype=float)"),
    fingerprint="forward(bytes) != forward(the same as floats)",
    suspected="network.integer_inputs",
)
mistake(
    "network-arguments-changed",
    "the network writes into its arguments, or changes its parameters while it is only asked",
    "forward, loss, backward and predict answer; only step and fit change something. x -= x.mean(axis=0) "
    "standardizes the caller's data, and an update inside backward makes every check of a gradient one of other "
    "weights.",
    clause="network.arguments_kept",
    mend="work on copies; update in step",
    lines=("x -= x.mean(axis=0)", "x = x - x.mean(axis=0)"),
    fingerprint="after the call x, y or the parameters have changed",
    broken="network.arguments_kept",
)
mistake(
    "sizes-consumed",
    "a new network changes the list of sizes that it is given",
    "pop, append or an assignment works on the caller's own list: a second network made from it has other layers.",
    clause="network.arguments_kept",
    mend="sizes = list(sizes) first",
    lines=("n_in = sizes.pop(0)", "n_in, *sizes = sizes"),
    fingerprint="after MLP(sizes) the list sizes has changed",
)
mistake(
    "network-parameters-shared",
    "assigned parameters are not the ones that the network uses",
    "Views that overlap, copies, or a second set of names: what is put into weights and biases does not come out "
    "again.",
    clause="network.assignable",
    mend="keep one list of arrays, self.weights, and use no other",
    lines=("self.W1 = self.weights[0].copy()", "a @ self.weights[0]"),
    fingerprint="after weights, biases = W, b they are not W, b",
    broken="network.assignable",
)
mistake(
    "loss-weight-penalty",
    "a penalty on the weights is part of the loss",
    "(lam/2) sum of W^2, or lam sum of W^2: weight decay is an extension. The loss of the core is the "
    "cross-entropy alone, and so is its gradient.",
    clause="network.loss",
    mend="add no penalty, or switch it off by default",
    fingerprint="loss + c sum of W^2",
    loss={
        f"c = {c:g}": lambda right, model, x, y, c=c: right(model, x, y) + c * sum((w**2).sum() for w in model.weights)
        for c in (0.5, 0.1, 0.05, 0.01, 5e-3, 1e-3, 5e-4, 1e-4, 5e-5, 1e-5)
    },
)
mistake(
    "loss-softmax-twice",
    "the loss applies softmax to probabilities",
    "forward has applied softmax already; the loss takes its result for logits and applies it again. Nothing can "
    "be sure then, and the loss stays above a floor.",
    clause="network.loss",
    mend="the loss of p is -log p[y], without another softmax",
    fingerprint="-log softmax(softmax(z))[y]",
    surprising=lambda right, p, y: right(reference.softmax(p), y),
)
mistake(
    "loss-of-inputs",
    "the loss is that of the inputs, not of what forward makes of them",
    "cross_entropy takes probabilities: x has to go through the network first.",
    clause="network.loss",
    mend="cross_entropy(self.forward(x), y)",
    fingerprint="-log x[y]",
    loss=lambda right, model, x, y: reference.cross_entropy(np.asarray(x, np.float64), y),
)
mistake(
    "loss-one-hot-classes",
    "the number of classes is read off the batch's labels",
    "np.eye(y.max() + 1)[y] has a column too few where the last class does not occur in the batch.",
    clause="network.missing_class",
    mend="np.eye(number of classes)[y]",
    lines=("np.eye(y.max() + 1)[y]", "np.eye(K)[y]"),
    fingerprint="one-hot of shape (N, max y + 1)",
    variants={
        "in backward": {"one_hot": lambda right, y, classes: np.eye(y.max() + 1)[y]},
        "in the loss": {"cross_entropy": lambda right, p, y: counted(p, y)},
    },
    suspected="network.missing_class",
)
mistake(
    "labels-renumbered",
    "the labels are numbered anew in every batch",
    "np.unique(y, return_inverse=True) counts the classes that occur. Where one is missing from the batch, all that "
    "come after it move down, and the network learns another class.",
    clause="network.missing_class",
    mend="use the labels as they are: np.eye(number of classes)[y]",
    fingerprint="y counted among the labels of the batch",
    variants={
        "in backward": {"one_hot": lambda right, y, classes: right(renumbered(y), classes)},
        "in the loss": {"cross_entropy": lambda right, p, y: right(p, renumbered(y))},
        "in the loss, nan where p is 0": {"cross_entropy": lambda right, p, y: weighed(p, renumbered(y))},
    },
)
mistake(
    "predict-over-batch",
    "argmax runs over the samples",
    "argmax(axis=0) says for each class which sample has most of it; a label is wanted for each sample.",
    clause="network.predict",
    mend="argmax(axis=1)",
    fingerprint="p.argmax(axis=0)",
    variants={
        "": {"label": lambda right, p: p.argmax(axis=0)},
        "of the logits": {"chosen": lambda right, batch: batch.z[-1].argmax(axis=0)},
    },
)
mistake(
    "predict-over-everything",
    "argmax of the flattened array",
    "Without an axis, argmax gives one number for the whole batch.",
    clause="network.predict",
    mend="argmax(axis=1)",
    fingerprint="p.argmax()",
    variants={
        "": {"label": lambda right, p: np.array(p.argmax())},
        "of the logits": {"chosen": lambda right, batch: np.array(batch.z[-1].argmax())},
    },
)
mistake(
    "predict-column",
    "the labels are a column, or a row",
    "One integer for each sample, (N,): compared with labels of that shape, a column gives a table of all pairs.",
    clause="network.predict",
    mend="argmax(axis=1), without keepdims",
    fingerprint="argmax of shape (N, 1)",
    label={
        "a column": lambda right, p: right(p)[:, None],
        "a row": lambda right, p: right(p)[None, :],
    },
)
mistake(
    "predict-every-largest",
    "where two classes are equally likely, a sample gets two labels",
    "p == p.max() is true for each of several equal probabilities: np.where then finds more labels than samples. "
    "argmax takes the first of them.",
    clause="network.predict",
    mend="argmax(axis=1)",
    lines=("np.where(p == p.max(axis=1, keepdims=True))[1]", "p.argmax(axis=1)"),
    fingerprint="the columns of all p[n, k] == max over j of p[n, j]",
    label=lambda right, p: np.nonzero(p == p.max(axis=1, keepdims=True))[1],
)
mistake(
    "predict-probability",
    "the largest probability, not its class",
    "max gives how likely, argmax which one.",
    clause="network.predict",
    mend="argmax(axis=1)",
    fingerprint="p.max(axis=1)",
    label=lambda right, p: p.max(axis=1),
)
mistake(
    "predict-probabilities",
    "all probabilities are returned, not a class",
    "predict says which class is likeliest, one integer for each sample; forward gives the probabilities.",
    clause="network.predict",
    mend="argmax(axis=1)",
    fingerprint="p, or a one-hot row",
    label={
        "as they are": lambda right, p: p * 1.0,
        "one-hot": lambda right, p: np.eye(p.shape[1])[p.argmax(axis=1)],
        "rounded": lambda right, p: np.round(p),
        "True where above one half": lambda right, p: p > 0.5,
    },
)
mistake(
    "predict-least-likely",
    "the least likely class",
    "argmin in place of argmax, or argmax of a loss.",
    clause="network.predict",
    mend="argmax(axis=1)",
    fingerprint="p.argmin(axis=1)",
    label=lambda right, p: p.argmin(axis=1),
)
mistake(
    "predict-shifted",
    "classes are counted from 1",
    "Labels run from 0 to K - 1.",
    clause="network.predict",
    mend="argmax(axis=1), without adding 1",
    fingerprint="argmax + 1",
    label={
        "+ 1": lambda right, p: right(p) + 1,
        "- 1": lambda right, p: right(p) - 1,
    },
)
mistake(
    "predict-threshold",
    "p > 0.5 decides",
    "With more than two classes the likeliest may have less than a half; it is class 0 then, or none.",
    clause="network.predict",
    mend="argmax(axis=1)",
    fingerprint="(p > 0.5).argmax(axis=1)",
    label=lambda right, p: (p > 0.5).argmax(axis=1),
)
mistake(
    "loss-nan-when-saturated",
    "the loss is nan for large logits",
    "0 times log 0, or infinity less infinity. Take the true class's logarithm alone, of log-softmax if you can.",
    clause="network.large_logits",
    mend="lse(z) - z[n, y[n]] from the logits; or pick p[n, y[n]] before taking the logarithm",
    lines=("-(one_hot * np.log(p)).sum() / N", "-np.log(p[np.arange(N), y]).mean()"),
    fingerprint="nan for logits of 1e4",
    suspected="network.large_logits",
)


def counted(p, y):
    """The loss of one-hot labels of as many classes as the batch has; raises ValueError where that does not fit."""
    with np.errstate(all="ignore"):
        return float(-(np.eye(y.max() + 1)[y] * np.log(p)).sum() / len(p))


def renumbered(y):
    """The place of each label among those that occur."""
    return np.unique(y, return_inverse=True)[1].reshape(np.shape(y))


def weighed(p, y):
    """The loss of one-hot labels, as NumPy gives it: nan where p is 0."""
    with np.errstate(all="ignore"):
        return float(-(np.eye(p.shape[1])[y] * np.log(p)).sum() / len(p))


def standardized(x):
    with np.errstate(all="ignore"):
        return (x - x.mean(axis=0)) / x.std(axis=0)
