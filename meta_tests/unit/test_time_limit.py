"""The limit on how long somebody's code may run: by alarm where there is one, by watchdog elsewhere."""

import signal
import sys
import threading
import time

import pytest

from chainrule.support import time_limit
from chainrule.support.time_limit import TimedOut, limit, watchdog

SHORT, LONG = 0.05, 5.0
needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="alarms are POSIX")


def spin(seconds):
    """Python code, busy for at most `seconds`; returns how long it was."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        pass
    return time.monotonic() - started


def nested(way, seconds):
    """Busy under a limit that leaves ample time, and afterwards under none of its own."""
    with way(LONG):
        spin(seconds)
    spin(LONG)


WAYS = [limit, watchdog, pytest.param(getattr(time_limit, "alarm", None), marks=needs_alarm, id="alarm")]


@pytest.mark.parametrize("way", WAYS)
def test_a_loop_is_interrupted(way):
    started = time.monotonic()
    with pytest.raises(TimedOut), way(SHORT):
        spin(LONG)
    assert time.monotonic() - started < LONG / 2


def swallow_and_go_on(seconds):
    """A loop that catches whatever happens in it."""
    started = time.monotonic()
    while True:
        try:
            sum(range(1000))
            if time.monotonic() - started > seconds:
                return
        except BaseException:
            sum(range(1000))
            continue


@needs_alarm
def test_a_loop_that_catches_everything_is_interrupted():
    started, tracing = time.monotonic(), sys.gettrace()
    with pytest.raises(TimedOut), limit(SHORT):
        swallow_and_go_on(LONG)
    assert time.monotonic() - started < LONG / 2
    assert sys.gettrace() is tracing


@pytest.mark.parametrize("way", WAYS)
def test_what_ends_in_time_is_left_alone(way):
    with way(SHORT):
        pass
    spin(3 * SHORT)  # nothing rings afterwards


@needs_alarm
def test_the_alarm_interrupts_sleep():
    started = time.monotonic()
    with pytest.raises(TimedOut), limit(SHORT):
        time.sleep(LONG)
    assert time.monotonic() - started < LONG / 2


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_a_busy_machine_lets_wait_is_not_interrupted(way):
    with way(SHORT):
        time.sleep(2 * SHORT)
        spin(0.2 * SHORT)


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_limit(seconds):
    with limit(seconds):
        assert spin(2 * SHORT) >= 2 * SHORT


@pytest.mark.parametrize("way", WAYS)
def test_code_that_swallows_the_first_reminder_gets_another(way, monkeypatch):
    monkeypatch.setattr(time_limit, "REPEAT", SHORT)
    swallowed = []

    def stubborn():
        try:
            spin(LONG)
        except:  # noqa: E722
            swallowed.append(True)
        spin(LONG)

    with pytest.raises(TimedOut), way(SHORT):
        stubborn()
    assert swallowed


def test_no_except_exception_holds_it_back():
    assert not issubclass(TimedOut, Exception)


def test_another_thread_is_interrupted_too():
    ends = []

    def work():
        try:
            with limit(SHORT):
                spin(LONG)
        except TimedOut:
            ends.append("timed out")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LONG / 2)
    assert ends == ["timed out"]


@needs_alarm
def test_the_handler_is_restored():
    before = signal.getsignal(signal.SIGALRM)
    with limit(LONG):
        assert signal.getsignal(signal.SIGALRM) is not before
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("way", WAYS)
def test_an_outer_limit_outlives_an_inner_one(way):
    started = time.monotonic()
    with pytest.raises(TimedOut), way(4 * SHORT):
        nested(way, 0)
    assert 3.9 * SHORT <= time.monotonic() - started < LONG / 2


@pytest.mark.parametrize("way", WAYS)
def test_an_inner_limit_rings_first(way):
    with way(LONG):
        started = time.monotonic()
        with pytest.raises(TimedOut), way(SHORT):
            spin(LONG)
        assert time.monotonic() - started < LONG / 2


@needs_alarm
def test_an_outer_limit_that_passed_meanwhile_rings_at_once():
    started = time.monotonic()
    with pytest.raises(TimedOut), limit(SHORT):
        nested(limit, 2 * SHORT)
    assert time.monotonic() - started < LONG / 2
