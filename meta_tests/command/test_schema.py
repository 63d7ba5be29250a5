"""Every JSON report is what its schema describes."""

import json
from pathlib import Path

import jsonschema
import pytest

from programs.house import ROOT

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8"))
RELU = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"
FILES = {
    "pass": RELU,
    "fail": RELU.replace("np.maximum(z, 0)", "np.abs(z)"),
    "raises": RELU.replace("np.maximum(z, 0)", "np.zeros(3)[9]"),
    "empty": "",
    "not understood": "class Net:\n    def go(self, a):\n        return a\n",
    "framework": "import sklearn\n" + RELU,
    "tampering": RELU + "\n\nnp.testing.assert_allclose = lambda *a, **k: None\n",
    "declared": RELU + '\n\nCHAINRULE = {"initialization": "he", "log_epsilon": 1e-9}\n',
}


@pytest.mark.parametrize("name", FILES)
def test_a_report(command, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(FILES[name], encoding="utf-8")
    baseline = ("--baseline", "b.toml", "--update-baseline") if name == "fail" else ()
    _, printed, _ = command("check", "net.py", "--chapter", "activations", "--format", "json", *baseline)
    report = json.loads(printed)
    jsonschema.validate(report, SCHEMA)
    assert report.keys() == SCHEMA["properties"].keys()
    assert all(result.keys() == SCHEMA["$defs"]["spec"]["properties"].keys() for result in report["specs"])
    assert all(cause.keys() == SCHEMA["$defs"]["diagnosis"]["properties"].keys() for cause in report["diagnoses"])


def test_another_report_is_refused():
    for broken in ({}, {"verdict": "passed"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_every_key_is_documented():
    page = (ROOT / "docs/json.md").read_text(encoding="utf-8")
    assert [key for key in SCHEMA["properties"] if f"`{key}`" not in page] == []
