"""Every style of the bank passes through a host whose messages are bytes on the way."""

from dataclasses import replace

import pytest

from banks.encoded import Encoded
from banks.honest import written
from banks.style_bank import STYLES
from chainrule import api
from chainrule.boundary.boundary import Boundary
from chainrule.running.loading import load


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.file)
def test_a_style_is_checked_by_messages_alone(style, tmp_path):
    if style.needs:
        pytest.importorskip(style.needs)
    loaded = load(str(style.copy(tmp_path)), conventions=style.declared)
    host = Encoded(loaded.host.implementation)
    outcome = api.check_loaded(
        replace(loaded, host=host, impl=Boundary(host, loaded.conventions, loaded.reading_notes))
    )
    wrong = {spec.id: f"{spec.outcome}: {spec.message}" for spec in outcome.specs if spec.outcome != "passed"}
    assert outcome.verdict in (("pass", "incomplete") if style.lacks else ("pass",)), wrong


def test_the_line_of_a_mistake_is_found_by_messages_alone(tmp_path):
    path, line = written(tmp_path, "(acts[l] > 0)", "(acts[l] >= 0)")
    loaded = load(str(path))
    host = Encoded(loaded.host.implementation)
    loaded = replace(loaded, host=host, impl=Boundary(host, loaded.conventions, loaded.reading_notes))
    first = api.check_loaded(loaded, chapters=["gradients"]).diagnoses[0]
    assert (first.id, first.where) == ("mask-missing", f"net.py:{line}")
    assert first.change is not None
