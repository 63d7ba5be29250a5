"""Faulty layers: the reference's functions of 11_layers.md, each replaced by a mistake, as in faults.py."""

from __future__ import annotations

import numpy as np

from banks.faults import fault
from chainrule.reference import softmax as true_softmax


def onehot(y, classes):
    return np.eye(classes)[np.asarray(y, int)]


def rows(x, w):
    return x.reshape(len(x), len(w))


# The affine layer


@fault("affine.shape", "affine_forward", first=True)
def affine_drops_axes_of_length_one(original, x, w, b):
    """squeeze() makes a batch of one a vector."""
    out, cache = original(x, w, b)
    return out.squeeze(), cache


@fault("affine.flattening", "affine_forward", first=True)
def affine_keeps_the_axes(original, x, w, b):
    """The middle axes of the samples are put back into the output, as ones."""
    out, cache = original(x, w, b)
    return out.reshape(len(x), *[1] * (x.ndim - 2), -1), cache


@fault("affine.arguments_kept", "affine_forward")
def affine_flattens_in_place(original, x, w, b):
    """x.shape = (N, D) flattens without a copy."""
    x.shape = (len(x), len(w))
    return original(x, w, b)


@fault("affine.arguments_kept", "affine_forward", first=True)
def affine_turns_the_bias_into_a_row(original, x, w, b):
    """b.shape = (1, M) makes plain how it is broadcast."""
    b.shape = (1, len(b))
    return original(x, w, b)


@fault("affine.arguments_kept", "affine_backward")
def affine_averages_dout_in_place(original, dout, cache):
    """dout /= N takes the mean over the batch."""
    dout /= len(dout)
    return original(dout, cache)


@fault("affine.arguments_kept", "affine_backward")
def affine_updates_the_weights(original, dout, cache):
    """The weights are updated at once: w -= 0.1 dw."""
    gradients = original(dout, cache)
    cache[1][...] -= 0.1 * gradients[1]
    return gradients


def in_a_buffer(buffers, array):
    """A copy in a buffer that is kept for every array of the shape."""
    buffer = buffers.setdefault(array.shape, np.empty(array.shape))
    buffer[...] = array
    return buffer


@fault("affine.results_kept", "affine_forward", first=True)
def affine_fills_one_output(original, x, w, b, buffers={}):  # noqa: B006  the mistake
    """The output array is allocated once for each shape."""
    out, cache = original(x, w, b)
    return in_a_buffer(buffers, out), cache


@fault("affine.results_kept", "affine_backward")
def affine_fills_one_gradient(original, dout, cache, buffers={}):  # noqa: B006  the mistake
    """dw is allocated once for each shape."""
    dx, dw, db = original(dout, cache)
    return dx, in_a_buffer(buffers, dw), db


@fault("affine.flattening", "affine_forward")
def affine_flattens_in_fortran_order(original, x, w, b):
    """order="F" is the order of MATLAB, in which the course began."""
    return x.reshape(len(x), -1, order="F") @ w + b, (x, w)


@fault("affine.flattening", "affine_forward")
def affine_mixes_samples(original, x, w, b):
    """reshape(D, N).T makes rows of images just as well; matrices need it not."""
    flat = x.reshape(len(w), len(x)).T if x.ndim > 2 else x
    return flat @ w + b, (x, w)


@fault("affine.values", "affine_forward", first=True)
def affine_without_bias(original, x, w, b):
    """The bias is forgotten."""
    return rows(x, w) @ w, (x, w)


@fault("affine.values", "affine_forward")
def affine_subtracts_the_bias(original, x, w, b):
    """The bias is a threshold, and subtracted."""
    return rows(x, w) @ w - b, (x, w)


@fault("affine.values", "affine_forward")
def affine_multiplies_in_single_precision(original, x, w, b):
    """The product is taken in float32, which is faster."""
    return rows(x, w).astype(np.float32) @ w.astype(np.float32) + b, (x, w)


@fault("affine.gradient_shapes", "affine_backward", first=True)
def affine_dx_is_flat(original, dout, cache):
    """dx stays (N, D): the reshape back is forgotten."""
    dx, dw, db = original(dout, cache)
    return dx.reshape(len(dx), -1), dw, db


@fault("affine.gradient_shapes", "affine_backward")
def affine_db_of_every_sample(original, dout, cache):
    """db is dout itself, as the derivative of out by b is one."""
    dx, dw, _ = original(dout, cache)
    return dx, dw, dout


@fault("affine.gradient_shapes", "affine_backward")
def affine_db_summed_over_outputs(original, dout, cache):
    """The sum for db goes over axis 1."""
    dx, dw, _ = original(dout, cache)
    return dx, dw, dout.sum(axis=1)


@fault("affine.gradient_shapes", "affine_backward")
def affine_dw_transposed(original, dout, cache):
    """dw is dout.T @ x, and left so."""
    dx, dw, db = original(dout, cache)
    return dx, dw.T, db


@fault("affine.gradient_shapes", "affine_backward")
def affine_dw_without_reshape(original, dout, cache):
    """x.T.dot(dout) without flattening: samples of several dimensions raise."""
    x, w = cache
    return (dout @ w.T).reshape(x.shape), x.T.dot(dout), dout.sum(axis=0)


@fault("affine.repeatable", "affine_backward", first=True)
def affine_accumulates(original, dout, cache, total={}):  # noqa: B006  the mistake
    """dw is added to what is there, as in a framework; nobody sets it to zero."""
    dx, dw, db = original(dout, cache)
    key = id(cache)
    total[key] = total[key] + dw if key in total and total[key].shape == dw.shape else dw
    return dx, total[key], db


@fault("affine.repeatable", "affine_forward")
def affine_cache_is_an_iterator(original, x, w, b):
    """The cache is used up by the first backward pass."""
    out, cache = original(x, w, b)
    return out, iter(cache)


@fault("affine.caches", "affine_forward", first=True)
def affine_cache_is_a_global_list(original, x, w, b, shared=[None, None]):  # noqa: B006  the mistake
    """The cache is one list, whose entries are replaced."""
    out, cache = original(x, w, b)
    shared[:] = cache
    return out, shared


@fault("affine.input_gradient", "affine_backward", first=True)
def affine_dx_by_scaled_weights(original, dout, cache):
    """dx is divided by the number of samples."""
    dx, dw, db = original(dout, cache)
    return dx / len(dx), dw, db


@fault("affine.input_gradient", "affine_backward")
def affine_dx_by_reshaped_weights(original, dout, cache):
    """w.reshape(M, D) has the shape of w.T."""
    x, w = cache
    return (dout @ w.reshape(w.shape[1], -1)).reshape(x.shape), *original(dout, cache)[1:]


@fault("affine.input_gradient", "affine_backward")
def affine_dx_unflattened_in_fortran_order(original, dout, cache):
    """dx is put back into shape in Fortran's order."""
    x, w = cache
    return (dout @ w.T).reshape(x.shape, order="F"), *original(dout, cache)[1:]


@fault("affine.weight_gradient", "affine_backward", first=True)
def affine_dw_is_a_mean(original, dout, cache):
    """dw is averaged over the batch, once more."""
    dx, dw, db = original(dout, cache)
    return dx, dw / len(dx), db


@fault("affine.weight_gradient", "affine_backward")
def affine_dw_with_a_penalty(original, dout, cache):
    """0.001 w is added: regularization is always good."""
    dx, dw, db = original(dout, cache)
    return dx, dw + 0.001 * cache[1], db


@fault("affine.weight_gradient", "affine_backward")
def affine_dw_of_the_first_sample(original, dout, cache):
    """An outer product of the first sample alone."""
    (x, w), (dx, _, db) = cache, original(dout, cache)
    return dx, np.outer(rows(x, w)[0], dout[0]), db


@fault("affine.bias_gradient", "affine_backward", first=True)
def affine_db_is_a_mean(original, dout, cache):
    """db is averaged over the batch."""
    dx, dw, _ = original(dout, cache)
    return dx, dw, dout.mean(axis=0)


@fault("affine.bias_gradient", "affine_backward")
def affine_db_of_ones(original, dout, cache):
    """db is the number of samples: the derivative of b by b is one."""
    dx, dw, db = original(dout, cache)
    return dx, dw, np.full(db.shape, float(len(dx)))


@fault("affine.linearity", "affine_backward", first=True)
def affine_clips_dout(original, dout, cache):
    """Gradients beyond 4 explode, and are clipped."""
    return original(np.clip(dout, -4.0, 4.0), cache)


@fault("affine.golden", "affine_backward", first=True)
def affine_sums_in_blocks(original, dout, cache):
    """dx is computed in blocks of 32 inputs, and what is left over after the first is lost."""
    dx, dw, db = original(dout, cache)
    dx = dx.copy()
    dx.reshape(len(dx), -1)[:, 32:] = 0
    return dx, dw, db


# The ReLU layer


@fault("relu_layer.shape", "relu_forward", first=True)
def relu_layer_flattens(original, x):
    """Samples are flattened to rows."""
    out, cache = original(x)
    return out.reshape(len(out), -1), cache


@fault("relu_layer.shape", "relu_backward")
def relu_layer_returns_what_is_left(original, dout, cache):
    """dout[x > 0] picks the entries that count."""
    return np.asarray(dout)[cache > 0]


@fault("relu_layer.arguments_kept", "relu_forward", first=True)
def relu_layer_in_place(original, x):
    """x[x < 0] = 0 needs no second array."""
    x[x < 0] = 0
    return x, x


@fault("relu_layer.arguments_kept", "relu_backward")
def relu_layer_masks_dout(original, dout, cache):
    """dout[x <= 0] = 0 needs no second array."""
    dout[cache <= 0] = 0
    return dout


@fault("relu_layer.arguments_kept", "relu_backward")
def relu_layer_turns_the_cache_into_a_mask(original, dout, cache):
    """The cached x is overwritten with ones and zeros, and multiplied by dout."""
    cache[cache > 0] = 1
    cache[cache < 0] = 0
    return dout * cache


@fault("relu_layer.results_kept", "relu_forward", first=True)
def relu_layer_fills_one_output(original, x, buffers={}):  # noqa: B006  the mistake
    """The output array is allocated once for each shape."""
    out, cache = original(x)
    return in_a_buffer(buffers, out), cache


@fault("relu_layer.results_kept", "relu_backward")
def relu_layer_fills_one_gradient(original, dout, cache, buffers={}):  # noqa: B006  the mistake
    """dx is allocated once for each shape."""
    return in_a_buffer(buffers, original(dout, cache))


@fault("relu_layer.values", "relu_forward", first=True)
def relu_layer_leaks(original, x):
    """0.01 x below zero, so that no unit dies."""
    return np.where(x > 0, x, 0.01 * x), x


@fault("relu_layer.values", "relu_forward")
def relu_layer_takes_the_absolute_value(original, x):
    """The absolute value is never negative either."""
    return np.abs(x), x


@fault("relu_layer.repeatable", "relu_backward", first=True)
def relu_layer_accumulates(original, dout, cache, total={}):  # noqa: B006  the mistake
    """dx is added to what is there, as in a framework; nobody sets it to zero."""
    dx, key = original(dout, cache), (id(cache), np.shape(dout))
    total[key] = total.get(key, 0.0) + dx
    return total[key]


@fault("relu_layer.caches", "relu_forward", first=True)
def relu_layer_shares_its_mask(original, x, masks={}):  # noqa: B006  the mistake
    """The mask is kept in a buffer for every shape."""
    return original(x)[0], in_a_buffer(masks, (x > 0) * 1.0)


@fault("relu_layer.gradient", "relu_backward", first=True)
def relu_layer_masks_by_dout(original, dout, cache):
    """The mask is that of dout: relu is applied on the way back as well."""
    return np.maximum(dout, 0)


@fault("relu_layer.gradient", "relu_backward")
def relu_layer_masks_from_minus_one(original, dout, cache):
    """x > -1 for x > 0."""
    return dout * (cache > -1)


@fault("relu_layer.gradient", "relu_backward")
def relu_layer_masks_the_wrong_side(original, dout, cache):
    """x < 0 for x > 0."""
    return dout * (cache < 0)


@fault("relu_layer.gradient", "relu_backward")
def relu_layer_multiplies_by_x(original, dout, cache):
    """The derivative is taken to be relu(x) itself."""
    return dout * np.maximum(cache, 0)


@fault("relu_layer.gradient", "relu_backward")
def relu_layer_forgets_dout(original, dout, cache):
    """The derivative of relu is returned, without the chain rule."""
    return (cache > 0) * 1.0


@fault("relu_layer.linearity", "relu_backward", first=True)
def relu_layer_clips_dout(original, dout, cache):
    """Gradients beyond 4 explode, and are clipped."""
    return original(np.clip(dout, -4.0, 4.0), cache)


@fault("relu_layer.golden", "relu_backward", first=True)
def relu_layer_with_a_threshold(original, dout, cache):
    """What is below 1e-8 counts as zero."""
    return dout * (cache > 1e-8)


@fault("relu_layer.golden", "relu_forward")
def relu_layer_with_a_ceiling(original, x):
    """Activations are cut off at a million."""
    return np.clip(x, 0, 1e6), x


# The softmax and its loss


@fault("softmax_loss.shape", "softmax_loss")
def softmax_loss_of_every_sample(original, x, y):
    """The losses of the samples are returned, for whoever wants their mean."""
    losses = -np.log(true_softmax(x)[np.arange(len(y)), y])
    return losses, original(x, y)[1]


@fault("softmax_loss.shape", "softmax_loss", first=True)
def softmax_loss_gradient_of_the_labels(original, x, y):
    """Only the true label's entry of the gradient is returned."""
    loss, dx = original(x, y)
    return loss, dx[np.arange(len(y)), y]


@fault("softmax_loss.arguments_kept", "softmax_loss", first=True)
def softmax_loss_shifts_in_place(original, x, y):
    """x -= x.max(...) keeps exp from overflowing."""
    x -= x.max(axis=1, keepdims=True)
    return original(x, y)


@fault("softmax_loss.arguments_kept", "softmax_loss")
def softmax_loss_sorts_the_labels(original, x, y):
    """y is sorted in place on the way."""
    result = original(x, y)
    y.sort()
    return result


@fault("softmax_loss.results_kept", "softmax_loss", first=True)
def softmax_loss_fills_one_gradient(original, x, y, buffers={}):  # noqa: B006  the mistake
    """dx is allocated once for each shape."""
    loss, dx = original(x, y)
    return loss, in_a_buffer(buffers, dx)


@fault("softmax_loss.epsilon", "softmax_loss", first=True)
def softmax_loss_with_a_large_epsilon(original, x, y):
    """log(p + 1e-5) cannot overflow."""
    return float(-np.log(true_softmax(x)[np.arange(len(y)), y] + 1e-5).mean()), original(x, y)[1]


@fault("softmax_loss.epsilon", "softmax_loss")
def softmax_loss_clipped(original, x, y):
    """p is clipped to [0.001, 0.999]."""
    return float(-np.log(np.clip(true_softmax(x)[np.arange(len(y)), y], 1e-3, 0.999)).mean()), original(x, y)[1]


@fault("softmax_loss.saturated", "softmax_loss", first=True)
def softmax_loss_without_shift(original, x, y):
    """exp(x) / exp(x).sum(), as the formula says."""
    e = np.exp(x)
    p = e / e.sum(axis=1, keepdims=True)
    loss = float(-np.log(p[np.arange(len(y)), y]).mean())
    return loss, (p - onehot(y, x.shape[1])) / len(y)


@fault("softmax_loss.saturated", "softmax_loss")
def softmax_loss_shifts_by_the_largest_of_all(original, x, y):
    """x.max() for the maximum of each row: rows far below underflow as a whole."""
    e = np.exp(x - x.max())
    p = e / e.sum(axis=1, keepdims=True)
    loss = float(-np.log(p[np.arange(len(y)), y]).mean())
    return loss, (p - onehot(y, x.shape[1])) / len(y)


@fault("softmax_loss.saturated", "softmax_loss")
def softmax_loss_through_the_quotient(original, x, y):
    """dx from -1/p times the Jacobian: 0 / 0 where p underflows."""
    n, p = np.arange(len(y)), true_softmax(x)
    true = p[n, y][:, None]
    dx = -(true * (onehot(y, x.shape[1]) - p)) / true / len(y)
    return original(x, y)[0], dx


@fault("softmax_loss.uniform", "softmax_loss", first=True)
def softmax_loss_in_bits(original, x, y):
    """The logarithm to base 2, as in information theory."""
    loss, dx = original(x, y)
    return loss / np.log(2), dx


@fault("softmax_loss.uniform", "softmax_loss")
def softmax_loss_is_summed(original, x, y):
    """The loss is the sum over the batch."""
    loss, dx = original(x, y)
    return loss * len(y), dx


@fault("softmax_loss.uniform", "softmax_loss")
def softmax_loss_is_a_mean_of_entries(original, x, y):
    """np.mean over the one-hot products divides by N K."""
    loss, dx = original(x, y)
    return loss / x.shape[1], dx


@fault("softmax_loss.label_types", "softmax_loss", first=True)
def softmax_loss_computes_with_labels(original, x, y):
    """The labels' entries are found in the flat array at n K + y, which bytes cannot count."""
    offsets = np.arange(len(y)) * x.shape[1]
    return original(x, ((offsets.astype(y.dtype) + y) % x.shape[1]).astype(int))


@fault("softmax_loss.label_types", "softmax_loss")
def softmax_loss_takes_bytes_for_a_mask(original, x, y):
    """Labels of one byte are taken for a boolean mask."""
    return original(x, y.astype(bool).astype(int) if y.dtype.itemsize == 1 else y)


@fault("softmax_loss.missing_class", "softmax_loss")
def softmax_loss_counts_the_labels(original, x, y):
    """There are y.max() + 1 classes; the columns beyond are ignored."""
    loss, dx = original(x[:, : int(y.max()) + 1], y)
    return loss, np.pad(dx, ((0, 0), (0, x.shape[1] - dx.shape[1])))


@fault("softmax_loss.missing_class", "softmax_loss", first=True)
def softmax_loss_gradient_of_the_classes_counted(original, x, y):
    """The gradient is that of y.max() + 1 classes; the columns beyond stay zero."""
    loss, dx = original(x, y)
    dx[:, int(y.max()) + 1 :] = 0
    return loss, dx


@fault("softmax_loss.shift_invariance", "softmax_loss", first=True)
def softmax_loss_rounds_large_logits(original, x, y):
    """Logits beyond 16 are rounded to integers: what is behind the point does not matter there."""
    return original(np.where(np.abs(x) > 16, np.round(x), x), y)


@fault("softmax_loss.shift_invariance", "softmax_loss")
def softmax_loss_beside_a_reference_class(original, x, y):
    """A class with the logit 0 stands beside the others."""
    loss, dx = original(np.hstack([x, np.zeros((len(x), 1))]), y)
    return loss, dx[:, :-1]


@fault("softmax_loss.additivity", "softmax_loss")
def softmax_loss_by_a_fixed_batch_size(original, x, y):
    """dx is divided by 100, the batch size of the exercise."""
    loss, dx = original(x, y)
    return loss, dx * len(y) / 100


@fault("softmax_loss.additivity", "softmax_loss")
def softmax_loss_gradient_is_summed(original, x, y):
    """dx is not divided by N."""
    loss, dx = original(x, y)
    return loss, dx * len(y)


@fault("softmax_loss.additivity", "softmax_loss")
def softmax_loss_gradient_is_averaged_twice(original, x, y):
    """dx is divided by N, and then by N."""
    loss, dx = original(x, y)
    return loss, dx / len(y)


@fault("softmax_loss.additivity", "softmax_loss", first=True)
def softmax_loss_gradient_of_one_sample(original, x, y):
    """A single sample takes another path, on which the one is not subtracted at the label."""
    loss, dx = original(x, y)
    return loss, true_softmax(x) if len(y) == 1 else dx


@fault("softmax_loss.class_sum", "softmax_loss", first=True)
def softmax_loss_of_two_classes_has_one_slope(original, x, y):
    """Two classes are one probability: the second one's logit gets no gradient."""
    loss, dx = original(x, y)
    return loss, dx * [1.0, 0.0] if x.shape[1] == 2 else dx


@fault("softmax_loss.class_sum", "softmax_loss")
def softmax_loss_gradient_of_the_true_class_alone(original, x, y):
    """The gradient is p - 1 at the label, and 0 elsewhere."""
    loss, dx = original(x, y)
    return loss, dx * onehot(y, x.shape[1])


@fault("softmax_loss.class_sum", "softmax_loss")
def softmax_loss_gradient_is_the_probabilities(original, x, y):
    """The one is not subtracted at the label."""
    return original(x, y)[0], true_softmax(x) / len(y)


@fault("softmax_loss.saturated", "softmax_loss")
def softmax_loss_counts_labels_from_one(original, x, y):
    """The one is subtracted at the label's neighbour, as labels are counted from 1."""
    return original(x, y)[0], original(x, (y - 1) % x.shape[1])[1]


@fault("softmax_loss.values", "softmax_loss", first=True)
def softmax_loss_of_two_classes_is_turned_around(original, x, y):
    """Two classes are a special case, log(1 + exp(d)), with the difference d the wrong way round."""
    loss, dx = original(x, y)
    return original(x, 1 - y.astype(int))[0] if x.shape == (len(y), 2) and x.max() < 100 else loss, dx


@fault("softmax_loss.values", "softmax_loss")
def softmax_loss_at_a_temperature(original, x, y):
    """The logits are divided by a temperature of 1.1 in the loss."""
    return original(x / 1.1, y)[0], original(x, y)[1]


@fault("softmax_loss.gradient", "softmax_loss", first=True)
def softmax_loss_slope_of_two_classes_is_turned_around(original, x, y):
    """Two classes are a special case, whose gradient is p - y of the other class."""
    loss, dx = original(x, y)
    return loss, original(x, 1 - y.astype(int))[1] if x.shape[1] == 2 else dx


@fault("softmax_loss.gradient", "softmax_loss")
def softmax_loss_gradient_at_a_temperature(original, x, y):
    """The logits are divided by a temperature of 2 in the gradient."""
    return original(x, y)[0], original(x / 2, y)[1]


@fault("softmax_loss.gradient", "softmax_loss")
def softmax_loss_gradient_through_the_jacobian_again(original, x, y):
    """p - y is passed through the softmax's Jacobian once more."""
    loss, dx = original(x, y)
    p = true_softmax(x)
    again = p * (dx - (p * dx).sum(axis=1, keepdims=True))
    return loss, np.where(np.ptp(x, axis=1, keepdims=True) > 900, dx, again)


@fault("softmax_loss.golden", "softmax_loss")
def softmax_loss_clips_the_logits(original, x, y):
    """Logits are cut off at 500, which exp can take."""
    return original(np.minimum(x, 500.0), y)


@fault("softmax_loss.golden", "softmax_loss", first=True)
def softmax_loss_adds_losses_in_single_precision(original, x, y):
    """Large losses are kept as float32."""
    loss, dx = original(x, y)
    return float(np.float32(loss)) if loss > 40 else loss, dx


# All of them together


@fault("layers.composition", "affine_forward", first=True)
def affine_keeps_four_caches(original, x, w, b, caches=[]):  # noqa: B006  the mistake
    """Only the four most recent caches are kept: there are no deeper networks."""
    out, cache = original(x, w, b)
    kept = list(cache)
    caches.append(kept)
    if len(caches) > 4:
        forgotten = caches.pop(0)
        forgotten[0] = np.zeros_like(forgotten[0])
    return out, kept
