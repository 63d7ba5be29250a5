"""Which edits are likelier for which mistake: what is tried first, so that the search is short."""

from __future__ import annotations

PRIORITIES: tuple[tuple[str, tuple[str, ...]], ...] = (  # (beginning of a mistake's id, kinds of edits)
    ("gradient-not-averaged", ("scale", "divide", "call", "hoist")),
    ("array-not-averaged", ("scale", "call")),
    ("gradient-averaged-twice", ("hoist", "call")),
    ("array-averaged-twice", ("call", "hoist")),
    ("gradient-divided", ("number", "near", "scale", "hoist")),
    ("array-averaged", ("number", "near", "hoist")),
    ("array-divided", ("number", "near", "hoist")),
    ("mask-missing", ("operator", "mask", "number", "near")),
    ("mask-of-delta", ("near", "operator")),
    ("mask-without-bias", ("add", "near", "name")),
    ("mask", ("operator", "near", "offset", "number", "mask")),
    ("carry-not", ("hoist", "transpose")),
    ("carry-updated", ("move", "operator", "hoist")),
    ("carry", ("hoist", "near", "offset", "operator")),
    ("bias-gradient", ("axis", "call", "near", "fresh", "hoist", "name")),
    ("weight-gradient-transposed", ("transpose", "hoist")),
    ("weight-gradient", ("near", "offset", "fresh", "transpose")),
    ("gradients-accumulate", ("fresh", "delete")),
    ("gradient-one-hot", ("hoist", "number", "operator")),
    ("gradient-labels", ("hoist", "index", "delete")),
    ("gradient", ("operator", "hoist", "delete", "scale")),
    ("softmax-no-shift", ("shift", "hoist")),
    ("softmax", ("axis", "number", "hoist", "call", "operator", "shift", "fresh", "delete")),
    ("loss", ("call", "hoist", "operator", "number", "scale", "axis", "index")),
    ("relu", ("number", "call", "operator", "hoist", "fresh")),
    ("forward-bias-missing", ("add", "insert")),
    ("forward-bias-subtracted", ("operator",)),
    ("forward", ("hoist", "operator", "number", "delete", "offset")),
    ("predict", ("axis", "number", "call", "hoist")),
    ("step-rate-unused", ("rate", "near", "operator", "hoist")),
    ("step-leaves-out", ("insert", "offset", "number", "fresh", "hoist", "operator")),
    ("step", ("operator", "hoist", "delete", "number", "fresh")),
    ("fit-labels", ("index", "near")),
    ("fit-last-batch-dropped", ("hoist", "operator", "offset")),
    ("fit-same-order", ("move", "hoist")),
    ("fit", ("hoist", "near", "operator", "index", "delete", "offset", "number")),
    ("history", ("call", "hoist", "move", "scale", "multiply", "near")),
    ("init", ("number", "root", "operator", "call", "near", "hoist", "scale")),
    ("layer", ("axis", "call", "hoist", "operator", "near", "fresh")),
)


def likeliest_edits(mistake: str) -> tuple[str, ...]:
    """The kinds of edits to try first for a mistake, none for an unknown one."""
    return next((kinds for beginning, kinds in PRIORITIES if mistake.startswith(beginning)), ())
