"""Explorable figures: anywidget classes whose JavaScript computes everything in the page.

The same figure works in JupyterLab, in Colab and on the static site, with no kernel and no other
host.
Each has a folder: ``widget.py`` holds the class, which validates the initial configuration;
``<name>.js`` exports ``default { render }`` and imports its neighbors, each a small module;
``<name>.css`` is its style.
``shared`` holds what all figures use: networks and losses (tested against `derived.nn`), seeded
random numbers, dragging, theme, and the frame with its status line.
`derived.widgets.bundler` joins a figure's modules into the one that the browser loads.
"""

from derived.widgets.backprop_graph import BackpropGraph
from derived.widgets.character_writer import CharacterWriter
from derived.widgets.digit_attack import DigitAttack
from derived.widgets.digit_through_layers import DigitThroughLayers
from derived.widgets.dropout_ensemble import DropoutEnsemble
from derived.widgets.dropout_regression import DropoutRegression
from derived.widgets.elbo_terms import ElboTerms
from derived.widgets.gan_trainer import GanTrainer
from derived.widgets.kernel_editor import KernelEditor
from derived.widgets.latent_map import LatentMap
from derived.widgets.latent_sliders import LatentSliders
from derived.widgets.lstm_stepper import LstmStepper
from derived.widgets.network_trainer import NetworkTrainer
from derived.widgets.penalty_contours import PenaltyContours
from derived.widgets.perceptron_explorer import PerceptronExplorer
from derived.widgets.reliability_diagram import ReliabilityDiagram
from derived.widgets.unrolled_gradient import UnrolledGradient

__all__ = [
    "BackpropGraph",
    "CharacterWriter",
    "DigitAttack",
    "DigitThroughLayers",
    "DropoutEnsemble",
    "DropoutRegression",
    "ElboTerms",
    "GanTrainer",
    "KernelEditor",
    "LatentMap",
    "LatentSliders",
    "LstmStepper",
    "NetworkTrainer",
    "PenaltyContours",
    "PerceptronExplorer",
    "ReliabilityDiagram",
    "UnrolledGradient",
]
