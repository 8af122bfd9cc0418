"""Grafana's webhook contact point (unified alerting).

Its body is Alertmanager's, with more beside it. Grafana signs, from version 12 on, or sends a
bearer token; either is good. It gives no delivery an id of its own: what it repeats is known by the
alerts, and only a signed time keeps out a body that somebody recorded.
"""

from collections.abc import Mapping
from datetime import timedelta

from vigil.domain.alert import Delivery
from vigil.integrations.alerts.group import Group
from vigil.integrations.alerts.secrets import Secrets
from vigil.ports.clock import Clock

SIGNATURE = "x-grafana-alerting-signature"
"""Grafana's own name for it, as long as nobody gives it another."""
TIMESTAMP = "x-grafana-alerting-timestamp"
"""Grafana has no name for it: it is sent where somebody gave it one. This is the one to give."""
FRESH = timedelta(minutes=5)
"""How far a signed time may lie from now, for clocks that differ and notifications that wait."""
MOST_DIGITS = 12


class GrafanaAlerts:
    """Fulfils ``ports.alerts.Alerts``.

    Each of ``secrets``, separated by commas, may sign and may be borne. None at all lets nobody in.
    """

    source = "grafana"

    def __init__(self, secrets: str, clock: Clock) -> None:
        self._secrets = Secrets(secrets)
        self._clock = clock
        self._group = Group(self.source, named_by=("service", "service_name", "job", "app"))

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether it is signed by a secret, with its time if it has one, or bears one."""
        stamp = headers.get(TIMESTAMP)
        message = body if stamp is None else _ascii(stamp) + b":" + body
        signed = self._secrets.signed(headers.get(SIGNATURE, ""), message)
        borne = self._secrets.borne(headers)
        return borne or (signed and (stamp is None or self._is_fresh(stamp)))

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:  # noqa: ARG002 - all is in the body
        """Every alert of the group that can be read."""
        return self._group.read(body, self._clock.now())

    def _is_fresh(self, stamp: str) -> bool:
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= MOST_DIGITS):
            return False
        return abs(self._clock.now().timestamp() - int(stamp)) <= FRESH.total_seconds()


def _ascii(stamp: str) -> bytes:
    return stamp.encode("ascii", "backslashreplace")
