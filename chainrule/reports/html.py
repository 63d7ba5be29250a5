"""The report as HTML: a fragment for Jupyter, or a page of its own.  It loads nothing and runs no script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from chainrule.contract.conventions import NATIVE
from chainrule.reports.pictures import confusion, figure
from chainrule.running.reading import next_step
from chainrule.running.results import OUTCOMES, UNJUDGED, UNNAMED, Diagnosis, Outcome, SpecResult
from chainrule.support.version import VERSION

SHOWN = 12  # how many failures are unfolded
WHY = {
    "blocked": "not checked, because specs on which they build did not pass",
    "todo": "nothing to check yet",
    "skipped": "not applicable",
}
MEANING = {
    "pass": "Every required clause holds.",
    "fail": "At least one clause is broken.",
    "incomplete": "Nothing is broken, but not everything that is required could be checked.",
}
VARIABLES = """--text: #1f2328; --dim: #656d76; --line: #d8dee4; --soft: #f6f8fa; --back: #ffffff;
--passed: #1a7f37; --failed: #cf222e; --error: #cf222e; --blocked: #9a6700; --todo: #0969da; --skipped: #747c85;"""
DARK = """--text: #e6edf3; --dim: #9198a1; --line: #3d444d; --soft: #212830; --back: #15191f;
--passed: #3fb950; --failed: #f85149; --error: #f85149; --blocked: #d29922; --todo: #4493f8; --skipped: #848d97;"""
STYLE = (
    (
        """
.chainrule-report { LIGHT color: var(--text); background: var(--back); font: 14px/1.5 system-ui, -apple-system,
  "Segoe UI", sans-serif; max-width: 62em; padding: 1em 1.2em; border: 1px solid var(--line); border-radius: 8px; }
@media (prefers-color-scheme: dark) { .chainrule-report { DARK } }
[data-jp-theme-light="true"] .chainrule-report, .vscode-light .chainrule-report { LIGHT }
[data-jp-theme-light="false"] .chainrule-report, .vscode-dark .chainrule-report { DARK }
.chainrule-report * { box-sizing: border-box; }
.chainrule-report code, .chainrule-report pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; color: inherit; background: none; padding: 0; border: 0; }
.chainrule-report pre { background: var(--soft); padding: .6em .8em; border-radius: 6px; overflow-x: auto; margin: 0;
  white-space: pre; }
.chainrule-report .head { display: flex; flex-wrap: wrap; gap: .3em .8em; align-items: baseline; }
.chainrule-report .badge { color: var(--back); font-weight: 600; padding: .1em .7em; border-radius: 1em; }
.chainrule-report .dim { color: var(--dim); }
.chainrule-report .right { margin-left: auto; }
.chainrule-report table { border-collapse: collapse; margin: .3em 0; color: inherit; font-size: inherit; border: 0; }
.chainrule-report tr, .chainrule-report tr:nth-child(even), .chainrule-report tr:hover { background: none; }
.chainrule-report td, .chainrule-report th { padding: .12em 1em .12em 0; text-align: left; vertical-align: top;
  border: 0; font-weight: normal; max-width: none; white-space: normal; }
.chainrule-report .bar { display: flex; width: 12em; height: .6em; margin-top: .45em; border-radius: .3em;
  overflow: hidden; background: var(--line); }
.chainrule-report h3 { font-size: 1em; font-weight: 600; margin: 1.1em 0 .3em; color: inherit; }
.chainrule-report .failure { border: 1px solid var(--line); border-left: 3px solid var(--failed); border-radius: 6px;
  padding: .5em .8em; margin: .6em 0; }
.chainrule-report .failure > summary { display: flex; flex-wrap: wrap; gap: .2em .8em; cursor: pointer; }
.chainrule-report .failure dl { display: grid; grid-template-columns: 6em minmax(0, 1fr); gap: .35em .8em;
  margin: .7em 0 .2em; }
.chainrule-report dt { color: var(--dim); margin: 0; font-weight: normal; }
.chainrule-report dd { margin: 0; overflow-wrap: anywhere; }
.chainrule-report details.more { margin: .4em 0; }
.chainrule-report summary { cursor: pointer; color: inherit; }
.chainrule-report .pictures { display: flex; flex-wrap: wrap; gap: 1.2em 2em; margin: 1.2em 0; }
.chainrule-report figure { margin: 0; max-width: 100%; }
.chainrule-report figcaption { max-width: 26em; margin-bottom: .5em; }
.chainrule-report svg { display: block; max-width: 100%; height: auto; font-size: 11px; }
.chainrule-report svg text { fill: var(--dim); }
.chainrule-report .weights { fill: var(--todo); opacity: .55; }
.chainrule-report polyline { fill: none; stroke-width: 2; }
.chainrule-report polyline.own { stroke: var(--todo); }
.chainrule-report polyline.right { stroke: var(--text); stroke-width: 1.5; }
.chainrule-report polyline.dashed { stroke-dasharray: 5 4; }
.chainrule-report .heat0 { fill: var(--line); }
.chainrule-report .heat1 { fill: color-mix(in srgb, var(--failed) 35%, var(--back)); }
.chainrule-report .heat2 { fill: color-mix(in srgb, var(--failed) 65%, var(--back)); }
.chainrule-report .heat3 { fill: var(--failed); }
.chainrule-report .confusion td, .chainrule-report .confusion th { padding: .1em .35em; text-align: right;
  font-variant-numeric: tabular-nums; font-size: 12px; }
.chainrule-report .confusion .diagonal { font-weight: 600; }
.chainrule-report .confusion .heat1 { background: color-mix(in srgb, var(--failed) 20%, var(--back)); }
.chainrule-report .confusion .heat2 { background: color-mix(in srgb, var(--failed) 45%, var(--back)); }
.chainrule-report .mark { stroke: var(--text); stroke-width: 1.2; fill: none; }
.chainrule-report ul { margin: .2em 0; padding-left: 1.4em; }
.chainrule-report .notice { border-left: 3px solid var(--todo); padding: .3em .8em; margin: .8em 0;
  background: var(--soft); border-radius: 0 6px 6px 0; }
"""
        + "".join(f".chainrule-report .{kind} {{ color: var(--{kind}); }}\n" for kind in OUTCOMES)
        + "".join(f".chainrule-report .fill-{kind} {{ background: var(--{kind}); }}\n" for kind in OUTCOMES)
    )
    .replace("LIGHT", VARIABLES)
    .replace("DARK", DARK)
)
FILLS = {"pass": "passed", "fail": "failed", "incomplete": "blocked"}


def page(*outcomes: Outcome) -> str:
    """The reports as a complete HTML document."""
    dark = "@media (prefers-color-scheme: dark) { body { background: #15191f; } }"
    title = ", ".join(f"{outcome.target} {outcome.verdict}" for outcome in outcomes)
    reports = "\n".join(map(fragment, outcomes))
    light = "body { margin: 1.5em auto; max-width: 64em; padding: 0 1em; }"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>chainrule: {escape(title)}</title>\n"
        f"<style>{light} {dark}</style>\n</head>\n<body>\n{reports}\n</body>\n</html>"
    )


def fragment(outcome: Outcome) -> str:
    """The report as a part of another page; its style does not affect that page."""
    failures = [result for result in outcome.specs if result.outcome in ("failed", "error")]
    causes = outcome.diagnoses
    parts = [
        head(outcome),
        scratch(outcome),
        tampering(outcome),
        not_understood(outcome),
        f"<h3>{len(causes)} cause{'s' * (len(causes) > 1)}</h3>" if causes else "",
        *map(cause, causes),
        f"<h3>{len(failures)} broken</h3>" if failures else "",
        *(failure(result, opened=not causes and place < SHOWN) for place, result in enumerate(failures)),
        chapters(outcome),
        drawn(outcome),
        *(rest(outcome, kind) for kind in WHY),
        conventions(outcome),
        notes(outcome),
    ]
    return f'<style>{STYLE}</style>\n<div class="chainrule-report">\n{chr(10).join(filter(None, parts))}\n</div>'


def head(outcome: Outcome) -> str:
    """Verdict, target and counts."""
    counts = Counter(result.outcome for result in outcome.specs)
    left_out = ", interrupted" if outcome.interrupted else ""
    left_out += f", {outcome.not_run} not run" if outcome.not_run else ""
    left_out += "".join(f"; {escape(reservation)}" for reservation in outcome.reservations)
    return (
        f'<div class="head"><span class="badge fill-{FILLS[outcome.verdict]}">{outcome.verdict}</span>'
        f"<strong>{escape(outcome.target)}</strong><span>{told(counts)}{left_out}</span>"
        f'<span class="dim right">{outcome.seconds:.1f} s, chainrule {VERSION}</span></div>\n'
        f'<div class="dim">{MEANING[outcome.verdict]} '
        f'<span title="sha256 {outcome.sha256}">{escape(outcome.path)}</span></div>' + gate(outcome)
    )


def gate(outcome: Outcome) -> str:
    """Whether exactly what the baseline says happened, and each spec that differs."""
    found = outcome.gate
    if found is None:
        return ""
    kinds = (("regression", found.regressions), ("stale", found.stale), ("not run", found.missing))
    items = [f"{kind}: {escape(str(difference))}" for kind, differing in kinds for difference in differing]
    items += [f"new since {found.baseline.version}: {escape(', '.join(found.new))}"] if found.new else []
    colour = "passed" if found.green else "failed"
    return (
        f'<div class="notice"><strong class="{colour}">gate {found.state}</strong> {escape(found.told)}'
        f"{listed(items) if items else ''}</div>"
    )


def told(counts: Counter[str]) -> str:
    return ", ".join(f'<span class="{kind}">{counts[kind]} {kind}</span>' for kind in OUTCOMES if counts[kind])


def chapters(outcome: Outcome) -> str:
    """A line and a bar for each chapter."""
    rows = []
    for chapter in dict.fromkeys(result.chapter for result in outcome.specs):
        counts = Counter(result.outcome for result in outcome.specs if result.chapter == chapter)
        bar = "".join(
            f'<span class="fill-{kind}" style="flex: {counts[kind]}"></span>' for kind in OUTCOMES if counts[kind]
        )
        beside = "" if chapter in outcome.required else ' <span class="dim">(not required)</span>'
        rows.append(
            f'<tr><th>{escape(chapter)}{beside}</th><td><div class="bar">{bar}</div></td><td>{told(counts)}</td></tr>'
        )
    return f"<h3>chapters</h3>\n<table>{''.join(rows)}</table>"


def cause(found: Diagnosis) -> str:
    """A named mistake: its place, its correction, the evidence for it, and the failures that it explains."""
    rows = [("Why", escape(found.explanation))]
    if found.change is not None:
        rows.append(("Line", code(found.change[0])))
        rows.append(("Tried", code(found.change[1]) or escape(found.mend)))
    else:
        rows += [("Line", code(found.line))] if found.line else []
        rows += [("Mend it", escape(found.mend))] if found.mend else []
    rows += [("Evidence", escape(found.found)), ("Explains", escape(", ".join(found.explains)))]
    if found.id != UNNAMED:
        rows.append(("More", code(f"chainrule explain {found.id}")))
    where = f'<span class="right">{escape(found.position)}</span>' if found.where else ""
    body = "".join(f"<dt>{title}</dt><dd>{told_}</dd>" for title, told_ in rows if told_)
    return (
        f'<div class="failure"><div class="head"><span class="failed">{found.certainty}</span>'
        f"<strong>{escape(found.title)}</strong>{where}</div><dl>{body}</dl></div>"
    )


def failure(result: SpecResult, *, opened: bool) -> str:
    """A broken clause: its sentence, its equation, what was found, and lines to paste."""
    rows = [
        ("Equation", code(result.formula)),
        ("Error" if result.outcome == "error" else "Found", escape(result.message)),
    ]
    for title, value in (("Expected", result.expected), ("Actual", result.actual)):
        if value is not None and value.startswith("["):
            rows.append((title, block(value)))
    if result.snippet:
        rows.append(("Try it", block(result.snippet)))
    rows.append(("Why", code(f"chainrule explain {result.id}")))
    where = f'<span class="dim right">{escape(result.where)}</span>' if result.where else ""
    body = "".join(f"<dt>{title}</dt><dd>{told_}</dd>" for title, told_ in rows if told_)
    return (
        f'<details class="failure"{" open" if opened else ""}><summary><strong class="{result.outcome}">'
        f"{escape(result.id)}</strong><span>{escape(result.title)}</span>{where}</summary><dl>{body}</dl></details>"
    )


def code(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else ""


def block(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def rest(outcome: Outcome, kind: str) -> str:
    """The specs that neither passed nor failed, grouped by their message."""
    groups: dict[str, list[str]] = {}
    for result in outcome.specs:
        if result.outcome == kind:
            groups.setdefault(result.message.removeprefix(UNJUDGED).removeprefix("blocked "), []).append(result.id)
    if not groups:
        return ""
    count = sum(map(len, groups.values()))
    items = [f'{escape(message)}: <span class="dim">{escape(", ".join(ids))}</span>' for message, ids in groups.items()]
    return folded(f'<span class="{kind}">{count} {kind}</span> <span class="dim">{WHY[kind]}</span>', listed(items))


def conventions(outcome: Outcome) -> str:
    """The conventions that are not native; unfolded, all conventions and how chainrule found each."""
    shown = [
        f"{key} <strong>{escape(found.value)}</strong>"
        for key, found in outcome.conventions.items()
        if found.source == "declared" or NATIVE.get(key) != found.value
    ]
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td><strong>{escape(found.value)}</strong></td>"
        f'<td class="dim">{found.source}</td><td class="dim">{escape(found.how)}</td></tr>'
        for key, found in outcome.conventions.items()
    )
    return folded(f'conventions <span class="dim">{", ".join(shown) or "native"}</span>', f"<table>{rows}</table>")


def drawn(outcome: Outcome) -> str:
    """The pictures, beside each other where there is room."""
    counted = [confusion(result.confusion) for result in outcome.specs if result.confusion is not None]
    figures = "".join([*map(figure, outcome.pictures), *counted])
    return f'<div class="pictures">{figures}</div>' if figures else ""


def notes(outcome: Outcome) -> str:
    """Notes on how chainrule read the code, beside its conventions."""
    if not outcome.notes:
        return ""
    return folded(f"{len(outcome.notes)} note{'s' * (len(outcome.notes) > 1)}", listed(map(escape, outcome.notes)))


def not_understood(outcome: Outcome) -> str:
    """What chainrule looked for, what it found instead, and what to do next."""
    if outcome.nothing_found:
        return f'<div class="notice"><strong>nothing found</strong> {escape(outcome.nothing_found)}</div>'
    if not outcome.not_understood:
        return ""
    looked_for, found, way_on = map(escape, outcome.not_understood.split("\n"))
    sketch = f"<pre>{escape(outcome.sketch)}</pre>" if outcome.sketch else ""
    return (
        f'<div class="notice"><strong>not understood</strong> {looked_for}<br><span class="dim">{found}</span><br>'
        f"{next_step(way_on, bool(outcome.sketch))}: <code>{way_on}</code>{sketch}</div>"
    )


def scratch(outcome: Outcome) -> str:
    """The frameworks that the code imports."""
    if not outcome.frameworks:
        return ""
    kind = "failed" if outcome.from_scratch else "dim"
    return f'<div class="{kind}">not from scratch: {escape(", ".join(map(str, outcome.frameworks)))}</div>'


def tampering(outcome: Outcome) -> str:
    """The evidence that the code did not answer the check honestly."""
    return "".join(
        f'<div class="{"failed" if finding.fails else "dim"}">{"tampering" if finding.fails else "noticed"}: '
        f"{escape(str(finding))}</div>"
        for finding in outcome.tampering
    )


def folded(summary: str, body: str) -> str:
    return f'<details class="more"><summary>{summary}</summary>{body}</details>'


def listed(items: Iterable[str] | Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
