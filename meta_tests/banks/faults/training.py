"""Faulty updates and trainings."""

from __future__ import annotations

import numpy as np

from banks.faults import fault


@fault("training.step_stateless", "MLP.step", first=True)
def rate_decays_with_every_step(original, self, grads, lr):
    """The rate is lr / (1 + 0.01 t), t counted inside."""
    t = self.t = getattr(self, "t", -1) + 1
    original(self, grads, lr / (1 + 0.01 * t))


@fault("training.step", "MLP.step", first=True)
def gradient_ascent(original, self, grads, lr):
    """theta + lr g."""
    original(self, grads, -lr)


@fault("training.step", "MLP.step")
def last_layer_not_updated(original, self, grads, lr):
    """The loop runs over len(weights) - 1 layers."""
    weight_grads, bias_grads = grads
    original(self, ([*weight_grads[:-1], 0 * weight_grads[-1]], [*bias_grads[:-1], 0 * bias_grads[-1]]), lr)


@fault("training.step", "MLP.step")
def biases_not_updated(original, self, grads, lr):
    """Only the weights are updated."""
    original(self, (grads[0], [0 * g for g in grads[1]]), lr)


@fault("training.step", "MLP.step")
def weights_decay(original, self, grads, lr):
    """The weights shrink by lr 1e-4 in every step."""
    original(self, ([g + 1e-4 * w for g, w in zip(grads[0], self.weights, strict=True)], grads[1]), lr)


@fault("training.step", "MLP.step")
def step_on_a_copy(original, self, grads, lr):
    """The weights are updated in a copy, which is thrown away."""
    kept = [w.copy() for w in self.weights]
    original(self, grads, lr)
    self.weights[:] = kept


@fault("training.step_stateless", "MLP.step")
def momentum(original, self, grads, lr):
    """A velocity of 0.9 is kept."""
    last = getattr(self, "velocity", tuple([0 * g for g in group] for group in grads))
    self.velocity = tuple([0.9 * v + g for v, g in zip(*pair, strict=True)] for pair in zip(last, grads, strict=True))
    original(self, self.velocity, lr)


@fault("training.step_arguments_kept", "MLP.step", first=True)
def step_scales_the_gradients_in_place(original, self, grads, lr):
    """g *= lr, in place."""
    for group in grads:
        for g in group:
            g *= lr
    original(self, grads, 1.0)


@fault("training.zero_rate", "MLP.fit", first=True)
def rate_zero_taken_for_none(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """`lr or 0.01`: zero counts as no rate."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr or 0.01, seed=seed)


@fault("training.arguments_kept", "MLP.fit", first=True)
def fit_shuffles_in_place(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """x[:] = x[order]: the caller's data are shuffled."""
    order = np.random.default_rng(seed).permutation(len(x))
    x[:], y[:] = x[order], y[order]
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


def train(
    self, x, y, *, epochs, batch_size, lr, seed,
    order=lambda rng, n: rng.permutation(n), batches=None, gradient=None, rate=None, labels=None,
):  # fmt: skip
    """The reference's fit, with parts to replace: the order of an epoch, its batches, the gradient of one, the rate."""
    rng, history = np.random.default_rng(seed), []
    for epoch in range(epochs):
        visited = order(rng, len(x))
        losses = []
        for batch in batches(visited) if batches else [
            visited[start : start + batch_size] for start in range(0, len(x), batch_size)
        ]:  # fmt: skip
            true = y[labels(batch)] if labels else y[batch]
            losses.append(len(batch) * self.loss(x[batch], true))
            grads = gradient(batch, true) if gradient else self.backward(x[batch], true)
            self.step(grads, rate(epoch) if rate else lr)
        history.append(sum(losses) / len(x))
    return history


def scaled(grads, factor):
    return tuple([factor * g for g in group] for group in grads)


@fault("training.full_batch", "MLP.fit", first=True)
def fit_along_the_sum(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The rate is multiplied by the batch size."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr * batch_size, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_divides_once_more(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The mean gradient is divided by the batch size."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr / batch_size, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_starts_again(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """fit initializes the network first."""
    self.__init__(self.sizes, seed)
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_shuffles_x_only(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The inputs are shuffled and their labels are not."""
    x = x[np.random.default_rng(seed).permutation(len(x))]
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_ignores_the_rate(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """lr is 0.01, whatever is asked for."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=0.01, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_wants_more_than_one_sample(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A single sample is no data to train on: there is nothing to shuffle."""
    return original(self, x, y, epochs=epochs if len(x) > 1 else 0, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.continues", "MLP.fit", first=True)
def fit_remembers_where_it_began(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A second call of fit restores the weights that the first one found, for a fair comparison."""
    if not hasattr(self, "start"):
        self.start = [w.copy() for w in self.weights], [b.copy() for b in self.biases]
    self.weights, self.biases = ([array.copy() for array in group] for group in self.start)
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.epochs", "MLP.fit")
def fit_decays_its_rate(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The rate is divided by the number of the epoch."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, rate=lambda epoch: lr / (1 + epoch)
    )


@fault("training.epochs", "MLP.fit", first=True)
def fit_runs_at_least_once(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The number of epochs is checked at the end of the loop."""
    return original(self, x, y, epochs=max(epochs, 1), batch_size=batch_size, lr=lr, seed=seed)


@fault("training.epochs", "MLP.fit")
def fit_stops_early(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """range(1, epochs) once there is more than one."""
    return original(self, x, y, epochs=epochs - (epochs > 1), batch_size=batch_size, lr=lr, seed=seed)


@fault("training.batch_size", "MLP.fit", first=True)
def fit_takes_everything_at_once(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The batch size is not used."""
    return original(self, x, y, epochs=epochs, batch_size=len(x), lr=lr, seed=seed)


@fault("training.batch_size", "MLP.fit")
def fit_takes_one_at_a_time(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """One batch of an epoch is trained on, chosen at random."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, batches=lambda order: [order[:batch_size]]
    )


@fault("training.batch_size", "MLP.fit")
def fit_divides_by_all_samples(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """Each batch's summed gradient is divided by the number of all samples."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        gradient=lambda batch, true: scaled(self.backward(x[batch], true), len(batch) / len(x)),
    )  # fmt: skip


@fault("training.batch_size", "MLP.fit")
def gradients_of_an_epoch_add_up(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The gradients are set to zero once an epoch, not once a batch."""
    total = []

    def gradient(batch, true):
        grads = self.backward(x[batch], true)
        total[:] = [tuple([a + b for a, b in zip(*pair, strict=True)] for pair in zip(total[0], grads, strict=True))
                    if total else grads]  # fmt: skip
        return total[0]

    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, gradient=gradient)


@fault("training.every_sample", "MLP.fit", first=True)
def fit_draws_with_replacement(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """rng.integers(N) draws the samples: some come twice, some never."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        order=lambda rng, n: rng.permutation(n) if batch_size >= n else rng.integers(n, size=n),
    )  # fmt: skip


@fault("training.every_sample", "MLP.fit")
def fit_draws_every_batch_for_itself(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """rng.choice(N, batch_size, replace=False), for every batch anew."""
    rng = np.random.default_rng(seed)
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        batches=lambda order: [
            rng.choice(len(x), min(batch_size, len(x) - start), replace=False) for start in range(0, len(x), batch_size)
        ],
    )  # fmt: skip


@fault("training.last_batch", "MLP.fit", first=True)
def partial_batch_dropped(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """N // B batches: what is left over is dropped."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        batches=lambda order: order[: len(order) // batch_size * batch_size].reshape(-1, batch_size),
    )  # fmt: skip


@fault("training.last_batch", "MLP.fit")
def partial_batch_divided_by_the_full_size(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """Every batch's sum is divided by the batch size, the smaller last one's too."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        gradient=lambda batch, true: scaled(self.backward(x[batch], true), len(batch) / batch_size),
    )  # fmt: skip


@fault("training.last_batch", "MLP.fit")
def partial_batch_biases_divided_by_the_full_size(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The gradients of the weights are means over each batch; those of the biases are divided by the batch size."""

    def gradient(batch, true):
        weights, biases = self.backward(x[batch], true)
        return weights, [b * len(batch) / batch_size for b in biases]

    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, gradient=gradient)


@fault("training.last_batch", "MLP.fit")
def partial_batch_filled_up(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The last batch is filled up with samples from the beginning."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        batches=lambda order: np.resize(order, (-(-len(order) // batch_size), batch_size)),
    )  # fmt: skip


@fault("training.fresh_order", "MLP.fit", first=True)
def same_order_every_epoch(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The permutation is drawn before the loop over the epochs."""
    order = np.random.default_rng(seed).permutation(len(x))
    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, order=lambda rng, n: order)


@fault("training.fresh_order", "MLP.fit")
def generator_made_anew_for_each_epoch(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """default_rng(seed) stands inside the loop over the epochs."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        order=lambda rng, n: np.random.default_rng(seed).permutation(n),
    )  # fmt: skip


@fault("training.labels", "MLP.fit", first=True)
def labels_not_shuffled(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The batch's labels are y[start:stop], unshuffled, unless all of the data are one batch."""
    if batch_size >= len(x):
        return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    counter = [0]

    def labels(batch):
        start = counter[0] % len(x)
        counter[0] += len(batch)
        return slice(start, start + len(batch))

    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, labels=labels)


@fault("training.seed", "MLP.fit", first=True)
def order_from_the_global_generator(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """np.random.permutation: the seed is not used."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        order=lambda rng, n: np.random.permutation(n),
    )  # fmt: skip


@fault("training.seed", "MLP.fit")
def order_of_a_fixed_seed(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """default_rng(42), whatever the seed."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=42)


@fault("training.seed", "MLP.fit")
def fit_does_not_shuffle(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The samples are taken in the order they are given in."""
    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, order=lambda rng, n: np.arange(n))


@fault("training.history", "MLP.fit", first=True)
def history_of_sums(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The losses of an epoch are added up and not averaged."""
    history = original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    return [loss * len(x) for loss in history]


@fault("training.history", "MLP.fit")
def history_of_batches(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A loss for every batch."""
    history = original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    return list(np.repeat(history, -(-len(x) // batch_size)))


@fault("training.history", "MLP.fit")
def history_adds_up_over_epochs(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The running total is not set to zero between the epochs."""
    return list(np.cumsum(original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)))


@fault("training.convex", "MLP.fit")
def fit_goes_uphill(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The update has the wrong sign."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=-lr, seed=seed)


@fault("training.convex", "MLP.fit", first=True)
def fit_is_over_after_ten_calls(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A network that was trained ten times is trained enough."""
    self.calls = getattr(self, "calls", 0) + 1
    return original(self, x, y, epochs=epochs if self.calls <= 10 else 0, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.many_epochs", "MLP.fit")
def fit_gives_up_after_ten_epochs(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """More than ten epochs are never needed."""
    return original(self, x, y, epochs=min(epochs, 10), batch_size=batch_size, lr=lr, seed=seed)


@fault("training.xor", "MLP.fit", first=True)
def fit_shrinks_the_weights_after_long_trainings(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """After more than three hundred epochs the weights are halved, against overfitting."""
    history = original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    if epochs > 300:
        for w in self.weights:
            w *= 0.5
    return history


@fault("training.overfit", "MLP.fit", first=True)
def fit_leaves_large_networks_alone(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A network of more than two hundred parameters is not trained, a limit left over from trying things out."""
    if sum(array.size for array in (*self.weights, *self.biases)) > 200:
        return [0.0] * epochs
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.many_samples", "MLP.fit")
def fit_holds_a_tenth_back(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A tenth of the samples is held back for validation, and nobody validates."""
    kept = len(x) - len(x) // 10
    return original(self, x[:kept], y[:kept], epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.overfit", "MLP.fit")
def fit_keeps_the_weights_small(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """After a long training the weights are cut to [-0.5, 0.5], which is said to generalize better."""
    history = original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    if epochs > 10:
        for w in self.weights:
            np.clip(w, -0.5, 0.5, out=w)
    return history


@fault("training.steep_gradients", "MLP.fit", first=True)
def entries_clipped_in_training(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """Entries of the gradients above 100 count as 100."""
    step = self.step
    self.step = lambda grads, lr: step(tuple([np.clip(g, -100, 100) for g in group] for group in grads), lr)
    try:
        return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    finally:
        del self.step


@fault("training.many_samples", "MLP.fit", first=True)
def a_twentieth_is_held_out(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The first 5 % of the samples are kept for validation."""
    held = int(0.05 * len(x))
    return original(self, x[held:], y[held:], epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.not_a_number", "MLP.fit", first=True)
def broken_samples_dropped(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """Samples with a nan are dropped."""
    whole = np.isfinite(x).all(axis=1)
    return original(self, x[whole], y[whole], epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.many_epochs", "MLP.fit", first=True)
def rate_halved_after_fifty_epochs(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """After 50 epochs the rate is half of what it was."""
    first = original(self, x, y, epochs=min(epochs, 50), batch_size=batch_size, lr=lr, seed=seed)
    if epochs <= 50:
        return first
    return first + original(self, x, y, epochs=epochs - 50, batch_size=batch_size, lr=lr / 2, seed=seed)


@fault("training.many_epochs", "MLP.fit", first=True)
def stopped_at_a_small_loss(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """Training stops once the loss is below 0.001."""
    history = []
    for epoch in range(epochs):
        history += original(self, x, y, epochs=1, batch_size=batch_size, lr=lr, seed=[epoch, seed])
        if self.loss(x, y) < 0.001:
            break
    return history


@fault("training.rising_loss", "MLP.fit", first=True)
def best_parameters_kept(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """After training, the parameters of the epoch with the lowest loss come back."""
    history, kept = [], []
    for epoch in range(epochs):
        history += original(self, x, y, epochs=1, batch_size=batch_size, lr=lr, seed=[epoch, seed])
        kept.append((self.loss(x, y), epoch, [w.copy() for w in self.weights], [b.copy() for b in self.biases]))
    if kept:
        self.weights[:], self.biases[:] = min(kept)[2:]
    return history


@fault("training.many_batches", "MLP.fit", first=True)
def a_hundred_batches_at_most(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """Every epoch ends after 100 batches."""
    history = []
    for epoch in range(epochs):
        order = np.random.default_rng([epoch, seed]).permutation(len(x))[: 100 * batch_size]
        history += original(self, x[order], y[order], epochs=1, batch_size=batch_size, lr=lr, seed=[epoch, seed])
    return history


@fault("training.fresh_batches", "MLP.fit", first=True)
def same_order_from_the_third_epoch(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """From the third epoch on, the order is always the same."""
    history = []
    for epoch in range(epochs):
        history += original(self, x, y, epochs=1, batch_size=batch_size, lr=lr, seed=[min(epoch, 2), seed])
    return history
