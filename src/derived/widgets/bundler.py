"""A tiny bundler: one JavaScript module without imports from a few small ones.

On the static site a figure's module is loaded from a ``blob:`` URL, where a relative import leads
nowhere, so no import statement may survive.
Each source module becomes a function that is called once and returns its exports; the modules
cannot see each other's private names.

The subset of JavaScript modules that it accepts, each statement at the beginning of a line:

- ``import { a, b as c } from "./module.js";`` (it may run over several lines),
- ``export const`` (one name in each), ``export function``, ``export async function``,
  ``export class``,
- ``export default`` in the entry module only.

Anything else that looks like an import or an export, and an import of a name that its module does
not export, raises ``ValueError`` with file and text.
Lines that hold nothing but a ``//`` comment are left out of the bundle.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent

#: The style sheets that belong to modules of ``shared/``, for the figures that use them.
CHART = ROOT / "shared" / "chart.css"
PAD = ROOT / "shared" / "pad.css"
SLIDERS = ROOT / "shared" / "sliders.css"
STEPPER = ROOT / "shared" / "stepper.css"

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[^"]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(
    r"^export (?=(?:const|function|class|async function) ([A-Za-z_$][\w$]*))", re.M
)
_DEFAULT = re.compile(r"^export default ", re.MULTILINE)
_LEFT_OVER = re.compile(r"^\s*(?:import|export)\b.*|\bimport\s*\(.*", re.MULTILINE)
_COMMENT_LINE = re.compile(r"^\s*//.*\n", re.MULTILINE)


def _imported(names: str) -> list[list[str]]:
    """``a, b as c`` of an import statement as [["a"], ["b", "as", "c"]]."""
    return [part.split() for part in names.split(",") if part.strip()]


def _bindings(names: str) -> str:
    """``a, b as c`` of an import, as the pattern ``a, b: c`` of a destructuring."""
    parts = _imported(names)
    return ", ".join(f"{part[0]}: {part[2]}" if len(part) == 3 else part[0] for part in parts)


def _exported(source: str) -> list[str]:
    return [match[1] for match in _EXPORT.finditer(source)]


def _variable(path: Path) -> str:
    return "module_" + re.sub(r"\W", "_", path.relative_to(ROOT).with_suffix("").as_posix())


def _module(path: Path, *, entry: bool) -> tuple[str, list[Path]]:
    """The text of one module as a function expression, and the modules that it imports."""
    source = _COMMENT_LINE.sub("", path.read_text(encoding="utf-8"))
    needed: list[Path] = []

    def bind(match: re.Match[str]) -> str:
        target = (path.parent / match[2]).resolve()
        if not target.is_file():
            raise ValueError(f"{path.name}: {match[0]!r} names no file; looked for {target}")
        exported = _exported(target.read_text(encoding="utf-8"))
        missing = [part[0] for part in _imported(match[1]) if part[0] not in exported]
        if missing:
            raise ValueError(f"{path.name}: {target.name} does not export {', '.join(missing)}")
        needed.append(target)
        return f"const {{ {_bindings(match[1])} }} = {_variable(target)};"

    source = _IMPORT.sub(bind, source)
    names = _exported(source)
    source = _EXPORT.sub("", source)
    if entry:
        source, found = _DEFAULT.subn("return ", source)
        if found != 1:
            raise ValueError(f"{path.name}: an entry module needs one `export default`")
    else:
        source += f"return {{ {', '.join(names)} }};\n"
    left = _LEFT_OVER.search(source)
    if left:
        raise ValueError(
            f"{path.name}: {left[0].strip()!r} is not in the bundler's subset; "
            'write `import { name } from "./file.js";` or `export function name`'
        )
    return f"const {_variable(path)} = (() => {{\n{source}}})();\n", needed


@cache
def bundle(entry: Path) -> str:
    """Join a module and everything it imports into one module.

    Parameters
    ----------
    entry
        Path of the module with the ``export default``, below this package's folder.

    Returns
    -------
    str
        The bundled module: no import statement, one ``export default``.

    Raises
    ------
    ValueError
        If a statement is outside the accepted subset, a file is missing, or modules import each
        other in a circle; the message names the file.
    """
    done: dict[Path, str] = {}
    open_: list[Path] = []

    def visit(path: Path) -> None:
        if path in open_:
            circle = " -> ".join(step.name for step in [*open_, path])
            raise ValueError(f"modules import each other in a circle: {circle}")
        if path in done:
            return
        open_.append(path)
        text, needed = _module(path, entry=path == start)
        for other in needed:
            visit(other)
        open_.pop()
        done[path] = text

    start = entry.resolve()
    visit(start)
    return "".join(done.values()) + f"export default {_variable(start)};\n"


@cache
def style(*paths: Path) -> str:
    """The shared style sheet followed by the given ones, as one string."""
    sheets = [ROOT / "shared" / "figure.css", *paths]
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
