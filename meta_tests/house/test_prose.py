"""Comments, docstrings and messages are plain sentences, as far as a program can tell."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("chainrule", "reference", "golden", "spec_tests")
LONGEST_FIRST_SENTENCE = 20  # words

# "There is no ..." and comparisons ("is no larger than") are plain English; "it is no network" is not.
COMPARED = r"(?:longer|more|less|fewer|larger|smaller|narrower|wider|better|worse|lower|higher)"
UNWANTED = {
    "say `is not a`": rf"(?<!\bthere )\b(?:is|are|was|were) no (?!{COMPARED}\b)(?=\w)",
    "say what the thing is": r"\b(?:is|are) none\b|\bnone of the target\b|\bno matter of\b",
    "name the person or the code": r"\b[Ww]hoever\b",
    "name who gets it, and from where": r"\b(?:be|is|are|was) had\b|\bhad of\b",
    "say it": r"\bthere is to say\b|\b(?:is|are) to be said\b",
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def sources():
    """{path in the repository: source} of every module whose prose is held to these rules."""
    files = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    named = {file.relative_to(ROOT).as_posix(): file for file in files}
    return {name: file.read_text("utf-8") for name, file in named.items()}


def docstrings(source):
    """(line, docstring) of the module, and of every class and function in it that has one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
            yield node.body[0].lineno, ast.get_docstring(node)


def prose(source):
    """(line, text) of every comment and string; texts that continue each other are one."""
    previous = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text, own = token.string.lstrip("# "), not token.line[: token.start[1]].strip()
            if previous and own and token.start[0] == previous[1] + 1:
                previous = (previous[0], token.start[0], f"{previous[2]} {text}")
                continue
            if previous:
                yield previous[0], previous[2]
            previous = (token.start[0], token.start[0], text)
    if previous:
        yield previous[0], previous[2]
    inside = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            yield (
                node.lineno,
                "".join(getattr(part, "value", "{}") if type(part) is ast.Constant else "{}" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def words_of_first_sentence(docstring):
    """How many words of prose its first sentence has: code, formulas and symbols do not count."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    sentence = re.split(r"[.!?](?=\s+[A-Z`(]|$)", re.sub(r"`[^`]*`", "", paragraph))[0]
    tokens = (token.strip("()[]{},.;:'\"") for token in sentence.split())
    return sum(re.fullmatch(r"[A-Za-z]{2,}(?:['-][A-Za-z]+)*|[aA]", token) is not None for token in tokens)


def unwanted_in(text):
    """What to do instead, for every unwanted phrase in a text."""
    flat = " ".join(text.split())
    return [f"{found.group()!r}: {instead}" for instead, why in UNWANTED.items() for found in re.finditer(why, flat)]


def test_first_sentences_are_short():
    long = [
        f"{name}:{line} has a first sentence of {words} words: {docstring.splitlines()[0]}"
        for name, source in sources().items()
        for line, docstring in docstrings(source)
        if (words := words_of_first_sentence(docstring)) > LONGEST_FIRST_SENTENCE
    ]
    assert not long, "\n".join(long)


def test_no_unwanted_phrases():
    found = [
        f"{name}:{line} {complaint}: {' '.join(text.split())[:100]}"
        for name, source in sources().items()
        for line, text in prose(source)
        for complaint in unwanted_in(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("docstring", "words"),
    [
        ("Turn logits into class probabilities.  They sum to one.", 5),
        ("Turn logits\ninto class probabilities.\n\nThey sum to one.", 5),
        ("The mean of -log p[n, y[n]] over `the whole batch`, in nats.", 6),
    ],
)
def test_words_are_counted(docstring, words):
    assert words_of_first_sentence(docstring) == words


@pytest.mark.parametrize(
    "text", ["it is no network", "that is\nno network", "asked by whoever calls", "none can be had"]
)
def test_an_unwanted_phrase_is_found(text):
    assert unwanted_in(text)


@pytest.mark.parametrize("text", ["it is no longer there", "an epsilon is no larger than 1e-7", "there is no network"])
def test_plain_english_is_not(text):
    assert not unwanted_in(text)


def test_comments_and_strings_are_read():
    source = 'x = f"a {y} b"  # first\n# second\nz = ("c "\n     "d")\n'
    assert {text for _, text in prose(source)} == {"first second", "a {} b", "c d"}
