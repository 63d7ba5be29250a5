"""Faulty gradients."""

from __future__ import annotations

import numpy as np

from banks.faults import fault
from banks.faults.parts import backpropagate
from chainrule.reference import relu as true_relu
from chainrule.reference import softmax as true_softmax


def errors(logits, y):
    """(p - one_hot) / N."""
    return (true_softmax(logits) - np.eye(logits.shape[1])[y]) / len(y)


@fault("gradients.shapes", "MLP.backward", first=True)
def bias_gradients_of_each_sample(original, self, x, y):
    """The biases' gradients are not summed over the batch."""
    grads = original(self, x, y)
    return grads[0], [np.repeat(g[None], len(y), axis=0) / len(y) for g in grads[1]]


@fault("gradients.shapes", "MLP.backward")
def bias_gradient_summed_over_units(original, self, x, y):
    """delta.sum() without an axis."""
    grads = original(self, x, y)
    return grads[0], [g.sum() for g in grads[1]]


@fault("gradients.repeatable", "MLP.backward", first=True)
def gradients_accumulate(original, self, x, y):
    """Gradients are added to those of the last call, and nothing sets them to zero."""
    grads = original(self, x, y)
    if hasattr(self, "grads"):
        grads = tuple([a + b for a, b in zip(*pair, strict=True)] for pair in zip(self.grads, grads, strict=True))
    self.grads = grads
    return grads


@fault("gradients.memoryless", "MLP.backward", first=True)
def gradients_averaged_with_the_last(original, self, x, y):
    """The gradient is the mean of this batch's and the last one's, which is smoother."""
    grads = original(self, x, y)
    last, self.last = getattr(self, "last", grads), grads
    return tuple([(a + b) / 2 for a, b in zip(*pair, strict=True)] for pair in zip(last, grads, strict=True))


@fault("gradients.memoryless", "MLP.backward")
def cache_of_the_first_batch(original, self, x, y):
    """The hidden activations are those of the forward pass before, whichever batch that was of."""
    inputs, z = self.propagate(self._inputs(x))
    cache = getattr(self, "cache", z)
    self.cache = z
    return backpropagate(self, inputs, errors(np.resize(cache, z.shape), y))


@fault("gradients.survive", "MLP.backward", first=True)
def gradient_buffers_are_reused(original, self, x, y):
    """The gradients are written into arrays that are made once."""
    grads = original(self, x, y)
    if not hasattr(self, "buffers"):
        self.buffers = grads
    for buffers, group in zip(self.buffers, grads, strict=True):
        for buffer, g in zip(buffers, group, strict=True):
            buffer[...] = g
    return self.buffers


@fault("gradients.additivity", "MLP._gradients", first=True)
def gradient_not_divided(original, self, inputs, logits, y):
    """The 1/N is missing."""
    return backpropagate(self, inputs, errors(logits, y) * len(y))


@fault("gradients.additivity", "MLP._gradients")
def gradient_divided_twice(original, self, inputs, logits, y):
    """1/N in the deltas, and 1/N again in the products."""
    return backpropagate(self, inputs, errors(logits, y) / len(y))


@fault("gradients.additivity", "MLP._gradients")
def gradient_divided_by_classes(original, self, inputs, logits, y):
    """delta.shape[1] in place of delta.shape[0]."""
    return backpropagate(self, inputs, errors(logits, y) * len(y) / logits.shape[1])


@fault("gradients.additivity", "MLP._gradients")
def gradient_divided_by_inputs(original, self, inputs, logits, y):
    """x.shape[1] in place of x.shape[0]."""
    return backpropagate(self, inputs, errors(logits, y) * len(y) / inputs[0].shape[1])


@fault("gradients.weights", "MLP._gradients")
def gradient_with_the_wrong_sign(original, self, inputs, logits, y):
    """y - p."""
    return backpropagate(self, inputs, -errors(logits, y))


@fault("gradients.class_sum", "MLP._gradients", first=True)
def gradient_of_the_sigmoid(original, self, inputs, logits, y):
    """p (1 - p) times p - y: the derivative of softmax once more."""
    p = true_softmax(logits)
    return backpropagate(self, inputs, errors(logits, y) * p * (1 - p))


@fault("gradients.class_sum", "MLP._gradients")
def gradient_without_the_labels(original, self, inputs, logits, y):
    """The one-hot labels are not subtracted."""
    return backpropagate(self, inputs, true_softmax(logits) / len(y))


@fault("gradients.weights", "MLP._gradients")
def gradient_for_shifted_labels(original, self, inputs, logits, y):
    """The one-hot labels are off by one."""
    return backpropagate(self, inputs, errors(logits, (y + 1) % logits.shape[1]))


@fault("gradients.dead_units", "MLP._gradients", first=True)
def relu_mask_missing(original, self, inputs, logits, y):
    """The derivative of ReLU is forgotten."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: 1.0)


@fault("gradients.dead_units", "MLP._gradients")
def relu_mask_of_another_layer(original, self, inputs, logits, y):
    """The mask is that of the layer below, cut to size."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: np.resize(inputs[l - 1] > 0, a.shape))


@fault("gradients.dead_units", "MLP._gradients")
def relu_mask_of_delta(original, self, inputs, logits, y):
    """delta is masked where delta is negative, not where z is."""
    delta, weight_grads, bias_grads = errors(logits, y), [], []
    for l in reversed(range(len(self.weights))):
        weight_grads.insert(0, inputs[l].T @ delta)
        bias_grads.insert(0, delta.sum(axis=0))
        delta = true_relu(delta @ self.weights[l].T)
    return weight_grads, bias_grads


@fault("gradients.weights", "MLP._gradients")
def activation_in_place_of_its_derivative(original, self, inputs, logits, y):
    """delta is multiplied by the activation itself."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: a)


@fault("gradients.additivity", "MLP._gradients")
def weights_updated_before_propagating_back(original, self, inputs, logits, y):
    """Each layer is updated before its delta is sent down."""
    delta, weight_grads, bias_grads = errors(logits, y), [], []
    for l in reversed(range(len(self.weights))):
        weight_grads.insert(0, inputs[l].T @ delta)
        bias_grads.insert(0, delta.sum(axis=0))
        delta = (delta @ (self.weights[l] - 0.1 * weight_grads[0]).T) * (inputs[l] > 0)
    return weight_grads, bias_grads


@fault("gradients.dead_units", "MLP._gradients")
def gradient_wrong_from_the_third_hidden_layer(original, self, inputs, logits, y):
    """Below two hidden layers delta is used as it is: the loop was written out for three layers."""
    depth = len(self.weights)
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: (a > 0) if depth - l < 3 else 1.0)


@fault("gradients.additivity", "MLP._gradients")
def gradients_clipped(original, self, inputs, logits, y):
    """np.clip(g, -0.5, 0.5) against exploding gradients."""
    return tuple([np.clip(g, -0.5, 0.5) for g in group] for group in original(self, inputs, logits, y))


@fault("gradients.additivity", "MLP._gradients")
def gradients_normalized(original, self, inputs, logits, y):
    """Each gradient is divided by its norm."""
    return tuple([g / np.linalg.norm(g) for g in group] for group in original(self, inputs, logits, y))


@fault("gradients.class_sum", "MLP._gradients")
def gradients_with_weight_decay(original, self, inputs, logits, y):
    """1e-3 W is added, the derivative of a penalty that the loss does not have."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    return [g + 1e-3 * w for g, w in zip(weight_grads, self.weights, strict=True)], bias_grads


@fault("gradients.weights", "MLP._gradients", first=True)
def first_layer_gets_the_wrong_input(original, self, inputs, logits, y):
    """The first layer's inputs are taken after ReLU."""
    return backpropagate(self, [true_relu(inputs[0]), *inputs[1:]], errors(logits, y))


@fault("gradients.class_sum", "MLP._gradients")
def gradient_of_one_weight_missing(original, self, inputs, logits, y):
    """A loop ends one too early: the last weight's gradient stays zero."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    weight_grads[0][-1, -1] = 0.0
    return weight_grads, bias_grads


@fault("gradients.additivity", "MLP._gradients")
def bias_gradient_is_a_mean(original, self, inputs, logits, y):
    """delta.mean(axis=0), where delta is divided by N already."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    return weight_grads, [g / len(y) for g in bias_grads]


@fault("gradients.biases", "MLP._gradients", first=True)
def bias_gradient_of_one_hidden_unit_wrong(original, self, inputs, logits, y):
    """The last hidden unit's bias gradient has the wrong sign."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    for g in bias_grads[:-1]:
        g[-1] = -g[-1]
    return weight_grads, bias_grads


@fault("gradients.biases", "MLP._gradients")
def bias_gradient_of_hidden_layers_missing(original, self, inputs, logits, y):
    """Only the last bias has a gradient."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    return weight_grads, [*(0 * g for g in bias_grads[:-1]), bias_grads[-1]]


@fault("gradients.class_sum", "MLP._gradients")
def bias_gradient_of_one_unit_wrong(original, self, inputs, logits, y):
    """The last unit's bias gradient is that of the unit before."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    bias_grads[-1][-1] = bias_grads[-1][-2]
    return weight_grads, bias_grads


@fault("gradients.additivity", "MLP._gradients")
def bias_gradient_of_the_first_sample(original, self, inputs, logits, y):
    """delta[0] in place of the sum over the batch."""
    return original(self, inputs, logits, y)[0], backpropagate(self, [a[:1] for a in inputs], errors(logits, y)[:1])[1]


@fault("gradients.additivity", "MLP._gradients")
def single_sample_is_not_masked(original, self, inputs, logits, y):
    """A batch of one takes another path, in which the derivative of ReLU is forgotten."""
    if len(y) > 1:
        return original(self, inputs, logits, y)
    weight_grads, _ = backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: 1.0)
    return weight_grads, original(self, inputs, logits, y)[1]


@fault("gradients.dead_units", "MLP._gradients")
def gradient_leaks_through_dead_units(original, self, inputs, logits, y):
    """Where a unit is off the derivative is 0.01."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: np.where(a > 0, 1.0, 0.01))


@fault("gradients.class_sum", "MLP._gradients")
def gradient_at_the_true_class_only(original, self, inputs, logits, y):
    """Only the true class's logit gets p - 1, the others nothing."""
    return backpropagate(self, inputs, errors(logits, y) * np.eye(logits.shape[1])[y])


@fault("gradients.weights", "MLP._gradients")
def gradient_through_the_transposed_sum(original, self, inputs, logits, y):
    """delta is sent down through |W|: a sign is lost."""
    return backpropagate(self, inputs, errors(logits, y), weights=[np.abs(w) for w in self.weights])


@fault("gradients.euler", "MLP._gradients", first=True)
def relu_derivative_as_a_quotient(original, self, inputs, logits, y):
    """The derivative of ReLU is a / (a + 1e-12), which is 0 or almost 1."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: a / (a + 1e-12))


@fault("gradients.saturated", "MLP._gradients", first=True)
def gradient_through_the_probabilities(original, self, inputs, logits, y):
    """-1/p goes through the Jacobian of softmax: where p is 0 that is 0 times infinity."""
    p, one_hot = true_softmax(logits), np.eye(logits.shape[1])[y]
    g = -one_hot / p
    return backpropagate(self, inputs, p * (g - (g * p).sum(axis=1, keepdims=True)) / len(y))


@fault("gradients.values", "MLP._gradients")
def gradient_with_an_epsilon_in_softmax(original, self, inputs, logits, y):
    """backward normalizes with e / (e.sum() + 1e-12)."""
    p = true_softmax(logits)
    return backpropagate(self, inputs, (p / (1 + 1e-12) - np.eye(p.shape[1])[y]) / len(y))


@fault("gradients.values", "MLP.backward", first=True)
def bytes_are_scaled_in_backward(original, self, x, y):
    """Integer inputs must be an image, and are divided by 255, in backward alone."""
    x = np.asarray(x)
    return original(self, x / 255 if x.dtype.kind in "iu" else x, y)


@fault("gradients.rescaling", "MLP.backward", first=True)
def gradients_clipped_at_a_thousand(original, self, x, y):
    """Gradients beyond 1000 are clipped, so that they never explode."""
    return tuple([np.clip(g, -1000, 1000) for g in group] for group in original(self, x, y))


@fault("gradients.values", "MLP.backward")
def first_samples_of_a_large_batch(original, self, x, y):
    """Of more than 64 samples the first are enough."""
    return original(self, x[:64], y[:64])


@fault("gradients.values", "MLP.backward")
def ten_classes(original, self, x, y):
    """There are ten digits: labels beyond count as the last one."""
    return original(self, x, np.minimum(y, 9))
