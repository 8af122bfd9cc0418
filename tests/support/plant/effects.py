"""What was done to the plant, as the plant itself saw it happen."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BROKEN = "broken"
"""Not an effect: the plant was told to break the service, and from here on it is counted anew."""
START = "start"
STOP = "stop"
SWITCH = "switch"
ENDED = "ended"
"""A session of its own that somebody else ended."""


@dataclass(frozen=True)
class Effect:
    """One line of the log."""

    at: float
    """Seconds since the epoch."""
    service: str
    kind: str
    what: str
    """The process, the release, the session, or the fault."""


class EffectLog:
    """One line for each effect, in the order in which they happened."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, service: str, kind: str, what: str) -> None:
        line = {"at": time.time(), "service": service, "kind": kind, "what": what}
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        os.close(self._descriptor)


def read_effects(file: Path) -> tuple[Effect, ...]:
    """Everything that was done so far."""
    # A line that is being written is left to the next look.
    whole, _, _ = file.read_text().rpartition("\n")
    return tuple(Effect(**json.loads(line)) for line in whole.splitlines())


def since_broken(effects: Iterable[Effect], service: str) -> tuple[Effect, ...]:
    """What was done to a service since it was broken last."""
    found: list[Effect] = []
    for effect in effects:
        if effect.service == service:
            found = [] if effect.kind == BROKEN else [*found, effect]
    return tuple(found)
