"""What an exception of Python's or NumPy's says of the code that raised it, in a learner's words."""

from __future__ import annotations

import re

RAISED = "The code raises this itself, at the line named, so that there are no numbers to compare."
NO_SELF = re.compile(r"takes \d+ positional arguments? but \d+ (was|were) given|missing \d+ required positional")
EXPLANATIONS: tuple[tuple[str, str], ...] = (  # (what the exception says, what that means)
    (
        r"NameError|UnboundLocalError.*referenced before|UnboundLocalError.*not associated",
        "Nothing has this name at that point: it is misspelt, or its line comes later, or stands in another function.",
    ),
    (
        r"'NoneType' object|unsupported operand.*'NoneType'|int\(\) argument.*'NoneType'",
        "Something on this line is None: the function that it comes from ends without a return, or a list still holds "
        "the None that it was made with.",
    ),
    (
        r"AttributeError: (module|'numpy|'list'|'float'|'int'|'tuple'|'dict'|'str')",
        "There is nothing of this name: it is misspelt, or the object is of another kind than the line takes it for.",
    ),
    (r"AttributeError", "The object has nothing of this name: it is misspelt, or no line assigns it to self before."),
    (
        r"IndexError: (list|tuple) index|IndexError: (pop|list assignment)",
        "An index is past the end: a list of n entries has the indices 0 to n - 1. L + 1 sizes make L layers.",
    ),
    (
        r"IndexError: too many indices|IndexError: tuple index",
        "The array has fewer axes than the line takes it to have: labels are (N,), not (N, K), and a batch is (N, D).",
    ),
    (r"IndexError: index", "An index is past the end of an axis: an axis of n entries has the indices 0 to n - 1."),
    (
        r"IndexError: arrays used as indices",
        "Arrays that pick entries hold integers: labels are 0 to K - 1, or p and y are exchanged in the call.",
    ),
    (
        r"matmul|not aligned|shapes .* not aligned",
        "In a @ b the last axis of a must be as long as the first of b: (N, D) @ (D, K) is (N, K). Compare the shapes: "
        "a transposition is missing or too many, or an array is that of another layer.",
    ),
    (
        r"could not be broadcast|could not broadcast|non-broadcastable",
        "Two arrays meet entry by entry, and their shapes do not fit: an axis was summed away without keepdims=True, "
        "an array is that of another layer, or a bias is a column, (K, 1), where rows of (N, K) take (K,).",
    ),
    (
        r"Cannot cast ufunc|UFuncTypeError",
        "An integer array cannot hold what is written into it in place: make it a float array first.",
    ),
    (
        r"truth value of an array",
        "An if, or Python's max and min, wants one True or False, and an array has many: np.where and np.maximum look "
        "at every entry.",
    ),
    (
        r"only (length-1 arrays|0-dimensional arrays|integer scalar arrays)",
        "One number is wanted here, and an array is given.",
    ),
    (
        r"is not callable",
        "Something is called that is not a function: a name is used twice, or an operator is missing.",
    ),
    (
        r"unexpected keyword argument",
        "The function has no argument of that name: the name is misspelt, or belongs to another function.",
    ),
    (
        NO_SELF.pattern,
        "The call and the def do not fit: count the arguments. A method's def begins with self, and its call does not.",
    ),
    (
        r"can't multiply sequence|unsupported operand|can only concatenate|bad operand",
        "The operator does not know what stands beside it: a list is not an array. Take its entries one by one, or "
        "make it an array.",
    ),
    (r"is not iterable|cannot unpack", "One thing is given where several are taken apart."),
    (r"too many values to unpack|not enough values to unpack", "More or fewer things are returned than are taken."),
    (r"RecursionError", "A function calls itself without end."),
    (r"KeyError", "The dictionary has no such key: it is misspelt, or was never stored."),
    (r"ZeroDivisionError", "A count or a sum is zero here."),
)
OF_MATMUL = re.compile(
    r"matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature \S+ "
    r"\(size (\d+) is different from (\d+)\)"
)


def meaning(message: str) -> str:
    """What an exception means, in one or two sentences.  message: `relu raised TypeError: ...`."""
    return next((words for sign, words in EXPLANATIONS if re.search(sign, message)), RAISED)


def in_short(message: str) -> str:
    """An exception's message without the signature of NumPy's matrix product."""
    return OF_MATMUL.sub(r"the shapes in a @ b do not fit (\2 against \1)", message)
