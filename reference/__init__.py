"""chainrule.reference: a small multilayer perceptron in NumPy alone, and the mathematics it implements.

The extension chapters are the files that list their names in `__all__`; this package exports these names, too.
`chainrule.reference.composed` puts them together into networks of layers.
"""

from importlib import import_module
from pkgutil import iter_modules

from .functions import cross_entropy, log_sum_exp, relu, softmax, xavier
from .mlp import MLP

__all__ = ["MLP", "cross_entropy", "log_sum_exp", "relu", "softmax", "xavier"]

for _file in iter_modules(__path__):
    if _file.ispkg:
        continue
    _chapter = import_module(f"{__name__}.{_file.name}")
    for _name in getattr(_chapter, "__all__", ()):
        globals()[_name] = getattr(_chapter, _name)
        __all__ += [_name]
del _chapter, _file, _name
