"""nbgrader's formgrader, served to the instructor alone, with its own gaps closed.

Formgrader's templates escape nothing, and put a student's id from an address into the page:
a link to the instructor's own server could run a script there. The server extension in this module
loads formgrader and makes its templates escape; :func:`review` starts a server with it.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import formgrader, handlers

from ..errors import CourseError
from .configuration import configure

if TYPE_CHECKING:
    from ..course import Course

__all__ = ["command", "review"]

_FILES_POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Load formgrader into a Jupyter server, with the settings that protect its pages."""
    configure(server.config)
    formgrader.load_jupyter_server_extension(server)
    settings = server.web_app.settings
    # Formgrader puts its own templates over the server's settings, and the course's over both.
    config = configure(copy.deepcopy(settings["nbgrader_formgrader"].config))
    settings["nbgrader_exporter"] = HTMLExporter(config=config)
    settings["nbgrader_jinja2_env"].autoescape = True

    def show_only(handler: Any, path: str) -> None:
        handler.set_header("Content-Security-Policy", _FILES_POLICY)

    # A page that a student handed in beside the notebook is served from the same address.
    handlers.SubmissionFilesHandler.set_extra_headers = show_only


def command(course: Course, port: int, *, open_browser: bool) -> list[str]:
    """Return the command that serves formgrader on this machine only, protected by a token.

    course : the course; its folder is what the server shows.
    port : where to listen; the next free one if it is taken.
    open_browser : whether to open the page.
    """
    words = [
        *(sys.executable, "-m", "jupyter_server"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={course.root}",
        # Formgrader is loaded by the extension of this module, and not a second time by itself.
        "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=False",
        f"--ServerApp.jpserver_extensions={__name__}=True",
        "--ServerApp.default_url=/formgrader",
        f"--ServerApp.open_browser={open_browser}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container
        words.append("--allow-root")
    return words


def review(course: Course, *, port: int = 8888, open_browser: bool = True) -> None:
    """Serve formgrader for a course until the user stops it with Ctrl-C.

    port : where to listen on 127.0.0.1; the next free one if it is taken.
    open_browser : whether to open the page; its address is printed in any case.

    Raises CourseError if the server does not start.
    """
    course.config  # noqa: B018  (a configuration that cannot be read gets its own message)
    try:
        code = subprocess.run(
            command(course, port, open_browser=open_browser), cwd=course.root, check=False
        ).returncode
    except KeyboardInterrupt:
        return
    if code not in (0, -2, 130):
        raise CourseError(f"the review server stopped with exit status {code}: see its last lines")
