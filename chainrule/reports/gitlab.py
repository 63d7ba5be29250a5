"""The problems as GitLab's code quality report, which a merge request shows beside the lines."""

from __future__ import annotations

import hashlib
import json

from chainrule.reports.problems import problems
from chainrule.running.results import Outcome


def code_quality(*outcomes: Outcome) -> str:
    """The report as JSON.

    A fingerprint tells a problem from others across commits, so that it holds no line.
    Format: https://docs.gitlab.com/ci/testing/code_quality/
    """
    entries = [
        {
            "description": ". ".join(filter(None, (problem.title, problem.text))),
            "check_name": f"chainrule: {problem.id}",
            "fingerprint": hashlib.sha256(
                "\n".join((problem.id, problem.path, *problem.clauses)).encode(errors="replace")
            ).hexdigest(),
            "severity": "major",
            "location": {"path": problem.path, "lines": {"begin": problem.line or 1}},
        }
        for outcome in outcomes
        for problem in problems(outcome)
    ]
    return json.dumps(entries, indent=2)
