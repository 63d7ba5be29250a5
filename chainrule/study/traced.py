"""A check of TARGET, traced: which lines ran for which clause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainrule.api import check_loaded
from chainrule.host.source.targets import loading_within, require_readable
from chainrule.running.limits import DEFAULT_TIMEOUT
from chainrule.running.loading import load
from chainrule.running.results import Outcome
from chainrule.study.subject import files_of, subject_of
from chainrule.study.tracing import Trace, Tracer

SLOWER = 3  # a traced spec takes up to so many times as long, and may


def traced(
    target: str,
    adapter: str | None = None,
    *,
    timeout: float | None = None,
    options: Mapping[str, Any] | None = None,
    **reading: Any,
) -> tuple[Outcome, dict[Path, Trace]]:
    """(the outcome, what ran of each of TARGET's files).

    timeout: seconds per spec.  options: further ones of `check_loaded`.  reading: those of `load`.
    Raises UnusableTarget as these do, and without coverage.py.
    """
    for named in filter(None, (target, adapter)):
        require_readable(named)
    with subject_of(target, adapter) as subject:
        tracer = Tracer(subject.folders, subject.left_out)
        with tracer.tracing(), loading_within(timeout):
            loaded = load(subject.target, adapter, **reading)
            outcome = check_loaded(
                loaded,
                timeout=SLOWER * DEFAULT_TIMEOUT if timeout is None else timeout,
                diagnosing=tracer.stop,
                around=tracer.around,
                **options or {},
            )
        traces = files_of(tracer.traces(), loaded.files, loaded.path)
        outcome = replace(outcome, target=target, path=str(subject.original(loaded.path)))
        return outcome, {subject.original(path): trace for path, trace in traces.items()}
