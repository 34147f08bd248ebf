"""Deep Learning, Derived: the library that the course book derives and then imports."""

__version__ = "0.1.0"
