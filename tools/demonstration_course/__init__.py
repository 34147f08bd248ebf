"""A course of one assignment and thirty synthetic submissions, from the roster to the exports."""
