"""The chapters of the specification and the names that each of them looks for."""

from __future__ import annotations

CORE_CHAPTERS = (
    "activations",
    "softmax",
    "cross_entropy",
    "initialization",
    "shapes",
    "gradients",
    "golden",
    "training",
    "accuracy",
)
EXTENSION_CHAPTERS = ("layers",)
CHAPTERS = CORE_CHAPTERS + EXTENSION_CHAPTERS
CORE_NAMES = ("relu", "softmax", "cross_entropy", "xavier", "create")
EXTENSION_NAMES = {
    "layers": ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss"),
}
# Names of deep-learning courses, those of Stanford's cs231n among them, for which there is no chapter yet.
UNCHECKED_NAMES = (
    *("SGD", "Momentum", "RMSProp", "Adam", "sgd", "sgd_momentum", "rmsprop", "adam"),
    *("constant", "step_decay", "cosine", "l2_penalty", "l2_gradient"),
    *("dropout_forward", "dropout_backward"),
    *("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt", "layernorm_forward", "layernorm_backward"),
    *("spatial_batchnorm_forward", "spatial_batchnorm_backward"),
    *("spatial_groupnorm_forward", "spatial_groupnorm_backward"),
    *("conv2d_forward", "conv2d_backward", "conv_forward_naive", "conv_backward_naive"),
    *("maxpool2d_forward", "maxpool2d_backward", "max_pool_forward_naive", "max_pool_backward_naive"),
    *("svm_loss", "svm_loss_naive", "svm_loss_vectorized", "softmax_loss_naive", "softmax_loss_vectorized"),
)
