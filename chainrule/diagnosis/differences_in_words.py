"""How numbers that no known mistake explains differ from the right ones, in words."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.actors import Question, Reply, agree, size_beside
from chainrule.diagnosis.matching import Matcher

FAR = 1e6  # a factor above it, or below its inverse, says no more than its direction
SIMILAR = 0.999  # a correlation above which a factor is worth telling


def difference_in_words(matcher: Matcher) -> str:
    """Which arrays are wrong, how many of their entries, their scale and direction, and the first that is wrong."""
    for i in matcher.wrong:
        question, found = matcher.observed[i]
        if found.raised or matcher.right[i].raised:
            continue
        sentences = differing_arrays(question, found, matcher.right[i], matcher.u)
        if sentences:
            return f"{question.about}: {'; '.join(sentences)}"
    return ""


def ratio_of(matcher: Matcher) -> str:
    """A batch of 7: dloss/dW[0] is 7 times the right one.  Empty where no array is a multiple of the right one."""
    for i in matcher.wrong:
        question, found = matcher.observed[i]
        if found.raised or matcher.right[i].raised or len(found.arrays) != len(matcher.right[i].arrays):
            continue
        sentences, beside = [], size_beside(matcher.right[i])
        for name, array, exact in zip(question.labels, found.arrays, matcher.right[i].arrays, strict=False):
            if exact.size == 1 < len(found.arrays):
                continue  # a single number is a multiple of any other
            if array.shape == exact.shape and exact.any() and not agree(array, exact, matcher.u, question, beside):
                factor = float((array * exact).sum() / (exact * exact).sum())
                if factor and np.isfinite(factor) and agree(array, factor * exact, matcher.u, question, beside):
                    sentences.append(f"{name} is {times(factor, 6)}")
        if sentences:
            return f"{question.about}: {', '.join(sentences)}"
    return ""


def differing_arrays(question: Question, found: Reply, right: Reply, u: float) -> list[str]:
    """A sentence for each array that is wrong, and one for those that are right."""
    if len(found.arrays) != len(right.arrays):
        return [f"{len(found.arrays)} arrays, expected {len(right.arrays)}"]
    sentences, fine = [], []
    for place, (array, exact) in enumerate(zip(found.arrays, right.arrays, strict=True)):
        name = question.labels[place] if place < len(question.labels) else f"array {place}"
        if agree(array, exact, u, question, size_beside(right)):
            fine.append(name)
        else:
            sentences.append(f"{name} {compared(array, exact)}")
    if sentences and fine:
        sentences.append(f"{', '.join(fine)} {'are' if len(fine) > 1 else 'is'} right")
    return sentences


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
    """The factor between two arrays of one direction, or how far their directions answers_agree."""
    a, b = array.reshape(-1), exact.reshape(-1)
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    if len(a) < 2 or not np.isfinite(size) or size == 0:
        return ""
    cosine = float(a @ b) / size
    if abs(cosine) > SIMILAR and abs(float(a @ b) / float(b @ b) - 1) < 1 - SIMILAR:
        return "; in all it is close to the right one"
    if abs(cosine) > SIMILAR:
        return f"; in all it is {times(float(a @ b) / float(b @ b), 4)}"
    return f"; its correlation with the right one is {cosine:.2f}"


def times(factor: float, digits: int) -> str:
    """A factor in words: 7 times the right one, or far too large."""
    size = abs(factor)
    if size > FAR or size < 1 / FAR:
        return f"{'' if factor > 0 else 'negative and '}far too {'large' if size > 1 else 'small'}"
    return f"{factor:.{digits}g} times the right one"
