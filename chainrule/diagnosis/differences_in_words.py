"""What can be said of numbers that no known mistake explains."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.actors import Answer, Probe, alike, size_beside
from chainrule.diagnosis.matching import Matcher

SIMILAR = 0.999  # a correlation above which a factor is worth telling


def what_is_known(matcher: Matcher) -> str:
    """Which arrays are wrong, how many of their entries, their scale and direction, and the first that is wrong."""
    for i in matcher.wrong:
        probe, found = matcher.observed[i]
        if found.raised or matcher.right[i].raised:
            continue
        told = told_of(probe, found, matcher.right[i], matcher.u)
        if told:
            return f"{probe.about}: {'; '.join(told)}"
    return ""


def ratio_of(matcher: Matcher) -> str:
    """A batch of 7: dloss/dW[0] is 7 times the right one.  Empty where no array is a multiple of the right one."""
    for i in matcher.wrong:
        probe, found = matcher.observed[i]
        if found.raised or matcher.right[i].raised or len(found.arrays) != len(matcher.right[i].arrays):
            continue
        told, beside = [], size_beside(matcher.right[i])
        for name, array, exact in zip(probe.labels, found.arrays, matcher.right[i].arrays, strict=False):
            if array.shape == exact.shape and exact.any() and not alike(array, exact, matcher.u, probe, beside):
                factor = float((array * exact).sum() / (exact * exact).sum())
                if factor and np.isfinite(factor) and alike(array, factor * exact, matcher.u, probe, beside):
                    told.append(f"{name} is {factor:.6g} times the right one")
        if told:
            return f"{probe.about}: {', '.join(told)}"
    return ""


def told_of(probe: Probe, found: Answer, right: Answer, u: float) -> list[str]:
    """A sentence for each array that is wrong, and one for those that are right."""
    if len(found.arrays) != len(right.arrays):
        return [f"{len(found.arrays)} arrays, expected {len(right.arrays)}"]
    told, fine = [], []
    for place, (array, exact) in enumerate(zip(found.arrays, right.arrays, strict=True)):
        name = probe.labels[place] if place < len(probe.labels) else f"array {place}"
        if alike(array, exact, u, probe, size_beside(right)):
            fine.append(name)
        else:
            told.append(f"{name} {compared(array, exact)}")
    return [*told, *([f"{', '.join(fine)} {'are' if len(fine) > 1 else 'is'} right"] if fine else [])] if told else []


def compared(array: np.ndarray, exact: np.ndarray) -> str:
    """How an array differs from the right one."""
    if array.shape != exact.shape:
        return f"has shape {array.shape}, expected {exact.shape}"
    wrong = ~np.isclose(array, exact, rtol=1e-6, atol=1e-12 * (np.abs(exact).max(initial=0.0) + 1e-300))
    if not wrong.any():
        return "agrees to six digits and differs beyond"
    index = [int(i) for i in np.argwhere(wrong)[0]]
    entries = f"differs in {int(wrong.sum())} of {wrong.size} entries" if wrong.size > 1 else "differs"
    place = f"first at {index}: " if index else ""
    values = f"{float(array[tuple(index)]):.6g}, expected {float(exact[tuple(index)]):.6g}"
    return f"{entries}, {place}{values}{direction(array, exact)}"


def direction(array: np.ndarray, exact: np.ndarray) -> str:
    """The factor between two arrays of one direction, or how far their directions agree."""
    a, b = array.reshape(-1), exact.reshape(-1)
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    if len(a) < 2 or not np.isfinite(size) or size == 0:
        return ""
    cosine = float(a @ b) / size
    if abs(cosine) > SIMILAR:
        return f"; in all it is {float(a @ b) / float(b @ b):.4g} times the right one"
    return f"; its correlation with the right one is {cosine:.2f}"
