"""Maintenance that the catalogue names."""

from vigil.domain.catalogue import Catalogue
from vigil.domain.silence import Silence
from vigil.domain.value import Instant

MOST = 20


class CatalogueSilences:
    """Fulfils ``ports.silences.Silences`` with ``maintenance`` of ``vigil.yaml``."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def over(self, service: str, symptom: str, at: Instant) -> tuple[Silence, ...] | None:
        """Those of the service and of what it needs."""
        del symptom  # Whoever works on a service may break anything of it.
        known = self._catalogue.services
        if service not in known:
            return ()
        because = "it is within its maintenance"
        return tuple(
            Silence(service=name, because=because)
            for name in (service, *known[service].depends_on)
            if known[name].maintenance.holds(at)
        )[:MOST]
