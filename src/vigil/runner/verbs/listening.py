"""Whether a process that was started has come so far that it serves."""

import contextlib
import socket
import time
from collections.abc import Callable

from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Deadline

CONNECT_S = 1.0
"""The longest that one try may take: one that is held up must not use up what is left."""
LEAST_S = 0.05
AGAIN_S = 0.1


def once_it_listens(
    place: str | None, done: str, deadline: Deadline, *, runs: Callable[[], bool]
) -> Outcome:
    """What has been done, once connections are accepted at this `host:port`; nothing is sent there.

    A process that supervisor counts as running may still be reading its own code: whoever restarts
    the next one then has none that serves. Not ok when the deadline comes first, or ``runs`` no
    more; at once when no place is known.
    """
    while place is not None and not _accepts(place, max(LEAST_S, min(CONNECT_S, deadline.left_s))):
        if deadline.left_s < AGAIN_S or not runs():
            text = f"{done} and does not accept connections at {place}; read its own log"
            return Outcome(ok=False, text=text)
        time.sleep(AGAIN_S)
    return Outcome(ok=True, text=done)


def _accepts(place: str, within_s: float) -> bool:
    host, _, port = place.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), within_s):
        return True
    return False
