"""The study as one HTML page: the derivation beside the code, joined by what ran.  It loads nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from chainrule.mathematics.clauses import chapters, clauses
from chainrule.reports.causes import mending
from chainrule.reports.html import DARK, FILLS, VARIABLES
from chainrule.running.results import RAISED, Diagnosis
from chainrule.study.derivation import Section, sections, with_links
from chainrule.study.highlighting import highlighted
from chainrule.study.join import (
    ABOUT,
    LEFT_OUT,
    LOADED,
    REACHED,
    REFUSAL,
    RULE,
    UNREACHED,
    StudiedClause,
    StudiedFile,
    StudiedLine,
    Study,
    ranges,
)
from chainrule.support.version import VERSION

BEFORE = ("01_notation.md",)  # files without clauses that a reader needs first
AFTER = ("hygiene.md", "rounding.md", "references.md")  # and those to look things up in
SIGNS = {"passed": "✓", "failed": "✗", "error": "!", "blocked": "■", "todo": "○", "skipped": "-"}
MEANINGS = {
    REACHED: "clauses reach this line",
    UNREACHED: "no clause reaches this line",
    REFUSAL: "an exception for what the mathematics does not cover",
    LOADED: "ran only as the code was loaded",
    LEFT_OUT: "part of the script, which chainrule leaves out",
}
GUTTER = {UNREACHED: "✗", REFUSAL: "-", LOADED: "·"}


def page(study: Study) -> str:
    """The study as a complete HTML document."""
    groups = grouped(study)
    anchors = {name: name for name in anchored(study)}
    outcome = study.outcome
    target = Path(outcome.target)
    return Template(part("page.html")).substitute(
        title=escape(outcome.target),
        folder="" if target.parent == Path() else escape(f"{target.parent.as_posix()}/"),
        name=escape(target.name),
        light=VARIABLES,
        dark=DARK,
        style=part("page.css"),
        script=part("page.js"),
        verdict=outcome.verdict,
        fill=FILLS[outcome.verdict],
        version=VERSION,
        totals=totals(study),
        broken=broken(study),
        not_found=f'<p class="notice failed">{escape(study.not_found)}</p>' if study.not_found else "",
        rule=escape(RULE),
        missed=missed(study),
        causes="".join(cause(study, diagnosis) for diagnosis in outcome.diagnoses),
        chapters="".join(chapter_row(study, chapter) for chapter in study.chapters()),
        derivation=with_links("\n".join(derivation(study)), anchors),
        tabs="".join(tab(place, file) for place, file in enumerate(study.files)),
        code="\n".join(panel(study, place, groups) for place in range(len(study.files))),
        join=json.dumps(joined(study, groups), separators=(",", ":")).replace("</", "<\\/"),
    )


@cache
def part(name: str) -> str:
    return files("chainrule.study").joinpath(name).read_text(encoding="utf-8")


def grouped(study: Study) -> dict[tuple[str, ...], int]:
    """{clauses: the number of the lines that just these reach}."""
    found: dict[tuple[str, ...], int] = {}
    for file in study.files:
        for line in file.lines:
            if line.clauses:
                found.setdefault(line.clauses, len(found))
    return found


def joined(study: Study, groups: Mapping[tuple[str, ...], int]) -> dict[str, object]:
    """What the script needs: the ids of the clauses, and of each group of lines the weight and the clauses."""
    weights = {line.clauses: line.weight for file in study.files for line in file.lines}
    place = {clause.id: number for number, clause in enumerate(study.clauses)}
    return {
        "about": ABOUT,
        "clauses": list(place),
        "groups": [{"weight": weights[group], "clauses": [place[clause] for clause in group]} for group in groups],
    }


def totals(study: Study) -> str:
    lines, served, passed = study.lines, study.served, study.passed
    return (
        f"<strong>{passed.some}</strong> of {passed.all} clauses passed.  Of what ran, right or wrong: "
        f"<strong>{lines.some}</strong> of {lines.all} lines reached ({lines.percent:.0f} %), "
        f"<strong>{served.some}</strong> of {served.all} clauses served ({served.percent:.0f} %)"
    )


def broken(study: Study) -> str:
    """Links to the clauses whose specs failed or raised."""
    links = [link(clause.id, clause.id) for clause in study.clauses if clause.outcome in RAISED]
    return (
        f'<p class="broken"><span class="failed">{SIGNS["failed"]} broken</span>: {", ".join(links)}</p>'
        if links
        else ""
    )


def missed(study: Study) -> str:
    """Links to the lines that no clause reaches, and to the clauses, unless skipped, that no line serves."""
    lines = [
        link(f"line-{place}-{first}", f"{file.name}:{range_}")
        for place, file in enumerate(study.files)
        for first, range_ in ranges(file, [n for n, line in enumerate(file.lines) if line.kind == UNREACHED])
    ]
    alone = [link(c.id, c.id) for c in study.clauses if not c.served and c.outcome != "skipped"]
    found = (("Lines that no clause reaches", lines), ("Clauses that no line serves", alone))
    return "".join(f"<p>{heading}: {', '.join(links)}</p>" for heading, links in found if links)


def link(anchor: str, text: str) -> str:
    return f'<a href="#{escape(anchor)}">{escape(text)}</a>'


def chapter_row(study: Study, chapter: str) -> str:
    """A row of the table of chapters: outcomes, clauses served, lines reached."""
    served, lines = study.chapters()[chapter]
    own = [clause for clause in study.clauses if clause.chapter == chapter]
    counts = {kind: sum(clause.outcome == kind for clause in own) for kind in SIGNS}
    told = ", ".join(
        f'<span class="{kind}">{SIGNS[kind]} {count} {kind}</span>' for kind, count in counts.items() if count
    )
    return (
        f'<tr><th><a href="#chapter-{chapter}">{chapter}</a></th><td>{told}</td>'
        f"<td>{served.some} of {served.all}</td><td>{lines.some}</td></tr>"
    )


def cause(study: Study, found: Diagnosis) -> str:
    """A named mistake, with a link to its line, why it is one and what mends it."""
    place = next(
        (
            f"line-{number}-{index}"
            for number, file in enumerate(study.files)
            for index, line in enumerate(file.lines)
            if found.where == f"{Path(file.path).name}:{line.place}"
        ),
        None,
    )
    linked = link(place, found.where or "") if place else escape(found.where or "")
    rows = [f"<code>{escape(row.plain)}</code>" if row.no_wrap else escape(row.plain) for row in mending(found)]
    mend = f"<p>Mend it: {'<br>'.join(rows)}</p>" if rows else ""
    return (
        f'<li><span class="failed">{escape(found.certainty)}</span> {escape(found.title)} {linked}'
        f"<details><summary>why, and what mends it</summary><p>{escape(found.explanation)}</p>{mend}</details>"
        "</li>"
    )


def anchored(study: Study) -> Iterator[str]:
    """The names to which the page has an anchor."""
    yield from (clause.id for clause in study.clauses)
    yield from (section.name for file in AFTER for section in sections(file) if section.name)


def derivation(study: Study) -> Iterator[str]:
    """The files of the mathematics, those with studied clauses whole."""
    studied = {clause.id: clause for clause in study.clauses}
    wanted = {clauses()[clause].file for clause in studied}
    for file in chapters():
        if file in wanted:
            name = file.removesuffix(".md").partition("_")[2]
            parts = (told(study, section, studied) for section in sections(file))
            yield f'<section class="chapter" id="chapter-{name}">{"".join(parts)}</section>'
        elif file in (*BEFORE, *AFTER):
            first, *rest = sections(file)
            body = "".join(prose(section) for section in rest)
            yield f'<details class="beside"><summary>{first.heading}</summary>{first.body}{body}</details>'


def told(study: Study, section: Section, studied: Mapping[str, StudiedClause]) -> str:
    clause = studied.get(section.name)
    return prose(section) if clause is None else article(study, section, clause)


def prose(section: Section) -> str:
    """A section that is not a studied clause."""
    anchor = f' id="{escape(section.name)}"' if section.name else ""
    level = section.level + 1
    return f"<div{anchor}><h{level}>{section.heading}</h{level}>{section.body}</div>"


def article(study: Study, section: Section, clause: StudiedClause) -> str:
    """A clause: what it says and why, its outcome, its lines, and the body of its spec, folded."""
    message = f'<p class="notice {clause.outcome}">{escape(clause.message)}</p>' if clause.message else ""
    spec = "\n".join(highlighted(clause.source.split("\n")))
    classes = "clause" if clause.served else f"clause alone {'not-asked' if clause.outcome == 'skipped' else ''}"
    return (
        f'<article class="{classes}" id="{clause.id}" tabindex="-1" aria-label="{clause.id}: {escape(clause.title)}">'
        f'<h3><span class="{clause.outcome} outcome">{SIGNS[clause.outcome]} {clause.outcome}</span> '
        f'<code class="id">{clause.id}</code> {section.heading}<span class="relation"></span></h3>'
        f"{message}{section.body}{lines_of(study, clause)}"
        f"<details><summary>the spec, {escape(clause.file)}:{clause.line}</summary><pre>{spec}</pre></details>"
        "</article>"
    )


def lines_of(study: Study, clause: StudiedClause) -> str:
    """The lines that a clause is about, as links, and how many others it passes through."""
    if not clause.served:
        return '<p class="notice unserved">✗ No line of the code serves this clause.</p>'
    about = [
        link(f"line-{place}-{first}", f"{file.name}:{range_}")
        for place, file in enumerate(study.files)
        for first, range_ in ranges(file, [run.line for run in clause.runs if run.about and run.file == place])
    ]
    others = sum(not run.about for run in clause.runs)
    passed = f"; it passes through {others} other lines" if others else ""
    return f'<p class="lines">{", ".join(about)}{passed}</p>'


def tab(place: int, file: StudiedFile) -> str:
    reached = sum(line.kind == REACHED for line in file.counted)
    selected = "true" if place == 0 else "false"
    return (
        f'<button role="tab" id="tab-{place}" aria-controls="panel-{place}" aria-selected="{selected}" '
        f'tabindex="{0 if place == 0 else -1}">{escape(file.name)} <span class="dim">{reached} of {len(file.counted)}'
        '</span><span class="lit"></span></button>'
    )


def panel(study: Study, place: int, groups: Mapping[tuple[str, ...], int]) -> str:
    """The lines of a file, or the cells of a notebook."""
    file = study.files[place]
    shown = highlighted([line.text for line in file.lines])
    cells = [line.place.rpartition(":")[0] for line in file.lines]
    rows = []
    for index, (line, html) in enumerate(zip(file.lines, shown, strict=True)):
        if cells[index] and (index == 0 or cells[index] != cells[index - 1]):
            rows.append(f'<div class="cell">{cells[index]}</div>')
        rows.append(row(f"line-{place}-{index}", line, html, groups))
    hidden = "" if place == 0 else " hidden"
    return f'<div role="tabpanel" id="panel-{place}" aria-labelledby="tab-{place}"{hidden}>{"".join(rows)}</div>'


def row(anchor: str, line: StudiedLine, html: str, groups: Mapping[tuple[str, ...], int]) -> str:
    """A line of the code with its number, and how many clauses reach it."""
    group = f' data-group="{groups[line.clauses]}" tabindex="-1"' if line.clauses else ""
    count = len(line.clauses)
    gutter = str(count) if line.counts and count else GUTTER.get(line.kind, "") if line.kind != REACHED else ""
    said = MEANINGS.get(line.kind, "")
    title = f' title="{f"{count} {said}" if count else said}"' if said else ""
    never = f'<span class="never">◐ {escape(line.never)}</span>' if line.never else ""
    number = line.place.rpartition(":")[2]
    return (
        f'<div class="line {line.kind.replace(" ", "-")}" id="{anchor}"{group}><span class="number">{number}</span>'
        f'<span class="count"{title}>{gutter}</span><code>{html or " "}</code>{never}</div>'
    )
