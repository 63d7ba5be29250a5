"""The tutorial shows what its commands print."""

import os

import pytest

from programs import tutorial


@pytest.mark.once
@pytest.mark.skipif(os.name == "nt", reason="the page shows the paths of other systems")
def test_every_command_prints_what_the_page_shows(tmp_path):
    text = tutorial.PAGE.read_text(encoding="utf-8")
    assert text.count("$ chainrule") > 10
    assert tutorial.comparable(tutorial.executed(text, tmp_path)) == tutorial.comparable(text)


def test_a_function_takes_the_place_of_its_namesake(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(
        "x = 1\n\n\ndef f():\n    raise NotImplementedError\n\n\nclass A:\n    def f(self):\n        pass\n"
    )
    tutorial.put(path, None, "def f():\n    return 1\n")
    tutorial.put(path, "A", "def f(self):\n    return 2\n")
    expected = "x = 1\n\n\ndef f():\n    return 1\n\n\nclass A:\n    def f(self):\n        return 2\n"
    assert path.read_text(encoding="utf-8") == expected


def test_what_differs_from_run_to_run_is_alike():
    assert tutorial.comparable("9 passed  1.6 s") == tutorial.comparable("9 passed  0.1 s")
    assert tutorial.comparable("9 passed") != tutorial.comparable("8 passed")
