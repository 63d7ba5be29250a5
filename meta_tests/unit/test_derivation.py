"""The derivation as HTML: every equation is MathML, and every name that the page knows is a link."""

import re
from html import escape
from xml.etree import ElementTree

import pytest

from chainrule.mathematics.clauses import chapters, clauses
from chainrule.study.derivation import mathml, sections, with_links
from chainrule.study.highlighting import highlighted

ARITY = {"msub": 2, "msup": 2, "mfrac": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
PREFORMATTED = re.compile(r"(?s)<pre>.*?</pre>|<code>.*?</code>")


@pytest.mark.parametrize("file", chapters())
def test_every_equation_is_set(file):
    source = re.sub(r"(?m)^    .*$|`[^`\n]*`", "", chapters()[file])
    equations = len(re.findall(r"(?s)\$\$.+?\$\$|\$[^$]+\$", source))
    html = "".join(section.heading + section.body for section in sections(file))
    assert html.count("<math ") == equations
    assert not set("$\\") & set(PREFORMATTED.sub("", html))
    for equation in re.findall(r"(?s)<math .*?</math>", html):
        for element in ElementTree.fromstring(equation).iter():
            assert len(element) == ARITY.get(element.tag, len(element)), equation


@pytest.mark.parametrize("file", chapters())
def test_a_minus_at_the_beginning_of_a_line_makes_no_list(file):
    items = re.findall(r"(?m)^(?:-|\d+\.) ", re.sub(r"(?s)\$\$.+?\$\$", "", chapters()[file]))
    assert sum(section.body.count("<li>") for section in sections(file)) == len(items)


@pytest.mark.parametrize("file", chapters())
def test_every_clause_is_a_section(file):
    named = [section.name for section in sections(file) if section.name in clauses()]
    assert named == [clause.id for clause in clauses().values() if clause.file == file]


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\log p", "log|p"),
        (r"p \log q", "p|log|q"),
        (r"\partial \log p", "∂|log|p"),
        (r"-\log(p)", "\N{MINUS SIGN}log(p)"),
        (r"\log \mathrm{softmax}(z)", "log|softmax(z)"),
        (r"W_{\mathrm{out}}", "Wout"),
        (r"\mathrm{Var} w", "Var|w"),
        (r"a \lt b", "a<b"),
    ],
)
def test_names_of_functions_stand_apart(latex, text):
    found = [element for element in ElementTree.fromstring(mathml(latex)).iter() if not len(element)]
    assert "".join("|" if element.tag == "mspace" else element.text for element in found) == text


def test_only_what_the_page_knows_is_linked():
    html = "<p><code>relu.values</code> and <code>other.name</code></p>"
    assert with_links(html, {"relu.values": "relu.values"}) == (
        '<p><a href="#relu.values"><code>relu.values</code></a> and <code>other.name</code></p>'
    )


def test_a_string_of_several_lines_stays_one_on_each():
    lines = ["def f(z):", '    """One', "", '    two < three."""', "    return z  # <"]
    found = highlighted(lines)
    assert [re.sub("<[^>]+>", "", line) for line in found] == list(map(escape, lines))
    assert '<span class="defined">f</span>' in found[0]
    assert [line.count('class="string"') for line in found[1:4]] == [1, 0, 1]
    assert found[4].endswith('<span class="remark"># &lt;</span>')
