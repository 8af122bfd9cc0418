"""Text that a stranger wrote, on its way into a column."""


def storable(text: str) -> str:
    """The text as every database can hold it and every reader spell it.

    PostgreSQL refuses NUL, and half of a surrogate pair has no spelling in UTF-8.
    """
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
