"""How fast the reference convolves, beside PyTorch's conv2d doing the same work on one thread.

    python benchmarks/convolution.py

Needs torch and threadpoolctl.  Forward and backward pass of 32 images of 1 x 28 x 28 with 16 filters of 5 x 5, in
float32; the two take turns, and the ratio is a median of ratios within a turn.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import threadpoolctl
import torch

from chainrule import reference

IMAGES, FILTERS = (32, 1, 28, 28), (16, 1, 5, 5)
TURNS, CALLS = 31, 10


def contestants() -> tuple[Callable[[], object], Callable[[], object]]:
    """The reference's passes, and those of PyTorch on the same numbers."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape, dtype=np.float32) for shape in (IMAGES, FILTERS, FILTERS[:1]))
    dout = rng.standard_normal(reference.conv2d_forward(x, w, b)[0].shape, dtype=np.float32)
    inputs = [torch.tensor(array, requires_grad=True) for array in (x, w, b)]
    slopes = torch.tensor(dout)

    def own() -> object:
        return reference.conv2d_backward(dout, reference.conv2d_forward(x, w, b)[1])

    def peer() -> object:
        return torch.autograd.grad(torch.nn.functional.conv2d(*inputs), inputs, slopes)

    return own, peer


def seconds(passes: Callable[[], object]) -> float:
    """What one call takes, as the mean of several."""
    begin = time.perf_counter()
    for _ in range(CALLS):
        passes()
    return (time.perf_counter() - begin) / CALLS


def main() -> None:
    torch.set_num_threads(1)
    own, peer = contestants()
    with threadpoolctl.threadpool_limits(1):
        seconds(own)  # the first calls allocate
        seconds(peer)
        turns = [(seconds(own), seconds(peer)) for _ in range(TURNS)]
    ratio = statistics.median(a / b for a, b in turns)
    reference_time, torch_time = (statistics.median(times) for times in zip(*turns, strict=True))
    print(f"conv2d, forward and backward, {IMAGES} with {FILTERS}, one thread: {ratio:.2f} times PyTorch's time")
    print(f"    reference {1e3 * reference_time:.2f} ms, PyTorch {1e3 * torch_time:.2f} ms")


if __name__ == "__main__":
    main()
