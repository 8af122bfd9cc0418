"""An alert on its way to somebody: the firing, its deliveries, and trying again."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import httpx2

from vigil.lab.config import NO_TLS
from vigil.lab.errors import LabError
from vigil.lab.rules import Rule

log = logging.getLogger("alerting")
TIMEOUT_S = 5.0
MOST_WAITING = 100


@dataclass(frozen=True)
class Firing:
    """One alert from its start to, maybe, its end."""

    rule: Rule
    since: datetime
    until: datetime | None = None

    @property
    def status(self) -> str:
        return "resolved" if self.until else "firing"


@dataclass(frozen=True)
class Delivery:
    """One HTTP request, ready to be sent, and to be sent again just as it is."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Receiver:
    """Somebody who is told, in the words of one system."""

    name: str
    write: Callable[[Firing], Delivery]
    repeat_s: float | None
    """How often a firing that goes on is told again; None for a system that never does."""
    gives_up: bool
    """This system tries no more once it was answered 4xx."""


def send(delivery: Delivery) -> int:
    """The status that came back; LabError when nobody answers."""
    try:
        answer = httpx2.post(
            delivery.url,
            content=delivery.body,
            headers={"Content-Type": "application/json", **delivery.headers},
            timeout=TIMEOUT_S,
            trust_env=False,
            verify=NO_TLS,
        )
    except httpx2.TransportError as error:
        raise LabError(f"{delivery.url} takes no alert: {error}") from error
    return answer.status_code


def taken(status: int) -> bool:
    return httpx2.codes.is_success(status)


class Feed:
    """What one receiver hears of one rule, in order, each word until it has taken it."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        # One that is away for long misses the oldest words first.
        self._waiting: deque[Firing] = deque(maxlen=MOST_WAITING)
        self._told: Firing | None = None
        self._taken_at = 0.0

    def tick(self, now: float, firing: Firing | None) -> None:
        """Tell what is new about this firing, or the same again when it is time."""
        if firing is not None and (firing != self._told or self._is_due(now, firing)):
            self._waiting.append(firing)
            self._told = firing
        while self._waiting and self._deliver(self._waiting[0]):
            self._waiting.popleft()
            self._taken_at = now

    def _is_due(self, now: float, firing: Firing) -> bool:
        repeat_s = self._receiver.repeat_s
        idle = not self._waiting and firing.until is None
        return idle and repeat_s is not None and now - self._taken_at >= repeat_s

    def _deliver(self, firing: Firing) -> bool:
        """False when it is to be tried again."""
        what = f"{self._receiver.name}: {firing.rule.symptom.alert} {firing.status}"
        try:
            status = send(self._receiver.write(firing))
        except LabError as error:
            log.warning("%s: %s", what, error)
            return False
        log.info("%s: %s", what, status)
        refused = httpx2.codes.is_client_error(status) and status != HTTPStatus.TOO_MANY_REQUESTS
        return taken(status) or (refused and self._receiver.gives_up)


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
