"""The course of an incident: which stages it entered, and when, as its timeline tells."""

from collections.abc import Iterable

from vigil.domain.incident import Incident, Stage
from vigil.domain.timeline import Event
from vigil.domain.value import Instant, Value


class Entered(Value):
    """An incident came into a stage."""

    stage: Stage
    at: Instant


class Course(Value):
    """Stages in the order in which they were entered; an incident begins as TRIGGERED."""

    entered: tuple[Entered, ...] = ()

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Course":
        """Read from the events' payloads: of what was erased nothing is known any more."""
        return cls(
            entered=tuple(
                Entered(stage=Stage(str(event.payload["stage"])), at=event.at)
                for event in events
                if event.kind == "stage_entered" and event.payload
            )
        )

    def seconds(self, incident: Incident, now: Instant) -> dict[Stage, float]:
        """Seconds in each stage it has been in, in order; visits add up, the present one counts on.

        Of an incident whose payloads were erased only the whole time is known, and it is given as
        TRIGGERED.
        """
        stage, since = Stage.TRIGGERED, incident.opened_at
        seconds: dict[Stage, float] = {}
        for step in self.entered:
            seconds[stage] = seconds.get(stage, 0.0) + (step.at - since).total_seconds()
            stage, since = step.stage, step.at
        end = incident.closed_at or now
        seconds[stage] = seconds.get(stage, 0.0) + max((end - since).total_seconds(), 0.0)
        return seconds
