"""Mistakes that show in no single number: what the clauses say of memory, order, seeds and types."""

from chainrule.diagnosis.mistake import mistake

mistake(
    "gradients-accumulate",
    "gradients add up from call to call",
    "backward adds to arrays that nothing sets to zero, as a framework does whose zero_grad is forgotten.",
    clause="gradients.repeatable",
    mend="make new arrays in every call, or zero the old ones first",
    fingerprint="the second call returns g + g",
    variants={
        "": {"gradients": lambda right, grads, batch: accumulated(right(grads, batch), batch.model)},
        "of the biases": {
            "gradients": lambda right, grads, batch: (grads[0], accumulated(right(grads, batch), batch.model)[1])
        },
        "of the weights": {
            "gradients": lambda right, grads, batch: (accumulated(right(grads, batch), batch.model)[0], grads[1])
        },
    },
)
mistake(
    "gradients-averaged-over-calls",
    "gradients are mixed with those of the call before",
    "A running average inside backward: the result depends on what was asked before.",
    clause="gradients.memoryless",
    mend="return this batch's gradients alone",
    fingerprint="(g + the g before) / 2",
    gradients=lambda right, grads, batch: mixed(right(grads, batch), batch.model),
)
mistake(
    "cache-stale",
    "backward uses what another batch left behind",
    "The activations, masks or logits that forward kept are those of the last batch that went through, or of the "
    "first for ever. backward(x, y) must run the forward pass of its own x, or be sure that it was.",
    clause="gradients.memoryless",
    mend="call forward(x) at the top of backward(x, y), and use what it just kept",
    lines=(
        "def backward(self, x, y):\n    a = self.cache",
        "def backward(self, x, y):\n    self.forward(x)\n    a = self.cache",
    ),
    fingerprint="backward(x, y) after forward(other) differs",
    broken=("gradients.memoryless", "relu_layer.caches", "affine.caches"),
)
mistake(
    "gradient-buffers-reused",
    "gradients that were returned change when backward is called again",
    "The same arrays are written into and handed out every time.",
    clause="gradients.survive",
    mend="return new arrays, or copies",
    lines=("self.dW[l][...] = a.T @ delta; return self.dW", "dW.insert(0, a.T @ delta); return dW"),
    fingerprint="g of an earlier call, after a later one, is the later g",
    broken=("gradients.survive", "affine.results_kept", "relu_layer.results_kept", "softmax_loss.results_kept"),
)
mistake(
    "gradient-shapes",
    "a gradient has another shape than its parameter",
    "dloss/dW has an entry for every entry of W, and dloss/db for every entry of b: what is subtracted from them "
    "must fit.",
    clause="gradients.shapes",
    mend="a.T @ delta for W, delta.sum(axis=0) for b",
    lines=("db = delta", "db = delta.sum(axis=0)"),
    fingerprint="g.shape != theta.shape",
    broken=("gradients.shapes", "affine.gradient_shapes"),
)
mistake(
    "gradient-nan-when-saturated",
    "the gradient is nan where a probability is 0",
    "-1/p goes through softmax's derivative: 0 times infinity. p - y needs no division.",
    clause="gradients.saturated",
    mend="delta = (p - one_hot(y)) / N",
    lines=("g = -one_hot / p; delta = p * (g - (g * p).sum(axis=1, keepdims=True))", "delta = (p - one_hot) / N"),
    fingerprint="nan at p = 0",
    suspected=("gradients.saturated", "softmax_loss.saturated"),
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
mistake(
    "fit-same-order",
    "every epoch visits the samples in the same order",
    "The permutation is drawn once, before the loop over the epochs, or from a generator that is made anew in "
    "each of them. The batches are then the same ones again and again.",
    clause="training.fresh_order",
    mend="order = rng.permutation(N) inside the loop, rng made once outside",
    lines=(
        "order = rng.permutation(N)\nfor epoch in range(epochs): ...",
        "for epoch in range(epochs):\n    order = rng.permutation(N)",
    ),
    fingerprint="the order of epoch 2 is that of epoch 1",
    broken="training.fresh_order",
)
mistake(
    "fit-not-shuffled",
    "the samples are not shuffled",
    "They come in the order in which they are given, in every epoch. Data that are sorted by class then teach "
    "one class after another.",
    clause="training.fresh_order",
    mend="order = rng.permutation(N) for every epoch; x[order], y[order]",
    lines=("batch = slice(start, start + B)", "batch = order[start : start + B]"),
    fingerprint="the order is 0, 1, ..., N - 1",
)
mistake(
    "fit-with-replacement",
    "an epoch visits some samples more than once, or never",
    "Some come twice in an epoch, some never (on average 37 % of them). An epoch is one visit to each.",
    clause="training.every_sample",
    mend="order = rng.permutation(N), cut into batches",
    lines=("batch = rng.integers(N, size=B)", "batch = order[start : start + B]"),
    fingerprint="the batches are no partition of the samples",
    broken="training.every_sample",
)
mistake(
    "fit-seed-unused",
    "the seed does not decide the order",
    "Training twice with one seed gives two results, or other seeds give the same one: the shuffling comes from "
    "another generator, or from a seed fixed in the code.",
    clause="training.seed",
    mend="rng = np.random.default_rng(seed) at the top of fit, and rng.permutation",
    lines=("order = np.random.permutation(N)", "order = rng.permutation(N)"),
    fingerprint="fit(seed=3) twice gives two results, or five seeds give one",
    broken="training.seed",
)
mistake(
    "fit-shuffles-in-place",
    "training shuffles the caller's data in place",
    "np.random.shuffle(x), or x[:] = x[order]: the arrays that were handed in are in another order afterwards.",
    clause="training.arguments_kept",
    mend="shuffle indices, and take x[batch], y[batch]",
    lines=("np.random.shuffle(x)", "order = rng.permutation(N); x[order]"),
    fingerprint="after fit(x, y), x or y has changed",
    broken="training.arguments_kept",
)
mistake(
    "fit-stops-early",
    "training ends before the epochs are over",
    "An early stop, a cap on the epochs, or weights that are cut back after training.",
    clause="training.xor",
    mend="run all epochs, and leave the weights as they are",
    lines=("for epoch in range(min(epochs, 10))", "for epoch in range(epochs)"),
    fingerprint="right in the first epochs, not trained at the end",
    suspected=("training.xor", "training.overfit", "training.convex"),
)


def accumulated(grads, model):
    before = model.memory.get("accumulated")
    total = grads if before is None else both(before, grads, lambda a, b: a + b)
    model.memory["accumulated"] = total
    return total


def mixed(grads, model):
    before, model.memory["before"] = model.memory.get("before", grads), grads
    return both(before, grads, lambda a, b: (a + b) / 2)


def both(first, second, change):
    return tuple([change(a, b) for a, b in zip(*pair, strict=True)] for pair in zip(first, second, strict=True))
