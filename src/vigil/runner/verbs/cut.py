"""A connection that ends when its time is over, whatever the other side does."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cut_after(number: int, seconds: float) -> Iterator[None]:
    """Hang up on the file descriptor of a socket when the time is over.

    Limits on single reads do not do: who answers a little now and then would never be late.
    """
    with socket.socket(fileno=os.dup(number)) as line:

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
