"""`chainrule study`: which lines run for which clause, what it says of the others, and its three forms."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from jsonschema import Draft202012Validator

import chainrule
from chainrule.mathematics.clauses import clauses

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
STYLES = ROOT / "meta_tests" / "banks" / "styles"
SCHEMA = json.loads((ROOT / "docs" / "study.schema.json").read_text(encoding="utf-8"))
TINY = """\
import numpy as np


def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    if z.ndim == 3:
        return None
    if not np.isfinite(z).all():
        raise ValueError("logits must be finite")
    e = np.exp(
        z - z.max(axis=1, keepdims=True)
    )
    return e / e.sum(axis=1, keepdims=True)


def dead(z):
    return z + 1


if __name__ == "__main__":
    data = open("gone").read()
    print(dead(data))
"""
CHAPTERS = ("--chapter", "activations", "softmax")


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    Path("tiny.py").write_text(TINY, encoding="utf-8")


@pytest.fixture
def studied(command):
    """The JSON of a study, which fits its schema."""

    def studied(*arguments):
        status, printed, said = command("study", *arguments, "--format", "json")
        assert (status, said) == (0, "")
        study = json.loads(printed)
        Draft202012Validator(SCHEMA).validate(study)
        return study

    return studied


def lines_of(study, clause, about=None):
    """The lines that a clause runs, as file:place."""
    runs = next(found for found in study["clauses"] if found["id"] == clause)["runs"]
    files = study["files"]
    return [
        f"{files[run['file']]['name']}:{files[run['file']]['lines'][run['line']]['place']}"
        for run in runs
        if about is None or run["about"] == about
    ]


def kinds(study, file=0):
    """{place: kind} of the lines with code."""
    return {line["place"]: line["kind"] for line in study["files"][file]["lines"] if line["kind"]}


# The join


def test_a_clause_runs_its_lines_and_no_others(studied):
    study = studied("tiny.py", *CHAPTERS)
    assert lines_of(study, "relu.values") == ["tiny.py:5"]
    assert lines_of(study, "softmax.normalized") == [f"tiny.py:{line}" for line in (9, 11, 13, 14, 15, 16)]
    assert {outcome["outcome"] for outcome in study["clauses"]} == {"passed"}
    assert study["totals"] == {"lines": {"some": 5, "all": 7}, "clauses": {"some": 23, "all": 23}}


def test_a_line_names_the_clauses_that_reach_it(studied):
    study = studied("tiny.py", *CHAPTERS)
    line = study["files"][0]["lines"][4]
    assert line["clauses"] == sorted(clause for clause in clauses() if clause.startswith("relu."))
    assert study["files"][0]["lines"][15]["clauses"] == sorted(c for c in clauses() if c.startswith("softmax."))


def test_what_no_clause_reaches_is_told_apart(studied):
    study = studied("tiny.py", *CHAPTERS)
    expected = {
        "1": "loaded", "4": "loaded", "5": "reached", "8": "loaded", "9": "reached", "10": "unreached", "11": "reached",
        "12": "refusal", "13": "reached", "14": "reached", "15": "reached", "16": "reached", "19": "loaded",
        "20": "unreached", "23": "left out", "24": "loaded", "25": "loaded",
    }  # fmt: skip
    assert kinds(study) == expected
    never = {line["place"]: line["never"] for line in study["files"][0]["lines"] if line["never"]}
    assert never == {"9": "the condition was never true"}


def test_the_spec_itself_stands_beside_its_clause(studied):
    found = next(clause for clause in studied("tiny.py", *CHAPTERS)["clauses"] if clause["id"] == "softmax.normalized")
    source = (ROOT / found["file"]).read_text(encoding="utf-8").split("\n")
    assert "\n".join(source[found["line"] - 1 :]).startswith(found["source"])
    assert 'spec("softmax.normalized")' in found["source"]


def test_a_rare_line_is_what_a_clause_is_about(studied):
    Path("both.py").write_text(
        TINY + "\n\ndef softmax_loss(x, y):\n    p = softmax(x)\n    return p, y\n", encoding="utf-8"
    )
    study = studied("both.py", "--chapter", "softmax", "layers")
    assert lines_of(study, "softmax_loss.values", about=True) == ["both.py:29", "both.py:30"]
    assert "both.py:16" in lines_of(study, "softmax_loss.values", about=False)
    assert "both.py:16" in lines_of(study, "softmax.values", about=True)


WRONG = TINY.replace("z - z.max(axis=1, keepdims=True)", "z")
HANGING = TINY.replace(
    "    return np.maximum(z, 0)", "    while z.size == 0:\n        pass\n    return np.maximum(z, 0)"
)


@pytest.mark.parametrize(
    ("source", "limit"), [(TINY, 60), (WRONG, 60), (HANGING, 0.3)], ids=["right", "wrong", "hanging"]
)
def test_outcomes_are_those_of_a_check(studied, source, limit):
    Path("mine.py").write_text(source, encoding="utf-8")
    outcome = chainrule.check("mine.py", chapters=["activations", "softmax"], timeout=limit).outcome
    study = studied("mine.py", *CHAPTERS, "--timeout", limit)
    found = {clause["id"]: clause["outcome"] for clause in study["clauses"]}
    assert found == {result.id: result.outcome for result in outcome.specs}
    assert study["verdict"] == outcome.verdict
    assert lines_of(study, "softmax.values")[0] == f"mine.py:{9 + 2 * (source is HANGING)}"


def test_a_failing_clause_has_its_lines_and_its_message(studied):
    Path("wrong.py").write_text(WRONG, encoding="utf-8")
    found = next(c for c in studied("wrong.py", *CHAPTERS)["clauses"] if c["id"] == "softmax.overflow")
    assert found["outcome"] == "failed"
    assert "nan" in found["message"]
    assert found["runs"]


def test_a_missing_function_leaves_its_clauses_alone(studied):
    Path("half.py").write_text(TINY.replace("def relu", "def rectify_only_here"), encoding="utf-8")
    study = studied("half.py", *CHAPTERS)
    alone = {clause["id"]: clause["outcome"] for clause in study["clauses"] if not clause["runs"]}
    assert set(alone) == {clause for clause in clauses() if clause.startswith("relu.")}
    assert "passed" not in alone.values()
    assert study["chapters"][0]["clauses"] == {"some": 0, "all": 9}


def test_lines_of_a_notebook_are_cell_and_line(studied):
    cells = ["%matplotlib inline\nimport numpy as np", TINY.partition("\n\n\n")[2]]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(book, "tiny.ipynb")
    study = studied("tiny.ipynb", *CHAPTERS)
    assert lines_of(study, "relu.values") == ["tiny.ipynb:cell 2:2"]
    assert kinds(study)["cell 2:17"] == "unreached"
    assert study["files"][0]["lines"][0]["text"] == "%matplotlib inline"
    assert study["totals"]["lines"] == {"some": 5, "all": 7}


def test_every_file_of_a_package_that_ran_is_there(studied):
    package = Path("net")
    package.mkdir()
    package.joinpath("__init__.py").write_text(
        "from .parts.soft import softmax\nfrom .soft import relu\n", encoding="utf-8"
    )
    package.joinpath("parts").mkdir()
    package.joinpath("parts", "__init__.py").write_text("", encoding="utf-8")
    package.joinpath("parts", "soft.py").write_text(TINY, encoding="utf-8")
    package.joinpath("soft.py").write_text(TINY, encoding="utf-8")
    package.joinpath("unused.py").write_text(TINY, encoding="utf-8")
    study = studied("net", *CHAPTERS)
    names = [file["name"] for file in study["files"]]
    assert names[:2] == ["net/soft.py", "parts/soft.py"]  # in the order in which clauses reach them
    assert "unused.py" not in " ".join(names)
    assert lines_of(study, "relu.values") == ["net/soft.py:5"]
    assert lines_of(study, "softmax.values")[0] == "parts/soft.py:9"


def test_files_above_a_folder_are_studied_with_it(studied):
    for folder, name, source in (
        ("book/common", "functions.py", TINY),
        ("book/chapter", "net.py", "import os, sys\nsys.path.append(os.pardir)\nfrom common.functions import relu\n\n\n"
            "def softmax(z):\n    return z\n\n\ndef cross_entropy(p, y):\n    return p\n"),
    ):  # fmt: skip
        Path(folder).mkdir(parents=True)
        Path(folder, name).write_text(source, encoding="utf-8")
    Path("book/common/__init__.py").write_text("", encoding="utf-8")
    study = studied("book/chapter", "--chapter", "activations")
    assert lines_of(study, "relu.values") == ["functions.py:5"]


def test_a_folder_may_have_any_name(studied):
    Path("net [1] {a}").mkdir()
    Path("net [1] {a}", "tiny.py").write_text(TINY, encoding="utf-8")
    study = studied("net [1] {a}/tiny.py", "--chapter", "activations")
    assert lines_of(study, "relu.values") == ["tiny.py:5"]


def test_an_adapter_is_studied_with_its_target(studied):
    Path("theirs.py").write_text(TINY.replace("def softmax(z)", "def classes(z, scale)"), encoding="utf-8")
    adapter = (
        "import chainrule\n\n\nclass Adapter(chainrule.Implementation):\n"
        "    def softmax(self, z):\n        return self.target.classes(z, 1)\n"
    )
    Path("adapter.py").write_text(adapter, encoding="utf-8")
    study = studied("theirs.py", "--adapter", "adapter.py", "--chapter", "softmax")
    assert {"theirs.py:16", "adapter.py:6"} <= set(lines_of(study, "softmax.values"))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The study of chainrule's own reference, as JSON."""
    from chainrule.cli import main

    output = tmp_path_factory.mktemp("study") / "reference.json"
    assert main(["study", "chainrule.reference", "--output", str(output), "--fail-under", "100"]) == 0
    return json.loads(output.read_text(encoding="utf-8"))


def test_every_line_and_every_clause_of_the_reference_is_covered(reference):
    expected = {clause for clause in clauses() if not clause.startswith("accuracy.")}
    assert {clause["id"] for clause in reference["clauses"] if clause["runs"]} == expected
    open_ends = [
        f"{file['name']}:{line['place']} {line['kind']} {line['never']}"
        for file in reference["files"]
        for line in file["lines"]
        if line["kind"] == "unreached" or line["never"]
    ]
    assert open_ends == []
    assert reference["verdict"] == "pass"
    assert {Path(file["path"]).parent for file in reference["files"]} == {Path(chainrule.reference.__file__).parent}


def test_the_reference_s_own_citations_are_borne_out(reference):
    """A clause that a docstring of the reference cites reaches the function below it."""
    for name, cited in (
        ("softmax", "softmax.normalized"),
        ("relu", "relu.values"),
        ("xavier", "initialization.variance"),
    ):
        file = next(file for file in reference["files"] if file["name"] == "functions.py")
        first = next(n for n, line in enumerate(file["lines"]) if line["text"].startswith(f"def {name}("))
        body = [line for line in file["lines"][first:] if line["counts"]]
        assert cited in body[0]["clauses"]


def test_nothing_of_what_comes_before_belongs_to_the_first_clause(reference):
    assert lines_of(reference, "relu.shape") == lines_of(reference, "relu.values") == ["functions.py:14"]


def test_a_training_that_several_clauses_ask_for_runs_for_each(reference):
    ran = {clause["id"]: {(run["file"], run["line"]) for run in clause["runs"]} for clause in reference["clauses"]}
    assert ran["training.every_sample"] == ran["training.last_batch"]
    assert len(ran["training.last_batch"]) > 30


# Its forms


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_tables_fit_the_terminal(command, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    status, printed, _ = command("study", "tiny.py", *CHAPTERS, "cross_entropy")
    assert status == 0
    assert max(map(len, printed.splitlines())) <= width
    assert "5 of 7 lines reached, 24 of 36 clauses served" in printed
    assert re.search(r"tiny\.py +5 of 7 +10, 20", printed)
    assert "tiny.py:9  the condition was never true" in printed
    assert re.search(r"clauses that no line serves\s+todo\s+cross_entropy\.input_kept", printed)


def test_the_name_of_the_file_decides_the_format(command):
    for name, begins in (("a.html", "<!doctype html>"), ("a.json", "{"), ("a.txt", "tiny.py  pass")):
        assert command("study", "tiny.py", *CHAPTERS, "--output", name) == (0, "", "")
        assert Path(name).read_text(encoding="utf-8").startswith(begins)
    assert command("study", "tiny.py", *CHAPTERS, "--format", "json", "--output", "b.html")[0] == 0
    assert json.loads(Path("b.html").read_text(encoding="utf-8"))["schema"] == 1


def test_fewer_lines_than_asked_for_is_status_1(command):
    assert command("study", "tiny.py", *CHAPTERS, "--fail-under", "71")[0] == 0
    status, _, said = command("study", "tiny.py", *CHAPTERS, "--fail-under", "72")
    assert status == 1
    assert said == "chainrule: the clauses reach 71.4 % of the lines; --fail-under asks for 72 %\n"


def test_a_file_without_a_network_covers_nothing(command):
    Path("empty.py").write_text("answer = 42\n", encoding="utf-8")
    status, printed, _ = command("study", "empty.py", "--fail-under", "1")
    assert status == 1
    assert "0 of 0 lines reached, 0 of 110 clauses served" in printed
    assert "no function" in printed.splitlines()[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gone.py",), "gone.py: this file does not exist"),
        (("tiny.py", "--fail-under", "120"), "--fail-under 120: expected a percentage, from 0 to 100"),
        (("tiny.py", "--timeout", "-1"), "--timeout -1: expected seconds, from 0 to 1e+06"),
        (("tiny.py", "--chapter", "softmaxx"), "--chapter softmaxx: not a chapter"),
        (("tiny.py", "--output", "no/such/folder.html"), "--output no/such/folder.html: cannot be written"),
        (("no_such_module",), "no_such_module: no file or module has this name"),
    ],
)
def test_what_cannot_be_studied_is_one_message(command, arguments, said):
    status, printed, complained = command("study", *arguments)
    assert (status, printed) == (4, "")
    assert complained.startswith(f"chainrule: {said}")


@pytest.mark.parametrize(
    ("library", "form"),
    [("coverage", "text"), ("latex2mathml.converter", "html"), ("mdit_py_plugins.dollarmath", "html")],
)
def test_a_library_that_is_missing_is_named_with_the_way_to_get_it(command, monkeypatch, library, form):
    monkeypatch.setitem(sys.modules, library, None)
    for name in ("chainrule.study.page", "chainrule.study.derivation"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    status, printed, said = command("study", "tiny.py", *CHAPTERS, "--format", form)
    assert (status, printed) == (4, "")
    assert said.count("\n") == 1
    assert "which is not installed: pip install 'chainrule[study]'" in said


# The page


class Reader(HTMLParser):
    """The ids, the links and the elements of a page, and what it would load."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads, self.tags = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" else []
        self.loads += [(tag, values[name]) for name in ("src", "srcset", "data") if values.get(name)]
        self.loads += [(tag, values["href"])] if tag == "link" else []


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    from chainrule.cli import main

    folder = tmp_path_factory.mktemp("page")
    folder.joinpath("wrong.py").write_text(WRONG + "# </script>\n", encoding="utf-8")
    main(["study", str(folder / "wrong.py"), *CHAPTERS, "--output", str(folder / "wrong.html")])
    return folder.joinpath("wrong.html").read_text(encoding="utf-8")


def test_the_page_loads_nothing(html):
    page = Reader(html)
    assert page.loads == []
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp|https?://(?!www\.w3\.org)", html)


def test_every_link_of_the_page_has_its_end(html):
    page = Reader(html)
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert all(link.startswith("#") for link in page.links)


def test_the_page_holds_the_whole_derivation(html):
    page = Reader(html)
    wanted = [clause for clause in clauses().values() if clause.chapter in CHAPTERS]
    assert {clause.id for clause in wanted} <= set(page.ids)
    assert page.tags.count("math") >= len(wanted)
    assert "$" not in re.sub(r"(?s)<(script|pre)\b.*?</\1>|<code>.*?</code>", "", html)


def test_what_nobody_reaches_stands_out_without_colour(html):
    assert re.search(r'<div class="line unreached"[^>]*><span class="number">20</span><span class="count"[^>]*>✗', html)
    assert "◐ the condition was never true" in html


def test_what_is_missed_is_listed_with_links(html):
    assert '<p>Lines that no clause reaches: <a href="#line-0-9">wrong.py:10</a>, ' in html
    assert '<a href="#line-0-19">wrong.py:20</a></p>' in html


def test_a_cause_leads_to_its_line(html):
    found = re.search(r'<li><span class="failed">certain</span> (.*?) <a href="#(line-0-\d+)">wrong.py:(\d+)</a>', html)
    assert found
    assert found[2] == f"line-0-{int(found[3]) - 1}"


def luminance(colour):
    """The relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_page_says_what_failed_and_why_before_anything_else(command):
    Path("wrong.py").write_text(TINY.replace("np.maximum(z, 0)", "np.abs(z)"), encoding="utf-8")
    status, _, _ = command("study", "wrong.py", *CHAPTERS, "--output", "study.html")
    assert status == 0
    head = Path("study.html").read_text(encoding="utf-8").partition("<main>")[0]
    top, _, folded = head.partition("<details>")
    for clause in ("relu.dtype", "relu.values"):
        assert f'<a href="#{clause}">{clause}</a>' in top
    assert re.search(r"<strong>\d+</strong> of \d+ clauses passed", top)
    assert "the sign is dropped" in folded
    assert "<p>Mend it: <code>return np.maximum(z, 0)</code></p>" in folded
    _, printed, _ = command("study", "wrong.py", *CHAPTERS)
    assert re.search(r"^\d+ of \d+ clauses passed; of what ran, right or wrong:$", printed, re.MULTILINE)


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_defined():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the classic that just fails


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read(html, dark):
    """WCAG 2.2, level AA: a contrast of 4.5 for text, and of 3 for marks."""
    style = html[html.index("<style>") : html.index("</style>")]
    blocks = re.findall(r"(@media \(prefers-color-scheme: dark\) \{ )?:root \{([^}]*)\}", style)
    colours = {}
    for is_dark, block in blocks:
        if dark or not is_dark:
            colours |= dict(re.findall(r"--([\w-]+): (#\w{6})", block))
    grounds = ("back", "soft", "about", "passes", "missed")
    words = ("text", "remark", "string", "keyword", "defined", "dim", "todo")
    weak = [(w, g) for w in words for g in grounds if contrast(colours[w], colours[g]) < 4.5]
    weak += [
        (w, "back") for w in ("passed", "failed", "error", "blocked") if contrast(colours[w], colours["back"]) < 4.5
    ]
    weak += [("failed", "missed")] if contrast(colours["failed"], colours["missed"]) < 4.5 else []
    weak += [("mark", g) for g in grounds if contrast(colours["mark"], colours[g]) < 3]
    assert weak == []
