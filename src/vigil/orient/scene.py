"""Where an incident plays: what investigators may ask, and how a finding is written down."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import JsonValue

from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.incident import Incident
from vigil.domain.probe import ProbeRef, ProbeResult
from vigil.domain.value import Instant
from vigil.ports.changes import Changes
from vigil.ports.clock import Clock
from vigil.ports.inventory import Inventories
from vigil.ports.probes import Probes
from vigil.ports.sessions import Sessions
from vigil.ports.telemetry import Telemetry


@dataclass(frozen=True)
class Senses:
    """The ports that only look."""

    probes: Probes
    telemetry: Telemetry
    changes: Changes
    sessions: Sessions
    inventories: Inventories
    clock: Clock


@dataclass(frozen=True)
class Scene:
    """One incident and the means to look at it."""

    incident: Incident
    catalogue: Catalogue
    senses: Senses

    @property
    def service(self) -> Service | None:
        """The service's entry, or None when the catalogue does not know it."""
        return self.catalogue.services.get(self.incident.service)

    async def probe(self, ref: ProbeRef) -> ProbeResult:
        """Look once at one probe of the catalogue."""
        return await self.senses.probes.run(ref, self.catalogue.probe(ref))


@dataclass(frozen=True)
class Observation:
    """A finding before it has a number."""

    finding: Finding
    component: str
    text: str
    data: dict[str, JsonValue]

    def evidence(self, investigator: str, evidence_id: str, at: Instant) -> Evidence:
        """This finding as evidence that can be cited."""
        return Evidence(
            id=evidence_id,
            investigator=investigator,
            finding=self.finding,
            component=self.component,
            text=self.text,
            data=self.data,
            at=at,
        )


def saw(finding: Finding, component: str, text: str, **data: JsonValue) -> Observation:
    """Write down a finding."""
    return Observation(finding, component, text, data)


Investigator = Callable[[Scene], Awaitable[tuple[Observation, ...]]]
