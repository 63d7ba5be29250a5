"""Tracing and changing of the learner's code work through a host whose messages are bytes on the way."""

from banks.encoded import encoded
from banks.honest import written
from chainrule import api
from chainrule.running.loading import load


def test_the_line_of_a_mistake_is_found_by_messages_alone(tmp_path):
    path, line = written(tmp_path, "(acts[l] > 0)", "(acts[l] >= 0)")
    first = api.check_loaded(encoded(load(str(path))), chapters=["gradients"]).diagnoses[0]
    assert (first.id, first.where) == ("mask-missing", f"net.py:{line}")
    assert first.change is not None
