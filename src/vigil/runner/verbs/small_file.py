"""Small files that a grant names: read without waiting, and no more of them than there may be."""

import errno
import os
import stat


def beginning_of(file: str, most: int) -> bytes:
    """At most ``most`` bytes of a regular file; its name may be a link.

    :raises OSError: it cannot be read, or is something else, such as a pipe.
    """
    # A pipe that nobody writes to would hold up whoever opens it.
    number = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as opened:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", file)
        return opened.read(most)
