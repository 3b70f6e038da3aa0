# SPDX-License-Identifier: MIT
"""How Sphinx makes the HTML pages. scripts/make-docs lays out what they are made of."""

import re
from pathlib import Path

import furo
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

here = Path(__file__).parent

project = "Eddy"
author = "the authors of Eddy"
copyright = author  # noqa: A001 (Sphinx's name)
version = release = re.search(
    r'EDDY_VERSION "(.*)"', (here / "api.h").read_text(encoding="utf-8")
)[1]

extensions = ["breathe", "myst_parser"]
myst_heading_anchors = 3
root_doc = "index"
exclude_patterns = ["examples/**/*.md"]

breathe_projects = {"eddy": str(here.parent / "xml")}
breathe_default_project = "eddy"
breathe_domain_by_extension = {"h": "c"}
c_id_attributes = cpp_id_attributes = ["EDDY_SUSPENDS"]
primary_domain = "c"
highlight_language = "none"

html_theme = "furo"
html_title = f"Eddy {version}"
html_static_path = ["static"]
html_css_files = ["eddy.css", "dark.css"]
smartquotes = False
html_show_sphinx = False
html_copy_source = False


class LinkNames(SphinxTransform):
    """`eddy_queue_put(queue, &x)` in a guide leads to where eddy_queue_put is explained."""

    default_priority = 400

    def apply(self):
        if self.env.docname.startswith("api/"):
            return
        for literal in list(self.document.findall(nodes.literal)):
            match = re.search(r"\b((?:eddy|EDDY)_\w+)", literal.astext())
            if not match or isinstance(literal.parent, nodes.reference):
                continue
            link = addnodes.pending_xref(
                "", refdomain="c", reftype="identifier", reftarget=match[1], refwarn=False
            )
            link["refdoc"] = self.env.docname
            literal.replace_self(link)
            link += literal


def write_dark_theme(app):
    """Makes dark.css: the dark colours of the theme for readers whose system is dark.

    Debian's build of furo has them only for those who pressed its button; code is dark for both.
    """
    styles = Path(furo.__file__).parent / "theme/furo/static/styles/furo.css"
    dark = re.search(r'body\[data-theme="dark"\]\s*(\{.*?\})', styles.read_text(encoding="utf-8"),
                     re.DOTALL)[1]
    (here / "static/dark.css").write_text(
        "@media not print and (prefers-color-scheme: dark) {\n"
        f'body:not([data-theme="light"]) {dark}\n}}\n', encoding="utf-8")


def setup(app):
    app.add_transform(LinkNames)
    app.connect("builder-inited", write_dark_theme)
    return {"parallel_read_safe": True}
