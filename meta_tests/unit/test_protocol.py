"""What passes between a host and the boundary survives being written as bytes; anything else is refused."""

import numpy as np
import pytest

from chainrule.host.protocol import VALUE, Answer, Description, Reference, Served, Traits, decode, encode

VALUES = [
    None,
    True,
    -(2**80),
    0.1,
    float("inf"),
    -0.0,
    "W\u2081 \u2260 W\u2082",
    [1, (2.5, "x"), {"a": None, 3: [False]}],
    Reference(7),
    Answer(VALUE, (Reference(3), 0.5), where="net.py:3", modified=("x",), number=9),
    Traits(recovery_rate=2.0**-10),
    Description(("relu",), names={"MLP": "Net"}, served=(Served("forward", "f(x)", "x is the inputs"),)),
]
ARRAYS = [
    np.zeros((0, 3)),
    np.arange(6.0).reshape(2, 3).T,
    np.array([np.nan, -0.0, 5e-324]),
    np.float32([[1.5]]),
    np.array([True]),
    np.array(3),
    np.array([2**40], dtype=">i8"),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back(value):
    found = decode(encode(value))
    assert repr(found) == repr(value)  # which tells 1 from 1.0 and True, 0.0 from -0.0, and lists from tuples


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}-{array.shape}")
def test_arrays_come_back_to_the_byte(array):
    before, found = decode(encode([array, array]))
    for copy in (before, found):
        assert (copy.dtype, copy.shape, copy.tobytes()) == (array.dtype, array.shape, array.tobytes())
        assert copy.flags.writeable


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_generators_go_on_where_they_were(kind):
    rng = np.random.Generator(kind(5))
    rng.normal(size=3)
    assert decode(encode(rng)).normal(size=5).tolist() == rng.normal(size=5).tolist()


@pytest.mark.parametrize(
    "thing", [object(), len, int, np.array([None]), {1, 2}, b"x"], ids=lambda thing: type(thing).__name__
)
def test_what_is_not_data_is_refused(thing):
    with pytest.raises(TypeError, match="not data"):
        encode(thing)
