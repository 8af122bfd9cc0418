"""The symptom's own condition: what the source of an alert counts, whatever the probes say."""

from vigil.domain.catalogue import Catalogue
from vigil.domain.plan import Plan
from vigil.ports.telemetry import Telemetry


async def condition_holds(plan: Plan, catalogue: Catalogue, telemetry: Telemetry) -> bool | None:
    """Whether it is true now; None when there is none or too little was counted to say."""
    service = catalogue.services.get(plan.service)
    symptom = service.symptoms.get(plan.symptom) if service else None
    if symptom is None or symptom.condition is None:
        return None
    ratio = await telemetry.bad_ratio(plan.service, symptom.condition)
    return ratio.exceeds(symptom.condition.above) if ratio else None
