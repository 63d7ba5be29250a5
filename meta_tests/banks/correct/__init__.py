"""The bank of correct variants: mathematics that is right, written as differently as people write it.

CORRECT: {name: what makes the variant, a module or an Implementation}.  Each passes a whole check
(test_correct_variants.py, test_correct_bank.py), and a thorough one (alarms.py).
"""

import importlib
import pkgutil

import numpy as np

from banks.correct import forms, parts, tape
from banks.correct.network import functions, module
from chainrule import reference

CORRECT = {
    "the reference": lambda: reference,
    "written anew": functions,
    "float32": forms.single_precision_reference,
    "lists": forms.lists,
    "views of a flat vector": forms.flat_vector,
    "biases as rows, p clipped": lambda: module(forms.RowBiases, cross_entropy=parts.cross_entropy_clipped),
    "biases as columns, a large epsilon": lambda: module(
        forms.ColumnBiases, cross_entropy=parts.cross_entropy_with_large_epsilon
    ),
    "an adapter": lambda: forms.Dictionary(None),
    # ReLU and its slope at zero
    "slope 1 at zero": lambda: module(relu=parts.relu_with_slope_one_at_zero, slope=parts.slope_one),
    "slope 1/2 at zero": lambda: module(relu=parts.relu_by_clip, slope=parts.slope_half),
    "slope 0 at zero, of the pre-activation": lambda: module(relu=parts.relu_by_maximum, slope=parts.slope_zero),
    "slope as a quotient": lambda: module(relu=parts.relu_by_assignment, slope=parts.slope_by_quotient),
    # softmax
    "softmax shifted": lambda: module(softmax=parts.softmax_shifted),
    "softmax by logaddexp": lambda: module(softmax=parts.softmax_by_logaddexp),
    "softmax in one pass": lambda: module(softmax=parts.softmax_in_one_pass),
    "softmax of a one-pass log-softmax": lambda: module(softmax=parts.softmax_of_log_softmax),
    "softmax by differences": lambda: module(softmax=parts.softmax_by_differences),
    "softmax unshifted where safe": lambda: module(softmax=parts.softmax_unshifted_where_safe),
    "softmax in base two": lambda: module(softmax=parts.softmax_in_base_two),
    "softmax by a reciprocal": lambda: module(softmax=parts.softmax_by_reciprocal),
    "softmax in Python": lambda: module(softmax=parts.softmax_in_python),
    # the loss and its gradient
    "loss of bare probabilities": lambda: module(cross_entropy=parts.cross_entropy_plain),
    "loss clipped on both sides": lambda: module(cross_entropy=parts.cross_entropy_clipped_on_both_sides),
    "loss floored, in Python": lambda: module(cross_entropy=parts.cross_entropy_floored),
    "loss by fsum": lambda: module(cross_entropy=parts.cross_entropy_by_fsum),
    "loss by products, from the last": lambda: module(cross_entropy=parts.cross_entropy_of_a_product),
    "loss from logits": lambda: module(forms.FromLogits, cross_entropy=parts.cross_entropy_plain),
    "loss from a one-pass log-softmax": lambda: module(forms.FromOnePass, cross_entropy=parts.cross_entropy_plain),
    "error by subtraction": lambda: module(error=parts.error_by_subtraction),
    "error by Jacobians": lambda: module(error=parts.error_by_jacobian),
    # initialization
    "Glorot uniform": lambda: module(xavier=parts.glorot_uniform),
    "Glorot uniform, 24 bits": lambda: module(xavier=parts.glorot_uniform_in_single_precision),
    "Glorot truncated": lambda: module(xavier=parts.glorot_truncated),
    "Glorot one by one": lambda: module(xavier=parts.glorot_one_by_one),
    "Glorot transposed": lambda: module(xavier=parts.glorot_transposed),
    "a generator for every layer": lambda: module(forms.SeedsForLayers),
    "an older generator": lambda: module(forms.OlderGenerator),
    # sums in other orders
    "sums from the last": lambda: module(product=parts.product_reversed, back_product=parts.product_reversed),
    "sums in pairs": lambda: module(product=parts.product_pairwise, back_product=parts.product_pairwise),
    "sums by fsum": lambda: module(product=parts.product_exactly_summed, back_product=parts.product_exactly_summed),
    "sums compensated": lambda: module(product=parts.product_compensated, back_product=parts.product_compensated),
    "products of transposes": lambda: module(
        product=parts.product_of_transposes, back_product=parts.product_of_transposes
    ),
    "products by samples": lambda: module(product=parts.product_by_samples, back_product=np.matmul),
    "products in blocks": lambda: module(product=parts.product_in_blocks, back_product=np.matmul),
    "gradients sample by sample": lambda: module(forms.SampleBySample),
    "gradients as a running mean": lambda: module(forms.RunningMean),
    "gradients accumulated": lambda: module(forms.Accumulated),
    "mean at the logits": lambda: module(forms.ErrorDividedFirst),
    # precision
    "float32, in one pass, from the last": lambda: forms.in_single_precision(
        module(softmax=parts.softmax_in_one_pass, product=parts.product_reversed, back_product=parts.product_reversed)
    ),
    "float32, in base two, Glorot uniform": lambda: forms.in_single_precision(
        module(softmax=parts.softmax_in_base_two, xavier=parts.glorot_uniform, cross_entropy=parts.cross_entropy_plain)
    ),
    "float32 kept, float64 added": lambda: forms.in_single_precision(module(forms.SingleBetween)),
    "long double inside": lambda: module(forms.Extended),
    # how arrays are held
    "weights and bias in one matrix": lambda: module(forms.AugmentedMatrices),
    "Fortran's order": lambda: module(forms.ColumnMajor),
    "gradients in a buffer": lambda: module(forms.GradientBuffer),
    "batches extended": lambda: module(forms.Padded),
    "a tape": tape.on_a_tape,
    # fit
    "copies shuffled on": lambda: module(forms.ShufflesCopies),
    "pairs shuffled": lambda: module(forms.ShufflesPairs),
    "rows shuffled": lambda: module(forms.ShufflesRows),
    "orders shuffled on": lambda: module(orders=parts.orders_shuffled_on, batches=parts.batches_by_slices),
    "orders by sorting": lambda: module(orders=parts.orders_by_sorting, batches=parts.batches_by_count),
    "orders without replacement": lambda: module(orders=parts.orders_without_replacement, batches=parts.batches_popped),
    "a generator for every epoch": lambda: module(orders=parts.orders_of_own_generators),
    "orders of Python's generator": lambda: module(orders=parts.orders_of_python),
}

for _file in pkgutil.iter_modules(__path__):  # and those of the extension chapters, a file each
    CORRECT |= getattr(importlib.import_module(f"{__name__}.{_file.name}"), "VARIANTS", {})

# Checked on every interpreter; the rest on one.
EVERYWHERE = list(CORRECT)[: list(CORRECT).index("an adapter") + 1]
