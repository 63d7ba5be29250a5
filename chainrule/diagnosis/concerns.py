"""What a failing spec is about: the operations whose answers can explain it."""

from __future__ import annotations

FAMILIES: dict[str, tuple[str, ...]] = {
    "relu": ("relu",),
    "softmax": ("softmax",),
    "cross_entropy": ("cross_entropy",),
    "network": ("forward", "loss"),
    "gradients": ("backward",),
    "training": ("fit",),
    "affine": ("affine_forward", "affine_backward"),
    "relu_layer": ("relu_forward", "relu_backward"),
    "softmax_loss": ("softmax_loss",),
    "layers": ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss"),
}
CLAUSES: dict[str, tuple[str, ...]] = {
    "network.output_shape": ("forward",),
    "network.samples_independent": ("forward",),
    "network.forward": ("forward",),
    "network.memoryless": ("forward",),
    "network.loss": ("loss",),
    "network.missing_class": ("loss", "backward"),
    "network.predict": ("predict",),
    "network.arguments_kept": (),
    "network.assignable": (),
    "training.step": ("step",),
    "training.step_stateless": ("step",),
    "training.step_arguments_kept": (),
    "training.zero_rate": (),
    "training.arguments_kept": (),
    "training.history": ("history",),
    "golden.softmax": ("softmax",),
    "golden.cross_entropy": ("cross_entropy",),
    "golden.forward": ("forward",),
    "golden.loss": ("loss",),
    "golden.gradients": ("backward",),
    "golden.steps": ("step", "backward"),
}
ORDER = (
    "relu", "softmax", "cross_entropy", "forward", "loss", "predict", "backward", "step", "fit", "history",
    "affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss",
)  # fmt: skip
# What an operation runs as well: where that is right, its functions are not the ones to look into first.
RUNS: dict[str, tuple[str, ...]] = {
    "loss": ("forward",),
    "predict": ("forward",),
    "backward": ("forward",),
    "fit": ("backward", "forward", "loss", "step"),
    "history": ("backward", "forward", "step"),
    "affine_backward": ("affine_forward",),
    "relu_backward": ("relu_forward",),
}


def subjects_of(clause: str) -> tuple[str, ...]:
    """The operations that a clause is about, none where it is about something else than their values."""
    return CLAUSES.get(clause, FAMILIES.get(clause.partition(".")[0], ()))
