"""Which edits are likelier for which mistake: what is tried first, so that the search is short."""

from __future__ import annotations

PRIORITIES: tuple[tuple[str, tuple[str, ...]], ...] = (  # (beginning of a mistake's id, kinds of edits)
    ("gradient-not-averaged", ("scale", "divide", "call", "hoist")),
    ("array-not-averaged", ("scale", "call")),
    ("gradient-averaged-twice", ("hoist", "call")),
    ("array-averaged-twice", ("call", "hoist")),
    ("gradient-divided", ("counted", "number", "near", "scale", "hoist")),
    ("array-averaged", ("number", "near", "hoist")),
    ("array-divided", ("number", "near", "hoist")),
    ("mask-overwrites", ("unused", "incoming", "delete", "hoist")),
    ("mask-missing", ("operator", "mask", "mask_product", "number", "near")),
    ("mask-of-delta", ("mask_of", "near", "operator")),
    ("mask-without-bias", ("add", "near", "name")),
    ("mask", ("operator", "near", "offset", "number", "mask", "mask_product")),
    ("carry-not", ("hoist", "transpose")),
    ("carry-updated", ("move", "operator", "hoist")),
    ("carry", ("hoist", "near", "offset", "operator")),
    ("bias-gradient-not-summed", ("summed",)),
    ("bias-gradient", ("axis", "call", "near", "fresh", "hoist", "name")),
    ("parameters-copied", ("weights",)),
    ("weight-gradient-transposed", ("turned", "transpose", "hoist")),
    ("weight-gradient", ("near", "offset", "fresh", "transpose")),
    ("gradient-shapes", ("hoist", "axis", "summed", "turned", "transpose")),
    ("gradients-reversed", ("order",)),
    ("gradients-exchanged", ("exchange",)),
    ("gradient-columns", ("rows",)),
    ("gradients-accumulate", ("fresh", "delete")),
    ("gradient-label-smoothing", ("whole_labels", "number")),
    ("gradient-one-hot", ("hoist", "number", "operator")),
    ("gradient-labels", ("hoist", "index", "delete")),
    ("gradient", ("operator", "hoist", "delete", "scale")),
    ("softmax-no-shift", ("shift", "hoist")),
    ("softmax-in-place", ("copied", "fresh")),
    ("softmax-shape", ("hoist", "axis")),
    ("softmax", ("axis", "number", "hoist", "call", "operator", "shift", "fresh", "delete")),
    ("loss-of-all-classes", ("rows",)),
    ("loss-in-place", ("copied", "fresh")),
    ("loss-log-missing", ("log",)),
    ("loss-one-hot-classes", ("classes",)),
    ("loss", ("call", "hoist", "operator", "number", "scale", "axis", "index", "surprise")),
    ("relu-in-place", ("copied",)),
    ("activation", ("activation", "relu")),
    ("forward-activation", ("hoist", "activation")),
    ("forward-other-network", ("activation",)),
    ("relu", ("number", "call", "operator", "hoist", "fresh", "relu")),
    ("forward-bias-missing", ("add", "insert")),
    ("forward-bias-subtracted", ("operator",)),
    ("forward-shape", ("hoist", "axis", "transpose")),
    ("forward", ("hoist", "operator", "number", "delete", "offset")),
    ("predict", ("axis", "number", "call", "hoist")),
    ("step-rate-unused", ("rate", "near", "operator", "hoist")),
    ("step-leaves-out", ("in_place", "insert", "offset", "number", "fresh", "hoist", "operator")),
    ("step", ("operator", "hoist", "delete", "number", "fresh")),
    ("fit-labels", ("index", "near")),
    ("fit-last-batch-dropped", ("hoist", "operator", "offset")),
    ("fit-whole-set", ("batch",)),
    ("fit-epochs", ("number", "hoist", "offset")),
    ("fit-begins-again", ("delete",)),
    ("fit-with-replacement", ("stride", "drawn_once", "call", "number")),
    ("fit-same-order", ("move", "hoist")),
    ("fit", ("hoist", "near", "operator", "index", "delete", "offset", "number")),
    ("history", ("call", "hoist", "move", "scale", "multiply", "near")),
    ("init-generator", ("handed", "delete", "name")),
    ("init-seed", ("handed", "delete", "name")),
    ("init-positive", ("symmetric",)),
    ("init-sizes", ("index", "offset", "number", "name")),
    ("init-precedence", ("regroup",)),
    ("init-rounded", ("hoist",)),
    ("init-he", ("fans", "number")),
    ("init-lecun", ("fans", "number")),
    ("init", ("number", "root", "operator", "call", "near", "hoist", "scale")),
    ("layer", ("axis", "call", "hoist", "operator", "near", "fresh")),
)

RAISED: tuple[tuple[str, tuple[str, ...]], ...] = (  # (an exception, kinds of edits)
    ("IndexError", ("offset", "number", "index", "near")),
    ("NameError", ("near", "name")),
    ("UnboundLocalError", ("near", "name")),
    ("AttributeError", ("near", "name", "hoist")),
    ("ValueError: matmul", ("transpose", "turned", "offset", "hoist", "near", "name")),
    ("ValueError: operands", ("axis", "offset", "transpose", "hoist", "near", "name")),
    ("TypeError", ("call", "activation", "hoist")),
)
NAMED_BY_CHANGE = {"outdent": "returns-in-loop"}  # {a kind of edit that is made for one mistake alone: that}


def likeliest_edits(mistake: str) -> tuple[str, ...]:
    """The kinds of edits to try first for a mistake, none for an unknown one."""
    return next((kinds for beginning, kinds in PRIORITIES if mistake.startswith(beginning)), ())


def likeliest_after(message: str) -> tuple[str, ...]:
    """The kinds of edits to try first where code raises, by what the exception says."""
    return next((kinds for raised, kinds in RAISED if f"raised {raised}" in message), ())
