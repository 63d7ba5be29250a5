"""What a file of a newer Python than this one needs."""

import sys

import pytest

from chainrule.contract.errors import UnusableTarget
from chainrule.host.source import newer_python
from chainrule.host.source.newer_python import needs
from chainrule.host.source.targets import load_source

FORMS = {  # {source: (the version that introduced it, what of it)}
    "try:\n    f()\nexcept* ValueError as group:\n    pass\n": ("3.11", "except*"),
    "x = a[*b]\ny = a[1, *b]\n": ("3.11", "a starred index"),
    "def f(*args: *Ts): pass\n": ("3.11", "a starred annotation"),
    'x = f"saved in {f"{path}.npz"}"\n': ("3.12", "an f-string"),
    "x = f'{a['b']!r:>{width}} {{}} {c != d} {e=}' f''\n": ("3.12", "an f-string"),
    "x = f'{\"\\n\".join(lines)} {x:{'>'}{10}}'\n": ("3.12", "an f-string"),
    "x = f'''{\n    a  # a comment with a ' in it\n}'''\n": ("3.12", "an f-string"),
    "type Vector = list[float]\ntype Pair[T] = tuple[T, T]\n": ("3.12", "type"),
    "def first[T: (int, str)](items: list[T]) -> T:\n    return items[0]\n": ("3.12", "type parameters"),
    "class Stack[T]:\n    pass\n\nclass Both[T, *Ts](Stack[T]):\n    pass\n": ("3.12", "type parameters"),
    "class Stack[T = int]:\n    pass\n": ("3.13", "a default of type parameters"),
    "type Pair[T = int] = tuple[T, T]\n": ("3.13", "a default in type"),
    "try:\n    f()\nexcept ValueError, TypeError:\n    pass\n": ("3.14", "except without brackets"),
    "x = t'{name}'\ny = rt\"{name}\"\n": ("3.14", "a template string"),
    "lazy import numpy as np\nlazy from os import path\n": ("3.15", "lazy import"),
    "x = [*row for row in rows]\ny = {**d for d in ds}\n": ("3.15", "unpacking in a comprehension"),
}


def known(version):
    return sys.version_info[:2] >= tuple(map(int, version.split(".")))


def parsed(source):
    return newer_python.parses(source, {})


@pytest.mark.parametrize("source", FORMS)
def test_the_version_that_introduced_a_form(source):
    version, form = FORMS[source]
    if known(version):
        assert parsed(source)
    else:
        running = f"{sys.version_info[0]}.{sys.version_info[1]}"
        assert needs(source) == f"{form} needs Python {version} or newer, and this is Python {running}"


def test_the_newest_of_several_forms_counts():
    source = "\n".join(source for source, (version, _) in FORMS.items() if version < "3.15")
    if not known("3.14"):
        assert needs(source).startswith("except without brackets and a template string needs Python 3.14")


@pytest.mark.parametrize(
    "source",
    [
        "def relu(z:\n    return z\n",
        'x = f"{a"\n',
        'x = f"{}"\n',
        'x = f"{a b}"\n',
        "x = f'{a' + '}'\n",
        "x = f'{a[}'\n",
        "x = 'a string that does not end\n",
        "class Stack[T:\n    pass\n",
        "type Vector list[float]\n",
        "print 'x'\n",
        "try:\n    f()\nexcept ValueError, e:\n    pass\n",
        "x = (1, 2\ny = f'{1}'\n",
    ],
)
def test_what_is_wrong_in_every_version_is_not_taken_for_newer(source):
    assert not parsed(source)
    assert needs(source) == ""


@pytest.mark.skipif(known("3.12"), reason="this Python can parse it")
@pytest.mark.parametrize("run_all", [False, True])
def test_the_message_names_the_version(tmp_path, run_all):
    file = tmp_path / "mine.py"
    file.write_text('def name(path):\n    return f"saved in {f"{path}.npz"}"\n')
    with pytest.raises(UnusableTarget, match=r"mine\.py: line 2: an f-string needs Python 3\.12 or newer, and this is"):
        load_source(str(file), run_all=run_all)


@pytest.mark.skipif(known("3.12"), reason="this Python can parse it")
def test_a_neighbour_of_a_newer_python(tmp_path):
    (tmp_path / "helper.py").write_text("type Vector = list[float]\n")
    file = tmp_path / "mine.py"
    file.write_text("from helper import Vector\n\n\ndef relu(z):\n    return z * (z > 0)\n")
    (note,) = load_source(str(file)).notes
    assert "type needs Python 3.12 or newer" in note
