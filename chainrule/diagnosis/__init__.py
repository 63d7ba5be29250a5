"""Which mistake it is: a catalogue of the known ones, and how numbers are matched against it.

Nothing here sees an implementation: it is given what one returned.  Imports chainrule.reference and nothing else of
chainrule's.
"""

from chainrule.diagnosis.mistake import Mistake, mistakes

__all__ = ["Mistake", "mistakes"]
