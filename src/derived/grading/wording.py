"""Text for people that holds words of a submission."""

__all__ = ["printable"]


def printable(text: str) -> str:
    """Return a text in one line, without anything that would act on a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
