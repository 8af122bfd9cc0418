"""The desk of one incident: what its plan's author may ask, on the record of that incident."""

from vigil.decide.desk import EvidenceDesk
from vigil.decide.discretion import Discretion
from vigil.decide.lookups import Lookups, Sources
from vigil.domain.briefing import Briefing
from vigil.story.parts import Parts
from vigil.story.progress import Progress


def desk_of(parts: Parts, progress: Progress, briefing: Briefing) -> EvidenceDesk:
    """It looks with the ports that investigators look with, and with no other."""
    sources = Sources(
        catalogue=parts.catalogue,
        probes=parts.senses.probes,
        telemetry=parts.senses.telemetry,
        changes=parts.senses.changes,
        memory=parts.memory,
        clock=parts.senses.clock,
    )
    discretion = Discretion(progress.incident.id, parts.redaction, parts.meanings)
    return EvidenceDesk(Lookups(briefing, sources), discretion, progress.append)
