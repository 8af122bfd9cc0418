"""A secret that stands in a file, as its one line."""

from vigil.integrations._clients.files import read_tail

MOST_BYTES = 4096


class NoSecret(Exception):
    """The file cannot be read, or has not one line; says so without a word of what is in it."""


def secret_in(path: str) -> str:
    """The line, without white space around it; ``NoSecret``."""
    lines = read_tail(path, MOST_BYTES)
    if lines is None or len(lines) != 1:
        raise NoSecret(f"{path} cannot be read, or is not one line")
    try:
        return lines[0].decode().strip()
    except UnicodeDecodeError:
        raise NoSecret(f"{path} is not text") from None
