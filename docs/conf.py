"""Builds the documentation: `nox -s docs`.  Sphinx reads the pages of this folder and those that pages.py writes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pages
from docutils.nodes import SkipNode
from latex2mathml.converter import convert

from chainrule.support.version import VERSION

project = "chainrule"
author = "The chainrule maintainers"
copyright = author
version = release = VERSION
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
suppress_warnings = ["myst.header"]  # a chapter of the mathematics may begin below another's level
nitpicky = True
html_theme = "furo"
html_title = f"chainrule {VERSION}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sphinx = html_show_copyright = False
html_copy_source = html_show_sourcelink = False


def mathml(self, node):
    """Write an equation as MathML, which browsers set without a script."""
    self.body.append(convert(node.astext().strip()))
    raise SkipNode


def display(self, node):
    """Write an equation on lines of its own."""
    self.body.append(f'<div class="math">{convert(node.astext().strip(), display="block")}</div>')
    raise SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (mathml, None), (display, None))
    app.connect("builder-inited", lambda app: pages.write(Path(app.srcdir) / "generated"))
    app.connect("source-read", pages.relink)
