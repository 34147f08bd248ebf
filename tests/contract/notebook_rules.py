"""The page contract as functions: each takes a notebook and returns what is wrong, with the place.

``CONTRIBUTING.md`` lists the rules by the same ids.
"""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator

from nbformat import NotebookNode

from tools.notebooks.figure_code import stale_traits

Rule = Callable[[NotebookNode], list[str]]

LONGEST_CELL = 25
LONGEST_MEDIAN = 8
WORDS_PER_LINE = (8, 15)
LEAST_EXERCISES = 8
ORDER = [
    "Setup",
    "Check yourself",
    "Exercises",
    "Summary",
    "Lectures and references",
]
CHECK_MIME = "application/vnd.derived.check+json"
RESULT_MIME = "application/vnd.derived.result+json"
VIEW_MIME = "application/vnd.jupyter.widget-view+json"
SETUP_TAG = "colab"
LIBRARY = {"numpy", "matplotlib", "derived"}
STANDARD = {"__future__", "collections", "dataclasses", "functools", "fractions", "itertools"}
STANDARD |= {"math", "pathlib", "time", "typing"}


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Yield the code cells of the page itself, with their position (from 1, as a reader counts)."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code" and SETUP_TAG not in tags(cell):
            yield number, cell


def markdown_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown":
            yield number, cell


def code_lines(cell: NotebookNode) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def without_code(markdown: str) -> str:
    return re.sub(r"^```.*?^```", "", markdown, flags=re.DOTALL | re.MULTILINE)


def headings(notebook: NotebookNode) -> list[tuple[int, int, str]]:
    """Return (cell number, level, text) of every heading."""
    found = []
    for number, cell in markdown_cells(notebook):
        for match in re.finditer(r"^(#{1,6}) +(.+?) *$", without_code(cell.source), re.MULTILINE):
            found.append((number, len(match[1]), match[2]))
    return found


def cell_length(notebook: NotebookNode) -> list[str]:
    """C1: a code cell has at most 25 lines, and the median is at most 8."""
    lengths = {number: code_lines(cell) for number, cell in code_cells(notebook)}
    wrong = [
        f"cell {number} has {length} lines (at most {LONGEST_CELL})"
        for number, length in lengths.items()
        if length > LONGEST_CELL
    ]
    median = statistics.median(lengths.values()) if lengths else 0
    if median > LONGEST_MEDIAN:
        wrong.append(f"the median cell has {median:g} lines (at most {LONGEST_MEDIAN})")
    return wrong


def prose_density(notebook: NotebookNode) -> list[str]:
    """C2: 8 to 15 words of prose for each line of code."""
    words = 0
    for _, cell in markdown_cells(notebook):
        text = re.sub(r"\$\$.*?\$\$", " ", without_code(cell.source), flags=re.DOTALL)
        words += len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\$[^$]*\$|\{cite\}`[^`]*`", " x ", text)))
    lines = sum(code_lines(cell) for _, cell in code_cells(notebook))
    least, most = WORDS_PER_LINE
    if lines and not least <= words / lines <= most:
        return [f"{words / lines:.1f} words of prose for a line of code (wanted {least} to {most})"]
    return []


def heading_order(notebook: NotebookNode) -> list[str]:
    """C3: one title first, then the fixed sections in their order."""
    found = headings(notebook)
    wrong = []
    if [level for _, level, _ in found].count(1) != 1 or found[0][:2] != (1, 1):
        wrong.append("the page needs exactly one title (# …), in its first cell")
    sections = [text for _, level, text in found if level == 2]
    places = [sections.index(name) if name in sections else None for name in ORDER]
    wrong += [
        f"section '## {name}' is missing"
        for name, at in zip(ORDER, places, strict=True)
        if at is None
    ]
    present = [at for at in places if at is not None]
    if present != sorted(present):
        wrong.append(f"sections stand in the wrong order; wanted: {', '.join(ORDER)}")
    return wrong


def opening(notebook: NotebookNode) -> list[str]:
    """C4: the page opens with time, needs and aims."""
    start = "\n".join(cell.source for _, cell in list(markdown_cells(notebook))[:3])
    words = ("**Time**", "**You need**", "**You will be able to**")
    return [f"the opening lacks {word}" for word in words if word not in start]


def heading_text(notebook: NotebookNode) -> list[str]:
    """C5: headings are unique and plain, because they become anchors."""
    found = headings(notebook)
    count = Counter(text.lower() for _, _, text in found)
    wrong = [f"cell {n}: heading '{t}' stands twice" for n, _, t in found if count[t.lower()] > 1]
    return wrong + [
        f"cell {number}: heading '{text}' holds mathematics, code or a link"
        for number, _, text in found
        if re.search(r"[$`{}\[\]\\]", text)
    ]


def records(notebook: NotebookNode, mime: str) -> Iterator[tuple[int, dict]]:
    for number, cell in code_cells(notebook):
        for output in cell.get("outputs", []):
            if mime in output.get("data", {}):
                yield number, output["data"][mime]


def equations(notebook: NotebookNode) -> list[str]:
    """C6: every numbered equation is checked below it, or the page says why it needs no check."""
    checked = [(n, r["equation"]) for n, r in records(notebook, CHECK_MIME) if r.get("equation")]
    tagged: dict[str, int] = {}
    wrong = []
    for number, cell in markdown_cells(notebook):
        for tag in re.findall(r"\\tag\{([^}]*)\}", cell.source):
            if tag in tagged:
                wrong.append(f"cell {number}: equation ({tag}) is numbered twice")
            tagged[tag] = number
    everything = "\n".join(cell.source for _, cell in markdown_cells(notebook))
    for tag, number in tagged.items():
        excused = re.search(
            rf"\({re.escape(tag)}\) (is a definition|needs no check: \w)", everything
        )
        if not excused and not any(at > number and name == tag for at, name in checked):
            wrong.append(f"cell {number}: equation ({tag}) has no check and no reason")
    return wrong + [
        f"cell {number}: a check names equation ({name}), which the page does not have"
        for number, name in checked
        if name not in tagged
    ]


def figures(notebook: NotebookNode) -> list[str]:
    """C7: every picture has alternative text and a caption; nothing bypasses plotting.show."""
    wrong = []
    for number, cell in code_cells(notebook):
        if re.search(r"\bplt\.show\(|\.savefig\(", cell.source):
            wrong.append(f"cell {number}: show figures with derived.plotting.show")
        for output in cell.get("outputs", []):
            for mime in output.get("data", {}):
                about = output.get("metadata", {}).get(mime, {})
                if mime.startswith("image/") and len(about.get("alt", "")) < 20:
                    wrong.append(f"cell {number}: a picture without alternative text")
                if mime.startswith("image/") and not about.get("caption"):
                    wrong.append(f"cell {number}: a picture without a caption")
    for number, cell in markdown_cells(notebook):
        text = without_code(cell.source)
        if re.search(r"!\[\s*\]\(", text) or re.search(r"<img(?![^>]*\balt=\"[^\"]+\")", text):
            wrong.append(f"cell {number}: a picture without alternative text")
    return wrong


def outputs(notebook: NotebookNode) -> list[str]:
    """C8: the page is executed, shows no error, and nothing in it depends on the machine."""
    wrong = []
    for number, cell in code_cells(notebook):
        if cell.execution_count is None:
            wrong.append(f"cell {number} was not executed")
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                wrong.append(f"cell {number} shows an error: {output.ename}")
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            if re.search(r"\bat 0x[0-9a-f]+|<IPython\.|<matplotlib\.|<Axes|<Figure", text):
                wrong.append(f"cell {number} prints the address or repr of an object")
    return wrong


def imports(notebook: NotebookNode) -> list[str]:
    """C9: a derivation page needs NumPy, Matplotlib and derived, and nothing else."""
    wrong = []
    for number, cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [
                f"cell {number} imports {name}"
                for name in names
                if name.split(".")[0] not in LIBRARY | STANDARD
            ]
    return wrong


def randomness(notebook: NotebookNode) -> list[str]:
    """C10: random numbers come from an explicit generator only."""
    hidden = r"\b(?:np|numpy)\.random\.(?!default_rng|Generator|SeedSequence|PCG64)\w+"
    return [
        f"cell {number} uses hidden random state: {match[0]}"
        for number, cell in code_cells(notebook)
        for match in re.finditer(hidden + r"|\btorch\.manual_seed|\brandom\.seed", cell.source)
    ]


def exercises(notebook: NotebookNode) -> list[str]:
    """C11: at least eight exercises, each with a solution that is run and checks itself."""
    text = "\n".join(cell.source for _, cell in markdown_cells(notebook))
    labels = re.findall(r"^:::+\{exercise\}.*\n:label: (\S+)", text, re.MULTILINE)
    solved = re.findall(r"^:::+\{solution-start\} (\S+)", text, re.MULTILINE)
    wrong = [f"exercise {label} has no solution" for label in labels if label not in solved]
    wrong += [f"solution {label} has no exercise" for label in solved if label not in labels]
    if len(labels) < LEAST_EXERCISES:
        wrong.append(f"{len(labels)} exercises (at least {LEAST_EXERCISES})")
    if text.count("{solution-start}") != text.count("{solution-end}"):
        wrong.append("a solution is not closed with {solution-end}")
    return wrong + _solution_code(notebook)


def _solution_code(notebook: NotebookNode) -> list[str]:
    wrong, open_label, checked = [], None, False
    for number, cell in enumerate(notebook.cells, start=1):
        start = re.search(r"^:::+\{solution-start\} (\S+)", cell.source, re.MULTILINE)
        if start:
            open_label, checked = start[1], False
        if open_label and cell.cell_type == "code":
            if "solution" not in tags(cell):
                wrong.append(f"cell {number}: code of a solution lacks the tag 'solution'")
            checked |= bool(re.search(r"\bassert\b|\bcheck\(|\brefute\(", cell.source))
        if "{solution-end}" in cell.source and cell.cell_type == "markdown":
            if open_label and not checked:
                wrong.append(f"solution {open_label} asserts nothing")
            open_label = None
    return wrong


def explorable(notebook: NotebookNode) -> list[str]:
    """C12: at least one explorable figure, with its state saved."""
    views = [
        output["data"][VIEW_MIME]["model_id"]
        for _, cell in code_cells(notebook)
        for output in cell.get("outputs", [])
        if VIEW_MIME in output.get("data", {})
    ]
    saved = notebook.metadata.get("widgets", {})
    state = saved.get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    wrong = [f"explorable figure {v} has no saved state" for v in views if v not in state]
    return wrong if views else ["the page has no explorable figure"]


def lab(notebook: NotebookNode) -> list[str]:
    """L1: parameters first, a floor that is asserted, the scoreboard last."""
    cells = [cell for _, cell in code_cells(notebook)]
    wrong = []
    if not cells or "parameters" not in tags(cells[0]):
        wrong.append("the first code cell after the set-up is not tagged 'parameters'")
    elif not all(name in cells[0].source for name in ("PROFILE", "SEED")):
        wrong.append("the parameters cell does not set PROFILE and SEED")
    scores = list(records(notebook, RESULT_MIME))
    if not scores:
        wrong.append("the lab records no result")
    if scores and not any(record.get("floor") is not None for _, record in scores):
        wrong.append("no result of the lab has a floor")
    if scores and not any(record.get("published") for _, record in scores):
        wrong.append("no result of the lab stands beside a published value")
    return wrong


def figure_code(notebook: NotebookNode) -> list[str]:
    """C15: the stored explorable figures are those of the library as it is now."""
    return stale_traits(notebook)


EVERY_PAGE: list[Rule] = [figure_code, heading_text, cell_length, figures, outputs, randomness]
DERIVATION: list[Rule] = [
    prose_density,
    heading_order,
    opening,
    equations,
    imports,
    exercises,
    explorable,
]
LAB: list[Rule] = [lab]
