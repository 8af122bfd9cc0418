"""Secrets that a grant names by their file: read for one call, and in no word of it."""

from vigil.runner.verbs.base import Refusal
from vigil.runner.verbs.small_file import beginning_of

MAX_BYTES = 4096


def secret_in(file: str) -> str:
    """The one line of a file.

    :raises Refusal: it cannot be read, or holds something else.
    """
    try:
        raw = beginning_of(file, MAX_BYTES + 1)
    except OSError as unreadable:
        raise Refusal(f"the grant's {file} cannot be read: {unreadable.strerror}") from None
    line = raw.decode(errors="replace").strip()
    if not line or len(raw) > MAX_BYTES or not (line.isascii() and line.isprintable()):
        raise Refusal(f"the grant's {file} has to hold one line of at most {MAX_BYTES} bytes")
    return line
