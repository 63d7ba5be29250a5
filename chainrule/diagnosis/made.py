"""How a network is made, as its code reads."""

from __future__ import annotations

import ast
import re
from unittest import SkipTest

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised
from chainrule.diagnosis.repair.changing import ran
from chainrule.diagnosis.repair.edit_sites import Code
from chainrule.diagnosis.repair.idioms import is_array_of_sizes
from chainrule.mathematics.comparison import Failure
from chainrule.specification.networks import Networks

BIASES = re.compile(r"(^|\.)_?b(s|ias|iases)?$|intercepts?_?$", re.IGNORECASE)


def biases_in_one_array(impl: Boundary) -> bool:
    """Whether what makes a network stores its biases as `np.zeros(sizes[1:])`."""
    try:
        sizes = Networks(impl).first((4, 3), (3, 4, 2))
    except (SkipTest, Raised, Failure):
        return False
    statements = (
        node for one in ran(impl.host, lambda: impl.create(sizes, seed=0)) for node in ast.walk(Code(one).node)
    )
    return any(
        isinstance(node, ast.Assign) and BIASES.search(ast.unparse(node.targets[0])) and is_array_of_sizes(node.value)
        for node in statements
    )
