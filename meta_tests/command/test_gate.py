"""The gate as a command, under pytest and in CI."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import chainrule
from chainrule.reports.github import commands
from chainrule.reports.problems import Problem

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

RIGHT = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"
ABSOLUTE = RIGHT.replace("np.maximum(z, 0)", "np.abs(z)")  # relu.dtype, extreme, absolute_value and values fail
CHANGES_INPUT = RIGHT.replace("np.maximum(z, 0)", "np.maximum(z, 0, out=z)")
ACTIVATIONS = ("--chapter", "activations")
GATE = (*ACTIVATIONS, "--baseline", "b.toml")
BROKEN = ["relu.absolute_value", "relu.dtype", "relu.extreme", "relu.values"]


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    """A folder of its own, and a wide terminal outside CI."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


def write(source, name="net.py"):
    Path(name).write_text(source, encoding="utf-8")


def gate_of(command, *arguments):
    """The exit status, and the gate of the JSON report."""
    status, printed, _ = command("check", "net.py", *GATE, "--format", "json", *arguments)
    return status, json.loads(printed)["gate"]


def lines():
    return [line.partition(" = ")[0].strip('"') for line in Path("b.toml").read_text("utf-8").splitlines()[3:]]


def test_a_baseline_is_written_and_holds(command):
    write(ABSOLUTE)
    status, printed, said = command("check", "net.py", *GATE, "--update-baseline")
    assert (status, said) == (0, "")
    assert "gate green  4 not passing, as b.toml says" in printed
    assert printed.endswith("b.toml written; lines: 4 added\n")
    assert lines() == BROKEN
    assert gate_of(command) == (
        0,
        {"state": "green", "regressions": [], "stale": [], "missing": [], "new": [], "besides": []},
    )


def test_a_regression_is_red(command):
    write(RIGHT)
    command("check", "net.py", *GATE, "--update-baseline")
    write(ABSOLUTE)
    status, printed, _ = command("check", "net.py", *GATE)
    assert status == 1
    assert "gate red  4 regressions" in printed
    for clause in BROKEN:
        assert f"regression  {clause}: failed, expected passed" in printed
    assert [line.split()[0] for line in printed.splitlines()[-3:]] == ["first", "mend", "next"]
    status, gate = gate_of(command)
    assert (status, gate["state"], sorted(gate["regressions"])) == (1, "red", BROKEN)


def test_what_became_right_is_red_until_the_update(command):
    write(ABSOLUTE)
    command("check", "net.py", *GATE, "--update-baseline")
    write(RIGHT)
    status, printed, _ = command("check", "net.py", *GATE)
    assert status == 1
    assert "gate red  4 stale" in printed
    assert "--update-baseline rewrites b.toml, if that is right" in printed
    assert sorted(gate_of(command)[1]["stale"]) == BROKEN
    status, gate = gate_of(command, "--update-baseline")
    assert (status, gate["state"], lines()) == (0, "green", [])
    assert gate_of(command)[0] == 0


def test_an_update_says_what_it_wrote(command):
    write(ABSOLUTE)
    command("check", "net.py", *GATE, "--update-baseline")
    *head, first, second, third, _ = Path("b.toml").read_text("utf-8").splitlines(keepends=True)
    write("".join([*head, first.replace("failed", "todo"), second, third]), "b.toml")
    for source, told in ((ABSOLUTE, "1 added, 1 changed, 2 kept"), (RIGHT, "4 removed"), (RIGHT, "none")):
        write(source)
        status, _, said = command("check", "net.py", *GATE, "--format", "json", "--update-baseline")
        assert (status, said) == (0, f"b.toml written; lines: {told}\n")


def test_the_reason_is_shown_and_kept(command):
    write(ABSOLUTE)
    command("check", "net.py", *GATE, "--update-baseline")
    with_reason = (
        Path("b.toml")
        .read_text("utf-8")
        .replace('values" = { outcome = "failed"', 'values" = { outcome = "failed", reason = "on purpose"')
    )
    write(with_reason, "b.toml")
    status, printed, _ = command("check", "net.py", *GATE, "--update-baseline")
    assert status == 0
    assert "expected  failed: relu.absolute_value, relu.dtype, relu.extreme, relu.values (on purpose)" in printed
    assert Path("b.toml").read_text("utf-8") == with_reason


def test_what_nobody_expects_alone_is_diagnosed(command):
    write(ABSOLUTE)
    command("check", "net.py", *GATE, "--update-baseline")
    _, printed, _ = command("check", "net.py", *GATE, "--format", "json")
    assert json.loads(printed)["diagnoses"] == []
    assert "the sign is dropped" not in command("check", "net.py", *GATE)[1]
    write("schema = 1\nchainrule = '0.1.0'\n", "b.toml")
    assert "the sign is dropped" in command("check", "net.py", *GATE)[1]


def test_a_spec_that_did_not_run_is_red(command):
    write(RIGHT)
    command("check", "net.py", *GATE, "--update-baseline")
    status, gate = gate_of(command, "-k", "not values")
    assert (status, gate["state"], gate["missing"]) == (1, "red", ["relu.values"])


def test_a_file_with_another_name_is_green(command):
    write(ABSOLUTE)
    command("check", "net.py", *GATE, "--update-baseline")
    Path("net.py").rename("network.py")
    assert command("check", "network.py", *GATE)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--baseline", "b.toml"), "--baseline b.toml: no such file; add --update-baseline to write it"),
        (("--update-baseline",), "--update-baseline: name the file to write, with --baseline FILE"),
        (("--baseline", "b.toml", "net.py"), "--baseline b.toml: a baseline is of one TARGET"),
        (("--baseline", "no/b.toml", "--update-baseline"), "--baseline no/b.toml: cannot be written"),
        (("--badge", "no/b.svg"), "--badge no/b.svg: cannot be written"),
        (("--code-quality", "."), "--code-quality .: cannot be written"),
        (("--html", "net.py"), "--html net.py: this file holds code, which would be lost"),
        (("--output", "net.py"), "--output net.py: this file holds code, which would be lost"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(command, arguments, said):
    write(RIGHT)
    status, printed, message = command("check", "net.py", *ACTIVATIONS, *arguments)
    assert (status, printed) == (4, "")
    assert message.startswith(f"chainrule: {said}")
    assert len(message.splitlines()) == 1
    assert sorted(path.name for path in Path().iterdir()) == ["net.py"]


def test_the_api_takes_a_baseline(command):
    write(ABSOLUTE)
    assert not chainrule.check("net.py", chapters="activations")
    command("check", "net.py", *GATE, "--update-baseline")
    assert chainrule.check("net.py", chapters="activations", baseline="b.toml")
    write(CHANGES_INPUT)
    result = chainrule.check("net.py", chapters="activations", baseline="b.toml")
    assert not result
    assert "gate red" in str(result)
    assert "relu.input_kept: failed, expected passed" in result.to_html()


def test_files_beside_the_report(command):
    write(ABSOLUTE)
    files = ("--html", "r.html", "--markdown", "s.md", "--code-quality", "q.json", "--badge", "b.svg")
    assert command("check", "net.py", *ACTIVATIONS, *files)[0] == 1
    assert "<title>chainrule: net.py fail</title>" in Path("r.html").read_text("utf-8")
    summary = Path("s.md").read_text("utf-8")
    assert "### net.py: fail" in summary
    assert "(`net.py:5`)" in summary
    assert "| activations | 5 | 4 |" in summary
    (entry,) = json.loads(Path("q.json").read_text("utf-8"))
    assert entry["check_name"] == "chainrule: relu-absolute"
    assert entry["location"] == {"path": "net.py", "lines": {"begin": 5}}
    badge = ElementTree.parse("b.svg").getroot()
    assert badge.get("aria-label") == "chainrule: fail 5/9"


def test_the_fingerprint_stays_where_lines_move(command):
    prints = []
    for source in (ABSOLUTE, "\n\n" + ABSOLUTE):
        write(source)
        command("check", "net.py", *ACTIVATIONS, "--code-quality", "q.json")
        prints.append(json.loads(Path("q.json").read_text("utf-8"))[0])
    assert prints[0]["fingerprint"] == prints[1]["fingerprint"]
    assert prints[0]["location"]["lines"] != prints[1]["location"]["lines"]


def test_github_gets_annotations_and_a_summary(command, monkeypatch, tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    write(ABSOLUTE, folder / "net.py")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.chdir(folder)
    _, printed, said = command("check", "net.py", *ACTIVATIONS)
    (annotation,) = [line for line in printed.splitlines() if line.startswith("::error ")]
    assert annotation.startswith("::error file=src/net.py,line=5,title=chainrule%3A relu-absolute::the sign is dropped")
    command("check", "net.py", *ACTIVATIONS)
    assert (tmp_path / "summary.md").read_text("utf-8").count("### net.py: fail") == 2
    _, printed, said = command("check", "net.py", *ACTIVATIONS, "--format", "json")
    assert json.loads(printed)["verdict"] == "fail"
    assert said.startswith("::error ")


def test_a_summary_that_cannot_be_written_does_not_change_the_verdict(command, monkeypatch):
    write(RIGHT)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/summary.md")
    status, printed, said = command("check", "net.py", *ACTIVATIONS)
    assert (status, "pass  9 passed" in printed) == (0, True)
    assert said == "chainrule: GITHUB_STEP_SUMMARY cannot be written (No such file or directory)\n"


def test_an_annotation_is_one_line(monkeypatch):
    monkeypatch.setattr("chainrule.reports.github.problems", lambda _: [Problem("x", "50 %: a\nb", "", "a,b:c.py", 3)])
    assert commands(None) == ["::error file=a%2Cb%3Ac.py,line=3,title=chainrule%3A x::50 %25: a%0Ab"]


def test_a_stale_line_is_annotated_in_the_baseline(command, monkeypatch):
    write(ABSOLUTE)
    command("check", "net.py", *GATE, "--update-baseline")
    text = Path("b.toml").read_text("utf-8").splitlines(keepends=True)
    write("".join([*text[:3], text[3].replace("failed", "todo"), *text[4:]]), "b.toml")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    printed = command("check", "net.py", *GATE)[1]
    found = [line for line in printed.splitlines() if line.startswith("::error ")]
    assert any(line.startswith("::error file=b.toml,line=4,title=chainrule%3A stale::") for line in found)


def test_a_pass_is_not_annotated(command, monkeypatch):
    write(RIGHT)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    status, printed, _ = command("check", "net.py", *ACTIVATIONS, "--code-quality", "q.json", "--badge", "b.svg")
    assert status == 0
    assert "::" not in printed
    assert Path("q.json").read_text("utf-8") == "[]"
    assert ElementTree.parse("b.svg").getroot().get("aria-label") == "chainrule: pass 9/9"


def test_code_that_is_not_written_yet_is_one_problem_a_chapter(command):
    write(RIGHT)
    command("check", "net.py", *ACTIVATIONS, "softmax", "--code-quality", "q.json")
    (entry,) = json.loads(Path("q.json").read_text("utf-8"))
    assert entry["description"] == "softmax: 14 specs todo. softmax is missing"


def test_junit_agrees_with_the_gate(command):
    write(ABSOLUTE)
    command("check", "net.py", *GATE, "--update-baseline")
    text = Path("b.toml").read_text("utf-8")
    for source, counts in ((ABSOLUTE, (0, 4)), (RIGHT, (4, 0)), (CHANGES_INPUT, (5, 0))):
        write(source)
        write(text, "b.toml")
        command("check", "net.py", *GATE, "--junitxml", "junit.xml")
        suite = ElementTree.parse("junit.xml").find("testsuite")
        assert (int(suite.get("failures")), int(suite.get("skipped"))) == counts


def test_plain_pytest_needs_one_line(command):
    write(ABSOLUTE)
    command("check", "net.py", *GATE, "--update-baseline")
    write("def test_mine():\n    pass\n", "test_mine.py")
    options = "test_mine.py --pyargs chainrule.spec_tests.test_activations --impl net.py --chapter activations"
    write(f'[tool.pytest.ini_options]\naddopts = "{options} --baseline b.toml"\n', "pyproject.toml")

    def pytest_(*arguments):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        return done.returncode, done.stdout

    status, printed = pytest_()
    assert (status, "6 passed, 4 xfailed" in printed) == (0, True), printed
    assert "gate: green" in printed
    write(RIGHT)
    status, printed = pytest_()
    assert status == 1
    assert "4 failed, 6 passed" in printed
    assert "relu.values: passed, expected failed by b.toml; stale: --update-baseline rewrites it" in printed
    status, printed = pytest_("-k", "mine")
    assert (status, "gate: red  9 not run" in printed) == (1, True)
    write("", "net.py")
    write('schema = 1\nchainrule = "0.1.0"\n', "b.toml")
    status, printed = pytest_()
    assert (status, "gate: red  9 regressions" in printed) == (1, True)
    write("schema", "b.toml")
    status, printed = pytest_()
    assert status == 4
