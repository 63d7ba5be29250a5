"""Annotations for GitHub: workflow commands that put each problem beside its line in a pull request."""

from __future__ import annotations

from chainrule.reports.problems import problems
from chainrule.running.results import Outcome

MOST = 10  # annotations that GitHub shows of one step


def commands(outcome: Outcome) -> list[str]:
    """The commands, one line each, the first causes first; none for a check that is accepted.

    Format: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return [
        f"::error {properties(file=problem.path, line=problem.line, title=f'chainrule: {problem.id}')}::"
        + escaped(". ".join(filter(None, (problem.title, problem.text))))
        for problem in problems(outcome)[:MOST]
    ]


def properties(**given: str | int | None) -> str:
    """The properties of a command, without those that are unknown."""
    return ",".join(
        f"{key}={escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in given.items()
        if value is not None
    )


def escaped(text: str) -> str:
    """A text as the rest of a command's line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
