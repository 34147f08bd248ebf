"""The one exception that a person who grades is meant to read."""

__all__ = ["CourseError"]


class CourseError(Exception):
    """Something is wrong that its one line of text explains, with what to do about it."""
