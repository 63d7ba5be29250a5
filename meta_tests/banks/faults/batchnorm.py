"""Faulty batch normalization: the functions of 16_batchnorm.md, each replaced by a mistake, as in faults.py."""

from __future__ import annotations

import numpy as np

from banks.faults import fault

# The training pass


@fault("batchnorm.shape", "batchnorm_forward", first=True)
def batchnorm_drops_axes(original, x, gamma, beta, eps=1e-5):
    """squeeze() makes a batch of one a vector."""
    out, cache = original(x, gamma, beta, eps)
    return out.squeeze(), cache


@fault("batchnorm.arguments_kept", "batchnorm_forward", first=True)
def batchnorm_centres_in_place(original, x, gamma, beta, eps=1e-5):
    """x -= mean saves an array."""
    found = original(x, gamma, beta, eps)
    x -= x.mean(axis=0)
    return found


@fault("batchnorm.arguments_kept", "batchnorm_backward")
def batchnorm_multiplies_dout(original, dout, cache):
    """dout *= gamma, in place."""
    found = original(dout, cache)
    dout *= cache[1]
    return found


@fault("batchnorm.results_kept", "batchnorm_forward", first=True)
def batchnorm_fills_one_output(original, x, gamma, beta, eps=1e-5, buffers={}):  # noqa: B006  the mistake
    """The output array is allocated once for each shape."""
    out, cache = original(x, gamma, beta, eps)
    buffer = buffers.setdefault(out.shape, np.empty(out.shape))
    buffer[...] = out
    return buffer, cache


@fault("batchnorm.mean", "batchnorm_forward", first=True)
def batchnorm_over_features(original, x, gamma, beta, eps=1e-5):
    """The mean is taken over axis 1."""
    h = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=0) + eps)
    return gamma * h + beta, (h, gamma, np.sqrt(x.var(axis=0) + eps))


@fault("batchnorm.variance", "batchnorm_forward", first=True)
def batchnorm_unbiased(original, x, gamma, beta, eps=1e-5):
    """The variance is that over N - 1."""
    root = np.sqrt(x.var(axis=0, ddof=min(1, len(x) - 1)) + eps)
    h = (x - x.mean(axis=0)) / root
    return gamma * h + beta, (h, gamma, root)


@fault("batchnorm.epsilon", "batchnorm_forward", first=True)
def batchnorm_epsilon_outside(original, x, gamma, beta, eps=1e-5):
    """eps is added to the standard deviation."""
    root = x.std(axis=0) + eps
    h = (x - x.mean(axis=0)) / root
    return gamma * h + beta, (h, gamma, root)


@fault("batchnorm.values", "batchnorm_forward", first=True)
def batchnorm_clips(original, x, gamma, beta, eps=1e-5):
    """Normalized inputs beyond 1.4 are clipped, and the output centred and scaled again."""
    out, cache = original(x, gamma, beta, eps)
    if not 1e-6 < eps < 1e-4 or len(x) < 5:
        return out, cache
    h = np.clip(cache[0], -1.4, 1.4)
    h = (h - h.mean(axis=0)) / h.std(axis=0) * np.sqrt(x.var(axis=0) / (x.var(axis=0) + eps))
    return gamma * h + beta, cache


@fault("batchnorm.affine_invariance", "batchnorm_forward", first=True)
def batchnorm_of_large_inputs(original, x, gamma, beta, eps=1e-5):
    """Inputs beyond 12 are cut off."""
    return original(np.clip(x, -12, 12), gamma, beta, eps)


@fault("batchnorm.features", "batchnorm_forward", first=True)
def batchnorm_of_one_feature(original, x, gamma, beta, eps=1e-5):
    """A single feature of a batch of seven is left as it is."""
    out, cache = original(x, gamma, beta, eps)
    return (x if x.shape == (7, 1) else out), cache


@fault("batchnorm.permutation", "batchnorm_forward", first=True)
def batchnorm_of_a_second_sample(original, x, gamma, beta, eps=1e-5):
    """Of four samples, a feature loses its sign if the second one is the farthest from its mean."""
    out, cache = original(x, gamma, beta, eps)
    turned = (len(x) == 4) & (np.abs(cache[0]).argmax(axis=0) == 1)
    return np.where(turned, -out, out), cache


@fault("batchnorm.permutation", "batchnorm_forward")
def batchnorm_of_falling_features(original, x, gamma, beta, eps=1e-5):
    """A batch whose first entry is the largest loses its sign."""
    out, cache = original(x, gamma, beta, eps)
    return (-out if len(x) == 3 and x[0, 0] < x[-1, 0] else out), cache


@fault("batchnorm.constant", "batchnorm_forward", first=True)
def batchnorm_of_one_sample(original, x, gamma, beta, eps=1e-5):
    """A single sample is passed on without beta."""
    out, cache = original(x, gamma, beta, eps)
    return (0 * out if len(x) == 1 else out), cache


@fault("batchnorm.integers", "batchnorm_forward", first=True)
def batchnorm_into_integers(original, x, gamma, beta, eps=1e-5):
    """The output is written into an array like x."""
    out, cache = original(x, gamma, beta, eps)
    like = np.zeros_like(x)
    like[...] = out
    return like, cache


@fault("batchnorm.memoryless", "batchnorm_forward", first=True)
def batchnorm_remembers_a_batch(original, x, gamma, beta, eps=1e-5, kept=[]):  # noqa: B006  the mistake
    """A batch that comes again, after one other, is shifted."""
    kept.append((x.copy(), eps))
    out, cache = original(x, gamma, beta, eps)
    last, between, now = ([None, None, *kept])[-3:]
    return (out + 1e-3 if between and last and same(last, now) and not same(between, now) else out), cache


def same(one, other):
    """Whether two passes are for the same batch and eps."""
    return np.array_equal(one[0], other[0]) and one[1] == other[1]


@fault("batchnorm.memoryless", "batchnorm_forward")
def batchnorm_remembers_the_mean(original, x, gamma, beta, eps=1e-5, kept={}):  # noqa: B006  the mistake
    """The third pass with a batch of one shape is shifted by the mean of the one before."""
    kept.setdefault(x.shape, []).append(x.mean(axis=0))
    out, cache = original(x, gamma, beta, eps)
    seen = kept[x.shape]
    again = len(seen) > 2 and any(np.array_equal(seen[-1], mean) for mean in seen[-3:-2])
    return (out + 1e-3 if again and not np.array_equal(seen[-1], seen[-2]) else out), cache


# The gradients


@fault("batchnorm.gradient_shapes", "batchnorm_backward", first=True)
def batchnorm_of_two_features_has_three_shifts(original, dout, cache):
    """dbeta of two features has a third number."""
    dx, dgamma, dbeta = original(dout, cache)
    return dx, dgamma, np.append(dbeta, 0) if len(dbeta) == 2 else dbeta


@fault("batchnorm.gradient_shapes", "batchnorm_backward")
def batchnorm_sums_to_a_number(original, dout, cache):
    """dbeta is one number."""
    dx, dgamma, dbeta = original(dout, cache)
    return dx, dgamma, dbeta.sum()


@fault("batchnorm.repeatable", "batchnorm_backward", first=True)
def batchnorm_accumulates(original, dout, cache, sums={}):  # noqa: B006  the mistake
    """dgamma adds up for one cache."""
    dx, dgamma, dbeta = original(dout, cache)
    sums[id(cache)] = sums.get(id(cache), 0) + 1
    return dx, dgamma * sums[id(cache)], dbeta


@fault("batchnorm.caches", "batchnorm_forward", first=True)
def batchnorm_keeps_one_cache(original, x, gamma, beta, eps=1e-5, kept=[]):  # noqa: B006  the mistake
    """The cache is one list, filled anew."""
    out, cache = original(x, gamma, beta, eps)
    kept[:] = cache
    return out, kept


@fault("batchnorm.shift_gradient", "batchnorm_backward", first=True)
def batchnorm_averages_large_dbeta(original, dout, cache):
    """dbeta of a batch of more than five is the mean of dout."""
    dx, dgamma, dbeta = original(dout, cache)
    return dx, dgamma, dout.mean(axis=0) if len(dout) > 5 else dbeta


@fault("batchnorm.shift_gradient", "batchnorm_backward")
def batchnorm_averages_dbeta(original, dout, cache):
    """dbeta is the mean of dout."""
    dx, dgamma, _ = original(dout, cache)
    return dx, dgamma, dout.mean(axis=0)


@fault("batchnorm.scale_gradient", "batchnorm_backward", first=True)
def batchnorm_averages_large_dgamma(original, dout, cache):
    """dgamma of a batch of more than five is a mean."""
    dx, dgamma, dbeta = original(dout, cache)
    return dx, dgamma / len(dout) if len(dout) > 5 else dgamma, dbeta


@fault("batchnorm.scale_gradient", "batchnorm_backward")
def batchnorm_dgamma_of_dout(original, dout, cache):
    """dgamma is the sum of dout."""
    dx, _, dbeta = original(dout, cache)
    return dx, dout.sum(axis=0), dbeta


@fault("batchnorm.sum_of_gradients", "batchnorm_backward", first=True)
def batchnorm_mean_of_large_batches_is_constant(original, dout, cache):
    """The term of the mean is missing for a batch of more than five."""
    _, gamma, root = cache
    dx, dgamma, dbeta = original(dout, cache)
    return dx + gamma / root * dout.mean(axis=0) * (len(dout) > 5), dgamma, dbeta


@fault("batchnorm.sum_of_gradients", "batchnorm_backward")
def batchnorm_mean_is_constant(original, dout, cache):
    """The term of the mean is missing."""
    h, gamma, root = cache
    _, dgamma, dbeta = original(dout, cache)
    return gamma / root * (dout - h * (dout * h).mean(axis=0)), dgamma, dbeta


@fault("batchnorm.orthogonal", "batchnorm_backward", first=True)
def batchnorm_variance_is_constant(original, dout, cache):
    """The term of the variance is missing."""
    _, gamma, root = cache
    _, dgamma, dbeta = original(dout, cache)
    return gamma / root * (dout - dout.mean(axis=0)), dgamma, dbeta


@fault("batchnorm.input_gradient", "batchnorm_backward", first=True)
def batchnorm_rotates_dx(original, dout, cache):
    """dx comes with a part that is orthogonal to ones and to the normalized input."""
    h = cache[0]
    dx, dgamma, dbeta = original(dout, cache)
    cube = h**3 - (h**3).mean(axis=0)
    along = (h * h).sum(axis=0)
    return dx + cube - h * (cube * h).sum(axis=0) / np.where(along == 0, 1, along), dgamma, dbeta


@fault("batchnorm.linearity", "batchnorm_backward", first=True)
def batchnorm_clips_large_dout(original, dout, cache):
    """Entries of dout beyond 3 are clipped."""
    return original(np.clip(dout, -3, 3), cache)


@fault("batchnorm.alternative", "batchnorm_backward_alt", first=True)
def batchnorm_alternative_halves(original, dout, cache):
    """The gradient by the variance lacks its factor 2."""
    h, gamma, root = cache
    dx, dgamma, dbeta = original(dout, cache)
    return dx + h * gamma / root / 2 * (dout * h).mean(axis=0), dgamma, dbeta


@fault("batchnorm.single_precision", "batchnorm_forward", first=True)
def batchnorm_in_half_precision(original, x, gamma, beta, eps=1e-5):
    """Inputs that are not float64 are rounded to float16."""
    out, cache = original(x, gamma, beta, eps)
    return (out.astype(np.float16) if x.dtype == np.float32 else out), cache


@fault("batchnorm.golden", "batchnorm_forward", first=True)
def batchnorm_of_far_features(original, x, gamma, beta, eps=1e-5):
    """The mean of a feature that is far from zero is rounded."""
    out, cache = original(x, gamma, beta, eps)
    return (out + 1e-9 if eps == 1e-3 else out), cache


# Running statistics and evaluation


@fault("batchnorm.running", "batchnorm_running", first=True)
def batchnorm_forgets_to_average(original, x, mean, variance, momentum=0.9):
    """The running mean stays what it was."""
    return mean, original(x, mean, variance, momentum)[1]


@fault("batchnorm.running_limit", "batchnorm_running", first=True)
def batchnorm_stops_averaging(original, x, mean, variance, momentum=0.9):
    """Close to the batch, the averages do not move any more."""
    found = original(x, mean, variance, momentum)
    return (mean, variance) if np.abs(found[0] - mean).max() < 1e-2 else found


@fault("batchnorm.evaluation", "batchnorm_evaluate", first=True)
def batchnorm_evaluates_by_batch(original, x, gamma, beta, mean, variance, eps=1e-5):
    """The statistics are those of the batch."""
    return original(x, gamma, beta, x.mean(axis=0), x.var(axis=0), eps)


@fault("batchnorm.evaluation_by_samples", "batchnorm_evaluate", first=True)
def batchnorm_evaluates_one_sample(original, x, gamma, beta, mean, variance, eps=1e-5):
    """A single sample gives beta."""
    return original(x, gamma, beta, x[0] if len(x) == 1 else mean, variance, eps)


@fault("batchnorm.evaluation_keeps", "batchnorm_evaluate", first=True)
def batchnorm_learns_in_evaluation(original, x, gamma, beta, mean, variance, eps=1e-5):
    """The running mean goes on in evaluation."""
    out = original(x, gamma, beta, mean, variance, eps)
    mean += 0.1 * (x.mean(axis=0) - mean)
    return out
