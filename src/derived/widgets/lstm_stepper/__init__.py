"""Explorable figure of chapter 04: an LSTM cell gate by gate."""

from derived.widgets.lstm_stepper.widget import LstmStepper

__all__ = ["LstmStepper"]
