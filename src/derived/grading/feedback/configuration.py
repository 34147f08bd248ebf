"""What ``nbgrader_config.py`` must say so that no page shows anything active of a submission."""

from __future__ import annotations

from pathlib import Path

from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from .active_content import CleanNotebook
from .exporter import FeedbackExporter
from .preprocessor import KnownGrades, StudentView

__all__ = ["configure"]

_TEMPLATES = Path(__file__).parent / "templates"


def configure(config: Config) -> Config:
    """Set what feedback pages and formgrader need, in place, and return the configuration.

    Feedback pages are those of this package, also when nbgrader's own command writes them.
    Formgrader shows cleaned notebooks with formulas as MathML, and loads nothing from another host.
    """
    config.GenerateFeedback.preprocessors = [KnownGrades, StudentView]
    config.GenerateFeedback.exporter_class = FeedbackExporter
    config.HTMLExporter.preprocessors = [CleanNotebook]
    config.HTMLExporter.filters = {
        "markdown2html": "derived.grading.feedback.safe_html.markdown2html"
    }
    # formgrader's own templates, with one of ours before them: it replaces MathJax.
    config.HTMLExporter.extra_template_basedirs = [str(_TEMPLATES), handlers.template_path]
    return config
