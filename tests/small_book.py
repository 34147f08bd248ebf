"""A book of one chapter, for tests that break something in it and look for the message."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book/_ext"))  # where Sphinx finds the extensions, too

CHECK = {
    "kind": "check",
    "equation": "1.1",
    "statement": "x² + y² = r² & x < y",
    "tolerance": 1e-9,
    "source": "A lecture, A slide",
}
REFUTE = {
    "kind": "refute",
    "erratum": "E-1",
    "statement": "sign lost; restored",
    "failure": "off by 2 (relative)",
    "tolerance": 0,
    "equation": "1.2",
}
RESULT = {
    "kind": "result",
    "lab": "01_one",
    "task": "digits",
    "metric": "test error",
    "value": 12.345,
    "unit": "%",
    "higher_is_better": False,
    "seconds": 3.21,
    "profile": "cpu",
    "hardware": "2 cores",
    "floor": None,
    "published": {"value": 12.0, "citation_key": "somebody1999", "hardware": "", "note": ""},
    "reproduced": False,
}
PROSE = r"""
# The first chapter

## A *first* section

$$ x^2 + y^2 = r^2 \tag{1.1} $$

$$ -x \tag{1.2} $$

$$ z \tag{1.3} $$

(1.3) is a definition.

```python
## not a heading
```
"""
LECTURE_MAP: dict[str, Any] = {
    "lectures": {
        "one": {"title": "Lecture One", "about": "a lecture", "cite": "somebody1999"},
        "two": {"title": "Lecture Two", "about": "another", "cite": "somebody1999"},
    },
    "chapters": {"01_one": "The first chapter", "03_three": "The third chapter"},
    "rows": [
        {
            "id": "R-1",
            "slides": {"one": "A slide", "two": "Its copy"},
            "title": "An item & its title",
            "page": "notebooks/01_one",
            "anchor": "a-first-section",
        },
        {"id": "R-2", "slides": {"one": "B slide"}, "title": "Later", "waits": "03_three"},
        {
            "id": "R-3",
            "slides": {"two": "C slide"},
            "title": "A joke",
            "page": "book/errata",
            "anchor": "errata",
            "context": "It states nothing.",
        },
    ],
}
ERRATA: dict[str, Any] = {
    "classes": {"error": "false", "artefact": "lost on the way"},
    "errata": [
        {
            "id": "E-1",
            "class": "error",
            "scope": "sign",
            "slides": {"one": "A slide"},
            "printed": r"$+\tfrac12x$",
            "correct": r"$-\tfrac12x$",
            "chapter": "01_one",
        },
        {
            "id": "E-2",
            "class": "error",
            "slides": {"two": "B slide"},
            "printed": "1998",
            "correct": "1997",
            "chapter": "01_one",
            "discussed": {"page": "notebooks/01_one", "anchor": "a-first-section"},
        },
        {
            "id": "E-3",
            "class": "artefact",
            "slides": {"one": "C slide"},
            "printed": "=()",
            "correct": ":(",
            "chapter": "03_three",
        },
    ],
}
PAGES = {
    "equation_ledger": "# Ledger\n\n:::{equation-ledger}\n:::\n",
    "errata": "# Errata\n\n:::{errata-classes}\n:::\n\n:::{errata}\n:::\n",
    "results": "# Results\n\n:::{results}\n:::\n",
    "lecture_map": "# Map\n\n:::{lecture-progress}\n:::\n\n:::{lecture-map}\n:::\n",
    "index": "# A book\n\n:::{toctree}\n:glob:\n\n*\n../*/0*\n:::\n",
    "plain": "# Plain\n\nNothing here comes from records.\n\n:::{bibliography}\n:::\n",
}
CHECK_MIME = "application/vnd.derived.check+json"
RESULT_MIME = "application/vnd.derived.result+json"


def notebook(prose: str, mime: str, *records: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook with one cell of prose and one cell with stored records."""
    outputs = [
        {
            "output_type": "display_data",
            "data": {mime: record, "text/plain": "a line"},
            "metadata": {},
        }
        for record in records
    ]
    code = {"cell_type": "code", "id": "b", "source": "pass", "execution_count": 1}
    return {
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": prose.splitlines(True)},
            {**code, "metadata": {}, "outputs": outputs},
        ],
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def write(root: Path, name: str, content: Any) -> Path:
    """Write a file of the book: text as it is, YAML and notebooks from what they hold."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".yml"):
        content = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    elif name.endswith(".ipynb"):
        content = json.dumps(content, ensure_ascii=False)
    path.write_text(content, "utf8")
    return path


def write_book(root: Path) -> Path:
    """Write the whole book, in which nothing is wrong, and return its root."""
    write(root, "book/lecture_map.yml", LECTURE_MAP)
    write(root, "book/inventory_ids.txt", "R-1\nR-2\nR-3\n")
    write(root, "book/errata.yml", ERRATA)
    write(root, "book/errata_ids.txt", "E-1\nE-2\nE-3\n")
    write(root, "notebooks/01_one.ipynb", notebook(PROSE, CHECK_MIME, CHECK, REFUTE))
    write(root, "labs/01_one.ipynb", notebook("# A lab\n", RESULT_MIME, RESULT))
    for name, text in PAGES.items():
        write(root, f"book/{name}.md", text)
    bib = "@book{somebody1999, author={Some Body}, title={A Book}, publisher={P}, year={1999}}\n"
    write(root, "book/references.bib", bib)
    return root
