"""`chainrule check --watch`, as a learner sees it in a terminal, and as a log where there is no terminal."""

import os
import re
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from chainrule.desk.screen import Screen
from chainrule.mathematics.clauses import clauses
from chainrule.running.results import Outcome, SpecResult

RIGHT = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"
ABSOLUTE = RIGHT.replace("np.maximum(z, 0)", "np.abs(z)")
BOTH = f"""{RIGHT}

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""
WATCH = (sys.executable, "-m", "chainrule", "check", "net.py", "--watch", "--chapter")
LONGEST = 120  # seconds for an answer, on the busiest machine

on_posix = pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
pytest.importorskip("watchfiles")


class Session:
    """A command, and what it has written that no test has looked at.  read: the next piece of that, or nothing."""

    def __init__(self, process, read):
        self.process, self.read, self.unseen = process, read, ""

    def until(self, text):
        """Wait for a text, and return everything up to it, without colours and live lines."""
        end = time.monotonic() + LONGEST
        while text not in self.unseen:
            assert time.monotonic() < end, f"no {text!r} in {self.unseen[-2000:]!r}"
            self.unseen += self.read()
        seen, _, self.unseen = self.unseen.partition(text)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(RIGHT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def terminal(request, folder):
    """A session in a pseudo-terminal, and a function that presses a key."""
    command = (*WATCH, *getattr(request, "param", ("activations",)))
    import pty
    import select
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)

    def read():
        return os.read(ours, 65536).decode(errors="replace") if select.select([ours], [], [], 0.1)[0] else ""

    yield Session(process, read), lambda key: os.write(ours, key.encode())
    quitted = process.poll() is not None
    process.kill()
    process.wait()
    assert not quitted or termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def log(folder):
    """A session without a terminal."""
    process = subprocess.Popen(
        (*WATCH, "activations"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    os.set_blocking(process.stdout.fileno(), False)

    def read():
        time.sleep(0.05)
        return (process.stdout.read() or b"").decode(errors="replace")

    yield Session(process, read)
    process.kill()
    process.wait()
    process.stdout.close()


def save(source):
    Path("net.py").write_text(source, encoding="utf-8")


@on_posix
@pytest.mark.once
def test_a_learner_at_the_desk(terminal):
    session, press = terminal
    assert "pass  9 passed" in session.until("q quit")
    save(ABSOLUTE)
    seen = session.until("q quit")
    assert "net.py saved" in seen
    assert "broke  relu.dtype, relu.extreme, " in seen
    assert "cause (certain): the sign is dropped" in seen
    assert "next   activations: chainrule explain relu.dtype" in seen
    press("e")
    assert "relu-absolute" in session.until("q quit")
    press("a")
    assert "Try it" in session.until("q quit")
    save("def relu(z:\n")
    seen = session.until("q quit")
    assert "unusable net.py: not valid Python, line 1" in seen
    assert "Traceback" not in seen
    for key in "ae":
        press(key)
        assert "unusable net.py: not valid Python, line 1" in session.until("q quit")
    save(RIGHT)
    assert "mended  relu.dtype, relu.extreme, " in session.until("q quit")
    Path("net.py").unlink()
    assert "net.py deleted" in session.until("q quit")
    save(RIGHT)
    assert "net.py saved" in session.until("q quit")
    press("r")
    assert "pass  9 passed" in session.until("q quit")
    press("q")
    assert session.process.wait(LONGEST) == 0


@on_posix
@pytest.mark.once
def test_the_desk_in_a_terminal_that_is_not_of_unicode(monkeypatch, request):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    session, _ = request.getfixturevalue("terminal")
    assert "pass  9 passed" in session.until("q quit")


@on_posix
@pytest.mark.once
@pytest.mark.parametrize("terminal", [("activations", "softmax")], indirect=True)
def test_what_the_change_can_reach_runs_first(terminal):
    pytest.importorskip("coverage")
    session, _ = terminal
    session.until("q quit")
    save(BOTH)
    session.until("q quit")
    for place in range(60):  # which lines each spec runs is known only after a while in which nothing else is to do
        time.sleep(1)
        save(BOTH.replace("z, 0)", f"z, {-(place % 2)})"))
        seen = session.until("q quit")
        counted = re.search(r"(\d[^\r\n]*)  where the change can be seen", seen, re.MULTILINE)
        if counted:
            assert sum(map(int, re.findall(r"\d+", counted[1]))) == 9  # those of ReLU
            return
    raise AssertionError("no spec ran first")


@on_posix
@pytest.mark.once
def test_a_save_in_the_middle_of_a_check_starts_anew(terminal):
    session, _ = terminal
    session.until("q quit")
    save(RIGHT.replace("return", "while True:\n        pass\n    return"))
    session.until("net.py saved")
    save(RIGHT)
    session.until("net.py saved")
    assert "pass  9 passed" in session.until("q quit")


@on_posix
def test_without_a_terminal(log):
    assert "pass  9 passed" in log.until(" s\n")
    save(ABSOLUTE)
    seen = log.until("next ")
    assert "broke  relu.dtype, relu.extreme, " in seen
    assert "quit" not in seen
    log.process.send_signal(signal.SIGINT)
    assert log.process.wait(LONGEST) == 0
    assert "Traceback" not in log.unseen + log.read()


@on_posix
@pytest.mark.once
def test_code_that_ends_its_process_is_said_to(log):
    log.until(" s\n")
    save(RIGHT.replace("return", "__import__('os')._exit(3)\n    return"))
    assert "unusable" in log.until("the code ended the process")


def spec_result(clause, outcome, message=""):
    return SpecResult(clause, clauses()[clause].chapter, f"the sentence of {clause}", outcome, message)


def test_what_stands_below_the_next_step_is_of_its_clause():
    console = Console(file=StringIO(), width=100)
    screen = Screen(console, "net.py")
    specs = [spec_result("relu.values", "todo", "not written"), spec_result("softmax.overflow", "failed", "nan")]
    screen.finish(Outcome("net.py", "net.py", "", {}, specs, ["activations"]))
    _, _, below = console.file.getvalue().partition("chainrule explain softmax.overflow")
    assert below.split("\n")[1].strip() == "the sentence of softmax.overflow"
    screen.explain()
    assert "relu.values" not in console.file.getvalue()


def test_the_live_line_tells_the_clause_apart_from_the_counts():
    screen = Screen(Console(file=StringIO(), width=100, force_terminal=True, color_system=None), "net.py")
    screen.begin(["net.py saved"], ())
    screen.result(spec_result("relu.values", "failed"))
    screen.quiet()
    assert screen.status.status.endswith("1 failed[/]  [dim]at relu.values[/]")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("net.py", "net.py"), "--watch: name one TARGET"),
        (("net.py", "--format", "json"), "--watch: reports in the terminal alone"),
        (("net.py", "-k", "values"), "--watch: reports in the terminal alone, without -k"),
        (("net.py", "--baseline", "b.toml"), "--baseline b.toml: no such file"),
        (("gone.py",), "--watch gone.py: no such file or folder; `chainrule new gone.py` writes a skeleton"),
    ],
)
def test_what_cannot_be_watched(folder, command, arguments, said):
    status, printed, message = command("check", *arguments, "--watch")
    assert (status, printed) == (4, "")
    assert message.startswith(f"chainrule: {said}")


def test_the_library_that_watches_is_named(folder, command, monkeypatch):
    monkeypatch.setattr("chainrule.cli.watch.find_spec", lambda _: None)
    status, _, message = command("check", "net.py", "--watch")
    assert (status, message) == (4, "chainrule: --watch needs watchfiles: pip install 'chainrule[watch]'\n")
