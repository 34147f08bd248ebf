"""Tests of the explorable figures: their numbers in Node, their behavior in Chromium."""
