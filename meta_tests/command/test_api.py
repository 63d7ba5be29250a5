"""Checks in a session: of what, with which answers, and that nothing is left behind."""

import asyncio
import json
import os
import random
import types
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest

import chainrule
from chainrule import UnusableTarget, reference
from chainrule.api import check_loaded as run_check
from chainrule.contract.conventions import NATIVE
from chainrule.host.source.session_definitions import Definitions
from chainrule.reports.html import page
from chainrule.running.loading import load

pytestmark = pytest.mark.once


def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


class Net:
    """A network in columns, with a mean loss that reads the number of samples from outside."""

    def __init__(self, n_x, n_h, n_y):
        self.W1, self.b1 = np.random.randn(n_h, n_x), np.zeros((n_h, 1))
        self.W2, self.b2 = np.random.randn(n_y, n_h), np.zeros((n_y, 1))

    def forward(self, X):
        self.X, self.A1 = X, np.maximum(self.W1 @ X + self.b1, 0)
        Z2 = self.W2 @ self.A1 + self.b2
        e = np.exp(Z2 - Z2.max(axis=0))
        self.A2 = e / e.sum(axis=0)
        return self.A2

    def loss(self, X, Y):
        return -np.mean(np.log(self.forward(X)[Y, np.arange(Y.size)]))

    def backward(self, X, Y):
        self.forward(X)
        dZ2 = (self.A2 - np.eye(self.A2.shape[0])[Y].T) / Y.size
        dZ1 = self.W2.T @ dZ2 * (self.A1 > 0)
        return dZ1 @ X.T, dZ1.sum(axis=1, keepdims=True), dZ2 @ self.A1.T, dZ2.sum(axis=1, keepdims=True)


def outcomes(result):
    return {spec.id: spec.outcome for spec in result.specs}


def test_a_function_is_checked_by_its_own_chapter():
    result = chainrule.check(relu)
    assert (result.verdict, {spec.chapter for spec in result.specs}) == ("pass", {"activations"})
    assert result.failed == []
    assert result


def test_a_function_that_is_wrong():
    result = chainrule.check(softmax)
    assert not result
    assert [spec.id for spec in result.failed] == ["softmax.overflow"]
    assert result.failed[0].where.startswith("test_api.py:")
    session = {"softmax": softmax}
    with np.errstate(all="ignore"):
        exec(result.failed[0].snippet, session)  # the lines to paste run where the function is
        assert np.isnan(session["impl"].softmax(np.array([[1000.0, 0.0]]))).any()


def test_a_class_by_itself_and_by_one_of_its_objects():
    result = chainrule.check(Net, conventions={"initialization": "any"}, chapters=["gradients"])
    assert result.verdict == "pass", result
    conventions = {key: result.conventions[key].value for key in ("samples", "weights", "seeding", "architecture")}
    assert conventions == {"samples": "columns", "weights": "out_in", "seeding": "global", "architecture": "[*, *, *]"}
    again = chainrule.check(Net(4, 6, 3), conventions={"initialization": "any"}, chapters="gradients")
    assert outcomes(again) == outcomes(result)


def test_a_module_a_dictionary_and_a_list():
    module = types.ModuleType("mine")
    module.relu, module.softmax = relu, reference.softmax
    for target in (module, vars(module), [relu, reference.softmax], {"relu": relu, "softmax": reference.softmax}):
        result = chainrule.check(target, chapters=("activations", "softmax"))
        assert result.verdict == "pass", result


def test_a_path_and_a_module_name(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def relu(z):\n    return abs(z)\n", encoding="utf-8")
    for target in (path, str(path)):
        assert chainrule.check(target, chapters="activations").verdict == "fail"
    assert chainrule.check("chainrule.reference", chapters="activations")


def test_an_adapter_for_definitions_and_an_implementation():
    class Adapter(chainrule.Implementation):
        def relu(self, z):
            return self.target.rectify(z)

    assert chainrule.check({"rectify": relu}, adapter=Adapter, chapters="activations")
    assert chainrule.check(Adapter(Definitions({"rectify": relu})), chapters="activations")


def test_what_is_declared_in_a_session():
    definitions = {"relu": relu, "CHAINRULE": {"precision": "float32"}}
    result = chainrule.check(definitions, chapters="activations")
    assert (result.conventions["precision"].value, result.conventions["precision"].source) == ("float32", "declared")
    stronger = chainrule.check(definitions, chapters="activations", conventions={"precision": "float64"})
    assert stronger.conventions["precision"].value == "float64"


@pytest.mark.parametrize(
    "target",
    [None, 3, [relu, 3], {1, 2}, lambda z: z, np.zeros(3)],
    ids=["nothing", "number", "list", "set", "lambda", "array"],
)
def test_what_is_no_target(target):
    with pytest.raises(TypeError, match=r"expected|pass it with"):
        chainrule.check(target)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chapters": "gradient"}, "gradient: not a chapter"),
        ({"conventions": {"sample": "rows"}}, "not a convention"),
        ({"conventions": {"samples": "diagonal"}}, "samples is declared to be 'diagonal'"),
        ({"names": {"Softmax": "softmax"}}, "'Softmax' is not a name of the contract"),
    ],
)
def test_what_cannot_be_asked(options, message):
    with pytest.raises(UnusableTarget, match=message):
        chainrule.check(relu, **options)
    with pytest.raises(UnusableTarget, match="this file does not exist"):
        chainrule.check("gone.py")
    with pytest.raises(TypeError, match="adapter"):
        chainrule.check(relu, adapter="adapter.py")


def test_nothing_is_left_behind(capfd):
    namespace = {"Net": Net, "relu": relu, "m": 12, "W1": np.ones((2, 3)), "__name__": "__main__"}
    before, arrays = dict(namespace), namespace["W1"].copy()
    environment, folder = dict(os.environ), os.getcwd()
    np.random.seed(5)
    random.seed(5)
    state, own = np.random.get_state()[1].copy(), random.getstate()
    with warnings.catch_warnings():
        filters = list(warnings.filters)
        for _ in range(2):
            chainrule.check(namespace, chapters="activations")
        assert warnings.filters == filters
    assert namespace.keys() == before.keys()
    assert all(namespace[name] is before[name] for name in before)
    assert np.array_equal(namespace["W1"], arrays)
    assert (dict(os.environ), os.getcwd()) == (environment, folder)
    assert np.array_equal(np.random.get_state()[1], state)
    assert random.getstate() == own
    assert capfd.readouterr() == ("", "")


def test_it_runs_where_an_event_loop_runs():
    async def cell():
        return chainrule.check(relu).verdict

    assert asyncio.run(cell()) == "pass"


def test_a_definition_that_changes_is_checked_anew():
    session = {"relu": np.abs}
    session["relu"] = lambda z: np.abs(z)
    assert not chainrule.check(session, chapters="activations")
    session["relu"] = lambda z: np.maximum(z, 0)
    assert chainrule.check(session, chapters="activations")


def test_the_result_holds_what_the_command_writes():
    result = chainrule.check(softmax)
    written = json.loads(result.to_json())
    assert written == json.loads(json.dumps(result.to_dict()))
    assert (written["schema"], written["verdict"], written["target"]) == (1, "fail", "softmax")
    assert written["conventions"].keys() == NATIVE.keys()
    assert result.notes == tuple(written["notes"])
    assert str(result) == repr(result)
    assert "softmax.overflow" in str(result)
    assert "\x1b" not in str(result)


class Reader(HTMLParser):
    """Collects the text of a page, its tags, and everything that a browser would fetch or run."""

    VOID = frozenset({"meta", "br"})

    def __init__(self):
        super().__init__()
        self.text, self.opened, self.fetched = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.opened.append(tag)
        names = {"src", "href", "srcset", "onload", "onclick"} & {name for name, _ in attributes}
        self.fetched += [tag] if names or tag in ("script", "link", "img", "iframe") else []

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.opened == []
    return reader


@pytest.mark.parametrize("form", ["_repr_html_", "to_html"])
def test_html_tells_the_same_and_fetches_nothing(form):
    result = chainrule.check(softmax)
    html = getattr(result, form)()
    reader = read(html)
    text = " ".join(reader.text)
    assert reader.fetched == []
    assert "url(" not in html
    for spec in result.failed:
        for said in (
            spec.id,
            spec.title,
            spec.message,
            spec.formula,
            spec.snippet,
            spec.expected,
            spec.actual,
            spec.where,
        ):
            assert said in text
    for spec in result.specs:
        assert spec.outcome == "passed" or spec.id in text
    assert ("<html" in html) is (form == "to_html")


def test_html_escapes_what_code_says():
    def relu(z):
        raise ValueError("<script>alert(1)</script> & <b>")

    result = chainrule.check(relu)
    html = page(result.outcome)
    reader = read(html)
    assert "<script>" not in html
    assert "<script>alert(1)</script> & <b>" in " ".join(reader.text)


def test_the_lines_of_a_session_are_those_of_its_cells():
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    try:
        shell.run_cell("import numpy as np, chainrule", store_history=True)
        cell = shell.execution_count
        shell.run_cell("one = 1\ndef relu(z):\n    return np.abs(z)\n", store_history=True)
        shell.run_cell("result = chainrule.check(globals(), chapters='activations')", store_history=True)
        assert {spec.where for spec in shell.user_ns["result"].failed} == {f"In [{cell}]:2"}
    finally:
        type(shell).clear_instance()


def test_what_the_command_checks_and_what_a_session_checks_end_alike(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n\n\ndef relu(z):\n    return np.abs(z)\n", encoding="utf-8")
    by_command = run_check(load(str(path)), chapters=["activations"])
    in_session = chainrule.check(str(path), chapters=["activations"])
    assert outcomes(in_session) == {spec.id: spec.outcome for spec in by_command.specs}


GLOBALS = """
import numpy as np

W1, b1 = np.ones((4, 5)), np.zeros(5)
W2, b2 = np.ones((5, 3)), np.zeros(3)


def forward(X):
    A1 = np.maximum(X @ W1 + b1, 0)
    e = np.exp(A1 @ W2 + b2 - (A1 @ W2 + b2).max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""


def test_a_session_whose_parameters_are_globals_keeps_them():
    session = {"__name__": "__main__"}
    exec(GLOBALS, session)
    before = {name: session[name] for name in ("W1", "b1", "W2", "b2")}
    values = {name: array.copy() for name, array in before.items()}
    result = chainrule.check(session, chapters="shapes")
    assert outcomes(result)["network.forward"] == "passed", result
    assert all(session[name] is array for name, array in before.items())
    assert all(np.array_equal(array, values[name]) for name, array in before.items())
