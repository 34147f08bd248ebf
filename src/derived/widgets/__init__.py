"""Explorable figures: anywidget classes whose JavaScript computes everything in the page.

The same figure works in JupyterLab, in Colab and on the static site, with no kernel and no other
host.
Each has a folder with its Python class, its JavaScript and its style sheet; `shared` holds the
JavaScript that several figures use, and `bundler` puts it in front of each figure's own module.
"""

from derived.widgets.backprop_graph import BackpropGraph
from derived.widgets.network_trainer import NetworkTrainer
from derived.widgets.perceptron_explorer import PerceptronExplorer

__all__ = ["BackpropGraph", "NetworkTrainer", "PerceptronExplorer"]
