"""The command line: what it answers, with which status, and what it says of a user's mistake."""

import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from chainrule import __main__, api, spec_tests
from chainrule.cli import main, make_parser
from chainrule.cli.examples import EXAMPLES
from chainrule.contract.chapters import CHAPTERS, CORE_CHAPTERS
from chainrule.contract.conventions import NATIVE
from chainrule.diagnosis import mistakes
from chainrule.mathematics.clauses import clauses
from chainrule.pytest_plugin import session
from chainrule.pytest_plugin.recorder import Recorder
from chainrule.reports.text import SHOWN, TextReport
from chainrule.running.limits import DEFAULT_TIMEOUT
from chainrule.running.loading import load
from chainrule.running.results import OUTCOMES, Outcome, SpecResult
from chainrule.running.run import Run
from chainrule.support.version import VERSION
from chainrule.training import datasets

RIGHT = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"
WRONG = "import numpy as np\n\n\ndef relu(z):\n    print('called')\n    return np.abs(z)\n"
RAISES = "def relu(z):\n    raise ValueError('[bold]no[/bold]')\n"
ACTIVATIONS = ("--chapter", "activations")
RELU_SPECS = 9
BASELINE = f'schema = 1\nchainrule = "{VERSION}"\n[expected]\n'


@pytest.fixture(autouse=True)
def surroundings(terminal):
    terminal(200)
    for name, content in (("right.py", RIGHT), ("wrong.py", WRONG), ("raises.py", RAISES), ("empty.py", "")):
        Path(name).write_text(content, encoding="utf-8")


@pytest.fixture
def refused(command):
    """Runs a command that cannot be carried out, and returns the one or two lines that say why."""

    def refused(*arguments):
        status, _, said = command(*arguments)
        assert status == 4
        assert said.startswith("chainrule: ")
        assert 1 <= len(said.splitlines()) <= 2
        return said

    return refused


def test_a_pass(command):
    status, printed, said = command("check", "right.py", *ACTIVATIONS)
    assert (status, said) == (0, "")
    header, conventions, _, chapter, _, verdict = printed.splitlines()
    assert header.startswith(f"chainrule {VERSION}  ")
    assert "right.py  sha256 " in header
    assert conventions == "conventions  native"
    assert chapter.split() == ["activations", "9", "passed"]
    assert verdict.startswith("pass  9 passed  ")


@pytest.mark.parametrize("name", make_parser()._subparsers._group_actions[0].choices)
def test_every_command_shows_examples_that_it_takes(command, name):
    assert EXAMPLES[name]
    _, printed, _ = command(name, "--help")
    for line, what in EXAMPLES[name]:
        assert f"  {line}\n      {what}" in printed
        words = line.partition(" >> ")[0].split()[1:]
        _, rest = make_parser().parse_known_args(words)
        assert rest == []


@pytest.mark.parametrize("width", [60, 80, 200])
def test_help_is_as_wide_as_the_terminal(command, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    for name in ([], *([name] for name in EXAMPLES)):
        _, printed, _ = command(*name, "--help")
        one_piece = ("  chainrule ", "    chainrule ")  # examples, to be pasted
        assert [line for line in printed.splitlines() if len(line) > width and not line.startswith(one_piece)] == []


def test_a_target_may_stand_behind_the_chapters(command):
    for words in (("--chapter", "activations", "right.py"), ("wrong.py", "--chapter", "activations", "right.py")):
        _, printed, said = command("check", *words)
        assert (said, "right.py  sha256 " in printed, "wrong.py  sha256 " in printed) == ("", True, len(words) > 3)


def test_a_chapter_is_the_chapter_beside_a_folder_of_its_name(command):
    Path("activations").mkdir()
    status, printed, said = command("check", "right.py", "--chapter", "activations")
    assert (status, said, "right.py  sha256 " in printed) == (0, "", True)


@pytest.mark.parametrize("option", ["-q", "-v", "--tb=short"])
def test_options_about_what_pytest_prints_are_refused_with_the_reason(refused, option):
    assert f"unrecognized arguments: {option}; options about what pytest prints" in refused("check", "right.py", option)


@pytest.mark.skipif(os.name == "nt", reason="a pipe of other systems")
def test_a_reader_that_has_seen_enough(tmp_path):
    done = subprocess.run(
        f"{sys.executable} -m chainrule mistakes | head -n 1", shell=True, capture_output=True, encoding="utf-8"
    )
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)


def test_completion(command, monkeypatch):
    status, printed, _ = command("completion", "bash")
    assert status == 0
    assert "--update-baseline" in printed
    monkeypatch.setitem(sys.modules, "shtab", None)
    status, _, said = command("completion", "bash")
    assert (status, said) == (4, "chainrule: completion needs shtab: pip install 'chainrule[completion]'\n")


def test_several_targets(command):
    status, printed, said = command("check", "right.py", "wrong.py", "right.py", *ACTIVATIONS)
    assert (status, said) == (1, "")
    heads = [line for line in printed.splitlines() if line.startswith("chainrule ") and "sha256" in line]
    assert [Path(head.split()[2]).name for head in heads] == ["right.py", "wrong.py", "right.py"]
    verdicts = [line.split()[0] for line in printed.splitlines() if line.startswith(("pass  ", "fail  "))]
    assert verdicts == ["pass", "fail", "fail", "pass"]  # a failure's verdict stands first and last
    assert command("check", "right.py", "--from-scratch", "right.py", *ACTIVATIONS)[0] == 0
    found = json.loads(command("check", "right.py", "wrong.py", *ACTIVATIONS, "--format", "json")[1])
    assert [(one["target"], one["verdict"]) for one in found] == [("right.py", "pass"), ("wrong.py", "fail")]
    command("check", "right.py", "wrong.py", *ACTIVATIONS, "--format", "html", "--output", "report.html")
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.count('class="chainrule-report"') == 2
    assert "<title>chainrule: right.py pass, wrong.py fail</title>" in page


def test_one_unusable_target_of_several_does_not_stop_the_others(command):
    status, printed, said = command("check", "missing.py", "right.py", *ACTIVATIONS, "--format", "json")
    assert status == 4
    assert said.startswith("chainrule: missing.py: this file does not exist")
    assert [one["verdict"] for one in json.loads(printed)] == ["pass"]


def test_several_targets_beside_options_of_pytest(command):
    status, printed, _ = command("check", "right.py", "--full", "wrong.py", *ACTIVATIONS, "-k", "test_shape")
    assert printed.count("1 passed") == 4  # in the line of the chapter and in that of the verdict, for each
    assert status == 1


def test_a_failure(command):
    status, printed, _ = command("check", "wrong.py", *ACTIVATIONS)
    assert status == 1
    for line in (
        "Cause (certain): the sign is dropped: |z| in place of max(z, 0)",
        "  Line      return np.abs(z)",
        "  Explains  4 specs: relu.dtype",
        "  More      chainrule explain relu-absolute",
        "    Found     relu of integers at [0, 0] is 3.0, expected 0.0",
        "    Expected  [[0., 0., 4.]]",
        "    Actual    [[3., 0., 4.]]",
        "    Try it",
        "    from wrong import relu",
        "    # should give np.array([[0.0, 0.0, 4.0]])",
        "    chainrule explain relu.dtype",
    ):
        assert line in printed
    assert "wrong.py:6\n" in printed
    assert "\nfail  5 passed, 4 failed  " in printed
    assert "called" not in printed


def test_the_lines_to_paste_repeat_the_failure(command):
    _, printed, _ = command("check", "wrong.py", *ACTIVATIONS, "--format", "json")
    for spec in json.loads(printed)["specs"]:
        if spec["outcome"] == "failed":
            again = subprocess.run([sys.executable, "-c", spec["snippet"]], capture_output=True, text=True, check=True)
            assert "called" in again.stdout


def test_what_raises_is_shown_with_its_own_line(command):
    status, printed, _ = command("check", "raises.py", *ACTIVATIONS)
    assert status == 1
    assert "  Error     relu raised ValueError: [bold]no[/bold]" in printed
    assert "raises.py:2\n" in printed
    assert "Traceback" not in printed


def test_what_is_not_written_is_todo(command):
    status, printed, _ = command("check", "empty.py", *ACTIVATIONS)
    assert status == 1
    assert "\nnothing found  empty.py defines no function and no class; chainrule new FILE writes" in printed
    assert "\nincomplete  nothing was checked  " in printed
    assert "relu.shape" not in printed
    Path("begun.py").write_text("def softmax(z):\n    return z\n", encoding="utf-8")
    printed = command("check", "begun.py", *ACTIVATIONS)[1]
    assert "todo  nothing to check yet\n  activations  relu is missing" in printed
    assert "\nincomplete  9 todo  " in printed
    assert " ".join(printed.rpartition("next  ")[2].split()) == (
        "activations: relu is missing; chainrule explain relu.shape"
    )


def test_a_report_ends_with_the_first_cause_and_what_comes_next(command):
    *_, verdict, first, mend, following = command("check", "wrong.py", *ACTIVATIONS)[1].splitlines()
    assert verdict.startswith("fail  ")
    assert first.startswith("first  cause (certain): ")
    assert first.rstrip().endswith("wrong.py:6")
    assert mend.startswith("mend   return np.maximum(z, 0")
    assert following.rstrip() == "next   activations: chainrule explain relu.dtype"


def test_what_failed_comes_before_what_is_not_written_and_what_is_alike_is_told_once():
    specs = [
        SpecResult("relu.shape", "activations", "", "todo", "MLP.biases: expected shape (3,), found (2,)"),
        SpecResult("relu.dtype", "activations", "", "todo", "MLP.biases: expected shape (5,), found (4,)"),
        SpecResult("softmax.shape", "softmax", "", "failed", "softmax of shape (2, 1) has shape (2,)"),
    ]
    console = Console(file=StringIO(), width=100)
    TextReport(console).finish(Outcome("net.py", "net.py", "", {}, specs))
    printed = console.file.getvalue()
    assert "expected shape (3,), found (2,), and 1 alike" in printed
    assert "next  softmax: chainrule explain softmax.shape" in printed


@pytest.mark.parametrize(
    ("skipped", "said"), [(1, "1 skipped  "), (2, "2 skipped; 2 of 10 required specs were not looked at  ")]
)
def test_a_pass_says_what_did_not_apply(skipped, said):
    specs = [SpecResult(f"softmax.s{i}", "softmax", "", "skipped" if i < skipped else "passed") for i in range(10)]
    console = Console(file=StringIO(), width=100)
    TextReport(console).finish(Outcome("net.py", "/net.py", "0" * 64, {}, specs, ("softmax",)))
    assert said in console.file.getvalue()


def test_what_a_passed_spec_measured_stands_beside_its_chapter():
    spec = SpecResult("accuracy.fashion_mnist", "accuracy", "", "passed", measured="the test accuracy is 88.90%")
    console = Console(file=StringIO(), width=100)
    TextReport(console).finish(Outcome("net.py", "/net.py", "0" * 64, {}, (spec,), ("accuracy",)))
    assert "accuracy         1 passed  the test accuracy is 88.90%\n" in console.file.getvalue()


def test_what_the_code_prints_is_counted_and_shown_on_demand(command):
    printed, said = command("check", "wrong.py", *ACTIVATIONS)[1:]
    count = int(printed.partition("\nprinted  ")[2].partition(" lines by the code; --show-prints shows what")[0])
    assert count > 9
    assert said == ""
    printed, said = command("check", "wrong.py", *ACTIVATIONS, "--show-prints")[1:]
    assert "printed" not in printed
    assert said == "called\n" * count


@pytest.mark.parametrize("format", ["text", "json"])
def test_without_chapters_everything_but_accuracy_runs(command, monkeypatch, format):
    status, printed, _ = command("check", "right.py", "--format", format)
    assert status == 1
    if format == "json":
        assert {spec["chapter"] for spec in json.loads(printed)["specs"]} == set(CORE_CHAPTERS[:-1])
    else:
        assert "\nincomplete  " in printed
        assert all(f"\n{chapter}" in printed for chapter in CORE_CHAPTERS[:-1])


@pytest.mark.parametrize(
    "chapters",
    [
        ("--chapter", "activations", "softmax"),
        ("--chapter", "softmax", "--chapter", "activations"),
        ("--chapter", "activations", "activations", "--chapter", "softmax"),
    ],
)
def test_several_chapters(command, chapters):
    _, printed, _ = command("check", "right.py", *chapters, "--format", "json")
    written = json.loads(printed)
    assert [spec["chapter"] for spec in written["specs"]] == sorted(spec["chapter"] for spec in written["specs"])
    assert set(written["required"]) == {"activations", "softmax"}
    assert (written["not_run"], written["verdict"]) == (0, "incomplete")


def test_a_chapter_named_twice_is_required_once(command):
    assert command("check", "right.py", *ACTIVATIONS, "activations")[0] == 0


def test_the_last_chapter_is_offered_after_a_pass_of_the_others(capsys):
    outcome = Outcome("net.py", "/net.py", "0" * 64, {}, (), CORE_CHAPTERS[:-1])
    passed = [SpecResult(f"{c}.one", c, "", "passed") for c in CORE_CHAPTERS[:-1]]
    for specs, offered in ((passed, True), ([], False)):
        console = Console(file=StringIO(), width=100)
        TextReport(console).finish(Outcome(*list(vars(outcome).values())[:4], specs, outcome.required))
        assert ("next  accuracy: --full trains on Fashion-MNIST as well" in console.file.getvalue()) is offered


def test_many_failures_are_listed_after_the_first():
    specs = [SpecResult(f"softmax.s{i}", "softmax", "", "failed", message="wrong") for i in range(SHOWN + 3)]
    console = Console(file=StringIO(), width=100)
    TextReport(console).finish(Outcome("net.py", "/net.py", "0" * 64, {}, specs, ("softmax",)))
    assert f"\nand 3 more: softmax.s{SHOWN}, softmax.s{SHOWN + 1}, softmax.s{SHOWN + 2}\n" in console.file.getvalue()


def test_a_terminal_shows_the_progress_and_takes_it_away():
    console = Console(file=StringIO(), width=100, force_terminal=True)
    loaded, report = load("wrong.py"), TextReport(console)
    report.begin(loaded)
    outcome = api.check_loaded(loaded, chapters=["activations"], listener=report)
    assert sum(report.counts.values()) == RELU_SPECS
    report.finish(outcome)
    assert report.status is None
    assert "\x1b[?25h" in console.file.getvalue()  # the cursor is back


def test_conventions_are_shown(command):
    Path("single.py").write_text("CHAINRULE = {'precision': 'float32'}\n" + RIGHT, encoding="utf-8")
    assert "\nconventions  precision float32 (declared)\n" in command("check", "single.py", *ACTIVATIONS)[1]


TYPES = {"id": str, "chapter": str, "equation": str, "title": str, "outcome": str, "message": str, "seconds": float}


@pytest.mark.parametrize("target", ["right.py", "wrong.py", "raises.py", "empty.py"])
def test_json(command, target):
    status, printed, said = command("check", target, *ACTIVATIONS, "--format", "json")
    assert said == ""
    written = json.loads(printed)  # nothing else is printed
    assert (written["schema"], written["chainrule"], written["target"]) == (1, VERSION, target)
    assert written["verdict"] == {"right.py": "pass", "empty.py": "incomplete"}.get(target, "fail")
    assert (status == 0) is (written["verdict"] == "pass")
    assert written["conventions"].keys() == NATIVE.keys()
    for convention in written["conventions"].values():
        assert type(convention["value"]) is str
        assert convention["source"] in ("default", "inferred", "declared")
    assert len(written["specs"]) == RELU_SPECS
    for spec in written["specs"]:
        assert {key: type(spec[key]) for key in TYPES} == TYPES
        assert spec["outcome"] in OUTCOMES
        assert spec["chapter"] == "activations"
        assert spec["equation"] == clauses()[spec["id"]].equation != ""
        assert bool(spec["message"]) is (spec["outcome"] != "passed")
        assert type(spec["diagnoses"]) is list
    assert type(written["diagnoses"]) is list


def test_the_order_is_that_of_the_file(command):
    _, printed, _ = command("check", "right.py", *ACTIVATIONS, "--format", "json")
    source = Path(spec_tests.__file__).with_name("test_activations.py").read_text(encoding="utf-8")
    places = [source.index(f'"{spec["id"]}"') for spec in json.loads(printed)["specs"]]
    assert places == sorted(places)


@pytest.mark.parametrize("format", ["text", "json"])
def test_output_to_a_file(command, format):
    status, printed, said = command("check", "wrong.py", *ACTIVATIONS, "--format", format, "--output", "report")
    assert (status, printed, said) == (1, "", "")
    written = Path("report").read_bytes().decode("utf-8")
    assert "\r" not in written
    assert ('"verdict": "fail"' if format == "json" else "\nfail  5 passed, 4 failed  ") in written
    assert "\x1b" not in written


@pytest.mark.parametrize("path", [".", "gone/report.txt", "right.py/report.txt"])
def test_output_that_cannot_be_written(refused, path):
    said = refused("check", "right.py", *ACTIVATIONS, "--output", path)
    assert said.startswith(f"chainrule: --output {Path(path)}: cannot be written (")


def test_an_adapter(command):
    Path("other.py").write_text(RIGHT.replace("relu", "rectify"), encoding="utf-8")
    Path("adapt.py").write_text(
        "import chainrule\n\n\nclass Adapter(chainrule.Implementation):\n"
        "    def relu(self, z):\n        return self.target.rectify(z)\n",
        encoding="utf-8",
    )
    status, printed, _ = command("check", "other.py", "--adapter", "adapt.py", *ACTIVATIONS)
    assert status == 0
    assert "\nadapter      adapt.py\n" in printed


def test_a_failure_behind_an_adapter_can_be_repeated(command):
    Path("adapt.py").write_text(
        "import chainrule\n\n\nclass Adapter(chainrule.Implementation):\n"
        "    def relu(self, z):\n        return self.target.relu(z)\n",
        encoding="utf-8",
    )
    _, printed, _ = command("check", "wrong.py", "--adapter", "adapt.py", *ACTIVATIONS, "--format", "json")
    spec = json.loads(printed)["specs"][-1]
    snippet = spec["snippet"]
    assert "impl = chainrule.load('wrong.py', adapter='adapt.py')" in snippet
    again = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, check=True)
    assert spec["actual"] in again.stdout


@pytest.mark.parametrize(("arguments", "specs"), [(["--full"], CORE_CHAPTERS), (["--chapter", "accuracy"], None)])
def test_full_needs_the_data(refused, monkeypatch, arguments, specs):
    def unavailable():
        raise datasets.DatasetUnavailable("Fashion-MNIST cannot be had here\nput the four files into a folder")

    monkeypatch.setattr(datasets, "fashion_mnist", unavailable)
    said = refused("check", "right.py", *arguments)
    assert said == "chainrule: Fashion-MNIST cannot be had here\nput the four files into a folder\n"


def test_full_requires_the_last_chapter(command, monkeypatch):
    image, labels = np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8)
    monkeypatch.setattr(datasets, "fashion_mnist", lambda: datasets.Images(image, labels, image, labels))
    status, printed, _ = command("check", "empty.py", "--full", "--format", "json")
    written = json.loads(printed)
    assert (status, written["verdict"]) == (1, "incomplete")
    assert written["required"] == list(CORE_CHAPTERS)
    assert written["specs"][-1]["chapter"] == "accuracy"


def test_a_time_limit(command):
    Path("slow.py").write_text("def relu(z):\n    while True:\n        pass\n", encoding="utf-8")
    status, printed, _ = command("check", "slow.py", *ACTIVATIONS, "--timeout", "0.1", "--format", "json")
    assert status == 1
    messages = {spec["message"] for spec in json.loads(printed)["specs"]}
    assert any("relu did not return within 0.1 s" in message for message in messages), messages


@pytest.mark.parametrize("seconds", ["0", "5.5"])
def test_time_limits_that_are_kept(command, seconds):
    assert command("check", "right.py", *ACTIVATIONS, "--timeout", seconds)[0] == 0


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "1e300"])
def test_time_limits_that_are_none(refused, seconds):
    assert "expected seconds" in refused("check", "right.py", *ACTIVATIONS, f"--timeout={seconds}")


def test_a_selection_is_incomplete(command):
    status, printed, _ = command("check", "right.py", *ACTIVATIONS, "-k", "shape or empty")
    assert status == 1
    assert "\nincomplete  2 passed; 7 not run  " in printed


def test_stop_at_the_first_failure(command):
    _, printed, _ = command("check", "wrong.py", *ACTIVATIONS, "-x", "--format", "json")
    assert [spec["outcome"] for spec in json.loads(printed)["specs"]] == ["passed", "failed"]


def test_junit_xml(command):
    status, _, _ = command("check", "wrong.py", *ACTIVATIONS, "--junitxml", "report.xml")
    suite = ElementTree.parse("report.xml").getroot()[0]
    assert (status, suite.get("tests"), suite.get("failures")) == (1, "9", "4")


def test_the_catalogue_of_mistakes(command):
    status, printed, _ = command("mistakes")
    assert status == 0
    for mistake in mistakes().values():
        assert f"  {mistake.id} " in printed
    assert f"{len(mistakes())} mistakes" in printed
    status, printed, _ = command("mistakes", "softmax")
    assert status == 0
    assert "softmax-no-shift" in printed
    assert "mask-missing" not in printed


def test_a_mistake_is_explained(command):
    status, printed, _ = command("explain", "mask-missing")
    assert status == 0
    known = mistakes()["mask-missing"]
    for words in (known.title, known.fingerprint, known.mend, known.clause, "with the mistake", "dloss/dW[0]"):
        assert words in printed


def test_a_clause_names_its_mistakes(command):
    assert "softmax-no-shift" in command("explain", "softmax.overflow")[1]


def test_mistakes_of_no_chapter(refused):
    assert "golden: not a chapter with known mistakes; expected one of activations, " in refused("mistakes", "golden")


def test_processes(command):
    pytest.importorskip("xdist")
    one, many = (
        json.loads(command("check", "wrong.py", *ACTIVATIONS, "--format", "json", *more)[1])
        for more in ((), ("-n", "2"))
    )
    for key in ("verdict", "required", "not_run"):
        assert one[key] == many[key]
    assert [spec | {"seconds": 0} for spec in one["specs"]] == [spec | {"seconds": 0} for spec in many["specs"]]
    assert one["diagnoses"] == many["diagnoses"] != []


def test_processes_without_xdist(refused, monkeypatch):
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    assert "-n needs pytest-xdist: pip install 'chainrule[parallel]'" in refused("check", "right.py", "-n", "2")


def test_more_examples(command, monkeypatch):
    assert command("check", "right.py", *ACTIVATIONS, "--thorough", "-k", "idempotence")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "the following arguments are required: TARGET"),
        ([], "the following arguments are required: COMMAND"),
        (["chekc", "right.py"], "invalid choice: 'chekc'"),
        (["check", "gone.py"], "gone.py: this file does not exist"),
        (["check", "right.py", "--chapter", "activation"], "--chapter activation: not a chapter; expected one of"),
        (["check", "right.py", "--chapter"], "--chapter: expected at least one argument"),
        (["check", "right.py", "--format", "pdf"], "invalid choice: 'pdf'"),
        (["check", "right.py", "--timeout", "soon"], "--timeout: invalid float value: 'soon'"),
        (["check", "right.py", "--nonsense"], "pytest refuses its arguments: unrecognized arguments: --nonsense"),
        (["check", "right.py", "--maxfail", "soon"], "pytest refuses its arguments: argument --maxfail: invalid int"),
        (["check", "right.py", "-k", "nothing_of_this_name"], "no spec was run: check what -k, -m or --deselect leave"),
        (["check", "right.py", "--collect-only"], "no spec was run"),
        (["check", "right.py", "-k", "a b c ("], "pytest refuses its arguments: Wrong expression passed to '-k'"),
        (["check", "right.py", "--adapter", "right.py"], "right.py: expected a class Adapter"),
        (["explain", "relu.values", "--twice"], "explain does not know --twice"),
        (["explain", "softmax.shift_invarianc"], "did you mean softmax.shift_invariance"),
        (
            ["explain", "zzzzzz"],
            "zzzzzz: not a chapter, and not the id of a clause or of a mistake; `chainrule explain` and",
        ),
        (["check", "right.py", "--name", "MLP=Foo"], "right.py: Foo is missing, which is declared as its MLP"),
        (["check", "right.py", "--name", "weights=W"], "right.py: W is missing, which is declared as its weights"),
        (["check", "right.py", "--name", "relu=rellu"], "declared as its relu; did you mean relu?"),
        (["new", "mine.txt"], "mine.txt: expected the name of a Python file, such as my_mlp.py"),
        (["new", "right.py"], "right.py: this file exists already and was not changed; name a new file"),
        (["new", "gone/mine.py"], "cannot be written (No such file or directory)"),
        (["new"], "the following arguments are required: FILE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_two_lines(command, arguments, message):
    status, _, said = command(*arguments)
    assert status == 4
    assert said.startswith("chainrule: ")
    assert message in said
    assert "Traceback" not in said
    assert len(said.partition("\nusage: ")[0].splitlines()) <= 2


def test_what_pytest_complains_of():
    assert session.complaint("usage: ...\npytest: error: no such option\n\n") == "no such option"
    assert session.complaint("ERROR: file not found\nmore\n") == "file not found"
    assert session.complaint("") == "pytest gives no reason"


def test_the_users_pytest_is_as_it_was(command, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    monkeypatch.delenv("PYTEST_PLUGINS", raising=False)
    before = dict(os.environ)
    assert command("check", "right.py", *ACTIVATIONS)[0] == 0
    assert dict(os.environ) == before


def test_the_users_settings_for_pytest_disturb_nothing(command):
    Path("pytest.ini").write_text("[pytest]\naddopts = --nonsense\npython_files = none.py\n", encoding="utf-8")
    Path("conftest.py").write_text("raise RuntimeError('read')\n", encoding="utf-8")
    for options in ((), ("-k", "test_")):
        status, printed, _ = command("check", "right.py", *ACTIVATIONS, *options)
        assert (status, "pass  9 passed" in printed) == (0, True)
    assert not Path(".pytest_cache").exists()
    assert not Path(".hypothesis").exists()


def test_a_fault_of_its_own(command, monkeypatch):
    def broken(*arguments, **keywords):
        raise RuntimeError("first\nthe sum of all\n")

    monkeypatch.setattr("chainrule.api.check_loaded", broken)
    status, _, said = command("check", "right.py")
    assert status == 4
    assert said.splitlines()[0] == "chainrule: a fault of chainrule's own, RuntimeError: the sum of all"
    assert "Please report it" in said.splitlines()[1]


def test_a_fault_within_pytest(command, monkeypatch):
    def broken(self, report):
        raise ZeroDivisionError("in a hook")

    monkeypatch.setattr(Recorder, "pytest_runtest_logreport", broken)
    status, _, said = command("check", "right.py", *ACTIVATIONS, "-k", "shape")
    assert status == 4
    assert said.startswith("chainrule: ")
    assert "Traceback" not in said


def test_a_fault_is_told_in_full_to_developers(monkeypatch):
    class Flags:
        dev_mode = True

    monkeypatch.setattr("chainrule.cli.sys.flags", Flags)
    monkeypatch.setattr("chainrule.cli.run_explain", lambda arguments, rest: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["explain"])


@pytest.mark.once
@pytest.mark.parametrize("kept", ["right.py", "package", "package/__init__.py", "notebook.ipynb", "package/inner.py"])
@pytest.mark.parametrize(
    "words",
    [("check",), ("check", "--adapter"), ("check", "--watch"), ("repro", "relu.values"), ("study",), ("adapt",)],
    ids=" ".join,
)
def test_what_may_not_be_read_is_told_in_one_line(command, monkeypatch, kept, words):
    Path("package").mkdir()
    for name in ("package/__init__.py", "package/inner.py", "notebook.ipynb"):
        Path(name).write_text(RIGHT, encoding="utf-8")
    readable, listed = io.open, os.scandir

    def refusing(function):
        def call(path, *arguments, **options):
            if os.path.abspath(path) == os.path.abspath(kept):
                raise PermissionError(13, "Permission denied", str(path))
            return function(path, *arguments, **options)

        return call

    monkeypatch.setattr("io.open", refusing(readable))  # Path.open calls it
    monkeypatch.setattr("os.scandir", refusing(listed))
    monkeypatch.setattr("chainrule.desk.desk.Desk.run", lambda desk: None)  # which would wait for a save
    target = "package" if kept == "package/__init__.py" else kept
    words = {"--adapter": (words[0], "empty.py", *words[1:], target)}.get(words[-1], (words[0], target, *words[1:]))
    assert command(*words) == (4, "", f"chainrule: {target}: cannot be read (Permission denied)\n")


def test_interrupted(command, monkeypatch):
    Path("stops.py").write_text("def relu(z):\n    raise KeyboardInterrupt\n", encoding="utf-8")
    status, _, said = command("check", "stops.py", *ACTIVATIONS)
    assert (status, said) == (130, "chainrule: interrupted\n")


@pytest.fixture
def interrupts(monkeypatch):
    """A user who presses Ctrl-C when the spec after those of ReLU begins."""

    def step(run, entry):
        if entry.chapter != "activations":
            raise KeyboardInterrupt
        return steps(run, entry)

    steps = Run.step
    monkeypatch.setattr(Run, "step", step)


OF_BOTH = ("--chapter", "activations", "softmax")


@pytest.mark.once
@pytest.mark.parametrize("options", [(), ("--maxfail", "3")])
@pytest.mark.usefixtures("interrupts")
def test_what_is_known_when_a_check_is_interrupted_is_reported(command, options):
    Path("baseline.toml").write_text(BASELINE, encoding="utf-8")
    status, printed, said = command("check", "right.py", "wrong.py", *OF_BOTH, *options, "--markdown", "summary.md")
    assert (status, said) == (130, "")
    assert re.search(r"^incomplete  9 passed; interrupted; \d+ not run", printed, re.MULTILINE)
    assert "wrong.py" not in printed
    assert ", interrupted" in Path("summary.md").read_text(encoding="utf-8")
    for update in ((), ("--update-baseline",)):
        status, printed, _ = command("check", "right.py", *OF_BOTH, *options, "--baseline", "baseline.toml", *update)
        assert status == 130
        assert "gate red  interrupted" in printed
        assert "did not run" not in printed
        assert Path("baseline.toml").read_text(encoding="utf-8") == BASELINE


@pytest.mark.once
@pytest.mark.parametrize("words", [("repro", "right.py", "softmax.overflow"), ("study", "right.py", *OF_BOTH)])
@pytest.mark.usefixtures("interrupts")
def test_other_commands_that_are_interrupted_say_so(command, words):
    status, _, said = command(*words)
    assert status == 130
    assert said.startswith("chainrule: interrupted")


@pytest.mark.once
def test_interrupted_while_causes_are_looked_for(command, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.diagnosis.diagnose.diagnose", interrupted)
    status, printed, _ = command("check", "wrong.py", *ACTIVATIONS)
    assert status == 130
    assert "failed; interrupted  " in printed


def test_interrupted_while_python_imports_the_command(monkeypatch, capsys):
    class Interrupted:
        def find_spec(self, name, path=None, target=None):
            if name == "chainrule.cli":
                raise KeyboardInterrupt

    kept = {name: module for name, module in sys.modules.items() if name.startswith("chainrule.cli")}
    monkeypatch.setattr("chainrule.cli", None)
    monkeypatch.delattr("chainrule.cli")
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert __main__.main() == 130
    assert capsys.readouterr().err == "chainrule: interrupted\n"


@pytest.mark.skipif(sys.platform != "linux", reason="a name of bytes that are not text")
def test_a_name_that_the_locale_cannot_read(refused):
    name = os.fsdecode(b"\xcf\x80\xff.py")
    Path(name).write_text(RIGHT, encoding="utf-8")
    assert "not text in this locale; set PYTHONUTF8=1" in refused("adapt", name)


def test_interrupted_while_loading(command):
    Path("stops.py").write_text("class Net:\n    raise KeyboardInterrupt\n", encoding="utf-8")
    assert command("check", "stops.py")[0] == 130


def test_version(command):
    assert command("--version")[:2] == (0, f"chainrule {VERSION}\n")


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["explain", "--help"], ["new", "--help"]])
def test_help(command, arguments):
    status, printed, _ = command(*arguments)
    assert status == 0
    assert printed.startswith("usage: chainrule")


def test_help_names_the_statuses_and_the_default(command):
    printed = command("check", "--help")[1]
    assert "4 the command or TARGET is unusable" in " ".join(printed.split())
    assert f"default {DEFAULT_TIMEOUT:g};" in " ".join(printed.split())
    assert all(chapter in printed for chapter in CHAPTERS)


def test_explain_lists_every_clause(command):
    status, printed, _ = command("explain")
    assert status == 0
    assert [line.split()[0] for line in printed.splitlines()] == list(clauses())


@pytest.mark.parametrize("clause", ["softmax.shift_invariance", "relu.values", "gradients.weights"])
def test_explain_shows_a_clause(command, clause):
    status, printed, _ = command("explain", clause)
    assert status == 0
    assert printed.startswith(f"{clause}  {clauses()[clause].title}  {clauses()[clause].file}")
    for part in (clauses()[clause].formula, clauses()[clause].equation):
        assert "".join(part.split()) in "".join(printed.split())


def test_new_writes_a_skeleton_that_is_all_todo(command):
    status, printed, _ = command("new", "my_mlp.py")
    assert (status, printed) == (
        0,
        "my_mlp.py: written; fill in its functions, and run `chainrule check my_mlp.py` after each\n",
    )
    status, printed, _ = command("check", "my_mlp.py", "--format", "json")
    written = json.loads(printed)
    assert (status, written["verdict"], written["not_run"]) == (1, "incomplete", 0)
    assert {spec["outcome"] for spec in written["specs"]} == {"todo"}
    assert {spec["message"].split()[0] for spec in written["specs"]} == {
        "relu",
        "softmax",
        "cross_entropy",
        "xavier",
        "MLP",
    }


def test_new_leaves_a_file_as_it_is(command):
    command("new", "right.py")
    assert Path("right.py").read_text(encoding="utf-8") == RIGHT


def test_python_m_chainrule():
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", "check", "right.py", *ACTIVATIONS], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "pass  9 passed" in done.stdout
