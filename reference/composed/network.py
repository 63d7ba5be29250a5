"""A network of layers in a row, with the mean cross-entropy of its softmax, and any optimizer of 13_optimizers.md."""

from functools import partial
from itertools import pairwise

import numpy as np

from ..arguments import check_training, checked_dtype, checked_inputs, checked_labels, checked_sizes
from ..functions import softmax
from ..layers import softmax_loss
from ..optimizers import SGD
from ..regularization import l2_gradient
from .layers import Affine, BatchNorm, Conv2D, Dropout, Images, MaxPool2D, ReLU, Rows


class Network:
    """Layers in a row; the last gives logits (N, K).

    Clauses: network.forward, network.loss, gradients.weights, training.every_sample.
    """

    def __init__(self, layers):
        self.layers = list(layers)

    @property
    def parameters(self):
        """The parameters of all layers, from the first to the last."""
        return [theta for layer in self.layers for theta in layer.parameters]

    @property
    def gradients(self):
        """The gradients that the last `descend` left, in the order of the parameters."""
        return [g for layer in self.layers for g in layer.gradients]

    def logits(self, x, training=False):
        """Run a batch through the layers: x (N, D) -> (N, K)."""
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def descend(self, x, y, training=True):
        """Run a batch forward and back, which leaves the gradients in the layers.  Returns its mean loss.

        x: (N, D); y: (N,) labels.  training: whether layers drop entries, and normalize by the batch.
        """
        loss, dout = softmax_loss(self.logits(x, training), y)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return loss

    def train(self, x, y, *, epochs, batch_size, lr, optimizer=SGD, lam=0.0, seed=0, callback=lambda epoch, loss: None):
        """Train in place by mini-batches; every epoch visits every sample once, in a new random order.

        lr: a number, or a function epoch -> number with epochs counted from 0.  optimizer: makes, of a rate, an object
        whose update(params, grads) changes the parameters; its `lr` is set in each epoch.  lam: the strength of an L2
        penalty on all matrices; the history leaves its value out.
        The other arguments, and what it returns, are those of `chainrule.reference.MLP.fit`.
        Clauses: training.every_sample, training.fresh_order, optimizers.parameters, schedules.training.
        """
        check_training(len(x), epochs, batch_size)
        rate = lr if callable(lr) else lambda epoch: lr
        rng, updates, history = np.random.default_rng(seed), optimizer(rate(0)), []
        for epoch in range(epochs):
            updates.lr = rate(epoch)
            order, total = rng.permutation(len(x)), 0.0
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                total += len(batch) * self.descend(x[batch], y[batch])
                updates.update(self.parameters, self.penalized(lam))
            history.append(total / len(x))
            callback(epoch, history[-1])
        return history

    def penalized(self, lam):
        """The gradients, with those of the L2 penalty added for matrices.  Clause: regularization.gradient."""
        if not lam:
            return self.gradients
        pairs = zip(self.parameters, self.gradients, strict=True)
        return [g + l2_gradient([theta], lam)[0] if theta.ndim > 1 else g for theta, g in pairs]


class Classifier(Network):
    """A network of labelled rows, whose parameters are weights and biases.

    learned: its layers that have some.  sizes: [D, ..., K].  optimizer, lam: what `fit` trains with, as in
    `Network.train`.
    """

    def __init__(self, layers, learned, sizes, dtype, optimizer, lam):
        super().__init__(layers)
        self.learned, self.sizes, self.dtype = learned, sizes, dtype
        self.optimizer, self.lam = optimizer, lam

    @property
    def weights(self):
        """A list of L arrays, (s[l], s[l+1]); those of a convolution are (F, C, HH, WW)."""
        return [layer.parameters[0] for layer in self.learned]

    @property
    def biases(self):
        """A list of L arrays, (s[l+1],) or (F,)."""
        return [layer.parameters[1] for layer in self.learned]

    def forward(self, x):
        """Class probabilities of every row: x (N, s[0]) -> p (N, s[L]).  Clause: network.forward."""
        return softmax(self.logits(self._inputs(x)))

    def predict(self, x):
        """The likeliest class of every row: x (N, s[0]) -> (N,) integers.  Clause: network.predict."""
        return self.logits(self._inputs(x)).argmax(axis=1)

    def loss(self, x, y):
        """Mean cross-entropy of the batch in nats, a float.  Clause: network.loss."""
        return softmax_loss(self.logits(self._inputs(x)), self._labels(x, y))[0]

    def backward(self, x, y):
        """Gradients of the training's loss on a batch: (weight_grads, bias_grads), shaped like the parameters.

        Without batch norm and dropout that loss is `loss(x, y)`.  Clauses: gradients.weights, gradients.biases.
        """
        self.descend(self._inputs(x), self._labels(x, y))
        weight_grads, bias_grads = zip(*(layer.gradients for layer in self.learned), strict=True)
        return list(weight_grads), list(bias_grads)

    def step(self, grads, lr):
        """One gradient-descent update of weights and biases in place.  Clauses: training.step, sgd.update."""
        for parameters, gradients in zip((self.weights, self.biases), grads, strict=True):
            SGD(lr).update(parameters, gradients)

    def fit(self, x, y, **settings):
        """Train in place with the network's optimizer and penalty; the other arguments are those of `train`."""
        x, y = self._inputs(x), self._labels(x, y)
        return self.train(x, y, optimizer=self.optimizer, lam=self.lam, **settings)

    def _inputs(self, x):
        return checked_inputs(x, self.sizes[0], self.dtype)

    def _labels(self, x, y):
        return checked_labels(y, len(x), self.sizes[-1])


class MLP(Classifier):
    """The multilayer perceptron of `chainrule.reference.MLP`, put together from layers, with more between them.

    Between two affine layers: batch norm if `normalized`, ReLU, and dropout at `rate` unless that is 0.
    Clauses: initialization.sizes, network.assignable, gradients.weights, training.step.
    """

    def __init__(self, sizes, seed=0, *, dtype=np.float64, normalized=False, rate=0.0, optimizer=SGD, lam=0.0):
        sizes, dtype = checked_sizes(sizes), checked_dtype(dtype)
        rng = np.random.default_rng(seed)
        first, *others = learned = [Affine(*fans, rng, dtype) for fans in pairwise(sizes)]
        between = [
            partial(BatchNorm, dtype=dtype) if normalized else None,
            lambda size: ReLU(),
            (lambda size: Dropout(rate, rng)) if rate else None,
        ]
        layers = [first]
        for affine, size in zip(others, sizes[1:], strict=False):
            layers += [make(size) for make in between if make is not None] + [affine]
        super().__init__(layers, learned, sizes, dtype, optimizer, lam)


class CNN(Classifier):
    """A convolutional network for pictures of a shape (C, H, W): convolutions, then affine layers of `sizes`.

    sizes: [C H W, ..., K].  filters: how many each convolution has, of 3 x 3 each; ReLU and max pooling follow it, and
    halve H and W.  rate: of dropout before each affine layer, unless it is 0.
    Clauses: convolution.values, pooling.values, initialization.sizes.
    """

    def __init__(
        self, sizes, seed=0, *, shape=(1, 28, 28), filters=(16, 32), dtype=np.float64, rate=0.0, optimizer=SGD, lam=0.0
    ):
        sizes, dtype = checked_sizes(sizes), checked_dtype(dtype)
        if sizes[0] != np.prod(shape):
            raise ValueError(f"sizes: expected {np.prod(shape)} inputs, as shape is {shape}, found {sizes[0]}")
        rng = np.random.default_rng(seed)
        self.images = Images(shape, dtype)
        channels = [shape[0], *filters]
        convolutions = [Conv2D(*pair, 3, rng, dtype) for pair in zip(channels[:-1], filters, strict=True)]
        height, width = (side // 2 ** len(filters) for side in shape[1:])
        fans = [channels[-1] * height * width, *sizes[1:]]
        affine = [Affine(*pair, rng, dtype) for pair in pairwise(fans)]
        layers = [self.images]
        for convolution in convolutions:
            layers += [convolution, ReLU(), MaxPool2D()]
        layers.append(Rows())
        for layer in affine:
            layers += [Dropout(rate, rng)] * bool(rate) + [layer, ReLU()]
        super().__init__(layers[:-1], [*convolutions, *affine], sizes, dtype, optimizer, lam)
