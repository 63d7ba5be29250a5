"""Arrays across the boundary: read as NumPy, written in another's kind, and spelled as source."""

import numpy as np
import pytest

from chainrule.support.arrays import describe, flat_bias, like, literal, show, to_numpy


class OnlyDLPack:
    """An array of a library that offers nothing but DLPack."""

    def __init__(self, values):
        self.values = np.array(values)

    def __dlpack__(self, **keywords):
        return self.values.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class OnTheGPU(OnlyDLPack):
    """As CuPy and PyTorch do: no implicit copy to the host."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert a device tensor to numpy")


class OutOfReach(OnTheGPU):
    def __dlpack__(self, **keywords):
        raise BufferError("Unsupported device in DLTensor.")


class Matrix(np.ndarray):
    pass


@pytest.mark.parametrize(
    "value",
    [
        [[1.0, 2.0]],
        ((1, 2),),
        np.array([[1, 2]], dtype=np.uint8),
        np.array([[1.0, 2.0]], dtype=np.float16),
        np.array([[1.0, 2.0]]).view(Matrix),
        np.ma.masked_array([[1.0, 2.0]], mask=[[False, False]]),
        OnlyDLPack([[1.0, 2.0]]),
        OnTheGPU([[1.0, 2.0]]),
        [OnlyDLPack([1.0, 2.0]).values],
    ],
    ids=lambda value: type(value).__name__,
)
def test_everything_of_numbers_is_read(value):
    array = to_numpy(value)
    assert type(array) is np.ndarray
    assert array.tolist() == [[1, 2]]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_becomes_an_array():
    array = to_numpy(np.matrix([[1.0, 2.0]]))
    assert type(array) is np.ndarray
    assert array[0].shape == (2,)


def test_booleans_and_single_numbers_are_read():
    assert to_numpy(True).dtype == bool
    assert to_numpy(1.5).shape == ()
    assert to_numpy(np.float32(1.5)).dtype == np.float32


def test_what_is_read_is_a_copy():
    source = np.zeros(3)
    to_numpy(source)[0] = 1
    shared = OnlyDLPack([0.0])
    to_numpy(shared)[0] = 1
    assert source[0] == shared.values[0] == 0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("softmax", "found str 'softmax'"),
        (None, "found NoneType None"),
        ([1.0, "two"], "found a list of length 2"),
        ([[1.0], [1.0, 2.0]], "found a list of length 2"),
        (np.array([1j]), r"found an array of shape \(1,\), complex128"),
        (np.array([object()]), r"found an array of shape \(1,\), object"),
        ({"p": 1}, "found a dict of length 1"),
        (np.maximum, "found ufunc <ufunc 'maximum'>"),
        (OutOfReach([1.0]), r"OutOfReach .* \(Unsupported device"),
    ],
)
def test_what_holds_no_numbers_is_refused(value, message):
    with pytest.raises(TypeError, match=f"expected numbers, .*{message}"):
        to_numpy(value)


def test_like_follows_the_kind():
    value = np.array([[1.5, 2.5]])
    assert like(value, [[0.0, 0.0]]) == [[1.5, 2.5]]
    assert like(value, ((0.0, 0.0),)) == [[1.5, 2.5]]
    assert like(value, np.zeros((1, 2), np.float32)).dtype == np.float32
    assert like(value, np.zeros((1, 2), int)).dtype == np.float64  # never rounded to integers


@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 1)])
def test_like_follows_the_shape_of_a_bias(shape):
    bias = like(np.arange(3.0), np.zeros(shape))
    assert bias.shape == shape
    assert flat_bias(bias).tolist() == [0, 1, 2]


@pytest.mark.parametrize("shape", [(2,), (3, 3), (1, 1, 3), ()])
def test_like_refuses_another_shape(shape):
    with pytest.raises(ValueError, match=r"expected shape \(3,\), found"):
        like(np.arange(3.0), np.zeros(shape))


def test_like_does_not_take_a_transposed_weight():
    with pytest.raises(ValueError, match="expected shape"):
        like(np.zeros((2, 3)), np.zeros((3, 2)))


def test_a_weight_matrix_is_no_flat_bias():
    assert flat_bias(np.zeros((2, 3))).shape == (2, 3)


@pytest.mark.parametrize(
    "value",
    [
        np.array([[1 / 3, -2.5e-300], [1e308, 5e-324]]),
        np.array([np.nan, np.inf, -np.inf, -0.0, 0.0]),
        np.array([1 / 3, np.nan, -np.inf], dtype=np.float32),
        np.array([[0, 255]], dtype=np.uint8),
        np.array([-3, 4]),
        np.zeros((0, 5)),
        np.zeros((3, 0), dtype=np.float32),
        np.array(2.5),
        1 / 3,
        -0.0,
        float("nan"),
        float("-inf"),
        7,
        [784, 10],
    ],
    ids=repr,
)
def test_a_literal_evaluates_to_the_value(value):
    again = eval(literal(value), {"np": np})
    assert type(again) is type(value)
    before, after = np.asarray(value), np.asarray(again)
    assert (after.dtype, after.shape) == (before.dtype, before.shape)
    assert np.array_equal(after, before, equal_nan=before.dtype.kind == "f")
    assert np.array_equal(np.signbit(after), np.signbit(before))


def test_a_generator_is_spelled_as_a_new_one():
    generator = eval(literal(np.random.default_rng(5)), {"np": np})
    assert isinstance(generator, np.random.Generator)


def test_a_long_array_is_shown_with_its_middle_left_out():
    assert show(np.arange(1000)) == "[ 0, 1, ..., 998, 999]"
    assert "\n" not in show(np.zeros((50, 50)))


def test_descriptions_stay_short():
    assert len(describe("x" * 1000)) < 80
