"""What maintainers run: it is not part of the installed package."""
