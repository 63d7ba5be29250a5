"""Faulty networks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from banks.faults import fault
from banks.faults.parts import backpropagate
from chainrule.reference import cross_entropy as true_cross_entropy
from chainrule.reference import relu as true_relu
from chainrule.reference import softmax as true_softmax


@fault("network.assignable", "MLP.__init__", first=True)
def overlapping_views(original, self, sizes, seed=0):
    """All parameters are views of one vector, and each layer's bias begins one entry too early."""
    original(self, sizes, seed)
    theta = np.zeros(sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes)) + 1)
    start = 0
    for l, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
        weights, start = theta[start : start + w.size].reshape(w.shape), start + w.size
        biases, start = theta[start - 1 : start - 1 + b.size], start + b.size - 1
        biases[:], weights[...] = b, w
        self.weights[l], self.biases[l] = weights, biases
    for b in self.biases:
        b[:] = 0


@fault("network.output_shape", "MLP.forward", first=True)
def forward_squeezes(original, self, x):
    """The probabilities of a single sample come back as a vector."""
    return original(self, x).squeeze()


@fault("network.output_shape", "MLP.forward")
def forward_transposed(original, self, x):
    """Samples are the columns of what forward returns."""
    return original(self, x).T


@fault("network.samples_independent", "MLP.forward", first=True)
def forward_centres_the_batch(original, self, x):
    """The batch's mean is subtracted from the inputs."""
    return original(self, x - x.mean(axis=0))


@fault("network.samples_independent", "MLP.forward")
def forward_normalizes_over_the_batch(original, self, x):
    """softmax along axis 0."""
    return true_softmax(self.propagate(self._inputs(x))[1].T).T


@fault("network.sample_order", "MLP.loss", first=True)
def loss_sorts_labels(original, self, x, y):
    """The labels are sorted, to group them by class, and the samples are not."""
    return original(self, x, np.sort(y))


@fault("network.scales", "MLP.forward", first=True)
def forward_global_maximum(original, self, x):
    """The network's own softmax subtracts the largest logit of the whole batch."""
    z = self.propagate(self._inputs(x))[1]
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


def propagate(self, x, activation=true_relu, bias=True, last=None):
    """The reference's forward pass, with parts to replace."""
    inputs = [x]
    for w, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
        inputs.append(activation(inputs[-1] @ w + b))
    z = inputs[-1] @ self.weights[-1] + (self.biases[-1] if bias else 0)
    return inputs, last(z) if last else z


@fault("network.forward", "MLP.propagate", first=True)
def relu_on_the_output(original, self, x):
    """ReLU after the last layer, too."""
    return propagate(self, x, last=true_relu)


@fault("network.forward", "MLP.propagate")
def bias_of_the_last_layer_missing(original, self, x):
    """The last layer is x W, without b."""
    return propagate(self, x, bias=False)


@fault("network.forward", "MLP.propagate")
def no_activation(original, self, x):
    """No ReLU between the layers."""
    return propagate(self, x, activation=lambda z: z)


@fault("network.forward", "MLP.propagate")
def leaky_hidden_layers(original, self, x):
    """Hidden layers use a leaky ReLU."""
    return propagate(self, x, activation=lambda z: np.where(z > 0, z, 0.01 * z))


@fault("network.forward", "MLP.propagate")
def sigmoid_hidden_layers(original, self, x):
    """Hidden layers use the logistic sigmoid."""
    return propagate(self, x, activation=lambda z: 1 / (1 + np.exp(-z)))


@fault("network.forward", "MLP.propagate")
def one_bias_for_a_layer(original, self, x):
    """The first bias entry of the last layer is added to every unit."""
    return propagate(self, x, last=lambda z: z - self.biases[-1] + self.biases[-1][0])


@fault("network.forward", "MLP.propagate")
def hidden_layer_skipped_in_deep_networks(original, self, x):
    """ReLU is left out after the fourth layer: the code was written for three."""
    seen = []

    def activation(z):
        seen.append(z)
        return z if len(seen) == 4 else true_relu(z)

    return propagate(self, x, activation=activation)


@fault("network.forward", "MLP.forward")
def forward_in_single_precision(original, self, x):
    """The probabilities of the network are rounded to float32, the function's are not."""
    return original(self, x).astype(np.float32)


@fault("network.large_logits", "MLP.loss", first=True)
def loss_from_one_hot_products(original, self, x, y):
    """(one_hot * log(p)).sum(): where p is 0 to rounding that is nan."""
    p = self.forward(x)
    return float(-(np.eye(p.shape[1])[y] * np.log(p)).sum() / len(p))


@fault("network.loss", "MLP.loss", first=True)
def loss_sum(original, self, x, y):
    """The batch is summed up and not averaged."""
    return original(self, x, y) * len(y)


@fault("network.loss", "MLP.loss")
def loss_with_weight_decay(original, self, x, y):
    """An L2 penalty is part of the loss."""
    return original(self, x, y) + 1e-4 * sum((w**2).sum() for w in self.weights)


@fault("network.loss", "MLP.loss")
def loss_over_all_entries(original, self, x, y):
    """np.mean over N K entries."""
    return original(self, x, y) / self.sizes[-1]


@fault("network.loss", "MLP.loss")
def loss_of_softmax_twice(original, self, x, y):
    """softmax is applied to the probabilities once more."""
    return true_cross_entropy(true_softmax(self.forward(x)), y)


@fault("network.missing_class", "MLP.backward", first=True)
def one_hot_of_the_classes_that_occur(original, self, x, y):
    """np.eye(y.max() + 1)[y]: a column is missing where the last class does not occur."""
    inputs, z = self.propagate(self._inputs(x))
    return backpropagate(self, inputs, (true_softmax(z) - np.eye(np.max(y) + 1)[y]) / len(y))


@fault("network.predict", "MLP.predict")
def predict_over_the_batch(original, self, x):
    """argmax over axis 0."""
    return self.forward(x).argmax(axis=0)


@fault("network.predict", "MLP.predict")
def predict_probabilities(original, self, x):
    """The largest probability is returned, not where it is."""
    return self.forward(x).max(axis=1)


@fault("network.predict", "MLP.predict")
def predict_from_one(original, self, x):
    """Classes are counted from 1."""
    return original(self, x) + 1


@fault("network.predict", "MLP.predict")
def predict_one_hot(original, self, x):
    """A one-hot row for every sample."""
    return np.eye(self.sizes[-1])[original(self, x)]


@fault("network.predict", "MLP.predict", first=True)
def predict_above_a_half(original, self, x):
    """p > 0.5 decides: where no class has that much it is class 0."""
    return (self.forward(x) > 0.5).argmax(axis=1)


@fault("network.integer_inputs", "MLP._inputs")
def bytes_are_scaled(original, self, x):
    """Integer inputs must be an image, and are divided by 255."""
    x = np.asarray(x)
    return original(self, x / 255 if x.dtype.kind in "iu" else x)


@fault("network.integer_inputs", "MLP.forward", first=True)
def centred_bytes_wrap_around(original, self, x):
    """Doubling the inputs and halving the weights is the same, except for bytes."""
    x = np.asarray(x)
    return original(self, (x + x) / 2)


@fault("network.arguments_kept", "MLP.backward")
def backward_updates_the_weights(original, self, x, y):
    """The weights are updated within backward."""
    grads = original(self, x, y)
    for w, g in zip(self.weights, grads[0], strict=True):
        w -= 0.01 * g
    return grads


@fault("network.arguments_kept", "MLP.loss", first=True)
def loss_turns_labels_around(original, self, x, y):
    """y is made a mask of its own: y[:] = 1 at what was counted."""
    loss = original(self, x, y)
    y[:] = 1
    return loss


@fault("network.arguments_kept", "MLP.predict")
def predict_standardizes_in_place(original, self, x):
    """x -= x.mean(axis=0) in place, once the labels are known."""
    labels = original(self, x)
    x -= x.mean(axis=0)
    return labels


@fault("network.memoryless", "MLP.backward", first=True)
def dropout_stays_on(original, self, x, y):
    """backward switches to training, and nothing switches back: forward drops inputs from then on."""
    forward, keep = type(self).forward, np.arange(self.sizes[0]) > 0
    self.forward = lambda x: forward(self, x * keep)
    return original(self, x, y)


@fault("network.layouts", "MLP._inputs", first=True)
def inputs_in_the_order_of_memory(original, self, x):
    """The entries are read in the order of memory, which is faster."""
    x = original(self, x)
    return x.ravel(order="K").reshape(x.shape)


@fault("network.layouts", "MLP._inputs")
def single_precision_means_an_image(original, self, x):
    """Only images come in float32, so they are divided by 255."""
    return original(self, np.asarray(x) / 255 if np.asarray(x).dtype == np.float32 else x)


@fault("network.rescaling", "MLP._inputs", first=True)
def tiny_inputs_vanish(original, self, x):
    """What is below 1e-9 is taken for noise."""
    x = original(self, x)
    return np.where(np.abs(x) < 1e-9, 0.0, x)


@fault("network.generator_kept", "MLP.forward", first=True)
def forward_seeds_the_global_generator(original, self, x):
    """np.random.seed(0) for reproducible results."""
    np.random.seed(0)
    return original(self, x)


@fault("network.generator_kept", "MLP.__init__")
def constructor_seeds_the_global_generator(original, self, sizes, seed=0):
    """np.random.seed(0) as the first line of every script, and of the constructor."""
    np.random.seed(0)
    original(self, sizes, seed)


@fault("network.arguments_kept", "MLP.__init__")
def constructor_takes_sizes_off_the_list(original, self, sizes, seed=0):
    """The sizes are popped off the caller's list one by one."""
    original(self, list(sizes), seed)
    del sizes[:]


@fault("network.arguments_kept", "MLP.forward")
def inputs_kept_and_overwritten(original, self, x):
    """The first batch's array is the buffer for the later ones."""
    p = original(self, x)
    if getattr(self, "buffer", None) is None or self.buffer.shape != np.shape(x):
        self.buffer = x
    self.buffer[...] = x
    return p


@fault("network.present_parameters", "MLP.forward", first=True)
def forward_remembers_by_identity(original, self, x):
    """The probabilities of a batch are kept until another batch comes."""
    if getattr(self, "of", None) is not x:
        self.of, self.p = x, original(self, x)
    return self.p.copy()


@fault("network.present_parameters", "MLP.predict")
def predict_remembers_equal_inputs(original, self, x):
    """The labels of inputs that were asked about before are known."""
    if not np.array_equal(getattr(self, "asked", None), x):
        self.asked, self.labels = np.array(x), original(self, x)
    return self.labels.copy()


@fault("network.forward", "MLP.forward")
def relu_missing_from_the_fifth_layer(original, self, x):
    """The code is written out for four hidden layers."""
    a = self._inputs(x)
    for l, (w, b) in enumerate(zip(self.weights[:-1], self.biases[:-1], strict=True)):
        a = true_relu(a @ w + b) if l < 4 else a @ w + b
    return true_softmax(a @ self.weights[-1] + self.biases[-1])


@fault("network.predict", "MLP.predict")
def predict_in_a_byte(original, self, x):
    """Labels are stored as bytes."""
    return original(self, x).astype(np.uint8)
