"""The catalogue of mistakes, a module a chapter.

Each registers what its chapter needs when it is imported: mistakes, what its clauses are about and the questions that
tell, and parts of the model, where the core has none.
"""

import importlib
import pkgutil


def load() -> None:
    """Import every chapter."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
