"""How long an incident was in each stage, from its timeline."""

from collections.abc import Sequence

from vigil.domain.incident import Incident, Stage
from vigil.domain.timeline import Event
from vigil.domain.value import Instant


def stage_seconds(incident: Incident, events: Sequence[Event], now: Instant) -> dict[Stage, float]:
    """Seconds for each stage it has been in, in order; visits add up, the present one counts on.

    The stages are read from the events' payloads: of an incident whose payloads were erased only
    the whole time is known, and it is given as TRIGGERED.
    """
    stage, since = Stage.TRIGGERED, incident.opened_at
    seconds: dict[Stage, float] = {}
    for event in events:
        if event.kind == "stage_entered" and event.payload:
            seconds[stage] = seconds.get(stage, 0.0) + (event.at - since).total_seconds()
            stage, since = Stage(str(event.payload["stage"])), event.at
    end = incident.closed_at or now
    seconds[stage] = seconds.get(stage, 0.0) + max((end - since).total_seconds(), 0.0)
    return seconds
