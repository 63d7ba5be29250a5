"""The lines that repeat a failure, where the code's answers have unexpected shapes."""

import numpy as np
import pytest

from chainrule.api import check

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter


def test_a_result_that_lost_an_axis():
    def softmax(z):
        z = np.asarray(z)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return (e / e.sum(axis=1, keepdims=True)).squeeze()

    result = check(softmax)
    assert result.verdict == "fail"
    assert all(spec.snippet for spec in result.failed)


def test_functions_of_another_width():
    """The rows of one call may be wider than those of the call before."""

    def softmax(z):
        z = np.asarray(z)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return p if z.shape[1] > 2 else p[:, ::-1]

    assert check(softmax).verdict == "fail"
