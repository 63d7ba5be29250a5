"""The specification under plain pytest, and the plugin in everybody else's pytest."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

RIGHT = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"
ACTIVATIONS = ("--pyargs", "chainrule.spec_tests.test_activations")


@pytest.fixture
def plain(tmp_path):
    """Runs plain pytest in a folder of its own: (exit status, what it printed)."""
    files = {
        "right.py": RIGHT,
        "wrong.py": RIGHT.replace("np.maximum(z, 0)", "np.abs(z)"),
        "shapeless.py": RIGHT.replace("z, 0)", "z, 0).sum()"),
        "todo.py": "",
        "constant.py": RIGHT.replace("np.maximum(z, 0)", "np.zeros(np.shape(z))"),
        "hangs.py": RIGHT.replace("    return", "    while True:\n        pass\n    return"),
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | {
        "COLUMNS": "200"
    }

    def plain(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    return plain


def test_a_pass(plain):
    status, printed = plain(*ACTIVATIONS, "--impl", "right.py")
    assert status == 0, printed
    assert "9 passed" in printed


def test_a_failure(plain):
    status, printed = plain(*ACTIVATIONS, "--impl", "wrong.py")
    assert status == 1
    assert "4 failed, 5 passed" in printed
    for line in (
        "relu.values: relu keeps positive entries and replaces the others by zero, in arrays of any size",
        "  relu(z) = max(z, 0)",
        "(off by 2.14, allowed 0; 1 of 1 entry wrong)",
        "from wrong import relu",
        "the sign is dropped: |z| in place of max(z, 0) (certain, relu-absolute)",
    ):
        assert line in printed
    assert "hypothesis" not in printed.partition("= FAILURES =")[2]  # no traceback, no advice on reproducing


def test_a_traceback_for_who_asks(plain):
    _, printed = plain(*ACTIVATIONS, "--impl", "wrong.py", "--full-trace", "-k", "values")
    assert "assert_equal(impl.relu(z), np.where(z > 0, z, 0.0)" in printed


def test_todo_is_shown_and_is_no_pass(plain):
    status, printed = plain(*ACTIVATIONS, "--impl", "todo.py", "-v")
    assert status == 1
    assert "9 todo" in printed
    assert "test_values TODO (todo: relu is missing)" in printed


def test_blocked_is_shown_and_is_no_pass(plain):
    status, printed = plain(*ACTIVATIONS, "--impl", "shapeless.py", "-v")
    assert status == 1
    assert "test_values BLOCKED (blocked: blocked by relu.shape, which did not pass)" in printed
    assert "1 blocked" in printed


def test_what_answers_the_same_to_everything_passes_nothing(plain):
    status, printed = plain(*ACTIVATIONS, "--impl", "constant.py", "-k", "shape or idempotence")
    assert status == 1
    assert "2 blocked" in printed


def test_a_time_limit(plain):
    status, printed = plain(*ACTIVATIONS, "--impl", "hangs.py", "--spec-timeout", "0.2", "-v", "-k", "shape")
    assert status == 1
    assert "relu did not return within 0.2 s" in printed


def test_processes(plain):
    pytest.importorskip("xdist")
    status, printed = plain(*ACTIVATIONS, "--impl", "shapeless.py", "-n", "2")
    assert status == 1
    assert "1 blocked" in printed


def test_an_adapter(plain, tmp_path):
    (tmp_path / "adapt.py").write_text(
        "import chainrule\n\n\nclass Adapter(chainrule.Implementation):\n"
        "    def relu(self, z):\n        return self.target.relu(z)\n",
        encoding="utf-8",
    )
    status, printed = plain(*ACTIVATIONS, "--impl", "right.py", "--adapter", "adapt.py")
    assert status == 0, printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "chainrule.spec_tests: which implementation? Name it: --impl TARGET"),
        (("--impl", "gone.py"), "ERROR: gone.py: this file does not exist (looked for "),
        (("--impl", "right.py", "--adapter", "right.py"), "ERROR: right.py: expected a class Adapter"),
    ],
    ids=["none", "missing", "adapter"],
)
def test_what_cannot_be_run(plain, arguments, message):
    status, printed = plain(*ACTIVATIONS, *arguments)
    assert status == 4
    assert message in printed
    assert "Traceback" not in printed


def test_the_users_own_tests_run_beside_the_specs(plain, tmp_path):
    (tmp_path / "test_mine.py").write_text("def test_mine():\n    pass\n", encoding="utf-8")
    status, printed = plain("test_mine.py", *ACTIVATIONS, "--impl", "right.py")
    assert status == 0, printed
    assert "10 passed" in printed


def test_other_projects_notice_nothing(plain, tmp_path):
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n"
        "    for option in ('--full', '--adapter', '--thorough', '--spec-timeout'):\n"
        "        parser.addoption(option, default='theirs')\n",
        encoding="utf-8",
    )
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\n\n"
        "def test_options(request):\n"
        "    assert request.config.getoption('--full') == 'mine'\n"
        "    assert request.config.getoption('--adapter') == 'theirs'\n\n\n"
        "def test_nothing_is_imported():\n"
        "    assert 'chainrule.pytest_plugin' in sys.modules\n"
        "    assert not {'numpy', 'hypothesis', 'rich', 'chainrule.host.source.targets'} & sys.modules.keys()\n",
        encoding="utf-8",
    )
    status, printed = plain("test_theirs.py", "--full", "mine", "-p", "no:hypothesispytest")
    assert status == 0, printed
    assert "2 passed" in printed


def test_options_are_those_of_impl_alone(plain):
    assert "unrecognized arguments: --thorough" in plain(*ACTIVATIONS, "--thorough")[1]
    helped = plain("--help")[1]
    assert "--impl=TARGET" in helped or "--impl TARGET" in helped
    assert "--spec-timeout" not in helped


def test_a_run_at_random_says_what_repeats_it(plain):
    one = (*ACTIVATIONS, "--impl", "right.py", "-k", "idempotence")
    assert "chainrule: --thorough --spec-seed 5" in plain(*one, "--thorough", "--spec-seed", "5")[1]
    assert "chainrule: --thorough --spec-seed " in plain(*one, "--thorough")[1]
    status, said = plain(*one, "--spec-seed", "5")
    assert status == 4
    assert "--spec-seed 5: only a --thorough run uses a seed" in said
