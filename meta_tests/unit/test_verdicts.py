"""Two records of what checks say of the banks are compared row by row."""

import json

from programs import verdicts

ROW = {"verdict": "fail", "outcomes": {"relu.values": "failed"}, "first": ["relu-leaky", "certain", "net.py:3"]}


def changed(**parts):
    return {"style/one": {**ROW, **parts}}


def test_equal_records_do_not_differ():
    assert verdicts.differences(changed(cpu=1.0), changed(cpu=2.0)) == {}


def test_each_part_that_differs_is_a_line():
    after = changed(verdict="pass", outcomes={"relu.shape": "error"}, first=None)
    assert verdicts.differences(changed(), after) == {
        "style/one": [
            "verdict: fail -> pass",
            "outcome: relu.shape passed -> error",
            "outcome: relu.values failed -> passed",
            "diagnosis: relu-leaky -> none",
            "certainty: certain -> none",
            "line: net.py:3 -> none",
        ]
    }


def test_a_file_in_one_record_alone_is_told(tmp_path, capsys):
    paths = [tmp_path / "before.json", tmp_path / "after.json"]
    paths[0].write_text(json.dumps(changed()), encoding="utf-8")
    paths[1].write_text(json.dumps({"style/two": ROW}), encoding="utf-8")
    assert verdicts.main(["compare", *map(str, paths)]) == 1
    shown = capsys.readouterr().out
    assert "style/one\n    only before" in shown
    assert "style/two\n    only after" in shown
    assert "0 files in both, 0 differ; 2 in one alone" in shown


def test_every_bank_is_recorded():
    found = verdicts.names()
    assert len(set(found)) == len(found)
    assert {name.partition("/")[0] for name in found} == {"style", "correct", "fault"}


def test_the_line_of_a_fault_may_move():
    moved = {"fault/one": {**ROW, "first": ["relu-leaky", "certain", "net.py:9"]}}
    assert verdicts.differences({"fault/one": ROW}, moved) == {}
