"""Chapter accuracy: training on Fashion-MNIST, with `--full` only."""

import numpy as np

from chainrule.mathematics.comparison import assert_that
from chainrule.specification.spec import spec

GOAL = 0.88
SIZES = [784, 128, 64, 10]
SMALLEST_HIDDEN = 64  # the goal was not calibrated with fewer units
BATCH_SIZE = 100  # divides 60,000, so that no epoch ends with a noisy step on a few images
PHASES = ((12, 0.3), (2, 0.03))  # (epochs, rate) of two calls of fit; the second calms the noise of the first


@spec("accuracy.fashion_mnist", after=("golden.gradients", "training.every_sample", "training.continues"))
def test_fashion_mnist(impl):
    """After training on Fashion-MNIST, a network classifies over 88 % of the test images correctly."""
    from chainrule.training.datasets import FASHION_MNIST, fashion_mnist, scaled  # only this spec needs it
    from chainrule.training.loop import confusion_matrix

    # benchmarks/accuracy_recipe.py and accuracy.fashion_mnist say how surely a correct implementation passes.
    sizes = calibrated(impl)
    data = fashion_mnist()
    x, test_x = scaled(data.train_images), scaled(data.test_images)
    mean = x.mean(axis=0)
    x -= mean
    model = impl.create(sizes, seed=0)
    y = data.train_labels.astype(np.int64)
    for seed, (epochs, lr) in enumerate(PHASES):
        impl.fit(model, x, y, epochs=epochs, batch_size=BATCH_SIZE, lr=lr, seed=seed)
    impl.confusion = confusion_matrix(data.test_labels, impl.classify(model, test_x - mean), len(FASHION_MNIST.classes))
    accuracy = float(np.trace(impl.confusion) / len(test_x))
    impl.measured = f"the test accuracy is {accuracy:.2%}"
    assert_that(accuracy > GOAL, f"{impl.measured}, expected over {GOAL:.0%}", actual=accuracy)


def calibrated(impl):
    """The sizes for which the goal was calibrated, or larger ones; SIZES if the implementation makes such a network."""
    for sizes in (SIZES, [SIZES[0], 128, SIZES[-1]]):
        fitted = impl.fits(sizes)
        if fitted and (fitted[0], fitted[-1]) == (SIZES[0], SIZES[-1]) and min(fitted[1:-1]) >= SMALLEST_HIDDEN:
            return fitted
    raise impl.no_network(f"with one or two hidden layers of at least {SMALLEST_HIDDEN} units, as the goal needs,")
