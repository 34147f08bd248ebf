"""A notebook with everything in it that a page must not run. Each payload adds to ``pwned``."""

from __future__ import annotations

import base64

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from .graded_course import autograded_notebook, named, png


def pwn(name: str) -> str:
    """Return JavaScript that leaves a mark; without quotes, so that it fits anywhere."""
    return f"(window.pwned=window.pwned||[]).push(/{name}/.source)"


SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" onload="{pwn("svg")}">'
    f"<script>{pwn('svgscript')}</script></svg>"
)
MARKDOWN = rf"""<script>{pwn("script")}</script>
<img src=x onerror="{pwn("onerror")}">
<svg onload="{pwn("inlinesvg")}"></svg>
<iframe srcdoc="<script>parent.{pwn("iframe")}</script>"></iframe>
<details open ontoggle="{pwn("toggle")}"><summary>x</summary></details>
<form action="javascript:{pwn("form")}"><button id="go">go</button></form>
<div style="position:fixed;inset:0;z-index:9999" id="overlay">cover</div>
<style>body {{ display: none }}</style>

[link](javascript:{pwn("link")}) [data](data:text/html,<script>{pwn("data")}</script>)

$\href{{javascript:{pwn("href")}}}{{x}}$ $\text{{" onmouseover="{pwn("hover")}" x="}}$
$$\class{{a}}{{\cssId{{b}}{{\style{{position:fixed}}{{\unicode{{60}}}}}}}}$$

![$\text{{" onerror="{pwn("alt")}" x="}}$](no.png)
![tracker](https://tracker.invalid/pixel.png) ![attached](attachment:a.png)
"""
HTML = f'<b>bold</b><script>{pwn("htmlscript")}</script><img src=x onerror="{pwn("htmlerror")}">'


def hostile_outputs() -> list[NotebookNode]:
    """Return outputs of every kind that a browser could run something of."""
    return [
        new_output("display_data", data={"text/html": HTML, "text/plain": "html"}),
        new_output("display_data", data={"application/javascript": pwn("javascript")}),
        new_output("display_data", data={"image/svg+xml": SVG}),
        new_output(
            "display_data",
            data={"image/png": png()},
            metadata={"image/png": {"width": f"1 onload={pwn('width')}"}},
        ),
        new_output("display_data", data={"image/png": f'" onerror="{pwn("png")}'}),
        new_output("display_data", data={"text/latex": f"$x$<img src=x onerror={pwn('latex')}>"}),
        new_output("display_data", data={"text/markdown": f"<img src=x onerror={pwn('md')}>"}),
        new_output(
            "stream", name="stdout", text=f"<script>{pwn('stream')}</script> \x1b[31mred\x1b[0m"
        ),
        new_output(
            "error", ename="<b>E</b>", evalue="", traceback=[f"<script>{pwn('trace')}</script>"]
        ),
        new_output(
            "display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
        ),
    ]


def hostile_notebook() -> NotebookNode:
    """Return a graded notebook as stock nbgrader would store it: nothing is cleaned."""
    nb = autograded_notebook(written=MARKDOWN)
    named(nb, "written").attachments = {
        "a.png": {"image/svg+xml": base64.b64encode(SVG.encode()).decode()}
    }
    answer = named(nb, "mean")
    answer.metadata["tags"] = [f'"><script>{pwn("tag")}</script>']
    answer.outputs = hostile_outputs()
    nb.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {
            "state": {"1": f"</script><script>{pwn('widget')}</script>"}
        }
    }
    nb.metadata["title"] = f"</title><script>{pwn('title')}</script>"
    nb.cells.append(new_raw_cell(f"<script>{pwn('raw')}</script>"))
    extra = new_code_cell("1")
    extra.metadata["nbgrader"] = {
        **named(nb, "test_mean").metadata["nbgrader"],
        "grade_id": f'"><script>{pwn("gradeid")}</script>',
    }
    attachments = named(nb, "written").attachments
    nb.cells += [extra, new_markdown_cell(MARKDOWN, attachments=attachments)]
    return nbformat.from_dict(nb)
