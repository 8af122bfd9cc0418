"""Alertmanager's webhook, payload version 4."""

from collections.abc import Mapping

from vigil.domain.alert import Delivery
from vigil.integrations.alerts.group import Group
from vigil.integrations.alerts.secrets import Secrets
from vigil.ports.clock import Clock


class AlertmanagerAlerts:
    """Fulfils ``ports.alerts.Alerts``.

    ``token`` is what Alertmanager's ``http_config.authorization`` sends; several, separated by
    commas, are all good, so that one can be changed without a gap. None at all lets nobody in.
    """

    source = "alertmanager"

    def __init__(self, token: str, clock: Clock) -> None:
        self._secrets = Secrets(token)
        self._clock = clock
        self._group = Group(self.source, named_by=("service", "job", "app"))

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 - not signed
        """Whether the Authorization header bears one of the tokens."""
        return self._secrets.borne(headers)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:  # noqa: ARG002 - all is in the body
        """Every alert of the group that can be read."""
        return self._group.read(body, self._clock.now())
