"""`chainrule repro`: lines that repeat a failure by themselves; and the first screen of a report, which names them."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from banks.learners import SHIFT, filled
from chainrule.support.version import VERSION

pytestmark = pytest.mark.once

SUMMED = filled().replace("        delta /= n\n", "")
UNSHIFTED = filled().replace(SHIFT, "0")
NUMBER = re.compile(r"-?\d+\.\d*(?:e-?\d+)?")
SCREEN = 24  # lines of a terminal


@pytest.fixture(autouse=True)
def surroundings(terminal):
    terminal(80)
    Path("my.py").write_text(SUMMED, encoding="utf-8")


def numbers(text):
    return [float(number) for number in NUMBER.findall(text)]


def test_the_lines_run_and_show_the_wrong_array_beside_the_right_one(command):
    status, printed, said = command("repro", "my.py", "gradients.additivity")
    assert (status, said) == (0, "")
    assert printed.startswith("# chainrule repro my.py gradients.additivity\n# gradients.additivity: ")
    done = subprocess.run([sys.executable, "-c", printed], capture_output=True, text=True, check=True)
    wrong, right = numbers(done.stdout), numbers(printed.splitlines()[-1].partition("# should give")[2])
    # the sum over a batch of two in place of its mean; NumPy prints eight digits
    assert wrong == pytest.approx([2 * number for number in right], abs=1e-7)
    assert any(wrong)


def test_the_lines_go_to_a_new_file(command):
    status, printed, _ = command("repro", "my.py", "gradients.additivity", "--output", "wrong.py")
    assert (status, printed) == (0, "")
    subprocess.run([sys.executable, "wrong.py"], capture_output=True, check=True)
    status, _, said = command("repro", "my.py", "gradients.additivity", "--output", "wrong.py")
    assert (status, said) == (4, "chainrule: wrong.py: this file exists already and was not changed; name a new file\n")


def test_a_blocked_clause_leads_to_the_one_that_blocks_it(command):
    status, printed, said = command("repro", "my.py", "gradients.weights", "--convention", "initialization=any")
    assert (status, printed) == (1, "")
    told, _, words = said.rstrip().partition("; first mend that: chainrule ")
    assert told == "chainrule: gradients.weights is not checked: blocked by gradients.additivity, which did not pass"
    assert words == "repro my.py gradients.additivity --convention initialization=any"
    assert command(*words.split())[0] == 0


@pytest.mark.parametrize(
    ("clause", "status", "message"),
    [
        ("softmax.overflow", 1, "my.py does not break softmax.overflow: it is passed"),
        ("accuracy.fashion_mnist", 1, "my.py does not break accuracy.fashion_mnist: it did not run"),
        ("softmax.overflw", 4, "softmax.overflw: not a clause; did you mean softmax.overflow?"),
        ("gradients", 4, "gradients: not a clause; `chainrule explain` lists all"),
    ],
)
def test_nothing_to_repeat(command, clause, status, message):
    assert command("repro", "my.py", clause) == (status, "", f"chainrule: {message}\n")


def test_the_options_that_read_the_file_are_repeated(command):
    Path("my.py").write_text(SUMMED.replace("def backward(", "def down("), encoding="utf-8")
    _, printed, _ = command("check", "my.py", "--name", "backward=down", "--convention", "initialization=any")
    line = next(line for line in printed.splitlines() if "chainrule repro" in line)
    words = line.split()[1:]
    assert words[:2] == ["repro", "my.py"]
    assert words[3:] == ["--convention", "initialization=any", "--name", "backward=down"]
    assert command(*words)[0] == 0


@pytest.mark.parametrize(
    ("source", "title", "change"),
    [
        (SUMMED, "Cause (certain): the mean's 1/N is missing", "delta"),
        (UNSHIFTED, "Cause (certain): the row maximum is not subtracted before exp", ".max(axis=1, keepdims=True)"),
    ],
)
def test_the_first_screen_holds_the_verdict_the_cause_and_what_to_do(command, source, title, change):
    Path("my.py").write_text(source, encoding="utf-8")
    _, printed, _ = command("check", "my.py")
    lines = printed.splitlines()
    screen = lines[:SCREEN]
    verdict, *_, last = (line for line in lines if line.startswith("fail  "))
    assert verdict in screen
    assert last.startswith(verdict)
    head = next(line for line in screen if line.startswith(title))
    assert re.search(r"my\.py:\d+$", head)
    assert change in next(line for line in screen if line.startswith("  Tried "))


def test_a_pass_names_its_verdict_once(command):
    Path("my.py").write_text(filled(), encoding="utf-8")
    _, printed, _ = command("check", "my.py")
    assert printed.count("pass  ") == 1


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(command, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    _, printed, _ = command("check", "my.py")
    in_one_piece = ("    chainrule repro ", "  Line  ", "  Tried  ", "mend  ")  # to be pasted
    assert [line for line in printed.splitlines() if len(line) > width and not line.startswith(in_one_piece)] == []


LONG = """import numpy as np


def softmax(z):
    exponentials_of_logits = np.exp(1.0 * z + 0.0 * z * z * z * z)
    return exponentials_of_logits / exponentials_of_logits.sum(axis=1, keepdims=True)
"""


@pytest.mark.parametrize("width", [40, 60, 80])
def test_what_is_pasted_is_in_one_piece_and_no_line_ends_with_blanks(command, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    Path("my.py").write_text(LONG, encoding="utf-8")
    _, printed, _ = command("check", "my.py", "--chapter", "softmax")
    lines = printed.splitlines()
    assert lines[0].startswith(f"chainrule {VERSION}  my.py  sha256 ")
    assert [line for line in lines if line != line.rstrip()] == []
    code = "exponentials_of_logits = np.exp(1.0 * z + 0.0 * z * z * z * z)"
    assert f"  Line      {code}" in lines
    tried = next(line for line in lines if line.startswith("  Tried     "))
    assert tried.endswith(")")
    assert tried.replace("  Tried     ", "mend   ") in lines
    (explained,) = (line for line in lines[-2:] if "chainrule explain" in line)
    assert explained.endswith("chainrule explain softmax.overflow")


@pytest.mark.parametrize("columns", ["0", "1", "29"])
def test_a_terminal_that_tells_no_width_has_the_usual_one(command, monkeypatch, columns):
    printed = []
    for width in (columns, "80"):
        monkeypatch.setenv("COLUMNS", width)
        printed += [command("explain", "softmax-no-shift")[1]]
    assert printed[0] == printed[1]
    assert "with the mistake" in printed[0]


def test_a_console_without_unicode_shows_the_report():
    said = subprocess.run(
        [sys.executable, "-m", "chainrule", "check", "my.py"],
        capture_output=True,
        env={"PYTHONIOENCODING": "cp437", "PATH": "", "SYSTEMROOT": "C:\\Windows"},
        check=False,
    )
    assert (said.returncode, said.stderr) == (1, b"")
    assert b"Cause (certain)" in said.stdout


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_replaces_what_it_cannot_write(encoding):
    import pty

    Path("\u03c0.py").write_text("import numpy as np\n\n\ndef relu(z):\n    return np.abs(z)\n", encoding="utf-8")
    ours, theirs = pty.openpty()
    words = (sys.executable, "-m", "chainrule", "check", "\u03c0.py", "--chapter", "activations")
    process = subprocess.Popen(words, stdout=theirs, stderr=theirs, env={**os.environ, "PYTHONIOENCODING": encoding})
    os.close(theirs)
    said = b""
    with suppress(OSError):  # Linux raises one at the end
        while read := os.read(ours, 65536):
            said += read
    os.close(ours)
    assert process.wait() == 1
    assert b"cause (certain): the sign is dropped" in said
    assert b"?.py" in said
    assert b"?\x1b[0m" not in said  # as the spinner
