"""The catalogue of mistakes, a module a chapter.  Each registers what it holds when it is imported."""

CHAPTERS = (
    "activations",
    "softmax",
    "cross_entropy",
    "initialization",
    "network",
    "gradients",
    "arrays",
    "steps",
    "training",
    "habits",
    "layers",
)
