"""Cheaters are caught, each for what it does, and nobody else is."""

import atexit
import importlib
import inspect
import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import chainrule
from banks import cheaters
from banks.cheaters import HONEST_FILES, PATCHERS, WATCHERS, WRONG_RELU
from banks.honest import HONEST
from banks.style_bank import STYLES
from chainrule import api, golden
from chainrule.contract.chapters import CHAPTERS
from chainrule.host.guard import looks, snapshot
from chainrule.host.guard.environment import nobody_there
from chainrule.host.guard.finding import DIFFERS, FRESH, LOOKS, REPLACED, RESULTS
from chainrule.host.guard.looks import looks_in
from chainrule.mathematics import comparison
from chainrule.mathematics.cases import Case
from chainrule.reports.html import fragment
from chainrule.running import unwatched
from chainrule.running.loading import load
from chainrule.running.results import Results, SpecResult
from chainrule.specification import searching  # noqa: F401  # and with it Hypothesis, which a cheater looks for
from chainrule.specification.asked_anew import operations
from chainrule.specification.registry import specs_of

RELU = ("activations",)


@pytest.fixture
def write(tmp_path):
    """Writes a file to check, and returns its path."""

    def write(source, name="net.py"):
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def checked(write):
    """The outcome of checking a source, all of it executed."""

    def checked(source, chapters=RELU, **options):
        return api.check_loaded(load(write(source), run_all=True), chapters=chapters, **options)

    return checked


@pytest.fixture
def command():
    """Runs a module of Python in a process of its own: (exit status, what it printed)."""

    def command(*arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        done = subprocess.run(
            [sys.executable, "-m", *arguments], env=environment, capture_output=True, encoding="utf-8", timeout=300
        )
        return done.returncode, done.stdout + done.stderr

    return command


def findings(outcome, kind):
    return [finding for finding in outcome.tampering if finding.kind == kind]


def names(cheats):
    return [cheat.name.replace(" ", "_") for cheat in cheats]


# Patching


@pytest.mark.parametrize("cheat", PATCHERS, ids=names(PATCHERS))
def test_what_is_patched_is_named_put_back_and_fails(cheat, checked):
    before = snapshot.take()
    outcome = checked(cheat.source, cheat.chapters)
    found = [finding.what for finding in findings(outcome, REPLACED)]
    assert outcome.verdict == "fail"
    assert snapshot.restore(before) == []  # nothing is left of it
    if cheat.what is None:
        assert [name.rpartition(".")[2] for name in found] == ["assert_equal", "assert_shape", "assert_that"]
    else:
        assert found == [cheat.what]


LOADED = ["patches np.allclose", "patches assert_close", "replaces given", "overrides sys.modules"]


@pytest.mark.parametrize("cheat", [cheat for cheat in PATCHERS if cheat.name in LOADED], ids=LOADED)
def test_what_was_patched_as_the_file_loaded_judges_all_the_same(cheat, checked):
    failed = {result.id for result in checked(cheat.source).specs if result.outcome == "failed"}
    assert "relu.absolute_value" in failed


@pytest.mark.parametrize(
    ("what", "options"),
    [
        ("chainrule.running.run.judge", ()),
        ("chainrule.reports.text.TextReport", ()),
        ("hypothesis.given", ("--thorough",)),
    ],
)
def test_a_process_of_its_own_has_loaded_what_judges_before_the_file(what, options, write, command):
    module, _, name = what.rpartition(".")
    patch = f"\n\nimport {module}\n\nreal = {what}\n{what} = lambda *a, **k: real(*a, **k)\n"
    source = cheaters.IMPORTS + cheaters.FUNCTIONS + patch
    arguments = ("--run-all", "--chapter", "activations", *options)
    status, printed = command("chainrule", "check", write(source), *arguments)
    assert status == 1
    assert f"tampering  {module}.{name} was replaced" in printed


@pytest.mark.parametrize(
    "fake", ["lambda *a, **k: lambda test: lambda: None", "1 / 0", "lambda *a, **k: (_ for _ in ()).throw(SystemExit)"]
)
def test_what_looks_for_a_smaller_input_makes_no_failure_a_pass(fake, write, command):
    """Hypothesis is loaded when a property has failed: what the file has made of it changes no outcome."""
    source = cheaters.IMPORTS + WRONG_RELU + f"\n\nimport hypothesis\n\nhypothesis.given = {fake}\n"
    source = source.replace("= 1 / 0", "= None")
    status, printed = command("chainrule", "check", write(source), "--run-all", "--chapter", "activations")
    assert status == 1
    assert "relu-absolute" in printed
    assert "4 failed" in printed


def test_a_replacement_is_shown_with_its_place(checked):
    source = cheaters.IMPORTS + WRONG_RELU + "\n\ndef fake(*a):\n    return True\n\n\nnp.isclose = fake\n"
    (finding,) = findings(checked(source), REPLACED)
    assert finding.where == f"net.py:{source.splitlines().index('def fake(*a):') + 1}"


def test_a_file_that_cannot_be_loaded_leaves_nothing_behind(write):
    original = np.allclose
    with pytest.raises(chainrule.UnusableTarget):
        load(write("import numpy as np\nnp.allclose = None\nraise ValueError\n"), run_all=True)
    assert np.allclose is original


def test_a_live_object_that_patches_is_told():
    def relu(z):
        comparison.assert_equal = comparison.assert_close
        return np.maximum(z, 0)

    original = comparison.assert_equal
    result = chainrule.check(relu)
    assert comparison.assert_equal is original
    assert result.verdict == "fail"
    assert "tampering  chainrule.mathematics.comparison.assert_equal was replaced" in str(result)


# Being watched


@pytest.mark.parametrize("cheat", WATCHERS, ids=names(WATCHERS))
def test_what_differs_when_no_test_is_watching_fails(cheat, checked):
    outcome = checked(cheat.source, cheat.chapters)
    assert [result.message for result in outcome.specs if result.outcome in ("failed", "error")] == []
    assert outcome.verdict == "fail"
    (finding,) = [finding for finding in findings(outcome, cheat.kind) if finding.what == cheat.what]
    assert finding.explanation.startswith(
        "passed its specs, but returns other results on the same inputs when no test runs"
    )
    assert findings(outcome, LOOKS) != []


@pytest.mark.parametrize("question", ["'PYTEST_CURRENT_TEST' in os.environ", "os.environ.get('PYTEST_VERSION')"])
def test_the_environment_does_not_tell_a_spec(question, checked):
    source = f"import os\nimport numpy as np\n\n\ndef relu(z):\n    return z * 0 if {question} else np.maximum(z, 0)\n"
    outcome = checked(source)
    assert outcome.verdict == "pass"
    assert [finding.explanation for finding in outcome.tampering] == ["asks whether a test runs"]


def test_the_environment_does_not_tell_a_file_that_loads(write, tmp_path):
    seen = tmp_path / "seen"
    target = write(
        f"import os\nopen({str(seen)!r}, 'w').write(str([n for n in os.environ if 'PYTEST' in n]))\n{HONEST}"
    )
    load(target, run_all=True)
    assert seen.read_text() == "[]"


def test_nobody_is_there_and_then_everybody_again():
    def tests():
        modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] in FRAMEWORKS}
        return modules, {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}, sys.argv

    before = tests()
    with nobody_there("net.py"):
        assert tests() == ({}, {}, ["net.py"])
        importlib.import_module("_pytest.timing")  # by somebody who brings pytest in a second time
    assert tests() == before
    assert all(before)


FRAMEWORKS = ("pytest", "_pytest", "hypothesis")


LOOKS_AT = {
    "import sys\nsys._getframe(1)": "looks at who calls it",
    "from sys import _getframe\n_getframe(1)": "looks at who calls it",
    "import sys\ngetattr(sys, '_getframe')(1)": "looks at who calls it",
    "import inspect\ninspect.stack()": "looks at who calls it",
    "from inspect import stack as s\ns()": "looks at who calls it",
    "import traceback\ntraceback.extract_stack()": "looks at who calls it",
    "import sys\n'pytest' in sys.modules": "asks whether a test framework is loaded",
    "import sys\nsys.modules.get('_pytest.python')": "asks whether a test framework is loaded",
    "import sys\nsys.modules['chainrule.mathematics.rounding']": "asks whether a test framework is loaded",
    "import os\nos.environ.get('PYTEST_VERSION')": "asks whether a test runs",
    "import gc\ngc.get_objects()": "reaches beyond the code itself",
    "import os\nos._exit(0)": "reaches beyond the code itself",
    "import atexit\natexit.register(print)": "reaches beyond the code itself",
}


@pytest.mark.parametrize("source", LOOKS_AT)
def test_looks_are_found_in_the_source(source, write, tmp_path):
    write(f"def f():\n{textwrap.indent(source, '    ')}\n", "asks.py")
    found = looks_in([tmp_path / "asks.py"])
    assert [(finding.explanation, finding.where) for finding in found] == [(LOOKS_AT[source], "asks.py:3")]
    assert not found[0].fails


def test_what_only_resembles_a_look_is_none(write, tmp_path):
    write(
        '"""PYTEST_CURRENT_TEST is not read."""\nimport logging, inspect, sys, numpy as np\n\n\ndef f(stack):\n'
        '    "_getframe"\n    np.trace(np.eye(2)); stack.stack(); np.stack([1]); inspect.signature(f)\n'
        "    sys.modules['numpy']; 'test' in sys.argv; self.register(f)\n",
        "plain.py",
    )
    assert looks_in([tmp_path / "plain.py"]) == []


def test_a_file_that_is_imported_is_looked_into(write):
    write("import sys\n\n\ndef caller():\n    return sys._getframe(1)\n", "helper_of_net.py")
    loaded = load(write("import helper_of_net\n\n\ndef relu(z):\n    return helper_of_net.caller()\n"))
    assert [finding.where for finding in loaded.tampering] == ["helper_of_net.py:5"]


def test_a_look_that_is_hidden_in_the_source_is_seen_as_it_happens(checked):
    source = (
        "import sys\nimport numpy as np\n\n\ndef relu(z):\n"
        "    getattr(sys, '_get' + 'frame')(0)\n    return np.maximum(z, 0)\n"
    )
    outcome = checked(source)
    assert outcome.verdict == "pass"
    assert [(finding.what, finding.where) for finding in outcome.tampering] == [("sys._getframe", "net.py:6")]


def test_what_does_not_return_when_nobody_tests(checked, monkeypatch):
    monkeypatch.setattr(unwatched, "PATIENCE", 0.3)
    before = threading.active_count()
    body = cheaters.WATCHED["looks for pytest among the modules"]
    source = cheaters.IMPORTS + body + cheaters.TESTED.replace("np.abs(z)", "sleep()")
    outcome = checked(source + "\n\ndef sleep():\n    while True:\n        pass\n")
    (finding,) = findings(outcome, DIFFERS)
    assert finding.explanation.endswith(": it does not return")
    assert threading.active_count() == before


# Remembering


def test_remembered_inputs_of_a_run_are_not_enough(checked, write, tmp_path):
    """A table of everything that the specification asked before: all specs pass, and fresh inputs do not."""
    chapters = ("softmax",)
    source = cheaters.RECORDING.replace("TABLE = {}", "import builtins\n\nTABLE = builtins.asked_before = {}")
    try:
        assert api.check_loaded(load(write(source), run_all=True), chapters=chapters).verdict == "pass"
        (tmp_path / "table.pickle").write_bytes(pickle.dumps(vars(__import__("builtins"))["asked_before"]))
    finally:
        del __import__("builtins").asked_before
    for otherwise in ("np.abs(z) / np.abs(z).sum()", "None", "1 / 0"):
        outcome = checked(cheaters.remembering(str(tmp_path / "table.pickle"), otherwise), chapters)
        assert {result.outcome for result in outcome.specs} == {"passed"}
        assert outcome.verdict == "fail"
        (finding,) = outcome.tampering
        assert (finding.what, finding.kind) == ("softmax", FRESH)
        assert "is right on the specification's inputs, but is wrong on fresh ones (seed " in finding.explanation


def test_remembered_golden_values_are_not_enough(checked, tmp_path):
    table = {((z.shape, z.dtype.str, z.tobytes()),): p for z, p in golden.functions().softmax}
    (tmp_path / "table.pickle").write_bytes(pickle.dumps(table))
    outcome = checked(cheaters.remembering(str(tmp_path / "table.pickle")), ("golden",))
    assert [result.id for result in outcome.specs if result.outcome == "passed"] == ["golden.softmax"]
    assert outcome.verdict == "fail"
    (finding,) = outcome.tampering
    assert finding.explanation.startswith("gives the golden values, but is wrong on fresh ones (seed ")


# The set of specs


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_expected_specs_are_those_that_are_marked(chapter):
    module = importlib.import_module(f"chainrule.spec_tests.test_{chapter}")
    marked = [test.spec.clause for test in vars(module).values() if hasattr(test, "spec")]
    assert [entry.clause for entry in specs_of(chapter)] == marked
    assert len(marked) > 0


def test_specs_cannot_be_taken_away(checked):
    source = cheaters.IMPORTS + (
        "\nfrom chainrule.running.run import Run\n\n\ndef relu(z):\n    import gc\n"
        "    for thing in gc.get_objects():\n"
        "        if type(thing) is Run:\n            thing.entries, thing.required = thing.entries[:2], ()\n"
        "    return np.maximum(z, 0)\n"
    )
    outcome = checked(source)
    assert [result.id for result in outcome.specs] == [entry.clause for entry in specs_of("activations")]
    assert outcome.required == RELU


def test_specs_that_are_taken_away_from_pytest_are_missed(checked):
    source = cheaters.IMPORTS + (
        "\n\ndef relu(z):\n    import gc\n    import pytest\n"
        "    for thing in gc.get_objects():\n"
        "        if type(thing) is pytest.Session and any('spec_tests' in str(item.path) for item in thing.items):\n"
        "            thing.items[:] = [item for item in thing.items if item.name in ('test_shape', 'test_dtype')]\n"
        "    return np.maximum(z, 0)\n"
    )
    outcome = checked(source, pytest_arguments=["-x"])
    assert outcome.not_run > 0
    assert outcome.not_run + len(outcome.specs) == len(specs_of("activations"))
    assert outcome.verdict == "incomplete"


def test_what_was_left_out_is_missed(checked):
    outcome = checked(HONEST, pytest_arguments=["-k", "not values"])
    assert (outcome.not_run, outcome.verdict) == (1, "incomplete")


def test_results_of_no_spec_and_contradicting_ones():
    results = Results()
    results.add(SpecResult("a.b", "softmax", "T", "passed"))
    assert results.strange(["a.b", "a.c"]) == ()
    results.add(SpecResult("a.b", "softmax", "T", "failed"))
    results.add(SpecResult("x.y", "softmax", "T", "passed"))
    unknown, twice = results.strange(["a.b"])
    assert (unknown.what, twice.what) == ("x.y", "a.b")
    assert (unknown.kind, twice.kind) == (RESULTS, RESULTS)
    assert unknown.fails


def test_a_result_of_no_spec_is_refused(checked):
    source = cheaters.IMPORTS + (
        "\nfrom chainrule.running.results import Results, SpecResult\n\n\ndef relu(z):\n    import gc\n"
        "    for thing in gc.get_objects():\n        if type(thing) is Results:\n"
        "            thing.add(SpecResult('relu.forged', 'activations', 'T', 'passed'))\n"
        "    return np.maximum(z, 0)\n"
    )
    outcome = checked(source)
    assert "relu.forged" not in [result.id for result in outcome.specs]
    assert [finding.what for finding in findings(outcome, RESULTS)] == ["relu.forged"]
    assert outcome.verdict == "fail"


@pytest.mark.parametrize("order", [("passed", "failed"), ("failed", "passed")])
def test_of_two_results_the_worse_counts(order):
    results = Results()
    for outcome in order:
        results.add(SpecResult("a.b", "softmax", "T", outcome))
    assert [result.outcome for result in results] == ["failed"]
    assert results.contradicted == {"a.b"}


def test_specs_whose_bodies_never_run_are_errors(checked):
    """The first call, in a spec without drawn inputs, empties those with."""
    source = cheaters.IMPORTS + (
        "\nfrom dataclasses import replace\n\n\ndef relu(z):\n    import sys\n"
        "    for name, module in list(sys.modules.items()):\n"
        "        if name.endswith('spec_tests.test_activations'):\n"
        "            for test in vars(module).values():\n"
        "                if hasattr(test, 'given'):\n"
        "                    test.given = replace(test.given, body=lambda **k: None)\n"
        "    return np.abs(z)\n"
    )
    outcome = checked(source)
    errors = {result.id: result.message for result in outcome.specs if result.outcome == "error"}
    assert errors["relu.values"] == "ran without calling the implementation, so it shows nothing"
    found = {finding.what.rpartition(".")[2] for finding in findings(outcome, REPLACED)}
    assert found == {"test_homogeneity", "test_idempotence", "test_absolute_value", "test_values"}
    assert "ran without" not in str([result.message for result in checked(HONEST).specs])  # nothing is left of it


# When Python ends


EXITS = (
    cheaters.IMPORTS
    + WRONG_RELU
    + ("\n\ndef leave():\n    import os\n    os._exit(0)\n\n\nimport atexit\natexit.register(leave)\n")
)


def test_an_exit_status_cannot_be_registered(write, command):
    status, printed = command("chainrule", "check", write(EXITS), "--run-all", "--chapter", "activations")
    assert status == 1, printed
    assert "noticed    leave was to run when Python ends; chainrule removed it" in printed


def test_what_libraries_register_stays(write, monkeypatch):
    taken, unregister = [], atexit.unregister
    monkeypatch.setattr(atexit, "unregister", taken.append)
    registering = "import atexit\nimport os\n\natexit.register(os.path.basename, 'net.py')\natexit.register(own)\n"
    load(write(f"def own():\n    pass\n\n\n{registering}\n\ndef relu(z):\n    return z\n"), run_all=True)
    assert [function.__name__ for function in taken] == ["own"]
    for function in (os.path.basename, *taken):
        unregister(function)


# Reports


def test_reports_show_it(checked):
    outcome = checked(PATCHERS[0].source)
    (written,) = json.loads(outcome.to_json())["tampering"]
    assert (written["what"], written["kind"], written["fails"]) == ("numpy.allclose", "replaced", True)
    assert "tampering: numpy.allclose was replaced" in fragment(outcome)


def test_the_command_shows_it_above_the_verdict(write, command):
    (cheat,) = [cheat for cheat in WATCHERS if cheat.name == "looks for a spec on the stack"]
    status, printed = command("chainrule", "check", write(cheat.source), "--chapter", "activations")
    lines = printed.splitlines()
    assert status == 1
    assert any(line.startswith("tampering  relu passed its specs, but returns other results") for line in lines)
    assert lines[-1].startswith("fail  9 passed")


def test_plain_pytest_fails_as_well(write, command):
    plugins = ("-p", "chainrule.pytest_plugin", "-p", "no:cacheprovider")
    specs = ("--pyargs", "chainrule.spec_tests.test_activations")
    status, printed = command("pytest", *plugins, *specs, "--impl", write(WATCHERS[0].source))
    assert status == 1, printed
    assert "9 passed" in printed
    assert "tampering: relu passed its specs, but returns other results" in printed
    assert "noticed: sys._getframe looks at who calls it" in printed
    assert "warning" not in printed


def test_what_worker_processes_find_is_told(checked):
    pytest.importorskip("xdist")
    patch = f"import os\nif os.getpid() != {os.getpid()}:\n    np.isclose = np.allclose"  # not in this process
    cheat = cheaters.late_patcher("patches elsewhere", patch, "numpy.isclose")
    outcome = checked(cheat.source.replace("np.abs(z)", "np.maximum(z, 0)"), pytest_arguments=["-n", "1"])
    assert [finding.what for finding in findings(outcome, REPLACED)] == [cheat.what]
    assert outcome.verdict == "fail"


# No false alarm


@pytest.mark.parametrize("name", HONEST_FILES)
def test_honest_files_are_left_alone(name, checked, monkeypatch):
    for owner, attribute in ((np, "bool"), (np, "float"), (np, "load"), (json.JSONEncoder, "default")):
        monkeypatch.setattr(owner, attribute, getattr(owner, attribute, None), raising=False)  # put back afterwards
    with np.errstate(), np.printoptions():
        outcome = checked(HONEST_FILES[name], ())
    assert outcome.tampering == ()
    assert outcome.verdict == "pass", [result for result in outcome.specs if result.outcome != "passed"]


def test_the_reference_is_left_alone():
    outcome = api.check_loaded(load("chainrule.reference"))
    assert (outcome.tampering, outcome.verdict) == ((), "pass")


BROAD = ("columns_minibatch.py", "pure_python_batch.py", "sizes_list_float32.py", "mnist_hardwired.py")


@pytest.mark.parametrize("style", [style for style in STYLES if style.file in BROAD], ids=lambda style: style.file)
def test_styles_are_left_alone(style, tmp_path):
    outcome = api.check_loaded(load(str(style.copy(tmp_path)), conventions=style.declared))
    assert outcome.tampering == ()


@pytest.mark.parametrize(("size", "right"), [(1.0, True), (4e3, True), (4e3, False)])
def test_a_repeated_loss_may_be_inf_where_probabilities_vanish_and_not_nan(write, size, right):
    weights = [np.array([[size, 0.0], [0.0, size]])]
    case = Case([2, 2], weights, [np.zeros(2)], np.eye(2), np.array([1, 0]))
    source = HONEST if right else HONEST.replace("return cross_entropy(self.forward(x), y)", "return np.nan")
    impl = load(write(source)).impl
    found = unwatched.unwatched(impl, {"network.loss": "passed"}, {"loss": [case]}, seed=0)
    assert [finding.kind for finding in found] == ([] if right else [DIFFERS])


def test_the_reference_holds_on_fresh_inputs_of_many_seeds():
    impl = chainrule.load("chainrule.reference")
    outcomes = {clause: "passed" for operation in operations() for clause in operation.after}
    for seed in range(50):
        assert unwatched.unwatched(impl, outcomes, {}, seed=seed) == []


def test_chainrule_in_a_checkout_is_no_part_of_a_project(write, tmp_path, monkeypatch):
    monkeypatch.setattr(looks, "file_of", lambda name, _: tmp_path / f"{name.partition('.')[0]}.py")
    for name in ("chainrule", "other"):
        (tmp_path / f"{name}.py").write_text("", encoding="utf-8")
    target = Path(write("import chainrule.host\nimport other\n"))
    assert [file.name for file in looks.own_files(target, "net")] == ["net.py", "other.py"]


# Libraries


LIBRARY = "import inspect\n\nown = inspect.getfile\n\n\ndef getfile(thing):\n    return own(thing)\n\n\n"
HONEST_RELU = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Installs a library of the given source, and returns its name."""
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    kept = inspect.getfile

    def install(source):
        (folder / "a_library.py").write_text(source)
        return "a_library"

    yield install
    sys.modules.pop("a_library", None)
    inspect.getfile = kept


@pytest.mark.parametrize(
    "source",
    ["import a_library\n" + HONEST_RELU, HONEST_RELU.replace("    return", "    import a_library\n    return")],
    ids=["as_it_loads", "as_a_function_runs"],
)
def test_what_a_library_replaces_while_it_is_imported_is_not_the_codes_doing(checked, library, source):
    library(LIBRARY + "inspect.getfile = getfile\n")
    outcome = checked(source)
    assert (outcome.verdict, outcome.tampering) == ("pass", ())
    assert inspect.getfile.__module__ == "a_library"  # the library needs it


@pytest.mark.parametrize(
    "replacing",
    [
        "a_library.inspect.getfile = a_library.getfile\n",
        "np.allclose = lambda *a, **k: True\n",
    ],
)
def test_what_the_code_replaces_with_the_help_of_a_library_is(checked, library, replacing):
    library(LIBRARY)
    outcome = checked("import a_library\n" + HONEST_RELU + replacing)
    assert outcome.verdict == "fail"
    assert [finding.kind for finding in outcome.tampering] == [REPLACED]


def test_an_installed_target_does_not_count_as_a_library(library):
    name = library(LIBRARY + HONEST_RELU + "inspect.getfile = getfile\n")
    outcome = api.check_loaded(load(name), chapters=RELU)
    assert [finding.what for finding in outcome.tampering] == ["inspect.getfile"]
