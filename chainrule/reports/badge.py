"""The verdict as a badge: a small SVG image for a README."""

from __future__ import annotations

from html import escape

from chainrule.running.results import Outcome

LABEL = "chainrule"
COLOURS = {"pass": "#1a7f37", "green": "#1a7f37", "fail": "#cf222e", "red": "#cf222e", "incomplete": "#9a6700"}
CHARACTER = 6.6  # pixels of an average character at this size; `textLength` makes every font as wide
MARGIN = 6
IMAGE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {said}">
<title>{label}: {said}</title>
<clipPath id="round"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#round)">
<rect width="{left}" height="20" fill="#555"/><rect x="{left}" width="{right}" height="20" fill="{colour}"/>
</g>
<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">
<text x="{margin}" y="14" textLength="{label_length}">{label}</text>
<text x="{start}" y="14" textLength="{said_length}">{said}</text>
</g>
</svg>
"""


def badge(*outcomes: Outcome) -> str:
    """The badge of the worst of some checks: the gate's state, or the verdict, and how many specs passed."""
    worst = min(outcomes, key=lambda outcome: (outcome.accepted, outcome.verdict != "fail"))
    state = worst.verdict if worst.gate is None else worst.gate.state
    passed = sum(result.outcome == "passed" for result in worst.specs)
    said = f"{state} {passed}/{len(worst.specs)}"
    lengths = [round(CHARACTER * len(text)) for text in (LABEL, said)]
    left, right = (length + 2 * MARGIN for length in lengths)
    return IMAGE.format(
        width=left + right,
        left=left,
        right=right,
        colour=COLOURS[state],
        margin=MARGIN,
        label=LABEL,
        label_length=lengths[0],
        start=left + MARGIN,
        said=escape(said),
        said_length=lengths[1],
    )
