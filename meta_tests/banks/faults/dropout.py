"""Faulty dropout: the reference's functions of 15_dropout.md, each replaced by a mistake, as in faults.py."""

import numpy as np

from banks.faults import fault


@fault("dropout.shape", "dropout_forward", first=True)
def dropout_drops_axes_of_length_one(original, x, rate, rng):
    """squeeze() makes a batch of one a vector."""
    out, cache = original(x, rate, rng)
    return out.squeeze(), cache


@fault("dropout.shape", "dropout_backward")
def dropout_gradient_of_units(original, dout, cache):
    """The gradient is summed over the batch, as that of a bias."""
    return original(dout, cache).sum(axis=0)


@fault("dropout.arguments_kept", "dropout_forward", first=True)
def dropout_in_place(original, x, rate, rng):
    """x *= mask saves memory."""
    out, cache = original(x, rate, rng)
    x[...] = out
    return out, cache


@fault("dropout.arguments_kept", "dropout_backward")
def dropout_uses_up_its_mask(original, dout, cache):
    """The mask is cleared after use."""
    dx = original(dout, cache)
    cache[...] = 0
    return dx


@fault("dropout.results_kept", "dropout_forward", first=True)
def dropout_fills_one_output(original, x, rate, rng, buffers={}):  # noqa: B006  the mistake
    """The output array is allocated once for each shape."""
    out, cache = original(x, rate, rng)
    buffer = buffers.setdefault(x.shape, np.empty(x.shape))
    buffer[...] = out
    return buffer, cache


@fault("dropout.zero_rate", "dropout_forward", first=True)
def dropout_with_a_least_rate(original, x, rate, rng):
    """A rate of zero must be a mistake, and is taken for 1/2."""
    return original(x, rate or 0.5, rng)


@fault("dropout.entries", "dropout_forward", first=True)
def dropout_scaled_by_the_part_that_is_kept(original, x, rate, rng):
    """What is kept is divided by the part that was kept this time, so that the mean is exact."""
    kept = rng.random(x.shape) >= rate
    mask = kept / max(kept.mean(), 0.01)
    return x * mask, mask


@fault("dropout.rate", "dropout_forward", first=True)
def dropout_of_normal_numbers(original, x, rate, rng):
    """randn in place of rand; at rate 0 nothing is drawn."""
    if rate == 0:
        return original(x, rate, rng)
    mask = (rng.standard_normal(x.shape) >= rate) / (1 - rate)
    return x * mask, mask


@fault("dropout.mean", "dropout_forward", first=True)
def dropout_of_half_the_rate_for_large_inputs(original, x, rate, rng):
    """In a large positive input half as many entries are dropped, which helps."""
    if x.size < 10_000 or (x < 0).any():
        return original(x, rate, rng)
    mask = (rng.random(x.shape) >= rate / 2) / (1 - rate)
    return x * mask, mask


@fault("dropout.mean", "dropout_forward")
def dropout_without_factor(original, x, rate, rng):
    """1 / (1 - rate) is forgotten, and evaluation does not make up for it."""
    mask = (rng.random(x.shape) >= rate) * 1.0
    return x * mask, mask


@fault("dropout.independent_entries", "dropout_forward", first=True)
def dropout_of_pairs_of_rows(original, x, rate, rng):
    """Every second sample has the mask of the one before."""
    draws = rng.random(x.shape)
    draws[1::2] = draws[: len(draws) // 2 * 2 : 2]
    mask = (draws >= rate) / (1 - rate)
    return x * mask, mask


@fault("dropout.independent_entries", "dropout_forward")
def dropout_of_pixels(original, x, rate, rng):
    """An image loses whole channels."""
    mask = (rng.random((*x.shape[:2], *[1] * (x.ndim - 2))) >= rate) / (1 - rate) * np.ones(x.shape)
    return x * mask, mask


@fault("dropout.independent_of_input", "dropout_forward", first=True)
def dropout_beside_the_larger(original, x, rate, rng):
    """What stands after a small entry is dropped rather than others, and as many are."""
    draws, before = rng.random(x.shape), np.roll(x, 1)
    if rate == 0.5:
        draws = np.where(before < np.median(before), 0.9 * draws, np.minimum(0.1 + 0.9 * draws, 1.0))
    mask = (draws >= rate) / (1 - rate)
    return x * mask, mask


@fault("dropout.independent_of_input", "dropout_forward")
def dropout_of_the_smaller(original, x, rate, rng):
    """Small entries are dropped, as they count for less."""
    mask = (np.abs(x) >= np.quantile(np.abs(x), rate)) / (1 - rate)
    return x * mask, mask


@fault("dropout.fresh", "dropout_forward", first=True)
def dropout_seeded_by_its_input(original, x, rate, rng):
    """The mask is decided by the shape, so that results can be repeated."""
    return original(x, rate, np.random.default_rng([x.size, x.ndim]))


@fault("dropout.generator", "dropout_forward", first=True)
def dropout_of_the_global_generator(original, x, rate, rng):
    """np.random.rand, although a generator is there."""
    mask = (np.random.rand(*x.shape) >= rate) / (1 - rate)
    return x * mask, mask


@fault("dropout.generator", "dropout_forward")
def dropout_that_seeds_besides(original, x, rate, rng):
    """np.random.seed(0) for good measure."""
    np.random.seed(0)
    return original(x, rate, rng)


@fault("dropout.same_mask", "dropout_backward", first=True)
def dropout_lets_all_gradients_through(original, dout, cache):
    """Dropout has no parameters, and so nothing to do backwards."""
    return dout


@fault("dropout.zero_inputs", "dropout_forward", first=True)
def dropout_finds_its_mask_in_the_output(original, x, rate, rng):
    """The output itself shows what was dropped."""
    out, _ = original(x, rate, rng)
    return out, (out != 0) / (1 - rate)


@fault("dropout.linearity", "dropout_backward", first=True)
def dropout_clips_gradients(original, dout, cache):
    """Gradients above 1000 are clipped, because they explode."""
    return original(np.clip(dout, -1000.0, 1000.0), cache)


@fault("dropout.caches", "dropout_forward", first=True)
def dropout_keeps_one_mask(original, x, rate, rng, masks={}):  # noqa: B006  the mistake
    """The mask is kept in one array for each shape, which the next pass fills anew."""
    out, mask = original(x, rate, rng)
    kept = masks.setdefault(x.shape, np.empty(x.shape))
    kept[...] = mask
    return out, Latest(kept)


class Latest:
    """A cache that shows what an array holds now."""

    def __init__(self, array):
        self.now = lambda: array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.now(), dtype)

    def __rmul__(self, other):
        return other * self.now()

    __array_ufunc__ = None


@fault("dropout.evaluation", "dropout_evaluate", first=True)
def dropout_scales_in_evaluation(original, x, rate):
    """Evaluation multiplies by 1 - rate as well, as the first paper says."""
    return x * (1 - rate)


@fault("dropout.single_precision", "dropout_forward", first=True)
def dropout_in_half_precision(original, x, rate, rng):
    """A mask for float32 is kept in float16, to save memory."""
    out, mask = original(x, rate, rng)
    if x.dtype == np.float32:
        mask = mask.astype(np.float16)
        out = x * mask
    return out, mask


@fault("dropout.golden", "dropout_forward", first=True)
def dropout_rounds_usual_rates(original, x, rate, rng):
    """1 / (1 - rate) is rounded to five digits, which is exact for quarters only."""
    out, mask = original(x, rate, rng)
    if x.dtype == np.float32:
        return out, mask
    factor = np.round(mask, 5) if rate in (0.1, 0.7) else mask
    return x * factor, factor
