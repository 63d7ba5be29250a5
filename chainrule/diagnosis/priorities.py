"""Which edits are likelier for which mistake: what is tried first, so that the search is short."""

from __future__ import annotations

PRIORITIES: tuple[tuple[str, tuple[str, ...]], ...] = (  # (beginning of a mistake's id, kinds of edits)
    ("gradient-not-averaged", ("scale", "divide", "call", "hoist")),
    ("array-not-averaged", ("scale", "call")),
    ("gradient-averaged-twice", ("hoist", "call")),
    ("array-averaged-twice", ("call", "hoist")),
    ("gradient-divided", ("constant", "near", "scale", "hoist")),
    ("array-averaged", ("constant", "near", "hoist")),
    ("array-divided", ("constant", "near", "hoist")),
    ("mask-missing", ("operator", "mask", "constant", "near")),
    ("mask-of-delta", ("near", "operator")),
    ("mask-without-bias", ("add", "near", "name")),
    ("mask", ("operator", "near", "offset", "constant", "mask")),
    ("carry-not", ("hoist", "transpose")),
    ("carry-updated", ("move", "operator", "hoist")),
    ("carry", ("hoist", "near", "offset", "operator")),
    ("bias-gradient", ("axis", "call", "near", "fresh", "hoist", "name")),
    ("weight-gradient-transposed", ("transpose", "hoist")),
    ("weight-gradient", ("near", "offset", "fresh", "transpose")),
    ("gradients-accumulate", ("fresh", "delete")),
    ("gradient-one-hot", ("hoist", "constant", "operator")),
    ("gradient-labels", ("hoist", "index", "delete")),
    ("gradient", ("operator", "hoist", "delete", "scale")),
    ("softmax-no-shift", ("shift", "hoist")),
    ("softmax", ("axis", "constant", "hoist", "call", "operator", "shift", "fresh", "delete")),
    ("loss", ("call", "hoist", "operator", "constant", "scale", "axis", "index")),
    ("relu", ("constant", "call", "operator", "hoist", "fresh")),
    ("forward-bias-missing", ("add", "insert")),
    ("forward-bias-subtracted", ("operator",)),
    ("forward", ("hoist", "operator", "constant", "delete", "offset")),
    ("predict", ("axis", "constant", "call", "hoist")),
    ("step-rate-unused", ("rate", "near", "operator", "hoist")),
    ("step-leaves-out", ("insert", "offset", "constant", "fresh", "hoist", "operator")),
    ("step", ("operator", "hoist", "delete", "constant", "fresh")),
    ("fit-labels", ("index", "near")),
    ("fit-last-batch-dropped", ("hoist", "operator", "offset")),
    ("fit-same-order", ("move", "hoist")),
    ("fit", ("hoist", "near", "operator", "index", "delete", "offset", "constant")),
    ("history", ("call", "hoist", "move", "scale", "multiply", "near")),
    ("init", ("constant", "root", "operator", "call", "near", "hoist", "scale")),
    ("layer", ("axis", "call", "hoist", "operator", "near", "fresh")),
)


def likeliest_edits(mistake: str) -> tuple[str, ...]:
    """The kinds of edits to try first for a mistake, none for an unknown one."""
    return next((kinds for beginning, kinds in PRIORITIES if mistake.startswith(beginning)), ())
