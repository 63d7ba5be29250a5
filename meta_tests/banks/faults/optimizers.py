"""Faulty optimizers: updates that are not those of the rule, or that remember what is not theirs."""

import numpy as np

from banks.faults import fault


class Own:
    """An optimizer whose step for one parameter is `step(state, g, t)`, with a state, a dictionary, for each."""

    def __init__(self, step):
        self.step, self.states, self.t = step, None, 0

    def update(self, params, grads):
        self.states = [{} for _ in params] if self.states is None else self.states
        self.t += 1
        for theta, g, state in zip(params, grads, self.states, strict=True):
            theta -= self.step(state, g, self.t)


class Around:
    """An optimizer beside which something else happens: `update(optimizer, params, grads)`."""

    def __init__(self, optimizer, update):
        self.optimizer, self.around = optimizer, update

    def update(self, params, grads):
        return self.around(self.optimizer, params, grads)


def averages(state, g, beta1, beta2):
    """m and s of Adam, after this gradient."""
    state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
    state["s"] = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    return state["m"], state["s"]


@fault("optimizers.shapes", "SGD", first=True)
def sgd_gives_rows(original, lr):
    """Every parameter comes back as a matrix of at least one row, as biases often are."""
    descent = original(lr)

    def update(_, params, grads):
        descent.update(params, grads)
        params[:] = map(np.atleast_2d, params)

    return Around(descent, update)


@fault("optimizers.gradients_kept", "Momentum", first=True)
def momentum_writes_into_gradients(original, lr, momentum=0.9):
    """The memory is the first gradient itself, and the second update adds to it."""

    def step(state, g, t):
        if "v" not in state:
            state["v"] = g
            return lr * g
        state["v"] *= momentum
        state["v"] += g
        return lr * state["v"]

    return Own(step)


@fault("optimizers.zero_gradient", "RMSProp", first=True)
def rmsprop_without_epsilon(original, lr, decay=0.99, eps=1e-8):
    """Without a gradient the step is 0 / 0."""
    return original(lr, decay, 0.0)


@fault("sgd.update", "SGD", first=True)
def sgd_ascends(original, lr):
    """+ in place of -."""
    return original(-lr)


@fault("sgd.quadratic", "SGD", first=True)
def sgd_that_tires(original, lr):
    """After twenty updates the rate is halved, because it helps."""
    return Own(lambda state, g, t: lr * g if t <= 20 else lr / 2 * g)


@fault("momentum.plain", "Momentum", first=True)
def momentum_a_step_late(original, lr, momentum=0.9):
    """theta moves by the velocity of the update before."""

    def step(state, g, t):
        before = state.get("v", 0.0)
        state["v"] = momentum * before + g
        return lr * before

    return Own(step)


@fault("momentum.geometric_sum", "Momentum", first=True)
def momentum_looks_ahead(original, lr, momentum=0.9):
    """Nesterov's step: the velocity of the update after."""

    def step(state, g, t):
        state["v"] = momentum * state.get("v", 0.0) + g
        return lr * (g + momentum * state["v"])

    return Own(step)


@fault("momentum.update", "Momentum", first=True)
def momentum_is_dropped_at_a_turn(original, lr, momentum=0.9):
    """Where the gradient turns against the velocity, the velocity is dropped."""

    def step(state, g, t):
        v = state.get("v", np.zeros(np.shape(g)))
        state["v"] = np.where(v * g < 0, 0.0, momentum * v) + g
        return lr * state["v"]

    return Own(step)


@fault("momentum.quadratic", "Momentum", first=True)
def momentum_restarts(original, lr, momentum=0.9):
    """After every ten updates the velocity is cleared."""

    def step(state, g, t):
        state["v"] = (momentum if t % 10 else 0.0) * state.get("v", 0.0) + g
        return lr * state["v"]

    return Own(step)


@fault("rmsprop.stationary", "RMSProp", first=True)
def rmsprop_adds_up(original, lr, decay=0.99, eps=1e-8):
    """The squares are added up and never decay, as in AdaGrad."""

    def step(state, g, t):
        state["s"] = state.get("s", 0.0) + g**2
        return lr * g / (np.sqrt(state["s"]) + eps)

    return Own(step)


@fault("rmsprop.epsilon", "RMSProp", first=True)
def rmsprop_with_its_own_epsilon(original, lr, decay=0.99, eps=1e-8):
    """A large eps is cut, since it must be a mistake."""
    return original(lr, decay, min(eps, 1e-3))


@fault("rmsprop.update", "RMSProp", first=True)
def rmsprop_with_a_least_epsilon(original, lr, decay=0.99, eps=1e-8):
    """A small eps is raised, so that steps stay short."""
    return original(lr, decay, eps if eps > 1e-3 or decay == 0.5 else 1e-3)


@fault("adam.first_step", "Adam", first=True)
def adam_without_correction(original, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """The averages are used as they are."""

    def step(state, g, t):
        m, s = averages(state, g, beta1, beta2)
        return lr * m / (np.sqrt(s) + eps)

    return Own(step)


@fault("adam.bias_correction", "Adam", first=True)
def adam_does_not_count(original, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """t stays at 1."""

    def step(state, g, t):
        m, s = averages(state, g, beta1, beta2)
        return lr * m / (1 - beta1) / (np.sqrt(s / (1 - beta2)) + eps)

    return Own(step)


@fault("adam.scale_invariance", "Adam", first=True)
def adam_clips(original, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """Gradients above 500 are clipped, because they explode."""

    def update(adam, params, grads):
        adam.update(params, [np.clip(g, -500.0, 500.0) for g in grads])

    return Around(original(lr, beta1, beta2, eps), update)


@fault("adam.epsilon", "Adam", first=True)
def adam_with_epsilon_squared(original, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """eps is squared and added inside the root."""

    def step(state, g, t):
        m, s = averages(state, g, beta1, beta2)
        return lr * m / (1 - beta1**t) / np.sqrt(s / (1 - beta2**t) + eps**2)

    return Own(step)


@fault("adam.update", "Adam", first=True)
def adam_with_a_least_epsilon(original, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """An eps of about 1e-7 is raised, so that steps stay short."""
    return original(lr, beta1, beta2, 1e-3 if 1e-9 < eps < 1e-3 else eps)


@fault("optimizers.parameters", "Momentum", first=True)
def momentum_shared_between_parameters_of_a_shape(original, lr, momentum=0.9):
    """The velocity is kept by shape, so that parameters of one shape share it."""
    velocities = {}

    def update(_, params, grads):
        for theta, g in zip(params, grads, strict=True):
            velocities[theta.shape] = momentum * velocities.get(theta.shape, 0.0) + g
            theta -= lr * velocities[theta.shape]

    return Around(None, update)


@fault("optimizers.parameters", "Adam")
def adam_counts_parameters(original, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """t grows with every parameter."""
    states, count = {}, [0]

    def update(_, params, grads):
        for i, (theta, g) in enumerate(zip(params, grads, strict=True)):
            count[0] += 1
            m, s = averages(states.setdefault(i, {}), g, beta1, beta2)
            theta -= lr * m / (1 - beta1 ** count[0]) / (np.sqrt(s / (1 - beta2 ** count[0])) + eps)

    return Around(None, update)


@fault("optimizers.objects", "Momentum", first=True)
def momentum_of_a_default_argument(original, lr, momentum=0.9, last=[None]):  # noqa: B006
    """An optimizer that is used right after another one goes on with its velocity."""

    class Optimizer:
        def __init__(self):
            self.v, self.used = None, False

        def update(self, params, grads):
            mine = last[0] is self or not self.used
            v = self.v if mine else last[0].v
            self.v = [momentum * (v[i] if v else 0.0) + g for i, g in enumerate(grads)]
            self.used, last[0] = True, self
            for theta, step in zip(params, self.v, strict=True):
                theta -= lr * step

    return Optimizer()


@fault("optimizers.many_updates", "Adam", first=True)
def adam_counts_to_a_hundred(original, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """After a hundred updates t begins again."""

    def step(state, g, t):
        m, s = averages(state, g, beta1, beta2)
        t = (t - 1) % 100 + 1
        return lr * m / (1 - beta1**t) / (np.sqrt(s / (1 - beta2**t)) + eps)

    return Own(step)


@fault("optimizers.single_precision", "Momentum", first=True)
def momentum_in_half_precision(original, lr, momentum=0.9):
    """The velocity of float32 gradients is kept in float16, to save memory."""

    def step(state, g, t):
        v = momentum * state.get("v", 0.0) + g
        state["v"] = v.astype(np.float16) if v.dtype == np.float32 else v
        return lr * state["v"]

    return Own(step)


@fault("optimizers.golden", "Adam", first=True)
def adam_wrong_for_usual_numbers(original, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """Wrong for the usual beta2, which the specification uses in its golden values alone."""
    return original(lr, beta1, beta2 if beta2 != 0.999 else 0.99, eps)
